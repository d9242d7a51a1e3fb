using Egregore.World;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena;

/// <summary>A square of cells whose rows a node has: what lies outside is unknown to it.</summary>
public readonly record struct KnownArea(Cell Middle, int Radius)
{
    /// <summary>Whether a cell is inside.</summary>
    public bool Contains(Cell cell) => Middle.DistanceTo(cell) <= Radius;
}

/// <summary>The voxels: the terrain, and over it the rows of what was dug and placed.</summary>
public readonly struct VoxelWorld : IVoxelSource
{
    /// <summary>For so long after a change, a body that touched the block is not held to it: others may have heard of it later.</summary>
    private const long UncertainMs = 2000;

    private readonly TerrainCache _terrain;
    private readonly Table<Block, ulong> _blocks;
    private readonly KnownArea? _known;
    private readonly long _nowMs;

    /// <param name="terrain">The land.</param>
    /// <param name="blocks">The changes to it.</param>
    /// <param name="known">Where <paramref name="blocks"/> is complete; null: everywhere.</param>
    /// <param name="nowMs">World time, to tell fresh changes; 0: none counts as fresh.</param>
    public VoxelWorld(TerrainCache terrain, Table<Block, ulong> blocks, KnownArea? known = null, long nowMs = 0)
    {
        _terrain = terrain;
        _blocks = blocks;
        _known = known;
        _nowMs = nowMs;
    }

    /// <summary>What is at a place.</summary>
    public BlockKind KindAt(int x, int y, int z)
    {
        Block? change = Change(x, y, z);
        return change is null ? _terrain.At(x, y, z) : change.Kind;
    }

    /// <inheritdoc/>
    public VoxelClass At(int x, int y, int z)
    {
        if (_known is KnownArea known && !known.Contains(new Cell(x >> 4, z >> 4)))
            return VoxelClass.Unknown;
        Block? change = Change(x, y, z);
        if (change is null)
            return Class(_terrain.At(x, y, z));
        VoxelClass voxel = Class(change.Kind);
        return _nowMs - change.Changed < UncertainMs && _nowMs != 0 ? voxel | VoxelClass.Uncertain : voxel;
    }

    /// <summary>A chunk as it is now, laid out as <see cref="TerrainGenerator.Fill"/> says.</summary>
    public void CopyChunk(int chunkX, int chunkZ, Span<byte> blocks)
    {
        _terrain.Chunk(chunkX, chunkZ).CopyTo(blocks);
        foreach (Block change in _blocks.InCell(new Cell(chunkX, chunkZ)))
        {
            BlockAt at = BlockAt.Of(change.At);
            if (at.Y < TerrainGenerator.Height)
                blocks[((((at.Z & 15) << 4) + (at.X & 15)) * TerrainGenerator.Height) + at.Y] = (byte)change.Kind;
        }
    }

    /// <summary>How movement takes a kind of block.</summary>
    public static VoxelClass Class(BlockKind kind) => kind switch
    {
        BlockKind.Air => VoxelClass.Air,
        BlockKind.Water => VoxelClass.Liquid,
        _ => VoxelClass.Solid,
    };

    private Block? Change(int x, int y, int z) =>
        (uint)y < TerrainGenerator.Height && _blocks.Count != 0 ? _blocks.Find(new BlockAt(x, y, z).Packed) : null;
}
