using Egregore.World;

namespace VoxelArena;

/// <summary>A block's place in the world, packed into the key of its row: 24 bits of x, 24 of z, 16 of y, so that columns lie together.</summary>
public readonly record struct BlockAt(int X, int Y, int Z)
{
    /// <summary>Width of a chunk, and of an area-of-interest cell, in blocks.</summary>
    public const int ChunkWidth = 16;

    private const int Offset = 1 << 23;

    /// <summary>The key of the block's row.</summary>
    public ulong Packed => ((ulong)(uint)(X + Offset) << 40) | ((ulong)(uint)(Z + Offset) << 16) | (ushort)Y;

    /// <summary>The chunk that the block is in.</summary>
    public Cell Chunk => new(X >> 4, Z >> 4);

    /// <summary>Reads a key; any value names some place.</summary>
    public static BlockAt Of(ulong packed) => new((int)(packed >> 40) - Offset, (ushort)packed, (int)(packed >> 16 & 0xFFFFFF) - Offset);
}
