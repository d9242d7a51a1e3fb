namespace Egregore.Simulation;

/// <summary>SplitMix64: the one source of chance of a run.</summary>
internal struct SimulationRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    public int Next(int bound) => (int)((UInt128)Next() * (ulong)bound >> 64);

    public bool Chance(double probability) => probability > 0 && (Next() >> 11) * (1.0 / (1UL << 53)) < probability;

    /// <summary>A value that depends on its arguments alone.</summary>
    public static ulong Of(ulong seed, ulong a, ulong b) => Mix(Mix(Mix(seed) ^ a) ^ (b * 0x9E3779B97F4A7C15));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
