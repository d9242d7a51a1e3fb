using System.Numerics;

namespace Egregore.World;

/// <summary>
/// A transaction's random numbers: xoshiro256** (Blackman and Vigna, 2018) seeded by SplitMix64. The same seed gives the same numbers on
/// every machine and build; the seed stands in the journal, so a replay draws the same.
/// </summary>
/// <remarks>Not for secrets: whoever knows the seed knows the numbers.</remarks>
public sealed class DeterministicRandom
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Starts at a seed.</summary>
    public DeterministicRandom(ulong seed) => Reset(seed);

    /// <summary>Starts again at a seed.</summary>
    public void Reset(ulong seed)
    {
        _s0 = SplitMix(ref seed);
        _s1 = SplitMix(ref seed);
        _s2 = SplitMix(ref seed);
        _s3 = SplitMix(ref seed);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>0 up to, not including, <paramref name="exclusiveMax"/>, without bias (Lemire, 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusiveMax"/> is not above 0.</exception>
    public int Next(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        uint range = (uint)exclusiveMax;
        ulong product = (NextUInt64() >> 32) * range;
        if ((uint)product < range)
        {
            uint threshold = (0u - range) % range;
            while ((uint)product < threshold)
            {
                product = (NextUInt64() >> 32) * range;
            }
        }
        return (int)(product >> 32);
    }

    /// <summary><paramref name="min"/> up to, not including, <paramref name="exclusiveMax"/>.</summary>
    public int Next(int min, int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(exclusiveMax, min);
        return checked(min + Next(checked(exclusiveMax - min)));
    }

    /// <summary>True in <paramref name="numerator"/> of <paramref name="denominator"/> draws.</summary>
    public bool Chance(int numerator, int denominator) => Next(denominator) < numerator;

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
