using Egregore.World.Journal;

namespace Egregore.Storage.Sqlite;

/// <summary>
/// The journal's thread: writes one group at a time, durably, while truth goes on and fills the next, and parts of a snapshot between groups. Truth's thread hands over with
/// <see cref="Write(JournalGroup)"/> and gets a group back from <see cref="TryTakeDone"/>.
/// </summary>
internal sealed class GroupWriter : IDisposable
{
    private readonly IJournalStore _store;
    private readonly TimeProvider _time;
    private readonly Action _done;
    private readonly Thread _thread;
    private readonly AutoResetEvent _work = new(false);
    private readonly Lock _statisticsLock = new();
    private TruthHostStatistics _statistics;
    // Handed over by exchange, each way once: a flag and a field read apart would let the same group be written twice.
    private JournalGroup? _handed;
    private Outcome? _outcome;
    private bool _inFlight;
    private volatile SnapshotJob? _snapshot;
    private volatile bool _stop;

    /// <param name="store">Used by this thread only from now on, until <see cref="Dispose"/>.</param>
    /// <param name="time">For the figures.</param>
    /// <param name="done">Called on the journal's thread when a group is done: wake truth's.</param>
    public GroupWriter(IJournalStore store, TimeProvider time, Action done)
    {
        _store = store;
        _time = time;
        _done = done;
        _thread = new Thread(Run) { IsBackground = true, Name = "journal" };
        _thread.Start();
    }

    public sealed record Outcome(JournalGroup Group, GroupCommit Commit);

    /// <summary>Whether the next group can be handed over. For truth's thread.</summary>
    public bool IsIdle => !_inFlight;

    /// <summary>Whether a snapshot is on its way.</summary>
    public bool IsSnapshotting => _snapshot is not null;

    public TruthHostStatistics Statistics
    {
        get
        {
            lock (_statisticsLock)
            {
                return _statistics;
            }
        }
    }

    public void Write(JournalGroup group)
    {
        _inFlight = true;
        Volatile.Write(ref _handed, group);
        _work.Set();
    }

    /// <summary>Writes a snapshot, a part at a time between groups.</summary>
    public void Write(SnapshotJob snapshot)
    {
        _snapshot = snapshot;
        _work.Set();
    }

    /// <summary>The group that is done, once. For truth's thread.</summary>
    public bool TryTakeDone(out Outcome outcome)
    {
        outcome = Interlocked.Exchange(ref _outcome, null)!;
        if (outcome is null)
        {
            return false;
        }
        _inFlight = false;
        return true;
    }

    /// <summary>Ends the thread after the group under way. A snapshot under way is left: the next life makes another.</summary>
    public void Dispose()
    {
        _stop = true;
        _work.Set();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            if (Interlocked.Exchange(ref _handed, null) is { } group)
            {
                Persist(group);
            }
            else if (_stop)
            {
                return;
            }
            else if (_snapshot is { } snapshot)
            {
                Persist(snapshot);
            }
            else
            {
                _work.WaitOne();
            }
        }
    }

    private void Persist(SnapshotJob snapshot)
    {
        try
        {
            if (snapshot.WriteNext(_store))
            {
                return;
            }
            lock (_statisticsLock)
            {
                _statistics = _statistics with { Snapshots = _statistics.Snapshots + 1 };
            }
        }
        catch (JournalStoreException)
        {
            // Nothing is lost by it: the groups are there, and the next snapshot tries anew.
            lock (_statisticsLock)
            {
                _statistics = _statistics with { Failures = _statistics.Failures + 1 };
            }
        }
        _snapshot = null;
    }

    private void Persist(JournalGroup group)
    {
        DateTimeOffset startedAt = _time.GetUtcNow();
        long started = _time.GetTimestamp();
        string? failure = null;
        try
        {
            _store.Append(group.Number, group.Bytes.Span);
        }
        catch (JournalStoreException exception)
        {
            failure = exception.Message;
        }
        TimeSpan elapsed = _time.GetElapsedTime(started);
        lock (_statisticsLock)
        {
            bool kept = failure is null;
            _statistics = _statistics with
            {
                Groups = _statistics.Groups + (kept ? 1 : 0),
                Transactions = _statistics.Transactions + (kept ? group.Transactions : 0),
                Bytes = _statistics.Bytes + (kept ? group.Bytes.Length : 0),
                Failures = _statistics.Failures + (kept ? 0 : 1),
                CommitMs = elapsed.TotalMilliseconds,
                LastError = failure,
            };
        }
        Volatile.Write(ref _outcome, new Outcome(group, new GroupCommit(startedAt, elapsed, failure)));
        _done();
    }
}
