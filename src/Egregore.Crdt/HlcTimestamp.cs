namespace Egregore.Crdt;

/// <summary>
/// A hybrid logical time: 48 bits of milliseconds since the Unix epoch above 16 bits of counter, so that times compare as numbers do.
/// </summary>
/// <remarks>Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks (OPODIS 2014), the compact form of its section 6.</remarks>
/// <param name="Value">Milliseconds shifted left by 16, plus the counter. 0 is no time.</param>
public readonly record struct HlcTimestamp(ulong Value) : IComparable<HlcTimestamp>
{
    /// <summary>Bits of the counter.</summary>
    public const int CounterBits = 16;

    /// <summary>The latest time in milliseconds that fits: the year 10889.</summary>
    public const long MillisecondsMax = (1L << 48) - 1;

    /// <summary>Puts a time together.</summary>
    /// <param name="milliseconds">0 to <see cref="MillisecondsMax"/>.</param>
    /// <param name="counter">Tells events of one millisecond apart.</param>
    public static HlcTimestamp Of(long milliseconds, ushort counter = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(milliseconds, MillisecondsMax);
        return new(((ulong)milliseconds << CounterBits) | counter);
    }

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public long Milliseconds => (long)(Value >> CounterBits);

    /// <summary>The counter within the millisecond.</summary>
    public ushort Counter => (ushort)Value;

    /// <inheritdoc/>
    public int CompareTo(HlcTimestamp other) => Value.CompareTo(other.Value);

    /// <summary>Milliseconds, a plus sign, the counter.</summary>
    public override string ToString() => $"{Milliseconds}+{Counter}";

    /// <summary>Order of times.</summary>
    public static bool operator <(HlcTimestamp left, HlcTimestamp right) => left.Value < right.Value;

    /// <summary>Order of times.</summary>
    public static bool operator >(HlcTimestamp left, HlcTimestamp right) => left.Value > right.Value;

    /// <summary>Order of times.</summary>
    public static bool operator <=(HlcTimestamp left, HlcTimestamp right) => left.Value <= right.Value;

    /// <summary>Order of times.</summary>
    public static bool operator >=(HlcTimestamp left, HlcTimestamp right) => left.Value >= right.Value;
}
