using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Storage.Sqlite;

/// <summary>
/// Brings a <see cref="Truth"/> its two threads: one runs truth at its own pace (what waits, then the tick that is due), one writes groups to the store. While a group is being
/// written the next one fills, so a commit is shared by all that arrived meanwhile. What is to be done is the program's, by <see cref="ITruthWork"/>.
/// </summary>
/// <remarks>
/// Each turn: take work, settle the group that was written, hand over the next, tick when it is due, end the turn, wait until woken or due. A host that fell behind skips ticks
/// rather than run them in a burst.
/// </remarks>
public sealed class TruthHost : IDisposable
{
    private readonly Truth _truth;
    private readonly ITruthWork _work;
    private readonly TruthHostOptions _options;
    private readonly TimeProvider _time;
    private readonly GroupWriter _writer;
    private readonly TickClock _clock;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private long _snapshotDueBytes;
    private bool _woken;
    private volatile bool _stop;

    /// <summary>Ready to <see cref="Start"/>.</summary>
    /// <param name="truth">From the start on used by this host's thread only.</param>
    /// <param name="store">From now on used by this host only, until it is disposed of; not disposed of itself.</param>
    /// <param name="work">What the program does on truth's thread.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Where time comes from.</param>
    /// <exception cref="ArgumentOutOfRangeException">A tick rate out of its bounds.</exception>
    public TruthHost(Truth truth, IJournalStore store, ITruthWork work, TruthHostOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new TruthHostOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.TickRateHz, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.TickRateHz, 1_000, nameof(options));
        _truth = truth;
        _work = work;
        _time = time ?? TimeProvider.System;
        _snapshotDueBytes = _options.SnapshotEveryBytes;
        _clock = new TickClock(_options.TickRateHz);
        _writer = new GroupWriter(store, _time, Wake);
        _thread = new Thread(Run) { Name = "truth", IsBackground = true };
    }

    /// <summary>What was measured so far. From any thread.</summary>
    public TruthHostStatistics Statistics => _writer.Statistics;

    /// <summary>The last tick begun.</summary>
    public long Tick => _clock.Tick;

    /// <summary>Ticks skipped since start.</summary>
    public long SkippedTicks => _clock.Skipped;

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>There is work: ends the thread's wait, or lets the next one not begin. From any thread; does nothing once stopped.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Lets the loop end after its turn, without waiting for it: work that waits is taken, and the journal takes what is left.</summary>
    public void BeginStop()
    {
        _stop = true;
        Wake();
    }

    /// <summary>Ends the loop and waits for it.</summary>
    public void Stop()
    {
        BeginStop();
        if (_thread.IsAlive && Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }
    }

    /// <summary>Stops both threads. What was taken is durable or refused then.</summary>
    public void Dispose()
    {
        Stop();
        _writer.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stop)
            {
                _work.Take(Now());
                TurnJournal();
                if (_clock.IsDue)
                {
                    _work.Tick(_clock.Next(), Now());
                }
                _work.EndTurn();
                Wait();
            }
            Finish();
        }
#pragma warning disable CA1031 // Whatever it is, it is a bug of the program's, and the program is told; what was acknowledged is in the journal.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _work.Faulted(exception);
        }
    }

    private void Finish()
    {
        _work.Take(Now());
        // At most two groups: the one under way and the one that filled meanwhile.
        while (true)
        {
            TurnJournal();
            if (_writer.IsIdle)
            {
                break;
            }
            WaitForWriter();
        }
        _truth.Flush();
        _work.Stopped();
    }

    private void Wait()
    {
        lock (_gate)
        {
            int milliseconds = _clock.WaitMs;
            if (!_woken && milliseconds > 0)
            {
                Monitor.Wait(_gate, milliseconds);
            }
            _woken = false;
        }
    }

    private void WaitForWriter()
    {
        lock (_gate)
        {
            while (!_woken)
            {
                Monitor.Wait(_gate);
            }
            _woken = false;
        }
    }

    /// <summary>Settles the group that was written and gives the writer the open one, and a snapshot, when it is free for them.</summary>
    private void TurnJournal()
    {
        if (_writer.TryTakeDone(out GroupWriter.Outcome outcome))
        {
            Settle(outcome.Group, outcome.Commit);
        }
        if (_writer.IsIdle && _truth.TakeGroup() is { } group)
        {
            _writer.Write(group);
        }
        if (_snapshotDueBytes <= 0)
        {
            _snapshotDueBytes = _options.SnapshotEveryBytes;
            _truth.RequestSnapshot();
        }
        if (!_writer.IsSnapshotting && _truth.TakeSnapshot() is { } snapshot)
        {
            _writer.Write(snapshot);
        }
    }

    private void Settle(JournalGroup group, GroupCommit commit)
    {
        if (commit.Failure is null)
        {
            _snapshotDueBytes -= group.Bytes.Length;
            _truth.Persisted(group);
        }
        else
        {
            _truth.Failed(group, commit.Failure);
        }
        _work.Committed(commit);
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
