using Egregore.Wire;

namespace Egregore.World.Feeds;

/// <summary>All feeds of a truth: takes durable changes, and once a flush sends each session one batch.</summary>
internal sealed class Publisher
{
    /// <summary>After so many transactions without a Delta a session gets an empty one, so that it can resume from there.</summary>
    private const ulong SilentTransactionsMax = 4096;

    private const int MessageHeaderBytes = 128;

    private readonly TruthOptions _options;
    private readonly ITruthOutput _output;
    private readonly TableFeed[] _feeds;
    private readonly Dictionary<string, TableFeed> _byName = new(StringComparer.Ordinal);
    private readonly List<SessionFeed> _sessions = [];
    private readonly List<PendingSubscribe> _pending = [];
    private readonly Queue<(ulong Transaction, RowChange Change)> _recent = new();
    private readonly BlockArena _arena;
    private readonly byte[] _message;
    private ulong _recentFrom;
    private bool _judgeAgain;

    public Publisher(Database database, TruthOptions options, ITruthOutput output, ulong transaction)
    {
        _options = options;
        _output = output;
        _arena = new BlockArena(options.DeltaBytesMax - MessageHeaderBytes - 256);
        _message = new byte[options.DeltaBytesMax + 1024];
        _recentFrom = transaction;
        _feeds = new TableFeed[database.Tables.Length];
        for (int i = 0; i < _feeds.Length; i++)
        {
            _feeds[i] = database.Tables[i].CreateFeed();
            if (!_feeds[i].Definition.IsSystem)
            {
                _byName.Add(_feeds[i].Definition.Name, _feeds[i]);
            }
        }
    }

    public TableFeed? Find(string table) => _byName.GetValueOrDefault(table);

    public void Add(SessionFeed session) => _sessions.Add(session);

    public void Remove(SessionFeed session)
    {
        _sessions.Remove(session);
        _pending.RemoveAll(pending => ReferenceEquals(pending.Session, session));
        foreach (Subscription subscription in session.Subscriptions)
        {
            subscription.Feed.Unlisten(session, subscription.Filter);
            subscription.Feed.Forget(session);
        }
        session.Subscriptions.Clear();
    }

    /// <summary>Takes a durable change.</summary>
    public void Record(ulong transaction, in RowChange change)
    {
        TableFeed feed = _feeds[change.Table.Definition.Ordinal];
        if (feed.Definition.IsSystem)
        {
            return;
        }
        feed.Record(change);
        if (_options.RecentChangesMax == 0)
        {
            _recentFrom = transaction;
            return;
        }
        _recent.Enqueue((transaction, change));
        while (_recent.Count > _options.RecentChangesMax)
        {
            _recentFrom = _recent.Dequeue().Transaction;
        }
    }

    /// <summary>Executed transactions were undone: whoever was judged by them is judged again.</summary>
    public void Undone() => _judgeAgain = true;

    /// <summary>A subscription begins, moves (a filter for an id that is there) or ends (null) with the next flush.</summary>
    public void Subscribe(SessionFeed session, uint id, TableFeed feed, object? filter)
    {
        var subscribe = new PendingSubscribe(session, id, feed, filter);
        int at = _pending.FindIndex(pending => ReferenceEquals(pending.Session, session) && pending.Id == id);
        if (at >= 0)
        {
            _pending[at] = subscribe;
        }
        else if (filter is not null || session.Find(id) is not null)
        {
            _pending.Add(subscribe);
        }
    }

    /// <summary>Subscriptions of a session, those that wait for the flush included.</summary>
    public int SubscriptionCount(SessionFeed session)
    {
        int count = session.Subscriptions.Count;
        foreach (PendingSubscribe pending in _pending)
        {
            count += ReferenceEquals(pending.Session, session) ? 1 : 0;
        }
        return count;
    }

    /// <summary>The connection is back, and the client's cache holds everything up to a transaction.</summary>
    public static void Resume(SessionFeed session, ulong lastTransaction)
    {
        session.Connected = true;
        session.ResumeFrom = lastTransaction;
    }

    public void Flush(ulong transaction, IReadOnlyList<RowChange> inFlight)
    {
        var context = new FlushContext(_arena, inFlight);
        JudgeDependents();
        foreach (TableFeed feed in _feeds)
        {
            if (feed.HasSubscribers)
            {
                feed.Publish(context);
            }
            feed.EndBatch();
        }
        for (int i = 0; i < _sessions.Count; i++)
        {
            SessionFeed session = _sessions[i];
            if (!session.Connected)
            {
                session.Blocks.Clear();
                continue;
            }
            if (session.ResumeFrom is { } from)
            {
                CatchUp(context, session, from);
            }
            foreach (TableFeed feed in session.Unread)
            {
                feed.Resync(context, session);
            }
            session.Unread.Clear();
            bool owed = session.Answered || transaction - session.SentTransaction > SilentTransactionsMax;
            if (session.Blocks.Count > 0 || owed)
            {
                Send(session, transaction, 0);
            }
            session.Answered = false;
        }
        EndBatches();
        ApplySubscribes(context, transaction);
        _arena.Clear();
    }

    private void JudgeDependents()
    {
        foreach (TableFeed feed in _feeds)
        {
            bool again = _judgeAgain;
            foreach (TableFeed other in _feeds)
            {
                again |= other.HasChanges && feed.DependsOn(other);
            }
            if (again)
            {
                feed.JudgeAgain();
            }
        }
        _judgeAgain = false;
    }

    private void CatchUp(FlushContext context, SessionFeed session, ulong from)
    {
        session.Blocks.Clear();
        bool diff = from > session.SubscribedTransaction && from >= _recentFrom;
        foreach (TableFeed feed in _feeds)
        {
            if (!session.Subscriptions.Exists(subscription => ReferenceEquals(subscription.Feed, feed)))
            {
                continue;
            }
            if (diff)
            {
                feed.Resume(context, session, _recent.Where(entry => entry.Transaction > from).Select(entry => entry.Change));
            }
            else
            {
                feed.Resync(context, session);
            }
        }
        session.ResumeFrom = null;
        session.Answered = true;
    }

    private void ApplySubscribes(FlushContext context, ulong transaction)
    {
        for (int i = 0; i < _pending.Count; i++)
        {
            PendingSubscribe pending = _pending[i];
            SessionFeed session = pending.Session;
            Subscription? old = session.Find(pending.Id);
            if (old is not null && ReferenceEquals(old.Feed, pending.Feed) && old.Filter.Equals(pending.Filter))
            {
                // Asked for again after a reconnect: it goes on.
                continue;
            }
            if (old is not null && (pending.Filter is null || !ReferenceEquals(old.Feed, pending.Feed)))
            {
                session.Subscriptions.Remove(old);
                old.Feed.Unlisten(session, old.Filter);
                old.Feed.Difference(context, session, old.Filter, null);
                Send(session, transaction, 0);
                old = null;
            }
            session.SubscribedTransaction = transaction;
            if (pending.Filter is null)
            {
                continue;
            }
            if (old is not null)
            {
                session.Subscriptions.Remove(old);
                old.Feed.Unlisten(session, old.Filter);
            }
            session.Subscriptions.Add(new Subscription(pending.Id, pending.Feed, pending.Filter));
            pending.Feed.Listen(session, pending.Filter);
            pending.Feed.Difference(context, session, old?.Filter, pending.Filter);
            if (old is null || session.Blocks.Count > 0)
            {
                Send(session, transaction, old is null ? (ushort)pending.Id : (ushort)0);
            }
            EndBatches();
        }
        _pending.Clear();
    }

    private void EndBatches()
    {
        foreach (TableFeed feed in _feeds)
        {
            feed.EndBatch();
        }
    }

    /// <summary>Sends a session's blocks as one batch, in as many messages as its size takes.</summary>
    private void Send(SessionFeed session, ulong transaction, ushort initial)
    {
        if (!session.Connected)
        {
            session.Blocks.Clear();
            return;
        }
        int from = 0;
        do
        {
            int size = MessageHeaderBytes;
            int rows = 0;
            int to = from;
            while (to < session.Blocks.Count)
            {
                Block block = session.Blocks[to];
                int more = ((block.Length + 7) & ~7) + 4;
                if (to > from && (size + more > _options.DeltaBytesMax || rows + block.Rows > 3000))
                {
                    break;
                }
                size += more;
                rows += block.Rows;
                to++;
            }
            int length = WriteDelta(session.Blocks, from, to, transaction, initial, more: to < session.Blocks.Count);
            _output.Send(session.Session, Kind.Delta, _message.AsSpan(0, length));
            from = to;
        }
        while (from < session.Blocks.Count);
        session.Blocks.Clear();
        session.SentTransaction = transaction;
    }

    private int WriteDelta(List<Block> blocks, int from, int to, ulong transaction, ushort initial, bool more)
    {
        const int slots = 4;
        var writer = new FlatWriter(_message);
        int delta = writer.BeginTable(slots, true);
        writer.Add(delta, slots, 0, transaction);
        int tables = to > from ? writer.AddOffset(delta, slots, 1) : 0;
        writer.Add(delta, slots, 2, initial);
        writer.Add(delta, slots, 3, more);
        writer.EndTable(delta, slots);
        writer.Patch(0, delta);
        if (to == from)
        {
            return writer.Length;
        }
        int element = writer.OffsetVector(tables, to - from);
        int position = writer.Length;
        for (int i = from; i < to; i++)
        {
            int aligned = (position + 7) & ~7;
            _message.AsSpan(position, aligned - position).Clear();
            ReadOnlySpan<byte> block = _arena.Bytes(blocks[i]);
            block.CopyTo(_message.AsSpan(aligned));
            writer.Patch(element, aligned + blocks[i].Table);
            element += 4;
            position = aligned + block.Length;
        }
        return position;
    }

    private readonly record struct PendingSubscribe(SessionFeed Session, uint Id, TableFeed Feed, object? Filter);
}
