using System.Buffers;
using Egregore.Wire;

namespace Egregore.Work;

public sealed partial class WorkCoordinator
{
    private readonly List<TaskEntry> _tasks = [];
    private readonly Stack<TaskEntry> _freeTasks = new();
    private readonly Dictionary<(uint World, UInt128 Key), TaskId> _replays = [];
    private readonly Queue<(uint World, UInt128 Key)> _replayOrder = new();
    private TaskEntry? _cosmeticFirst;
    private TaskEntry? _cosmeticLast;
    private long _bytes;

    /// <summary>
    /// Takes a task. A parked helper is sent it within the call; from within a decision, when the outer call ends. Whatever is taken is settled, once and for all.
    /// </summary>
    public SubmitResult Submit(in WorkTask work, long nowUs)
    {
        if (!_worldsById.TryGetValue(work.World, out var world))
            return Refused(SubmitStatus.UnknownWorld);
        if (work.Key != 0 && _replays.TryGetValue((work.World.Value, work.Key), out var known))
        {
            Counters.Repeated++;
            return new SubmitResult(SubmitStatus.Repeated, known);
        }

        if (!_kernelsByHash.TryGetValue(work.Kernel, out var kernel))
            return Refused(SubmitStatus.UnknownKernel);
        BlockEntry? shared = null;
        if (!work.Shared.IsNone && (shared = _blocks.Find(work.Shared)) is null)
            return Refused(SubmitStatus.UnknownBlock);
        if (work.Input.Length + (long)(shared?.Bytes.Length ?? 0) > kernel.Manifest.InputBytesMax)
            return Refused(SubmitStatus.TooLarge);
        var deadline = work.DeadlineUs == 0 ? nowUs + _options.DeadlineUs : work.DeadlineUs;
        if (deadline <= nowUs || deadline - nowUs > _options.DeadlineMaxUs)
            return Refused(SubmitStatus.BadDeadline);
        if (work.Replicas < 0 || work.Replicas > _options.ReplicasMax)
            return Refused(SubmitStatus.BadReplicas);
        if (world.Terms.OverdraftMax != long.MaxValue && Ledger.BalanceAt(world.Account) < -world.Terms.OverdraftMax)
            return Refused(SubmitStatus.NoCredit);
        var kind = work.Class is { } asked && asked < kernel.Manifest.Class ? asked : kernel.Manifest.Class;
        if (!HasRoom(kind, work.Input.Length, nowUs))
            return Refused(SubmitStatus.Overloaded);

        Counters.Submitted++;
        var task = NewTask(kernel, world, kind, work.Input, shared);
        task.Priority = work.Priority > TaskPriority.Background ? TaskPriority.Background : work.Priority;
        task.Beneficiary = work.Beneficiary;
        task.Tag = work.Tag;
        task.LateUs = Math.Max(0, work.LateUs);
        task.Quorum = kind == VerificationClass.Critical ? Math.Max(work.Replicas, _options.CriticalQuorum) : work.Replicas;
        task.CopiesWanted = Math.Max(1, task.Quorum);
        task.FuelExpected = work.FuelExpected > 0 ? Math.Min(work.FuelExpected, kernel.Manifest.FuelMax) : kernel.FuelMean;
        kernel.Expect(task.FuelExpected);
        SetBudgets(task, nowUs, deadline);
        if (work.Key != 0)
            Remember(world.Id, work.Key, task.Id);
        if (_depth > 0)
        {
            _fresh.Enqueue(task);
        }
        else
        {
            Enter();
            Advance(task, nowUs);
            Exit(nowUs);
        }

        return new SubmitResult(SubmitStatus.Accepted, task.Id);
    }

    /// <summary>Takes a task back: its leases are cancelled, and it is settled as failed.</summary>
    /// <returns>False where it is settled already.</returns>
    public bool Cancel(TaskId id, long nowUs)
    {
        Guard();
        if (!IsLive(id))
            return false;
        Enter();
        Fail(_tasks[id.Slot], TaskFailure.Cancelled, nowUs);
        Exit(nowUs);
        return true;
    }

    /// <summary>Whether a task is not settled for good yet.</summary>
    public bool IsLive(TaskId id) => (uint)id.Slot < (uint)_tasks.Count && _tasks[id.Slot] is { Live: true, World: not null } task && task.Generation == id.Generation;

    private SubmitResult Refused(SubmitStatus status)
    {
        Counters.Refused++;
        return new SubmitResult(status, default);
    }

    /// <summary>Cosmetic tasks may fill three quarters of each bound; others push waiting cosmetic ones out.</summary>
    private bool HasRoom(VerificationClass kind, int bytes, long nowUs)
    {
        var cosmetic = kind == VerificationClass.Cosmetic;
        while (IsFull(cosmetic ? 3 : 4, bytes))
        {
            if (cosmetic || _cosmeticFirst is not { } oldest || _depth > 0)
                return false;
            Counters.Shed++;
            Enter();
            Fail(oldest, TaskFailure.Overloaded, nowUs);
            Exit(nowUs);
        }

        return true;
    }

    private bool IsFull(int quarters, int bytes) =>
        TaskCount >= (long)_options.TasksMax * quarters / 4 || WaitingCount + _fresh.Count >= Math.Max(1, (long)_options.WaitingMax * quarters / 4)
        || _bytes + bytes > _options.BytesMax / 4 * quarters;

    private void SetBudgets(TaskEntry task, long nowUs, long deadlineUs)
    {
        var budget = deadlineUs - nowUs;
        task.SubmittedUs = nowUs;
        task.DeadlineUs = deadlineUs;
        task.ScheduleByUs = nowUs + (budget * _options.SchedulePermille / 1_000);
        task.RunByUs = deadlineUs - (budget * _options.ValidatePermille / 1_000);
    }

    private void Remember(WorldId world, UInt128 key, TaskId id)
    {
        if (_replayOrder.Count >= _options.ReplaysMax)
            _replays.Remove(_replayOrder.Dequeue());
        // A host that answered a shed task by the same key was first.
        _replays[(world.Value, key)] = id;
        _replayOrder.Enqueue((world.Value, key));
    }

    private TaskEntry NewTask(KernelEntry kernel, WorldEntry? world, VerificationClass kind, ReadOnlySpan<byte> input, BlockEntry? shared)
    {
        if (!_freeTasks.TryPop(out var task))
        {
            task = new TaskEntry(_tasks.Count);
            _tasks.Add(task);
        }

        TaskCount++;
        task.Generation++;
        task.Live = true;
        task.Kernel = kernel;
        task.World = world;
        task.Class = kind;
        task.Committed = -1;
        task.Quorum = 0;
        task.CopiesWanted = 1;
        task.Beneficiary = default;
        task.Tag = 0;
        task.LateUs = 0;
        task.Priority = TaskPriority.Normal;
        task.Input = Rent(input);
        task.InputLength = input.Length;
        task.Shared = shared;
        if (shared is not null)
            _blocks.Use(shared);
        return task;
    }

    /// <summary>Gives everything of a settled task back.</summary>
    private void Release(TaskEntry task)
    {
        _timers.Clear(task);
        StopWaiting(task);
        CloseWindow(task);
        if (task.Local == LocalState.Running)
            _localRuns[(int)(task.LocalToken & LocalIndexMask)].Task = null;
        for (var i = 0; i < task.AnswerCount; i++)
        {
            ref var answer = ref task.Answers[i];
            Return(answer.Output, answer.OutputLength);
            answer = default;
        }

        Return(task.Input, task.InputLength);
        if (task.Shared is { } shared)
            _blocks.Release(shared);
        task.Input = [];
        task.Shared = null;
        task.Ringer = null;
        task.World = null;
        task.AskedCount = task.AnswerCount = 0;
        task.Audited = task.Suspect = task.Disputed = task.LocalUrgent = task.TruthWanted = false;
        task.Hedges = 0;
        task.Local = LocalState.None;
        task.Live = false;
        TaskCount--;
        _freeTasks.Push(task);
    }

    private byte[] Rent(ReadOnlySpan<byte> content)
    {
        if (content.Length == 0)
            return [];
        var buffer = ArrayPool<byte>.Shared.Rent(content.Length);
        content.CopyTo(buffer);
        _bytes += content.Length;
        return buffer;
    }

    private void Return(byte[]? buffer, int length)
    {
        if (buffer is null || length == 0)
            return;
        ArrayPool<byte>.Shared.Return(buffer);
        _bytes -= length;
    }

    private void Wait(TaskEntry task)
    {
        if (task.Waits || task.World is null)
            return;
        task.Waits = true;
        WaitingCount++;
        // A world that had nothing waiting does not save up for later.
        if (task.World.Waiting == 0)
            task.World.Served = Math.Max(task.World.Served, _servedFloor);
        task.World.Add(task);
        if (task.Class != VerificationClass.Cosmetic || task.HasAnswer)
            return;
        task.CosmeticBefore = _cosmeticLast;
        task.CosmeticAfter = null;
        if (_cosmeticLast is { } last)
            last.CosmeticAfter = task;
        else
            _cosmeticFirst = task;
        _cosmeticLast = task;
    }

    private void StopWaiting(TaskEntry task)
    {
        if (!task.Waits)
            return;
        task.Waits = false;
        WaitingCount--;
        task.World!.Remove(task);
        if (task.CosmeticBefore is null && _cosmeticFirst != task)
            return;
        if (task.CosmeticBefore is { } before)
            before.CosmeticAfter = task.CosmeticAfter;
        else
            _cosmeticFirst = task.CosmeticAfter;
        if (task.CosmeticAfter is { } after)
            after.CosmeticBefore = task.CosmeticBefore;
        else
            _cosmeticLast = task.CosmeticBefore;
        task.CosmeticBefore = task.CosmeticAfter = null;
    }
}
