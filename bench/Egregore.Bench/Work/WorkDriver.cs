using System.Diagnostics;
using Egregore.Sandbox;
using Egregore.Server.Work;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Bench.Work;

/// <summary>Submits tasks of the empty kernel to a server's coordinator from a thread of the caller's, and takes what comes back. One run at a time.</summary>
internal sealed class WorkDriver : ISettlements, IDisposable
{
    private const byte Tag = 3;

    /// <summary>Tasks, the latest, of which is known how far they are: a power of two.</summary>
    private const int TasksMax = 1 << 22;

    private const byte Submitted = 1, Answered = 2, Final = 3;

    // (memory 0 1), alloc: (i32) -> i32.const 0, run: (i32 i32) -> i64.const 0
    private static readonly byte[] EmptyKernel = Convert.FromHexString(
        "0061736d01000000" + "010c0260017f017f60027f7f017e" + "0303020001" + "05040101" + "0001" + "0718" + "03066d656d6f72790200" + "05616c6c6f630000" + "0372756e0001" + "0a0b02040041000b040042000b");

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly WorkHost _work;
    private readonly SemaphoreSlim _words = new(0);
    private readonly byte[] _states = new byte[TasksMax];
    private KernelHash _kernel;
    private ulong _key;
    private bool _lastWords;
    private long _answers;
    private long _finals;
    private long _byTruth;
    private long _failed;

    public WorkDriver(WorkHost work)
    {
        _work = work;
        work.Listen(Tag, this);
    }

    /// <summary>Tasks that have an answer.</summary>
    public long Answers => Volatile.Read(ref _answers);

    /// <summary>Tasks of which the last word is said.</summary>
    public long Finals => Volatile.Read(ref _finals);

    /// <summary>Tasks that truth answered, as nobody else was in time.</summary>
    public long ByTruth => Volatile.Read(ref _byTruth);

    /// <summary>Tasks that came to nothing.</summary>
    public long Failed => Volatile.Read(ref _failed);

    public void Dispose() => _words.Dispose();

    /// <summary>Makes the empty kernel known.</summary>
    /// <returns>The fuel of one run.</returns>
    public ulong AddKernel()
    {
        byte[] metered = KernelModule.Meter(EmptyKernel);
        _kernel = KernelHash.Of(metered);
        _work.AddKernel(new KernelManifest { Hash = _kernel, Name = "empty", Class = VerificationClass.Simulated }, metered);
        using var sandbox = new KernelSandbox(null, TimeProvider.System);
        sandbox.Load(_kernel, metered);
        return sandbox.Run(_kernel, [], [], 1_000, 0).Fuel;
    }

    /// <summary>One task after the other.</summary>
    /// <param name="count">Tasks.</param>
    /// <param name="kind">Their class.</param>
    /// <param name="lastWords">Wait for the last word on each, not for its answer.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What each took, milliseconds.</returns>
    public double[] OneByOne(int count, VerificationClass kind, bool lastWords, CancellationToken cancellation)
    {
        _lastWords = lastWords;
        double[] times = new double[count];
        for (int i = 0; i < count; i++)
        {
            long started = Stopwatch.GetTimestamp();
            Submit(kind);
            Wait(cancellation);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        return times;
    }

    /// <summary>Many tasks, so many of them outstanding at any time.</summary>
    /// <param name="seconds">For how long tasks are submitted.</param>
    /// <param name="outstanding">Tasks without an answer.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Answers a second.</returns>
    public double Run(double seconds, int outstanding, CancellationToken cancellation)
    {
        _lastWords = false;
        long started = Stopwatch.GetTimestamp();
        long submitted = 0;
        for (; submitted < outstanding; submitted++) Submit(VerificationClass.Simulated);
        for (; Stopwatch.GetElapsedTime(started).TotalSeconds < seconds; submitted++)
        {
            Wait(cancellation);
            Submit(VerificationClass.Simulated);
        }
        for (int i = 0; i < outstanding; i++) Wait(cancellation);
        return submitted / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Waits until so many helpers are parked.</summary>
    /// <exception cref="BenchException">They are not within the time.</exception>
    public async Task ParkedAsync(int count, TimeSpan within, CancellationToken cancellation)
    {
        for (long started = Stopwatch.GetTimestamp(); Parked < count;)
        {
            if (Stopwatch.GetElapsedTime(started) > within) throw new BenchException($"only {Parked} of {count} helpers are parked");
            await Task.Delay(100, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the last word on every task is said.</summary>
    /// <exception cref="BenchException">It is not within the time.</exception>
    public async Task SettledAsync(TimeSpan within, CancellationToken cancellation)
    {
        for (long started = Stopwatch.GetTimestamp(); Finals < (long)_key;)
        {
            if (Stopwatch.GetElapsedTime(started) > within) throw new BenchException($"of {_key} tasks only {Finals} have their last word");
            await Task.Delay(20, cancellation).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Settled(in Settlement settlement)
    {
        ref byte state = ref _states[settlement.Tag & (TasksMax - 1)];
        bool first = state == Submitted;
        if (settlement.Outcome == TaskOutcome.Failed) _failed++;
        if (first)
        {
            _answers++;
            if (settlement.Level == FailoverLevel.Truth) _byTruth++;
        }
        if (settlement.IsFinal) _finals++;
        state = settlement.IsFinal ? Final : Answered;
        if (_lastWords ? settlement.IsFinal : first) _words.Release();
    }

    private int Parked => _work.With((coordinator, _) => coordinator.ParkedCount);

    private void Wait(CancellationToken cancellation)
    {
        if (!_words.Wait(Patience, cancellation)) throw new BenchException("a task was never settled");
    }

    private void Submit(VerificationClass kind)
    {
        ulong key = ++_key & (TasksMax - 1);
        _states[key] = Submitted;
        SubmitResult result = _work.Submit(new WorkTask { Kernel = _kernel, World = WorkHost.World, Class = kind, Input = [], Tag = ((ulong)Tag << 56) | key });
        if (!result.Taken) throw new BenchException($"a task was refused: {result.Status}");
    }
}
