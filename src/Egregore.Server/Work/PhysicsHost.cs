using System.Collections.Concurrent;
using Egregore.Physics;
using Egregore.Work;
using Egregore.World;

namespace Egregore.Server.Work;

/// <summary>
/// The cascade on truth's thread: its tasks go to the coordinator, its answers come back through a queue that wakes the thread, so that the next frame is asked for without waiting for a tick.
/// </summary>
internal sealed partial class PhysicsHost : IIslandWork, ISettlements
{
    /// <summary>Marks its tasks among the coordinator's.</summary>
    public const byte TagNumber = 1;

    private const int TriesMax = 5, RetryMs = 200, MarginMs = 5, LateMs = 100;

    // What a task takes beside its moving bodies' steps: the engine, each box of solid blocks that is put into it, and each body that lies still, for its contacts.
    private const double TaskFuel = 300_000, BoxFuel = 18_000, HeldFuel = 190_000, FuelWeight = 0.1;

    // Fewer bodies than this say less of what a body's step takes.
    private const int TellingBodies = 32;
    private const ulong KeyMask = (1UL << 56) - 1;

    private readonly WorkHost _work;
    private readonly IIslandKernel _kernel;
    private readonly ILogger _log;
    private readonly Cascade _cascade;
    private readonly Dictionary<ulong, Pending> _pending = [];
    private readonly ConcurrentQueue<Answer> _answers = new();
    // Bodies of a pile take 110,000 for a step, those that fly 20,000; what this world's take is measured.
    private double _bodyStepFuel = 80_000;
    private long _byHelpers;
    private long _byTruth;

    public PhysicsHost(IBodies bodies, IIslandKernel kernel, WorkHost work, ILogger log)
    {
        _work = work;
        _kernel = kernel;
        _log = log;
        _cascade = new Cascade(bodies, this);
        work.Listen(TagNumber, this);
        work.Expect(kernel.Hash, kernel.Write(Sample()));
    }

    // A heap of crates that falls together on a floor, turned: what most tasks use of the kernel, in their proportions.
    private static IslandTask Sample()
    {
        const int Side = 4;
        const int Held = Side * Side / 2;
        // From above: some of the lowest lie still and hold the others.
        var bodies = Enumerable.Range(0, Side * Side * Side).Reverse().Select(i => new BodyState
        {
            Id = (ulong)i,
            Awake = i >= Held,
            X = BodyState.BlockUnits * (20 + (i % Side * 9)) / 10,
            Y = (BodyState.BlockUnits * 3 / 2) + (BodyState.BlockUnits * (i / (Side * Side)) * 8 / 10),
            Z = BodyState.BlockUnits * (20 + (i / Side % Side * 9)) / 10,
            Rotation = System.Numerics.Quaternion.Normalize(new(0, i % 7, 1, 8)),
            Velocity = new((i % 5) - 2, -2, 1),
            Half = new(0.45f),
            Density = 1,
        }).ToArray();
        return new IslandTask(0, 0, new BlockBounds(0, 0, 0, 8, 12, 8), bodies, bodies.Length - Held, [new BlockBounds(0, 0, 0, 8, 0, 8), new BlockBounds(4, 1, 2, 4, 2, 2)], 6, 1 / 60f, 20, 0);
    }

    /// <summary>Wakes truth's thread.</summary>
    public Action? Woken { get; set; }

    /// <summary>For the report, once a second.</summary>
    public PhysicsInfo TakeInfo()
    {
        var figures = _cascade.Figures;
        return new PhysicsInfo(
            figures.Awake, figures.Islands, figures.Frames, figures.FramesLate, figures.LateMsMax, _cascade.TakeLateMs(), figures.Tasks, figures.TasksDiscarded, _byHelpers, _byTruth, figures.Corrections);
    }

    /// <summary>The host of a game's bodies, where it has some.</summary>
    public static PhysicsHost? Of(IGame game, WorkHost work, ILogger log) =>
        game is IPhysicsGame physics ? new PhysicsHost(physics.Bodies, new RapierIslands(), work, log) : null;

    /// <summary>Takes answers as they come.</summary>
    public void Take(Truth truth, long nowMs)
    {
        if (_answers.IsEmpty)
            return;
        Drain(truth, nowMs);
        _cascade.Tick(truth, nowMs);
    }

    /// <summary>A tick of the world.</summary>
    public void Tick(Truth truth, long nowMs)
    {
        Drain(truth, nowMs);
        _cascade.Tick(truth, nowMs);
    }

    public void Submit(IslandTask task)
    {
        byte[] input;
        try
        {
            input = _kernel.Write(task);
        }
        catch (ArgumentException)
        {
            // A body beyond what the kernel takes: it stands still, and truth goes on.
            _pending.Add(task.Key, new Pending(task, []));
            _answers.Enqueue(new Answer(task.Key, TaskOutcome.Failed, TaskFailure.KernelRefused, FailoverLevel.Truth, [], 0));
            return;
        }

        var pending = new Pending(task, input);
        _pending.Add(task.Key, pending);
        Submit(pending, task.DeadlineMs - MarginMs);
    }

    public void Cancel(ulong key)
    {
        if (_pending.Remove(key, out var pending) && !pending.Id.IsNone)
            _work.Cancel(pending.Id);
    }

    public void Settled(in Settlement settlement)
    {
        _answers.Enqueue(new Answer(settlement.Tag & KeyMask, settlement.Outcome, settlement.Failure, settlement.Level, settlement.Output.ToArray(), settlement.Fuel));
        Woken?.Invoke();
    }

    private void Submit(Pending pending, long deadlineMs)
    {
        var result = _work.Submit(new WorkTask
        {
            Kernel = _kernel.Hash,
            World = WorkHost.World,
            Input = pending.Input,
            DeadlineUs = _work.DeadlineUs(deadlineMs),
            // All that follows waits for it: late is better than never, and better than truth computing again what a helper is about to answer.
            LateUs = LateMs * 1_000,
            Priority = TaskPriority.Urgent,
            FuelExpected = (ulong)(FixedFuel(pending.Task) + (_bodyStepFuel * pending.Task.Moving * pending.Task.Steps)),
            Tag = ((ulong)TagNumber << 56) | pending.Task.Key,
        });
        pending.Id = result.Task;
        if (!result.Taken)
            _answers.Enqueue(new Answer(pending.Task.Key, TaskOutcome.Failed, TaskFailure.Overloaded, FailoverLevel.Truth, [], 0));
    }

    private void Drain(Truth truth, long nowMs)
    {
        // What a try that is refused adds waits for the next turn.
        for (var left = _answers.Count; left > 0 && _answers.TryDequeue(out var answer); left--)
        {
            if (_pending.TryGetValue(answer.Key, out var pending))
                Take(truth, pending, answer, nowMs);
        }
    }

    private void Take(Truth truth, Pending pending, Answer answer, long nowMs)
    {
        switch (answer.Outcome)
        {
            case TaskOutcome.Provisional or TaskOutcome.Verified when answer.Output.Length > 0:
                if (_kernel.Read(pending.Task, answer.Output) is { } bodies)
                {
                    Complete(pending, bodies);
                    Measure(pending.Task, answer.Fuel);
                    _ = answer.Level == FailoverLevel.Truth ? _byTruth++ : _byHelpers++;
                }
                else
                {
                    // The invariant held for it, so this is a kernel and a binding that do not belong together.
                    Freeze(pending, "its answer cannot be read");
                }

                break;
            case TaskOutcome.RolledBack:
                if (_kernel.Read(pending.Task, answer.Output) is { } right && !_cascade.Correct(truth, pending.Task.Key, right, nowMs))
                    Complete(pending, right);
                break;
            case TaskOutcome.Failed when !pending.Completed && answer.Failure == TaskFailure.KernelRefused:
                Freeze(pending, "the kernel refused it");
                break;
            case TaskOutcome.Failed when !pending.Completed && ++pending.Tries > TriesMax:
                Freeze(pending, $"nobody computed it: {answer.Failure}");
                break;
            case TaskOutcome.Failed when !pending.Completed:
                Submit(pending, nowMs + RetryMs);
                return;
        }

        if (answer.Outcome != TaskOutcome.Provisional)
            _pending.Remove(answer.Key);
    }

    private void Measure(IslandTask task, ulong fuel)
    {
        var weight = FuelWeight * Math.Min(1, task.Moving / (double)TellingBodies);
        _bodyStepFuel += ((Math.Max(0, fuel - FixedFuel(task)) / (task.Moving * task.Steps)) - _bodyStepFuel) * weight;
    }

    private static double FixedFuel(IslandTask task) => TaskFuel + (BoxFuel * task.Solids.Count) + (HeldFuel * (task.Bodies.Count - task.Moving));

    private void Complete(Pending pending, BodyState[] bodies)
    {
        pending.Completed = true;
        _cascade.Complete(pending.Task.Key, bodies);
    }

    // Better bodies that stand still than a world that waits for them.
    private void Freeze(Pending pending, string why)
    {
        LogFrozen(_log, pending.Task.Moving, why);
        pending.Completed = true;
        _cascade.Freeze(pending.Task.Key);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "an island of {Bodies} bodies stands still: {Why}")]
    private static partial void LogFrozen(ILogger log, int bodies, string why);

    private readonly record struct Answer(ulong Key, TaskOutcome Outcome, TaskFailure Failure, FailoverLevel Level, byte[] Output, ulong Fuel);

    private sealed class Pending(IslandTask task, byte[] input)
    {
        public IslandTask Task { get; } = task;

        public byte[] Input { get; } = input;

        public TaskId Id { get; set; }

        public int Tries { get; set; }

        public bool Completed { get; set; }
    }
}
