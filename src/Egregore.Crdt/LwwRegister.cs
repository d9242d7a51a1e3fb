namespace Egregore.Crdt;

/// <summary>A value with the time and the writer of its last write: the later write wins, the higher writer where times are equal.</summary>
/// <remarks>
/// Merge is commutative, associative and idempotent as long as a writer never stamps two values with one time, which
/// <see cref="HybridLogicalClock.Now"/> keeps. Johnson, Thomas: The Maintenance of Duplicate Databases (RFC 677, 1975).
/// </remarks>
/// <param name="Value">The value.</param>
/// <param name="Time">When it was written; 0: never.</param>
/// <param name="Writer">Who wrote it.</param>
public readonly record struct LwwRegister<T>(T Value, HlcTimestamp Time, ReplicaId Writer)
{
    /// <summary>A later write.</summary>
    public static LwwRegister<T> Write(T value, HybridLogicalClock clock, long nowMs) => new(value, clock.Now(nowMs), clock.Replica);

    /// <summary>The one of two that wins.</summary>
    public LwwRegister<T> Merge(LwwRegister<T> other) => LwwOrder.Wins(other.Time, other.Writer, Time, Writer) ? other : this;
}

/// <summary>The order of last-writer-wins, in one place.</summary>
internal static class LwwOrder
{
    public static bool Wins(HlcTimestamp time, ReplicaId writer, HlcTimestamp overTime, ReplicaId overWriter) =>
        time.Value != overTime.Value ? time.Value > overTime.Value : writer > overWriter;
}
