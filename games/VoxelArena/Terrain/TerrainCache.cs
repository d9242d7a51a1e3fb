namespace VoxelArena.Terrain;

/// <summary>Chunks of terrain that were looked at, a fixed number of them: a newer one takes the place of an older one. For one thread.</summary>
public sealed class TerrainCache
{
    private readonly byte[]?[] _chunks;
    private readonly (int X, int Z)[] _names;
    private readonly int _mask;
    private byte[] _last = [];
    private (int X, int Z) _lastName;

    /// <summary>A cache over a generator.</summary>
    /// <param name="generator">Makes the chunks.</param>
    /// <param name="chunksMax">A power of four, of 16 KiB each; 256 by default, a square of 16 by 16 chunks without collisions.</param>
    public TerrainCache(TerrainGenerator generator, int chunksMax = 256)
    {
        int bits = System.Numerics.BitOperations.Log2((uint)Math.Max(1, chunksMax));
        if (chunksMax != 1 << bits || (bits & 1) != 0 || chunksMax > 65_536)
            throw new ArgumentOutOfRangeException(nameof(chunksMax), "a power of four, at most 65,536");
        Generator = generator;
        _chunks = new byte[chunksMax][];
        _names = new (int, int)[chunksMax];
        _mask = (1 << (bits / 2)) - 1;
        Width = _mask + 1;
    }

    /// <summary>Makes the chunks.</summary>
    public TerrainGenerator Generator { get; }

    /// <summary>Chunks along one side of the square that fits.</summary>
    public int Width { get; }

    /// <summary>A chunk's blocks, as <see cref="TerrainGenerator.Fill"/> says. Read only; valid until the next call that names another chunk.</summary>
    public byte[] Chunk(int chunkX, int chunkZ)
    {
        if (_lastName == (chunkX, chunkZ) && _last.Length != 0)
            return _last;
        int slot = ((chunkX & _mask) * Width) + (chunkZ & _mask);
        byte[]? blocks = _chunks[slot];
        if (blocks is null || _names[slot] != (chunkX, chunkZ))
        {
            blocks ??= new byte[TerrainGenerator.ChunkBytes];
            Generator.Fill(chunkX, chunkZ, blocks);
            _chunks[slot] = blocks;
            _names[slot] = (chunkX, chunkZ);
        }
        _last = blocks;
        _lastName = (chunkX, chunkZ);
        return blocks;
    }

    /// <summary>The block at a place; above the world air, below it bedrock.</summary>
    public BlockKind At(int x, int y, int z)
    {
        if ((uint)y >= TerrainGenerator.Height)
            return y < 0 ? BlockKind.Bedrock : BlockKind.Air;
        return (BlockKind)Chunk(x >> 4, z >> 4)[((((z & 15) << 4) + (x & 15)) * TerrainGenerator.Height) + y];
    }
}
