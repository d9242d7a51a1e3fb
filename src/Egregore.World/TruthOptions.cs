namespace Egregore.World;

/// <summary>Bounds of a truth. Every queue, cache and message has one; over it the caller is refused with a reason.</summary>
public sealed record TruthOptions
{
    /// <summary>Longest arguments of an action, in bytes. Default 4,096.</summary>
    public int ArgumentBytesMax { get; init; } = 4096;

    /// <summary>Most row changes in one transaction. Default 4,096.</summary>
    public int RowChangesMax { get; init; } = 4096;

    /// <summary>Longest row, in bytes, counted as the record's <c>SizeMax</c>. Default 16,384.</summary>
    public int RowSizeBytesMax { get; init; } = 16 * 1024;

    /// <summary>Most scheduled calls that wait in the world. Default 100,000.</summary>
    public int ScheduledMax { get; init; } = 100_000;

    /// <summary>Most scheduled calls run by one tick; the rest waits for the next. Default 1,000.</summary>
    public int ScheduledPerTickMax { get; init; } = 1000;

    /// <summary>Bytes in the open group above which actions are refused as overloaded, while the group before it is being written. Default 16 MiB.</summary>
    public int GroupBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Sessions in memory, connected or resumable. Default 10,000.</summary>
    public int SessionsMax { get; init; } = 10_000;

    /// <summary>Time after a disconnect (or a restart) in which a session may be resumed, in milliseconds. Default 120,000.</summary>
    public long ResumeWithinMs { get; init; } = 120_000;

    /// <summary>Answers remembered for each session. Default 64.</summary>
    public int ResultsPerSessionMax { get; init; } = 64;

    /// <summary>Subscriptions of a session. Default 64.</summary>
    public int SubscriptionsPerSessionMax { get; init; } = 64;

    /// <summary>Largest radius of an area of interest, in cells. Default 16 (1,089 cells).</summary>
    public int RadiusMax { get; init; } = 16;

    /// <summary>Row changes kept for sessions that resume; behind it a session gets all rows again. Default 65,536.</summary>
    public int RecentChangesMax { get; init; } = 65_536;

    /// <summary>Longest Delta message, in bytes; a longer batch is sent as several that the client applies as one. Default 48 KiB.</summary>
    public int DeltaBytesMax { get; init; } = 48 * 1024;

    /// <summary>A secret number that the host draws at start; transactions' seeds come from it, so that players cannot foresee them. Default 1 (for tests).</summary>
    public ulong RandomSeed { get; init; } = 1;

    /// <summary>Checks all bounds.</summary>
    /// <exception cref="ArgumentException">A bound that cannot work; names it.</exception>
    public void Validate()
    {
        Check(ArgumentBytesMax, 0, 60 * 1024, nameof(ArgumentBytesMax));
        Check(RowChangesMax, 1, 1_000_000, nameof(RowChangesMax));
        Check(RowSizeBytesMax, 16, 40 * 1024, nameof(RowSizeBytesMax));
        Check(ScheduledMax, 0, 10_000_000, nameof(ScheduledMax));
        Check(ScheduledPerTickMax, 1, 1_000_000, nameof(ScheduledPerTickMax));
        Check(GroupBytesMax, 64 * 1024, 512 * 1024 * 1024, nameof(GroupBytesMax));
        Check(SessionsMax, 1, 1_000_000, nameof(SessionsMax));
        Check(ResultsPerSessionMax, 1, 65_536, nameof(ResultsPerSessionMax));
        Check(SubscriptionsPerSessionMax, 1, 65_536, nameof(SubscriptionsPerSessionMax));
        Check(RadiusMax, 0, 64, nameof(RadiusMax));
        Check(RecentChangesMax, 0, 16_777_216, nameof(RecentChangesMax));
        Check(DeltaBytesMax, RowSizeBytesMax + 1024, 60 * 1024, nameof(DeltaBytesMax));
    }

    private static void Check(long value, long min, long max, string name)
    {
        if (value < min || value > max)
        {
            throw new ArgumentException($"{name} is {value}; it must be {min} to {max}.", name);
        }
    }
}
