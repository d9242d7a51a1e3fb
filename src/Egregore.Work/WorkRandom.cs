namespace Egregore.Work;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the coordinator's one source of chance, from the host's seed.</summary>
internal struct WorkRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    public int Below(int bound) => (int)(((UInt128)Next() * (ulong)bound) >> 64);

    public bool Permille(int share) => share > 0 && Below(1_000) < share;

    public bool Chance(double probability) => (Next() >> 11) * (1.0 / (1UL << 53)) < probability;

    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
