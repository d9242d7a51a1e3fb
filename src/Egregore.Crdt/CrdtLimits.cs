namespace Egregore.Crdt;

/// <summary>The bounds of one replicated store. All replicas of a store use the same.</summary>
public sealed record CrdtLimits
{
    /// <summary>See <see cref="ReplicasMax"/>.</summary>
    public const int ReplicasMaxDefault = 1_024;

    /// <summary>Replicas that a store knows, over its whole life; a delta that brings more is refused.</summary>
    public int ReplicasMax { get; init; } = ReplicasMaxDefault;

    /// <summary>Entries that a store holds, removed ones that are not yet compacted among them.</summary>
    public int EntriesMax { get; init; } = 65_536;

    /// <summary>Bytes of a key (or of a set's element) in UTF-8, at least 1.</summary>
    public int KeyBytesMax { get; init; } = 256;

    /// <summary>Bytes of a value.</summary>
    public int ValueBytesMax { get; init; } = 4_096;

    /// <summary>Bytes of one delta; a larger one is refused before it is read.</summary>
    public int DeltaBytesMax { get; init; } = 1 << 20;

    /// <summary>The defaults.</summary>
    public static CrdtLimits Default { get; } = new();
}
