using System.Collections.Concurrent;
using System.Diagnostics;
using Egregore.Sandbox;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>Truth's own runs of kernels: a few threads and two queues, urgent answers before checks. How many may wait is the coordinator's bound.</summary>
internal sealed class LocalRuns : IDisposable
{
    private readonly KernelSandbox _sandbox;
    private readonly KernelLibrary _library;
    private readonly Action<ulong, KernelRun, long> _done;
    private readonly ConcurrentQueue<Run> _urgent = new();
    private readonly ConcurrentQueue<Run> _checks = new();
    private readonly SemaphoreSlim _waiting = new(0);
    private readonly Thread[] _threads;
    private volatile bool _stopped;

    /// <param name="sandbox">Where they run.</param>
    /// <param name="library">Where a kernel is fetched from that made room for another.</param>
    /// <param name="threads">How many run at one time.</param>
    /// <param name="done">Told of each run, on the run's thread: its token, what it gave, microseconds.</param>
    public LocalRuns(KernelSandbox sandbox, KernelLibrary library, int threads, Action<ulong, KernelRun, long> done)
    {
        _sandbox = sandbox;
        _library = library;
        _done = done;
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Loop, 4 << 20) { IsBackground = true, Name = $"kernel {i}", Priority = ThreadPriority.BelowNormal };
            _threads[i].Start();
        }
    }

    public void Add(in LocalRun run)
    {
        (run.Urgent ? _urgent : _checks).Enqueue(new Run(run.Token, run.Kernel, run.Shared.ToArray(), run.Input.ToArray(), run.Fuel, run.OutputMax));
        _waiting.Release();
    }

    public void Dispose()
    {
        _stopped = true;
        if (_threads.Length > 0)
            _waiting.Release(_threads.Length);
        // A run holds its thread until its fuel is used up; the threads are background ones.
        foreach (var thread in _threads)
            thread.Join(2_000);
    }

    private void Loop()
    {
        while (true)
        {
            _waiting.Wait();
            if (_stopped)
                return;
            if (!_urgent.TryDequeue(out var run) && !_checks.TryDequeue(out run))
                continue;
            var started = Stopwatch.GetTimestamp();
            _done(run.Token, Compute(run), (long)Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }
    }

    private KernelRun Compute(Run run)
    {
        try
        {
            if (!_sandbox.Holds(run.Kernel) && _library.TryGet(run.Kernel, out var module))
                _sandbox.Load(run.Kernel, module.Span);
            return _sandbox.Run(run.Kernel, run.Shared, run.Input, run.Fuel, run.OutputMax);
        }
        catch (KernelRefusedException e)
        {
            return new KernelRun(WorkFault.Missing, [], 0, e.Message);
        }
    }

    private sealed record Run(ulong Token, KernelHash Kernel, byte[] Shared, byte[] Input, ulong Fuel, int OutputMax);
}
