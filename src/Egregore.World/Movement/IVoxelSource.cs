namespace Egregore.World.Movement;

/// <summary>What movement needs to know of a voxel. The low bits are one of the first four; <see cref="Uncertain"/> may be added.</summary>
[Flags]
public enum VoxelClass : byte
{
    /// <summary>Free.</summary>
    Air = 0,

    /// <summary>Stops a body.</summary>
    Solid = 1,

    /// <summary>A body swims in it.</summary>
    Liquid = 2,

    /// <summary>Not known on this node: moves as if solid, and what depended on it is not judged.</summary>
    Unknown = 3,

    /// <summary>Added when the voxel changed so lately that its neighbours may not know: what depended on it is not held against a peer.</summary>
    Uncertain = 0x80,
}

/// <summary>A world of voxels, read only. Implementations are structs or sealed, allocate nothing, and answer for every coordinate.</summary>
public interface IVoxelSource
{
    /// <summary>The voxel whose lowest corner is at (<paramref name="x"/>, <paramref name="y"/>, <paramref name="z"/>) blocks; y points up.</summary>
    VoxelClass At(int x, int y, int z);
}
