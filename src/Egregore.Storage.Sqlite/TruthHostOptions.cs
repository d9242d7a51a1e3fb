namespace Egregore.Storage.Sqlite;

/// <summary>Settings of a truth's host.</summary>
public sealed record TruthHostOptions
{
    /// <summary>Ticks a second (scheduled reducers, deltas), 1 to 1,000. Default 20.</summary>
    public int TickRateHz { get; init; } = 20;

    /// <summary>Journal bytes after which a snapshot is made and older records are dropped. Default 64 MiB.</summary>
    public long SnapshotEveryBytes { get; init; } = 64L * 1024 * 1024;
}

/// <summary>What a host measured since it was made.</summary>
/// <param name="Groups">Groups made durable.</param>
/// <param name="Transactions">Transactions in them.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Failures">Groups and snapshots that could not be kept.</param>
/// <param name="CommitMs">How long the last commit took, in milliseconds.</param>
/// <param name="LastError">Why the last group could not be kept; null once one was kept again.</param>
/// <param name="Snapshots">Snapshots made.</param>
public readonly record struct TruthHostStatistics(long Groups, long Transactions, long Bytes, long Failures, double CommitMs, string? LastError, long Snapshots);

/// <summary>One group that was written, or could not be.</summary>
/// <param name="StartedAt">When writing began.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Failure">Why it could not be kept; null: it is durable.</param>
public readonly record struct GroupCommit(DateTimeOffset StartedAt, TimeSpan Elapsed, string? Failure);
