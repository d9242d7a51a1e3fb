namespace Egregore.Crdt;

/// <summary>What became of a delta. Only the first two changed anything.</summary>
public enum MergeResult : byte
{
    /// <summary>All taken: the vector covers what the delta covers.</summary>
    Merged,

    /// <summary>The entries were taken, but writes before them are missing, so the vector did not follow: anti-entropy should be asked.</summary>
    MergedWithGap,

    /// <summary>More bytes than <see cref="CrdtLimits.DeltaBytesMax"/>.</summary>
    TooLarge,

    /// <summary>The bytes end early.</summary>
    Truncated,

    /// <summary>Bytes follow the last entry.</summary>
    TrailingBytes,

    /// <summary>Not a delta of this kind of store, or of a version that is not known.</summary>
    UnknownFormat,

    /// <summary>The table of replicas does not rise strictly, holds the id of none, or is above its bound.</summary>
    ReplicasInvalid,

    /// <summary>A range or a compaction mark is out of order, empty, out of the table or above <see cref="VersionVector.CounterMax"/>.</summary>
    RangesInvalid,

    /// <summary>An entry's dot is out of order, out of the table or out of range.</summary>
    DotInvalid,

    /// <summary>A time is 0 or above the delta's own maximum.</summary>
    TimeInvalid,

    /// <summary>A key is empty, too long or not UTF-8; or an element that its codec refuses.</summary>
    KeyInvalid,

    /// <summary>A value is larger than <see cref="CrdtLimits.ValueBytesMax"/>.</summary>
    ValueTooLarge,

    /// <summary>A time is ahead of this node's by more than the clock's bound.</summary>
    TimeTooFarAhead,

    /// <summary>The delta holds writes in this replica's name that it never made: a liar, or this id was used before and its state was lost.</summary>
    OwnWritesUnknown,

    /// <summary>The store would know more than <see cref="CrdtLimits.ReplicasMax"/> replicas.</summary>
    ReplicasFull,

    /// <summary>The store would hold more than <see cref="CrdtLimits.EntriesMax"/> entries.</summary>
    EntriesFull,

    /// <summary>The sender compacted what this replica never saw: it was away too long, and must start again, empty and with a new id.</summary>
    BehindCompaction,

    /// <summary>The sender is the one that was away too long; what it holds may have been removed long ago.</summary>
    SenderBehindCompaction
}

/// <summary>What a store did with what it received, since it was made.</summary>
/// <param name="Merged">Deltas taken.</param>
/// <param name="Gaps">Deltas taken whose predecessors were missing.</param>
/// <param name="Refused">Deltas refused.</param>
/// <param name="EntriesApplied">Entries that changed the store.</param>
/// <param name="EntriesKnown">Entries that were known or had lost already.</param>
public readonly record struct MergeCounters(long Merged, long Gaps, long Refused, long EntriesApplied, long EntriesKnown);
