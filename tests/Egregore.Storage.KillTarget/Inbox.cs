using System.Collections.Concurrent;
using Egregore.Storage.Sqlite;
using Egregore.World;

namespace Egregore.Storage.KillTarget;

/// <summary>The smallest program on truth's thread: runs what was posted, and ticks.</summary>
public sealed class Inbox(Truth truth) : ITruthWork
{
    private readonly ConcurrentQueue<Action<Truth, long>> _posted = new();

    /// <summary>The host that runs this; set before the first post.</summary>
    public TruthHost? Host { get; set; }

    public bool IsStopped { get; private set; }

    /// <summary>A host with an inbox, started.</summary>
    public static (TruthHost Host, Inbox Inbox) Start(Truth truth, World.Journal.IJournalStore store, TruthHostOptions options)
    {
        var inbox = new Inbox(truth);
        var host = new TruthHost(truth, store, inbox, options);
        inbox.Host = host;
        host.Start();
        return (host, inbox);
    }

    public void Post(Action<Truth, long> work)
    {
        _posted.Enqueue(work);
        Host!.Wake();
    }

    public Task<T> InvokeAsync<T>(Func<Truth, long, T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post((truth, now) => done.SetResult(work(truth, now)));
        return done.Task;
    }

    public void Take(long nowMs)
    {
        while (_posted.TryDequeue(out Action<Truth, long>? work))
        {
            work(truth, nowMs);
        }
    }

    public void Tick(long tick, long nowMs)
    {
        truth.Tick(nowMs);
        truth.Flush();
    }

    public void EndTurn()
    {
    }

    public void Committed(GroupCommit commit)
    {
    }

    public void Stopped() => IsStopped = true;

    public void Faulted(Exception exception) => Environment.FailFast("truth's thread ended", exception);
}
