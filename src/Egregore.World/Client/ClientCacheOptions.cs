namespace Egregore.World.Client;

/// <summary>Bounds of a client's cache.</summary>
public sealed record ClientCacheOptions
{
    /// <summary>Actions without an answer; above it <see cref="ClientCache.Act"/> gives null. Default 256.</summary>
    public int PendingMax { get; init; } = 256;

    /// <summary>Rows in the cache; a batch that goes over it is refused. Default 1,000,000.</summary>
    public int RowsMax { get; init; } = 1_000_000;

    /// <summary>Bytes of a batch that comes in several messages. Default 64 MiB.</summary>
    public int BatchBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Row changes of one predicted action. Default 4,096.</summary>
    public int RowChangesMax { get; init; } = 4096;

    /// <summary>Longest row that a predicted action writes, in bytes. Default 16,384.</summary>
    public int RowSizeBytesMax { get; init; } = 16 * 1024;
}
