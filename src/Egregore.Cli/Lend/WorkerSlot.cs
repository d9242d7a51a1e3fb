using System.Diagnostics;
using System.Threading.Channels;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>What a slot is at.</summary>
internal enum SlotState
{
    /// <summary>Its process starts, or waits to be started again.</summary>
    Starting,
    Free,
    Busy,
    Resting,
}

/// <summary>
/// One worker's process and the tasks that it runs, one at a time. A task that is over its time is given up at once; the process has a moment more to end it, and is made anew when it does
/// not. A process that ends is started again, later each time. <see cref="TryRun"/> and the events belong to the helper's loop; everything else happens in the slot's own task.
/// </summary>
internal sealed class WorkerSlot : IAsyncDisposable
{
    /// <summary>How long a task that is over its time may go on before its process is ended: starting another one takes about as long.</summary>
    public const int GraceMs = 300;

    private const int RestartMsMin = 100;
    private const int RestartMsMax = 30_000;
    private const int PreloadMax = 8;

    // Runs of a kernel's sample, so that the engine has compiled what its tasks use: as many, or as long.
    private const int SampleRunsMax = 20;
    private const int SampleMs = 1_000;
    private const ulong SampleFuelMax = 2_000_000_000;
    private const int SampleOutputMax = 1 << 20;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);

    // Compiling all of a large kernel takes seconds.
    private static readonly TimeSpan LoadPatience = TimeSpan.FromSeconds(30);

    private readonly Func<ProcessStartInfo> _command;
    private readonly KernelStore _kernels;
    private readonly Func<long> _clockMs;
    private readonly Action<WorkItem, WorkerRun> _ran;
    private readonly Action<string?> _changed;
    private readonly DutyCycle _duty;
    private readonly long _memoryBytesMax;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<WorkItem?> _next = Channel.CreateBounded<WorkItem?>(1);
    private readonly Task _running;
    private WorkerProcess? _process;
    private int _failures;
    private volatile SlotState _state;

    /// <param name="command">How a worker is started.</param>
    /// <param name="kernels">Where kernels come from.</param>
    /// <param name="share">The share of the time that it runs, 0.1 to 1.</param>
    /// <param name="memoryBytesMax">Resident bytes of the process; over it, it is made anew when its task is done.</param>
    /// <param name="clockMs">The clock of deadlines.</param>
    /// <param name="ran">Called once for each task, from any thread.</param>
    /// <param name="changed">Called when the state is another one, from any thread, with what went wrong, if something did.</param>
    public WorkerSlot(
        Func<ProcessStartInfo> command, KernelStore kernels, double share, long memoryBytesMax, Func<long> clockMs, Action<WorkItem, WorkerRun> ran, Action<string?> changed)
    {
        _command = command;
        _kernels = kernels;
        _duty = new DutyCycle(share);
        _memoryBytesMax = memoryBytesMax;
        _clockMs = clockMs;
        _ran = ran;
        _changed = changed;
        _running = Task.Run(LoopAsync);
    }

    public SlotState State => _state;

    /// <summary>The process that was started, 0 while there is none.</summary>
    public int ProcessId => _process?.Id ?? 0;

    /// <summary>How many processes were started again because one ended or was ended.</summary>
    public int Restarts { get; private set; }

    /// <summary>False where the slot is not free.</summary>
    public bool TryRun(WorkItem item)
    {
        if (_state != SlotState.Free)
            return false;
        // Before the task is there: the slot may be done with it at once.
        _state = SlotState.Busy;
        return _next.Writer.TryWrite(item);
    }

    /// <summary>Has the worker load the kernels that are here by now, where it is free; a busy one does so after its task.</summary>
    public void Preload()
    {
        if (_state != SlotState.Free)
            return;
        _state = SlotState.Starting;
        _next.Writer.TryWrite(null);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _process?.Kill();
        await _running;
        _stop.Dispose();
    }

    private async Task LoopAsync()
    {
        try
        {
            while (true)
            {
                try
                {
                    await ServeAsync();
                }
                catch (WorkerException e)
                {
                    Restarts++;
                    var wait = Math.Min(RestartMsMax, RestartMsMin << Math.Min(10, _failures++));
                    Become(SlotState.Starting, e.Message);
                    await Task.Delay(wait, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The helper leaves.
        }
        finally
        {
            _process?.Dispose();
            _process = null;
        }
    }

    /// <summary>Starts a process and gives it tasks until it fails.</summary>
    private async Task ServeAsync()
    {
        Become(SlotState.Starting, null);
        using var process = await WorkerProcess.StartAsync(_command(), StartPatience, _stop.Token);
        _process = process;
        try
        {
            while (true)
            {
                foreach (var kernel in _kernels.Held().TakeLast(PreloadMax))
                    await LoadAsync(process, kernel);
                Become(SlotState.Free, null);
                if (await _next.Reader.ReadAsync(_stop.Token) is not { } item)
                    continue;
                var run = await RunAsync(process, item);
                _failures = 0;
                if (ProcessTree.Of(process.Id).ResidentBytes > _memoryBytesMax)
                    throw new WorkerException($"the worker took more than {_memoryBytesMax >> 20} MB");
                await RestAsync(run.RunUs / 1000.0);
            }
        }
        finally
        {
            _process = null;
        }
    }

    private async Task<WorkerRun> RunAsync(WorkerProcess process, WorkItem item)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var work = LoadAndRunAsync(process, item, end.Token);
        var left = TimeSpan.FromMilliseconds(Math.Max(0, item.DeadlineMs - _clockMs()));
        var late = await Task.WhenAny(work, Task.Delay(left, _stop.Token)) != work;
        _stop.Token.ThrowIfCancellationRequested();
        if (late)
        {
            _ran(item, WorkerRun.Failed(WorkFault.TooLate, "it took longer than it was given"));
            // A kernel that is being loaded is let be, as the next task needs it too; a run is not.
            var patience = process.Holds(item.Kernel) ? TimeSpan.FromMilliseconds(GraceMs) : LoadPatience;
            if (await Task.WhenAny(work, Task.Delay(patience, _stop.Token)) != work)
            {
                process.Kill();
                await end.CancelAsync();
            }
        }

        try
        {
            var run = await work;
            if (!late)
                _ran(item, run);
            return run;
        }
        catch (Exception e) when (e is WorkerException or OperationCanceledException)
        {
            _stop.Token.ThrowIfCancellationRequested();
            if (!late)
                _ran(item, WorkerRun.Failed(WorkFault.Internal, "the worker ended"));
            throw late ? new WorkerException("a task was over its time, and its worker was ended", e) : e;
        }
    }

    private async Task<WorkerRun> LoadAndRunAsync(WorkerProcess process, WorkItem item, CancellationToken cancel)
    {
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                if (!process.Holds(item.Kernel) && await process.LoadAsync(item.Kernel, await _kernels.GetAsync(item.Kernel, cancel), cancel) is { } problem)
                    return WorkerRun.Failed(WorkFault.Missing, problem);
                if (_clockMs() > item.DeadlineMs)
                    return WorkerRun.Failed(WorkFault.TooLate, "its kernel did not come in time");
                var run = await process.RunAsync(item.Kernel, item.Shared, item.Input, item.Fuel, item.OutputMax, cancel);
                // The worker keeps a bounded number of kernels and had let this one go.
                if (run.Fault != WorkFault.Missing || attempt > 0)
                    return run;
            }
        }
        catch (HttpRequestException e)
        {
            return WorkerRun.Failed(WorkFault.Missing, e.Message);
        }
    }

    private async Task LoadAsync(WorkerProcess process, KernelHash kernel)
    {
        if (process.Holds(kernel))
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(LoadPatience);
        try
        {
            // One that is not taken is said with the task that asks for it.
            if (await process.LoadAsync(kernel, await _kernels.GetAsync(kernel, limit.Token), limit.Token) is null && _kernels.SampleOf(kernel) is { } sample)
                await TryAsync(process, kernel, sample, limit.Token);
        }
        catch (HttpRequestException)
        {
            // It was here a moment ago; a task that asks for it is told why.
        }
        catch (OperationCanceledException e) when (!_stop.IsCancellationRequested)
        {
            throw new WorkerException($"kernel {kernel.ToString()[..8]} took more than {LoadPatience.TotalSeconds:0} s to compile and to try", e);
        }
    }

    private async Task TryAsync(WorkerProcess process, KernelHash kernel, byte[] sample, CancellationToken cancel)
    {
        var until = long.MaxValue;
        for (var run = 0; run < SampleRunsMax && _clockMs() < until; run++)
        {
            var ran = await process.RunAsync(kernel, default, sample, SampleFuelMax, SampleOutputMax, cancel);
            if (ran.Fault != WorkFault.None)
                return;
            _kernels.NoteTried(kernel, ran.Fuel, ran.RunUs);
            // The first run compiles, for as long as that takes.
            if (run == 0)
                until = _clockMs() + SampleMs;
        }
    }

    private async Task RestAsync(double runMs)
    {
        var rest = _duty.Ran(runMs);
        if (rest == TimeSpan.Zero)
            return;
        Become(SlotState.Resting, null);
        await Task.Delay(rest, _stop.Token);
    }

    private void Become(SlotState state, string? problem)
    {
        _state = state;
        _changed(problem);
    }
}
