using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Storage.Sqlite;

/// <summary>Settings of a truth's host.</summary>
public sealed record TruthHostOptions
{
    /// <summary>Milliseconds between ticks (scheduled reducers, deltas). Default 50.</summary>
    public int TickMs { get; init; } = 50;

    /// <summary>Work that waits for truth's thread; above it <see cref="TruthHost.Post"/> refuses. Default 65,536.</summary>
    public int QueueMax { get; init; } = 65_536;

    /// <summary>Journal bytes after which a snapshot is made and older records are dropped. Default 64 MiB.</summary>
    public long SnapshotEveryBytes { get; init; } = 64L * 1024 * 1024;
}

/// <summary>What a host measured.</summary>
/// <param name="Groups">Groups made durable.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Failures">Groups that could not be kept.</param>
/// <param name="CommitMs">How long the last commit took, in milliseconds.</param>
/// <param name="LastError">Why the last group could not be kept; null once one was kept again.</param>
/// <param name="Snapshots">Snapshots made.</param>
public readonly record struct TruthHostStatistics(long Groups, long Bytes, long Failures, double CommitMs, string? LastError, long Snapshots);

/// <summary>
/// Brings a <see cref="Truth"/> its two threads: one runs truth at its own pace (work that was posted, ticks), one writes groups to the store. While a group is being
/// written the next one fills, so a commit is shared by all that arrived meanwhile.
/// </summary>
public sealed class TruthHost : IDisposable
{
    private readonly Truth _truth;
    private readonly IJournalStore _store;
    private readonly TruthHostOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _statisticsLock = new();
    private readonly object _gate = new();
    private readonly object _writerGate = new();
    private readonly Thread _truthThread;
    private readonly Thread _writerThread;
    private List<Action<Truth, long>> _queue = [];
    private List<Action<Truth, long>> _running = [];
    private bool _stopping;
    private JournalGroup? _toWrite;
    private JournalGroup? _written;
    private string? _writeError;
    private SnapshotJob? _snapshot;
    private bool _writerStopping;
    private long _bytesSinceSnapshot;
    private bool _inFlight;
    private TruthHostStatistics _statistics;

    /// <summary>Starts both threads.</summary>
    /// <param name="truth">From now on used by this host's thread only.</param>
    /// <param name="store">From now on used by this host only; not disposed of.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Where time comes from.</param>
    public TruthHost(Truth truth, IJournalStore store, TruthHostOptions? options = null, TimeProvider? time = null)
    {
        _truth = truth;
        _store = store;
        _options = options ?? new TruthHostOptions();
        _time = time ?? TimeProvider.System;
        _truthThread = new Thread(RunTruth) { Name = "truth", IsBackground = true };
        _writerThread = new Thread(RunWriter) { Name = "journal writer", IsBackground = true };
        _truthThread.Start();
        _writerThread.Start();
    }

    /// <summary>What was measured so far.</summary>
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

    /// <summary>Lets work run on truth's thread, with the time in milliseconds since the Unix epoch; false when the queue is full or the host stops.</summary>
    public bool Post(Action<Truth, long> work)
    {
        lock (_gate)
        {
            if (_stopping || _queue.Count >= _options.QueueMax)
            {
                return false;
            }
            _queue.Add(work);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_gate);
            }
            return true;
        }
    }

    /// <summary>Lets work run on truth's thread and gives its result.</summary>
    /// <exception cref="InvalidOperationException">The queue is full or the host stops.</exception>
    public Task<T> InvokeAsync<T>(Func<Truth, long, T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = Post((truth, now) =>
        {
            try
            {
                done.SetResult(work(truth, now));
            }
#pragma warning disable CA1031 // The caller gets whatever the work threw.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                done.SetException(exception);
            }
        });
        return posted ? done.Task : throw new InvalidOperationException("Truth's queue is full, or its host stops.");
    }

    /// <summary>Runs what was posted, persists it, and stops both threads.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }
        _truthThread.Join();
        lock (_writerGate)
        {
            _writerStopping = true;
            Monitor.Pulse(_writerGate);
        }
        _writerThread.Join();
    }

    private void RunTruth()
    {
        long nextTick = Now();
        while (true)
        {
            JournalGroup? written;
            string? error;
            bool stopping;
            lock (_gate)
            {
                long wait = nextTick - Now();
                while (_queue.Count == 0 && _written is null && !_stopping && wait > 0)
                {
                    Monitor.Wait(_gate, (int)Math.Min(wait, int.MaxValue));
                    wait = nextTick - Now();
                }
                (_queue, _running) = (_running, _queue);
                written = _written;
                error = _writeError;
                _written = null;
                stopping = _stopping;
            }
            if (written is not null)
            {
                Finish(written, error);
            }
            long now = Now();
            foreach (Action<Truth, long> work in _running)
            {
                work(_truth, now);
            }
            _running.Clear();
            if (now >= nextTick)
            {
                _truth.Tick(now);
                _truth.Flush();
                nextTick = Math.Max(nextTick + _options.TickMs, now - _options.TickMs);
            }
            Hand();
            if (stopping && IsIdle())
            {
                _truth.Flush();
                return;
            }
            if (stopping && _inFlight)
            {
                WaitForWriter();
            }
        }
    }

    private void Finish(JournalGroup group, string? error)
    {
        long bytes = group.Bytes.Length;
        _inFlight = false;
        if (error is null)
        {
            _truth.Persisted(group);
            _bytesSinceSnapshot += bytes;
            if (_bytesSinceSnapshot >= _options.SnapshotEveryBytes)
            {
                _bytesSinceSnapshot = 0;
                _truth.RequestSnapshot();
            }
        }
        else
        {
            _truth.Failed(group, error);
        }
    }

    /// <summary>Gives the writer the open group and a snapshot, when it is free for them.</summary>
    private void Hand()
    {
        lock (_writerGate)
        {
            if (!_inFlight && _truth.TakeGroup() is { } group)
            {
                _inFlight = true;
                _toWrite = group;
                Monitor.Pulse(_writerGate);
            }
            if (_snapshot is null && _truth.TakeSnapshot() is { } job)
            {
                _snapshot = job;
                Monitor.Pulse(_writerGate);
            }
        }
    }

    private bool IsIdle()
    {
        lock (_gate)
        {
            return !_inFlight && !_truth.HasOpenGroup && _queue.Count == 0;
        }
    }

    private void WaitForWriter()
    {
        lock (_gate)
        {
            while (_written is null && _queue.Count == 0)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    private void RunWriter()
    {
        while (true)
        {
            JournalGroup? group;
            SnapshotJob? job;
            lock (_writerGate)
            {
                while (_toWrite is null && _snapshot is null && !_writerStopping)
                {
                    Monitor.Wait(_writerGate);
                }
                group = _toWrite;
                job = _snapshot;
                if (group is null && _writerStopping)
                {
                    return;
                }
            }
            if (group is not null)
            {
                Write(group);
            }
            if (job is not null && !WritePart(job))
            {
                lock (_writerGate)
                {
                    _snapshot = null;
                }
            }
        }
    }

    private void Write(JournalGroup group)
    {
        string? error = null;
        long started = _time.GetTimestamp();
        try
        {
            _store.Append(group.Number, group.Bytes.Span);
        }
        catch (JournalStoreException exception)
        {
            error = exception.Message;
        }
        lock (_statisticsLock)
        {
            _statistics = _statistics with
            {
                Groups = _statistics.Groups + (error is null ? 1 : 0),
                Bytes = _statistics.Bytes + (error is null ? group.Bytes.Length : 0),
                Failures = _statistics.Failures + (error is null ? 0 : 1),
                CommitMs = _time.GetElapsedTime(started).TotalMilliseconds,
                LastError = error,
            };
        }
        lock (_writerGate)
        {
            _toWrite = null;
        }
        lock (_gate)
        {
            _written = group;
            _writeError = error;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>One part of a snapshot between two groups; false when it is done (or could not be kept: the next one tries anew).</summary>
    private bool WritePart(SnapshotJob job)
    {
        try
        {
            if (job.WriteNext(_store))
            {
                return true;
            }
            lock (_statisticsLock)
            {
                _statistics = _statistics with { Snapshots = _statistics.Snapshots + 1 };
            }
            return false;
        }
        catch (JournalStoreException exception)
        {
            lock (_statisticsLock)
            {
                _statistics = _statistics with { LastError = exception.Message };
            }
            return false;
        }
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
