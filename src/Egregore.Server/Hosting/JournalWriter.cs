using System.Diagnostics;
using Egregore.Server.Telemetry;
using Egregore.World.Journal;

namespace Egregore.Server.Hosting;

/// <summary>
/// The journal's thread: writes one group at a time, durably, while the world's loop goes on and fills the next. The loop hands a group over with <see cref="Write(JournalGroup)"/> and
/// gets it back from <see cref="TryTakeDone"/>.
/// </summary>
internal sealed class JournalWriter : IDisposable
{
    private readonly IJournalStore _store;
    private readonly Action _done;
    private readonly Thread _thread;
    private readonly AutoResetEvent _work = new(false);
    private volatile JournalGroup? _writing;
    private volatile Outcome? _outcome;
    private volatile SnapshotJob? _snapshot;
    private volatile bool _stop;

    /// <param name="store">Used by this thread only from now on, until <see cref="Dispose"/>.</param>
    /// <param name="done">Called on the journal's thread when a group is done: wake the loop.</param>
    public JournalWriter(IJournalStore store, Action done)
    {
        _store = store;
        _done = done;
        _thread = new Thread(Run) { IsBackground = true, Name = "journal" };
        _thread.Start();
    }

    public sealed record Outcome(JournalGroup Group, string? Failure);

    /// <summary>Whether the next group can be handed over. For the loop.</summary>
    public bool IsIdle => _writing is null;

    /// <summary>Counters since start, written by the journal's thread.</summary>
    public long Groups { get; private set; }

    public long Transactions { get; private set; }

    public long Bytes { get; private set; }

    public long Snapshots { get; private set; }

    public long Failures { get; private set; }

    /// <summary>Whether the last group could not be written.</summary>
    public bool IsFailing { get; private set; }

    public double LastCommitMs { get; private set; }

    public void Write(JournalGroup group)
    {
        _writing = group;
        _work.Set();
    }

    /// <summary>Whether a snapshot is on its way.</summary>
    public bool IsSnapshotting => _snapshot is not null;

    /// <summary>Writes a snapshot, a part at a time between groups.</summary>
    public void Write(SnapshotJob snapshot)
    {
        _snapshot = snapshot;
        _work.Set();
    }

    /// <summary>The group that is done, once. For the loop.</summary>
    public bool TryTakeDone(out Outcome outcome)
    {
        outcome = _outcome!;
        if (outcome is null)
            return false;
        _outcome = null;
        _writing = null;
        return true;
    }

    /// <summary>Ends the thread after the group under way.</summary>
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
            if (_writing is { } group && _outcome is null)
                Persist(group);
            else if (_stop)
                return;
            else if (_snapshot is { } snapshot)
                Persist(snapshot);
            else
                _work.WaitOne();
        }
    }

    private void Persist(SnapshotJob snapshot)
    {
        try
        {
            if (snapshot.WriteNext(_store))
                return;
            Snapshots++;
        }
        catch (JournalStoreException)
        {
            // Nothing is lost by it: the groups are there, and the next snapshot tries anew.
            Failures++;
        }

        _snapshot = null;
    }

    private void Persist(JournalGroup group)
    {
        using var activity = ServerMeter.Activities.StartActivity("journal.commit");
        var started = Stopwatch.GetTimestamp();
        string? failure = null;
        try
        {
            _store.Append(group.Number, group.Bytes.Span);
            IsFailing = false;
            Groups++;
            Transactions += group.Transactions;
            Bytes += group.Bytes.Length;
        }
        catch (JournalStoreException e)
        {
            IsFailing = true;
            Failures++;
            failure = e.Message;
        }

        LastCommitMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        ServerMeter.CommitMs.Record(LastCommitMs);
        _outcome = new Outcome(group, failure);
        _done();
    }
}
