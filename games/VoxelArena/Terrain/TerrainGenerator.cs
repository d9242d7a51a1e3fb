namespace VoxelArena.Terrain;

/// <summary>
/// The land as it was before anybody dug in it, from a seed: sea, beaches, meadows with trees, hills, snowy peaks, and a paved plaza in the middle.
/// Pure integers; the same on every host.
/// </summary>
public sealed class TerrainGenerator
{
    /// <summary>Blocks up and down: y is 0 to 63.</summary>
    public const int Height = 64;

    /// <summary>Bytes of a chunk: a <see cref="BlockKind"/> for each block, column by column, at <c>((z * 16) + x) * 64 + y</c>.</summary>
    public const int ChunkBytes = 16 * 16 * Height;

    /// <summary>The highest layer of water.</summary>
    public const int WaterLevel = 17;

    /// <summary>The layer of the plaza's stones.</summary>
    public const int PlazaLevel = 20;

    /// <summary>The plaza's radius around (0, 0).</summary>
    public const int PlazaRadius = 13;

    private const int PlazaSlope = 24;      // blocks from the plaza's edge to untouched land
    private const int RockLine = 36;
    private const int SnowLine = 42;
    private const int TreeGrid = 6;

    private readonly uint _land;
    private readonly uint _hills;
    private readonly uint _bumps;
    private readonly uint _forest;
    private readonly uint _trees;

    /// <summary>The land of a seed.</summary>
    public TerrainGenerator(ulong seed)
    {
        Seed = seed;
        uint salt = (uint)seed ^ ((uint)(seed >> 32) * 0x9E3779B1);
        _land = TerrainNoise.Hash(1, 0, salt);
        _hills = TerrainNoise.Hash(2, 0, salt);
        _bumps = TerrainNoise.Hash(3, 0, salt);
        _forest = TerrainNoise.Hash(4, 0, salt);
        _trees = TerrainNoise.Hash(5, 0, salt);
    }

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>The layer of the topmost block of a column, trees, water and lamps aside: 4 to 56.</summary>
    public int GroundAt(int x, int z) =>
        Shape(x, z, TerrainNoise.At(x, z, 7, _land), TerrainNoise.At(x, z, 5, _hills), TerrainNoise.At(x, z, 4, _bumps));

    /// <summary>Makes a chunk.</summary>
    /// <param name="chunkX">x / 16 of its blocks.</param>
    /// <param name="chunkZ">z / 16 of its blocks.</param>
    /// <param name="blocks"><see cref="ChunkBytes"/> bytes.</param>
    public void Fill(int chunkX, int chunkZ, Span<byte> blocks)
    {
        Span<int> land = stackalloc int[256];
        Span<int> hills = stackalloc int[256];
        Span<int> bumps = stackalloc int[256];
        TerrainNoise.Chunk(chunkX, chunkZ, 7, _land, land);
        TerrainNoise.Chunk(chunkX, chunkZ, 5, _hills, hills);
        TerrainNoise.Chunk(chunkX, chunkZ, 4, _bumps, bumps);
        (int x0, int z0) = (chunkX << 4, chunkZ << 4);
        blocks[..ChunkBytes].Clear();
        for (int i = 0; i < 256; i++)
        {
            (int x, int z) = (x0 + (i & 15), z0 + (i >> 4));
            FillColumn(blocks.Slice(i * Height, Height), x, z, Shape(x, z, land[i], hills[i], bumps[i]));
        }
        PlantTrees(x0, z0, blocks);
        PlaceLamps(x0, z0, blocks);
    }

    private static int Shape(int x, int z, int land, int hills, int bumps)
    {
        // Sea floor, meadows, mountains, by one slow noise; hills grow with the height.
        int ground = land < 1500 ? 8 + (land * 10 / 1500)
            : land < 2600 ? 18 + ((land - 1500) * 6 / 1100)
            : 24 + ((land - 2600) * 20 / 1495);
        int roughness = land < 2600 ? 6 : 6 + ((land - 2600) / 110);
        int height = ground + ((hills - 2048) * roughness / 4096) + ((bumps - 2048) * 3 / 4096);

        long distance = ((long)x * x) + ((long)z * z);
        const int outer = PlazaRadius + PlazaSlope;
        if (distance >= outer * outer)
            return height;
        int beyond = Math.Max(0, (int)Egregore.World.Movement.IntegerMath.Sqrt((ulong)distance) - PlazaRadius);
        return PlazaLevel + ((height - PlazaLevel) * beyond / PlazaSlope);
    }

    private static void FillColumn(Span<byte> column, int x, int z, int ground)
    {
        bool beach = ground <= WaterLevel + 1;
        bool rock = ground >= RockLine;
        BlockKind top = OnPlaza(x, z) ? Paving(x, z)
            : beach ? BlockKind.Sand
            : ground >= SnowLine ? BlockKind.Snow
            : rock ? BlockKind.Stone
            : BlockKind.Grass;
        BlockKind below = beach ? BlockKind.Sand : rock ? BlockKind.Stone : BlockKind.Dirt;
        column[..(ground - 3)].Fill((byte)BlockKind.Stone);
        column.Slice(ground - 3, 3).Fill((byte)below);
        column[ground] = (byte)top;
        column[0] = (byte)BlockKind.Bedrock;
        if (ground < WaterLevel)
            column.Slice(ground + 1, WaterLevel - ground).Fill((byte)BlockKind.Water);
    }

    private static bool OnPlaza(int x, int z) => ((long)x * x) + ((long)z * z) <= PlazaRadius * PlazaRadius;

    private static BlockKind Paving(int x, int z)
    {
        int distance = (x * x) + (z * z);
        return distance is >= 100 and <= 121 or <= 6 || x == 0 || z == 0 ? BlockKind.Cobble : BlockKind.Bricks;
    }

    // One tree at most in each square of a grid, somewhere inside it; a chunk looks at the squares whose trees' leaves may reach into it.
    private void PlantTrees(int x0, int z0, Span<byte> blocks)
    {
        for (int gx = Floor(x0 - 2); gx <= Floor(x0 + 17); gx++)
        {
            for (int gz = Floor(z0 - 2); gz <= Floor(z0 + 17); gz++)
            {
                uint dice = TerrainNoise.Hash(gx, gz, _trees);
                (int x, int z) = ((gx * TreeGrid) + 1 + (int)(dice & 3), (gz * TreeGrid) + 1 + (int)(dice >> 2 & 3));
                if ((dice >> 8 & 4095) * 2 > TerrainNoise.At(x, z, 6, _forest) || ((long)x * x) + ((long)z * z) < 20 * 20)
                    continue;
                int ground = GroundAt(x, z);
                if (ground is > WaterLevel + 1 and < RockLine)
                    PlantTree(x - x0, ground + 1, z - z0, 4 + (int)(dice >> 4 & 1), dice, blocks);
            }
        }
    }

    private static void PlantTree(int x, int y, int z, int trunk, uint dice, Span<byte> blocks)
    {
        for (int layer = -2; layer <= 1; layer++)
        {
            int radius = layer < 0 ? 2 : 1;
            for (int dx = -radius; dx <= radius; dx++)
            {
                for (int dz = -radius; dz <= radius; dz++)
                {
                    bool corner = Math.Abs(dx) == radius && Math.Abs(dz) == radius;
                    dice = (dice * 1664525) + 1013904223;
                    if (!corner || (layer < 0 && dice >> 31 == 0))
                        Put(blocks, x + dx, y + trunk + layer, z + dz, BlockKind.Leaves);
                }
            }
        }
        for (int i = 0; i < trunk; i++)
            Put(blocks, x, y + i, z, BlockKind.Wood);
    }

    private static void PlaceLamps(int x0, int z0, Span<byte> blocks)
    {
        if (x0 is < -16 or > 0 || z0 is < -16 or > 0)
            return;
        for (int corner = 0; corner < 4; corner++)
        {
            (int x, int z) = ((corner & 1) == 0 ? -8 : 8, (corner & 2) == 0 ? -8 : 8);
            for (int y = 1; y <= 4; y++)
                Put(blocks, x - x0, PlazaLevel + y, z - z0, y == 4 ? BlockKind.Lamp : BlockKind.Cobble);
        }
    }

    private static void Put(Span<byte> blocks, int x, int y, int z, BlockKind kind)
    {
        if ((uint)x < 16 && (uint)z < 16)
            blocks[(((z << 4) + x) * Height) + y] = (byte)kind;
    }

    private static int Floor(int at) => (at >= 0 ? at : at - TreeGrid + 1) / TreeGrid;
}
