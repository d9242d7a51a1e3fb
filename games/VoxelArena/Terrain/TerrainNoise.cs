namespace VoxelArena.Terrain;

/// <summary>Value noise in integers: hashed lattice points, smooth in between. The same on every host.</summary>
internal static class TerrainNoise
{
    /// <summary>Mixes two coordinates and a salt to 32 bits.</summary>
    public static uint Hash(int x, int z, uint salt)
    {
        uint h = ((uint)x * 0x9E3779B1) ^ ((uint)z * 0x85EBCA77) ^ salt;
        h = (h ^ (h >> 15)) * 0x2C1B3C6D;
        h = (h ^ (h >> 12)) * 0x297A2D39;
        return h ^ (h >> 15);
    }

    /// <summary>0 to 4,095 at one place.</summary>
    /// <param name="x">Blocks.</param>
    /// <param name="z">Blocks.</param>
    /// <param name="shift">Lattice points are 2^shift blocks apart, at least 16.</param>
    /// <param name="salt">Which noise.</param>
    public static int At(int x, int z, int shift, uint salt)
    {
        (int west, int north) = (x >> shift, z >> shift);
        int wz = Weight(z, shift);
        int a = Mix(Point(west, north, salt), Point(west, north + 1, salt), wz);
        int b = Mix(Point(west + 1, north, salt), Point(west + 1, north + 1, salt), wz);
        return Mix(a, b, Weight(x, shift)) >> 16;
    }

    /// <summary>The same for the 16 by 16 places of a chunk, row by row (x within z): the lattice is read once.</summary>
    public static void Chunk(int chunkX, int chunkZ, int shift, uint salt, Span<int> values)
    {
        (int x0, int z0) = (chunkX << 4, chunkZ << 4);
        (int west, int north) = (x0 >> shift, z0 >> shift);
        int nw = Point(west, north, salt);
        int sw = Point(west, north + 1, salt);
        int ne = Point(west + 1, north, salt);
        int se = Point(west + 1, north + 1, salt);
        Span<int> weights = stackalloc int[16];
        for (int i = 0; i < 16; i++)
            weights[i] = Weight(x0 + i, shift);
        for (int z = 0; z < 16; z++)
        {
            int wz = Weight(z0 + z, shift);
            int a = Mix(nw, sw, wz) << 8;
            int slope = Mix(ne, se, wz) - (a >> 8);
            Span<int> row = values.Slice(z << 4, 16);
            for (int x = 0; x < 16; x++)
                row[x] = (a + (slope * weights[x])) >> 16;
        }
    }

    private static int Point(int x, int z, uint salt) => (int)(Hash(x, z, salt) >> 20);

    // Smoothstep of the place between two lattice points, 0 to 256.
    private static int Weight(int at, int shift)
    {
        int t = (at & ((1 << shift) - 1)) << 8 >> shift;
        return t * t * (768 - (2 * t)) >> 16;
    }

    // In 2^-8 of its inputs for weights in 2^-8: 12 bits become 20, 20 become 28.
    private static int Mix(int a, int b, int weight) => (a << 8) + ((b - a) * weight);
}
