namespace Egregore.Crdt;

/// <summary>What a clock says to a remote time.</summary>
public enum ClockResult : byte
{
    /// <summary>The time was taken: every later local time is above it.</summary>
    Accepted,

    /// <summary>The time is ahead of this node's by more than the bound; the clock is unchanged and the message that carried it is refused.</summary>
    TooFarAhead
}

/// <summary>
/// A hybrid logical clock: its times rise with every event, follow every time it accepted, and stay within the bound on skew of the
/// machine's own clock.
/// </summary>
/// <remarks>
/// The host hands in its own time; one that jumps back does no harm. When 65,536 events fall into one millisecond the counter carries
/// into the milliseconds. An accepted time may lie up to the bound ahead, and this node's times then run that far ahead too: the bound
/// should be well above the skew that honest machines have, and is all that a liar can move a clock by. Not for concurrent use.
/// </remarks>
public sealed class HybridLogicalClock
{
    /// <summary>The default bound: half a minute.</summary>
    public const long SkewMaxMsDefault = 30_000;

    private ulong last;

    /// <summary>Makes a clock.</summary>
    /// <param name="replica">The node whose events are stamped.</param>
    /// <param name="skewMaxMs">How far ahead of the host's time a remote time may be, in milliseconds; exactly that far is accepted.</param>
    public HybridLogicalClock(ReplicaId replica, long skewMaxMs = SkewMaxMsDefault)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skewMaxMs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(skewMaxMs, HlcTimestamp.MillisecondsMax);
        Replica = replica;
        SkewMaxMs = skewMaxMs;
    }

    /// <summary>The node whose events are stamped.</summary>
    public ReplicaId Replica { get; }

    /// <summary>The bound on skew in milliseconds.</summary>
    public long SkewMaxMs { get; }

    /// <summary>The highest time given or accepted.</summary>
    public HlcTimestamp Last => new(last);

    /// <summary>How many remote times were refused.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>The time of a new event: above all times given and accepted before.</summary>
    /// <param name="nowMs">The host's time in milliseconds since the Unix epoch, from 0 to <see cref="HlcTimestamp.MillisecondsMax"/>.</param>
    public HlcTimestamp Now(long nowMs)
    {
        ulong physical = HlcTimestamp.Of(nowMs).Value;
        if (last == ulong.MaxValue) throw new InvalidOperationException("The clock is at the end of its range.");
        last = Math.Max(last + 1, physical);
        return new(last);
    }

    /// <summary>
    /// Raises the clock to the host's time without an event, and promises that every later event is above the result: what a replica
    /// reports to a <see cref="StabilityTracker"/>.
    /// </summary>
    public HlcTimestamp Observe(long nowMs)
    {
        last = Math.Max(last, HlcTimestamp.Of(nowMs).Value);
        return new(last);
    }

    /// <summary>Takes a remote time, unless it is too far ahead.</summary>
    /// <param name="remote">The time in a message.</param>
    /// <param name="nowMs">The host's time in milliseconds since the Unix epoch.</param>
    public ClockResult TryReceive(HlcTimestamp remote, long nowMs)
    {
        if (!Accepts(remote, nowMs))
        {
            RefusedCount++;
            return ClockResult.TooFarAhead;
        }
        last = Math.Max(last, remote.Value);
        return ClockResult.Accepted;
    }

    /// <summary>Whether a remote time is within the bound; changes nothing.</summary>
    public bool Accepts(HlcTimestamp remote, long nowMs) => remote.Milliseconds - nowMs <= SkewMaxMs;
}
