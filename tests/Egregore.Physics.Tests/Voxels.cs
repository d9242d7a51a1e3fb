using Egregore.World.Movement;

namespace Egregore.Physics.Tests;

/// <summary>A block of voxels, made once.</summary>
internal sealed class Voxels : IVoxelSource
{
    private readonly HashSet<(int X, int Y, int Z)> _solid = [];

    public Voxels(Func<(int X, int Y, int Z), bool> solid, BlockBounds bounds)
    {
        Bounds = bounds;
        for (var x = bounds.MinX; x <= bounds.MaxX; x++)
        {
            for (var y = bounds.MinY; y <= bounds.MaxY; y++)
            {
                for (var z = bounds.MinZ; z <= bounds.MaxZ; z++)
                {
                    if (solid((x, y, z)))
                        _solid.Add((x, y, z));
                }
            }
        }
    }

    public BlockBounds Bounds { get; }

    public VoxelClass At(int x, int y, int z) => _solid.Contains((x, y, z)) ? VoxelClass.Solid : VoxelClass.Air;

    /// <summary>The solid blocks within the bounds, one by one.</summary>
    public List<BlockBounds> In(BlockBounds bounds) =>
        [.. _solid.Select(at => new BlockBounds(at.X, at.Y, at.Z, at.X, at.Y, at.Z)).Where(block => block.Meets(bounds)).OrderBy(block => (block.MinX, block.MinY, block.MinZ))];

    public void Fill(BlockBounds bounds)
    {
        for (var x = bounds.MinX; x <= bounds.MaxX; x++)
        {
            for (var y = bounds.MinY; y <= bounds.MaxY; y++)
            {
                for (var z = bounds.MinZ; z <= bounds.MaxZ; z++)
                    _solid.Add((x, y, z));
            }
        }
    }

    public void Dig(int x, int y, int z) => _solid.Remove((x, y, z));
}
