namespace Egregore.Mesh;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the seeded random source of a node. Not for secrets.</summary>
internal struct MeshRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="bound"/> - 1.</summary>
    public int Next(int bound) => (int)((UInt128)Next() * (ulong)bound >> 64);
}
