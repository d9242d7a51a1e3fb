using Egregore.World.Journal;

namespace Egregore.World;

/// <content>Snapshots: taken at a group's end, handed out once that group is durable.</content>
public sealed partial class Truth
{
    private bool _snapshotRequested;

    /// <summary>Asks for a snapshot at the end of the next group. Copying the references stalls truth for about 4 ns a row.</summary>
    public void RequestSnapshot() => _snapshotRequested = true;

    /// <summary>The requested snapshot, once all that is in it is durable; null before. The host makes and writes its parts, on whatever thread,.</summary>
    public SnapshotJob? TakeSnapshot()
    {
        if (_snapshotRequested && _writing is null && _open.IsEmpty)
        {
            TakeImage(NextGroup, Transaction, _head);
        }
        if (_snapshot is null || (_writing is not null && _snapshot.Number > NextGroup))
        {
            return null;
        }
        SnapshotJob job = _snapshot;
        _snapshot = null;
        if (job.IsAbandoned)
        {
            _snapshotRequested = true;
            return null;
        }
        return job;
    }

    private void TakeImage(ulong number, ulong transaction, ReadOnlySpan<byte> head)
    {
        _snapshotRequested = false;
        _snapshot = new SnapshotJob(Db, Kept, number, transaction, WorldTimeMs, head, _sessions.Values);
    }
}
