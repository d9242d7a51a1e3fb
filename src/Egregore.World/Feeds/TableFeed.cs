namespace Egregore.World.Feeds;

/// <summary>What a flush hands to the feeds: where blocks are encoded, and the changes that are executed but not durable.</summary>
internal sealed class FlushContext(BlockArena arena, IReadOnlyList<RowChange> inFlight)
{
    public BlockArena Arena { get; } = arena;

    /// <summary>In order of execution. Undone in thought, they give the durable rows.</summary>
    public IReadOnlyList<RowChange> InFlight { get; } = inFlight;
}

/// <summary>Publishes one table's durable changes to those who are subscribed.</summary>
internal abstract class TableFeed
{
    public abstract TableDefinition Definition { get; }

    /// <summary>Whether anybody is subscribed.</summary>
    public abstract bool HasSubscribers { get; }

    /// <summary>Whether this batch holds changes.</summary>
    public abstract bool HasChanges { get; }

    /// <summary>Adds a durable change to the batch.</summary>
    public abstract void Record(in RowChange change);

    /// <summary>The filter that a Subscribe asks for; null with a reason when it cannot be.</summary>
    public abstract object? ParseFilter(in SubscribeRequest request, out string reason);

    /// <summary>Begins to listen; first rows are asked for separately.</summary>
    public abstract void Listen(SessionFeed session, object filter);

    /// <summary>Stops to listen.</summary>
    public abstract void Unlisten(SessionFeed session, object filter);

    /// <summary>Encodes the batch and adds its blocks to the sessions.</summary>
    public abstract void Publish(FlushContext context);

    /// <summary>Whether who sees what may have changed without a change of rows (a table it depends on changed, or a group was undone).</summary>
    public abstract bool DependsOn(TableFeed other);

    public abstract void JudgeAgain();

    public abstract void EndBatch();

    /// <summary>Adds blocks for what a session gains and loses when a subscription goes from <paramref name="before"/> to <paramref name="after"/> (null: none).</summary>
    public abstract void Difference(FlushContext context, SessionFeed session, object? before, object? after);

    /// <summary>Adds blocks with all rows of a session's subscriptions to this table, to replace what its cache has.</summary>
    public abstract void Resync(FlushContext context, SessionFeed session);

    /// <summary>Adds blocks with what changed; private tables and sessions that are too far behind are sent anew.</summary>
    public abstract void Resume(FlushContext context, SessionFeed session, IEnumerable<RowChange> missed);

    /// <summary>A session is gone.</summary>
    public abstract void Forget(SessionFeed session);
}

/// <summary>A Subscribe's fields, verified.</summary>
internal readonly ref struct SubscribeRequest
{
    public required string Index { get; init; }

    public required ReadOnlySpan<byte> Key { get; init; }

    public required bool IsArea { get; init; }

    public required Cell Center { get; init; }

    public required int Radius { get; init; }
}
