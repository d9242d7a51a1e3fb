using Egregore.Wire;
using Egregore.Work.Verification;

namespace Egregore.Work;

public sealed partial class WorkCoordinator
{
    private const ulong LocalIndexMask = 0x3FF;
    private const double LocalWeight = 0.05;
    private const int RingerBytesMax = 64 * 1024;
    private const int RingerOwnersSeen = 32;

    private readonly Queue<(TaskEntry Task, uint Generation)> _localUrgent = new();
    private readonly Queue<(TaskEntry Task, uint Generation)> _localAudits = new();
    private LocalSlot[] _localRuns = [];
    private int _localBusy;
    private int _localAuditsBusy;
    private ulong _localCount;
    private double _localFuelPerUs;

    /// <summary>Truth's own measured speed, fuel a microsecond.</summary>
    public double LocalFuelPerUs => _localFuelPerUs;

    private struct LocalSlot
    {
        public TaskEntry? Task;
        public ulong Token;
        public bool Busy;
        public bool Urgent;
    }

    /// <summary>The host ran the kernel (<see cref="IWorkSink.RunHere"/>). What comes after the task is settled is ignored.</summary>
    /// <param name="token">The run's.</param>
    /// <param name="output">The kernel's output.</param>
    /// <param name="fuel">What the meter counted.</param>
    /// <param name="runUs">How long it took, microseconds.</param>
    /// <param name="nowUs">The host's time.</param>
    /// <returns>False where the token is not of a run under way.</returns>
    public bool CompleteLocal(ulong token, ReadOnlySpan<byte> output, ulong fuel, long runUs, long nowUs)
    {
        Guard();
        if (!TakeLocal(token, out var task))
            return false;
        Enter();
        if (task is not null)
        {
            if (runUs > 0 && fuel > 0)
                _localFuelPerUs += ((fuel / (double)runUs) - _localFuelPerUs) * LocalWeight * task.Kernel.Weigh(task.FuelExpected);
            task.Local = LocalState.Done;
            var right = new Answer { Hash = KernelHash.Of(output), Fuel = fuel, Level = FailoverLevel.Truth };
            KeepRinger(task, right);
            if (!task.HasAnswer)
                Counters.ByLevel[(int)FailoverLevel.Truth]++;
            Conclude(task, right, VerifiedBy.Truth, output, nowUs);
        }

        StartLocal(nowUs);
        Exit(nowUs);
        return true;
    }

    /// <summary>The host could not run the kernel, or the kernel trapped.</summary>
    /// <param name="token">The run's.</param>
    /// <param name="fault"><see cref="WorkFault.Trapped"/>, <see cref="WorkFault.OutOfFuel"/> and <see cref="WorkFault.TooLarge"/> are the kernel's own answer and final; others mean that truth cannot now.</param>
    /// <param name="nowUs">The host's time.</param>
    /// <returns>False where the token is not of a run under way.</returns>
    public bool FailLocal(ulong token, WorkFault fault, long nowUs)
    {
        Guard();
        if (!TakeLocal(token, out var task))
            return false;
        Enter();
        if (task is not null)
        {
            if (fault is WorkFault.Trapped or WorkFault.OutOfFuel or WorkFault.TooLarge)
            {
                task.Local = LocalState.Done;
                Conclude(task, new Answer { Trapped = true, Level = FailoverLevel.Truth }, VerifiedBy.Truth, default, nowUs);
            }
            else
            {
                task.Local = LocalState.Unavailable;
                task.TruthWanted = false;
                Advance(task, nowUs);
            }
        }

        StartLocal(nowUs);
        Exit(nowUs);
        return true;
    }

    private bool TakeLocal(ulong token, out TaskEntry? task)
    {
        task = null;
        var at = (int)(token & LocalIndexMask);
        if (at >= _localRuns.Length || !_localRuns[at].Busy || _localRuns[at].Token != token)
            return false;
        task = _localRuns[at].Task;
        _localBusy--;
        if (!_localRuns[at].Urgent)
            _localAuditsBusy--;
        _localRuns[at] = default;
        return true;
    }

    private long LocalEstimateUs(TaskEntry task) => (long)(task.FuelExpected / _localFuelPerUs * (1 + (_localUrgent.Count / (double)Math.Max(1, _options.LocalRunsMax))));

    /// <summary>Has truth run a task; false: no room.</summary>
    private bool RequestLocal(TaskEntry task, bool urgent, long nowUs)
    {
        if (_options.LocalRunsMax == 0 || task.Local != LocalState.None)
            return false;
        var queue = urgent ? _localUrgent : _localAudits;
        if (queue.Count >= _options.LocalWaitingMax)
            return false;
        task.Local = LocalState.Waiting;
        task.LocalUrgent = urgent;
        queue.Enqueue((task, task.Generation));
        StopWaiting(task);
        StartLocal(nowUs);
        return true;
    }

    private void StartLocal(long nowUs)
    {
        if (_localRuns.Length == 0)
            _localRuns = new LocalSlot[_options.LocalRunsMax];
        while (_localBusy < _localRuns.Length)
        {
            // One place is kept for what somebody waits for, where there is more than one.
            var audits = _localAuditsBusy < Math.Max(1, _localRuns.Length - 1);
            if (!_localUrgent.TryDequeue(out var next) && !(audits && _localAudits.TryDequeue(out next)))
                return;
            var task = next.Task;
            if (!task.Live || task.Generation != next.Generation || task.Local != LocalState.Waiting)
                continue;
            var at = 0;
            while (_localRuns[at].Busy)
                at++;
            task.Local = LocalState.Running;
            task.LocalToken = (++_localCount << 10) | (uint)at;
            _localRuns[at] = new LocalSlot { Task = task, Token = task.LocalToken, Busy = true, Urgent = task.LocalUrgent };
            _localBusy++;
            if (task.LocalUrgent)
                Counters.LocalAnswers++;
            else
                Counters.LocalAudits++;
            if (!task.LocalUrgent)
                _localAuditsBusy++;
            _sink.RunHere(new LocalRun
            {
                Token = task.LocalToken, Kernel = task.Kernel.Hash, Shared = task.SharedBytes, Input = task.InputBytes, Fuel = task.Kernel.Manifest.FuelMax,
                OutputMax = task.Kernel.Manifest.OutputBytesMax, Urgent = task.LocalUrgent,
            });
        }
    }

    private void KeepRinger(TaskEntry task, in Answer right)
    {
        if (_options.RingerPermille == 0 || !task.Kernel.Ringers.Wanted || task.InputLength > RingerBytesMax)
            return;
        var seen = new OwnerEntry?[RingerOwnersSeen];
        for (var i = 0; i < task.AskedCount && i < seen.Length; i++)
            seen[i] = _owners.GetValueOrDefault(task.AskedWho[i].Owner);
        task.Kernel.Ringers.Add(new Ringer { Input = task.InputBytes.ToArray(), Shared = task.Shared?.Hash ?? default, Output = right.Hash, Fuel = right.Fuel, Seen = seen });
    }

    /// <summary>Now and then a helper that was given a task gets a ringer of the same kernel with it, under the same terms.</summary>
    private void MaybeRing(TaskEntry task, HelperEntry helper, long nowUs)
    {
        if (helper.Credits == 0 || !_random.Permille(_options.RingerPermille) || TaskCount >= _options.TasksMax || !Fits())
            return;
        if (task.Kernel.Ringers.Take(helper.Owner, ref _random) is not { } ringer)
            return;
        BlockEntry? shared = null;
        if (!ringer.Shared.IsNone && (shared = _blocks.Find(ringer.Shared)) is null)
            return;
        var copy = NewTask(task.Kernel, null, task.Class, ringer.Input, shared);
        copy.Ringer = ringer;
        copy.FuelExpected = ringer.Fuel;
        SetBudgets(copy, nowUs, task.DeadlineUs);
        copy.RunByUs = Math.Max(LeaseEnd(task), nowUs + 1_000);
        copy.DeadlineUs = copy.RunByUs + 1_000;
        Counters.Ringers++;
        Assign(copy, helper, copy.RunByUs, hedge: false, nowUs);
        Schedule(copy, nowUs);
    }
}
