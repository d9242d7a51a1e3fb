using System.Numerics;
using System.Runtime.InteropServices;
using Egregore.World;

namespace Egregore.Physics;

/// <summary>
/// The reactive cascade: what is touched wakes, what may meet is computed together, what rests sleeps and costs nothing. Truth keeps the broad phase and the commits; the steps
/// of each island in a frame are one task that somebody computes. Frames are computed ahead of their time, up to <see cref="CascadeOptions.FramesInFlightMax"/>, and committed in order when
/// their time has come; what touches a body from outside throws away what was computed ahead and starts over from the tables.
/// </summary>
/// <remarks>A core: one thread, time from outside. A frame is a barrier: the next one is parted into islands when all answers of this one are there.</remarks>
public sealed class Cascade
{
    private readonly IBodies _bodies;
    private readonly CascadeOptions _options;
    private readonly IIslandWork _work;
    private readonly Islands _islands;
    private readonly SortedDictionary<ulong, Head> _head = [];
    private readonly Queue<Frame> _frames = [];
    private readonly Dictionary<ulong, (Frame Frame, int Island)> _waiting = [];
    private readonly Dictionary<ulong, uint> _touched = [];
    private readonly Dictionary<ulong, Calm> _rest = [];
    private readonly Queue<(long AtMs, IslandTask Task)> _committed = [];
    private readonly List<BodyState> _now = [];
    private readonly List<BodyState> _commit = [];
    private uint _frame;
    private ulong _key;
    private long _dueMs;
    private long _lateMs;
    private CascadeFigures _figures;

    /// <param name="bodies">The game's bodies.</param>
    /// <param name="work">Who computes.</param>
    /// <param name="options">Steps and bounds; null: the defaults.</param>
    public Cascade(IBodies bodies, IIslandWork work, CascadeOptions? options = null)
    {
        _bodies = bodies;
        _work = work;
        _options = options ?? new CascadeOptions();
        _islands = new Islands(bodies, _options);
    }

    /// <summary>What it has done.</summary>
    public CascadeFigures Figures => _figures;

    /// <summary>The longest that a frame was late since this was last called, ms.</summary>
    public long TakeLateMs()
    {
        var late = _lateMs;
        _lateMs = 0;
        return late;
    }

    /// <summary>One turn: commits what is due, takes up what was touched, and asks for the next frames. Call it each tick, and after answers.</summary>
    public void Tick(Truth truth, long nowMs)
    {
        _now.Clear();
        _bodies.ReadAwake(truth.Db, _now);
        if (IsTouched())
            TakeUp(nowMs);
        while (_frames.TryPeek(out var frame) && nowMs >= frame.DueMs && frame.Missing == 0)
            Commit(truth, frame, nowMs);
        if (_frames.TryPeek(out var late) && nowMs > late.PlannedMs)
        {
            _lateMs = Math.Max(_lateMs, nowMs - late.PlannedMs);
            _figures = _figures with { LateMsMax = Math.Max(_figures.LateMsMax, nowMs - late.PlannedMs) };
        }

        while (_frames.Count < _options.FramesInFlightMax && (_frames.Count == 0 || _frames.Last().Missing == 0) && IsAnyAwake())
            Start(truth.Db, nowMs);
    }

    /// <summary>The answer to a task: its bodies in the order asked. False when nobody waits for it any more.</summary>
    public bool Complete(ulong key, ReadOnlySpan<BodyState> bodies)
    {
        if (!_waiting.Remove(key, out var waiting))
            return false;
        waiting.Frame.Answers[waiting.Island] = Rested(waiting.Frame, waiting.Frame.Tasks[waiting.Island], bodies);
        if (--waiting.Frame.Missing == 0)
            Advance(waiting.Frame);
        return true;
    }

    /// <summary>A task has no answer and never will: its bodies stand still and sleep.</summary>
    public bool Freeze(ulong key)
    {
        if (!_waiting.Remove(key, out var waiting))
            return false;
        var task = waiting.Frame.Tasks[waiting.Island];
        waiting.Frame.Answers[waiting.Island] = [.. task.Bodies.Select((body, i) => i < task.Moving ? body with { Awake = false, Velocity = Vector3.Zero, Spin = Vector3.Zero } : body)];
        if (--waiting.Frame.Missing == 0)
            Advance(waiting.Frame);
        return true;
    }

    /// <summary>
    /// An answer that counted was wrong, and this is the right one. Where its frame is not committed yet it takes the other's place and what followed is computed anew; where it is, the bodies go
    /// back to it, unless something has touched them since.
    /// </summary>
    /// <returns>Whether it changed anything.</returns>
    public bool Correct(Truth truth, ulong key, ReadOnlySpan<BodyState> bodies, long nowMs)
    {
        foreach (var frame in _frames)
        {
            for (var i = 0; i < frame.Tasks.Count; i++)
            {
                if (frame.Tasks[i].Key != key || frame.Answers[i] is null)
                    continue;
                DropBehind(frame);
                Rebuild(frame);
                frame.Answers[i] = Rested(frame, frame.Tasks[i], bodies);
                if (frame.Missing == 0)
                    Advance(frame);
                _figures = _figures with { Corrections = _figures.Corrections + 1 };
                return true;
            }
        }

        foreach (var (_, task) in _committed)
        {
            if (task.Key != key)
                continue;
            _commit.Clear();
            foreach (var body in bodies[..task.Moving])
            {
                if (_bodies.TryRead(truth.Db, body.Id, out var known) && known.Touched == body.Touched)
                    _commit.Add(body with { Awake = true });
            }

            DropBehind(null);
            _bodies.Commit(truth, _frame, CollectionsMarshal.AsSpan(_commit), nowMs);
            _rest.Clear();
            _now.Clear();
            _bodies.ReadAwake(truth.Db, _now);
            TakeUp(nowMs);
            _figures = _figures with { Corrections = _figures.Corrections + 1 };
            return true;
        }

        return false;
    }

    // Something else than physics has changed a body that is awake, or has made or taken one.
    private bool IsTouched()
    {
        if (_now.Count != _touched.Count)
            return true;
        foreach (var body in _now)
        {
            if (!_touched.TryGetValue(body.Id, out var touched) || touched != body.Touched)
                return true;
        }

        return false;
    }

    // The frame whose time is next stays, so that whoever touches things all the time stops nothing: what was touched comes in behind it.
    private void TakeUp(long nowMs)
    {
        if (_frames.Count == 0)
            _dueMs = _touched.Count == 0 ? nowMs + _options.FirstFrameMs : Math.Max(_dueMs, nowMs + _options.FirstFrameMs);
        _frames.TryPeek(out var next);
        DropBehind(next);
        foreach (var body in _now)
        {
            // Where it lay stays known, for those that lie on it.
            if ((!_touched.TryGetValue(body.Id, out var touched) || touched != body.Touched) && _rest.TryGetValue(body.Id, out var calm))
                _rest[body.Id] = calm with { Rest = 0, Age = 0 };
        }

        _touched.Clear();
        foreach (var body in _now)
            _touched.Add(body.Id, body.Touched);
        Rebuild(null);
        _figures = _figures with { Awake = _now.Count };
    }

    // The head as the tables and the frames before this one have it.
    private void Rebuild(Frame? end)
    {
        _head.Clear();
        foreach (var body in _now)
            _head.Add(body.Id, new Head(body, _rest.GetValueOrDefault(body.Id)));
        foreach (var frame in _frames)
        {
            if (frame == end)
                return;
            if (frame.Missing == 0)
                Advance(frame);
        }
    }

    private bool IsAnyAwake()
    {
        foreach (var head in _head.Values)
        {
            if (head.State.Awake)
                return true;
        }

        return false;
    }

    private void Start(Database world, long nowMs)
    {
        var planned = _frames.Count == 0 ? _dueMs : _frames.Last().DueMs + _options.FrameMs;
        // Answers that came too late for this one to be in time make the world wait: a frame that nobody could compute by its time would only bring the next one down as well.
        var due = planned - nowMs >= _options.FrameMs ? planned : nowMs + _options.LateFrameMs;
        var roused = new HashSet<ulong>();
        var left = _head.Values.Where(head => head.Calm.Left is not null).Select(head => head.Calm.Left!.Value).ToArray();
        var islands = _islands.Find(world, [.. _head.Values.Select(head => head.State)], left, roused);
        var frame = new Frame(_frame + (uint)_frames.Count + 1, planned, due, islands.Count, roused);
        var voxels = _bodies.Voxels(world);
        foreach (var island in islands)
        {
            var bounds = Bounds(island);
            var solids = new List<BlockBounds>();
            if (!SolidBoxes.Collect(voxels, bounds, _options.IslandBoxesMax, solids))
                _figures = _figures with { SolidsCut = _figures.SolidsCut + 1 };
            var task = new IslandTask(++_key, frame.Number, bounds, island.Bodies, island.Moving, solids, _options.StepsPerFrame, _options.FrameMs / 1000f / _options.StepsPerFrame, _options.Gravity, due);
            _waiting.Add(task.Key, (frame, frame.Tasks.Count));
            frame.Tasks.Add(task);
        }

        _frames.Enqueue(frame);
        _figures = _figures with { Islands = islands.Count, Tasks = _figures.Tasks + islands.Count };
        // The largest first: what is long and begins last is what a frame waits for.
        foreach (var task in frame.Tasks.OrderByDescending(task => task.Moving))
            _work.Submit(task);
    }

    private BlockBounds Bounds(Island island)
    {
        var bounds = _islands.Reach(island.Bodies[0]);
        foreach (var body in island.Bodies.Take(island.Moving))
            bounds = bounds.With(_islands.Reach(body));
        var most = _options.IslandBlocksMax - 1;
        return bounds with
        {
            MaxX = Math.Min(bounds.MaxX, bounds.MinX + most),
            MaxY = Math.Min(bounds.MaxY, bounds.MinY + most),
            MaxZ = Math.Min(bounds.MaxZ, bounds.MinZ + most),
        };
    }

    // Who has hardly moved for long enough sleeps. A sleeper that a blow might have moved and did not sleeps on: the solver, which begins anew with each task, presses it a little.
    private BodyState[] Rested(Frame frame, IslandTask task, ReadOnlySpan<BodyState> answer)
    {
        var states = answer.ToArray();
        for (var i = 0; i < states.Length; i++)
        {
            var before = task.Bodies[i];
            var calm = CalmOf(before.Id);
            if (i >= task.Moving || (!before.Awake && !frame.Roused.Contains(before.Id) && IsNear(states[i], before, Math.Clamp(MostUnits(calm), StillUnits, FallUnits))))
                states[i] = before;
            else if (Next(calm, before, states[i]).Rest >= _options.RestFrames)
                states[i] = states[i] with { Awake = false, Velocity = Vector3.Zero, Spin = Vector3.Zero };
            else
                states[i] = states[i] with { Awake = true, Velocity = Cut(states[i].Velocity) * _options.Damping, Spin = states[i].Spin * _options.SpinDamping };
        }

        return states;
    }

    private Calm CalmOf(ulong id) => _head.TryGetValue(id, out var head) ? head.Calm : _rest.GetValueOrDefault(id);

    // By the way of a whole frame: what lies in a pile trembles, and the longer it does the less that counts.
    private Calm Next(Calm calm, in BodyState before, in BodyState after)
    {
        var speed = _options.RestSpeed * (1 + (calm.Age / (float)SettleFrames));
        var rests = IsNear(before, after, MostUnits(calm)) && after.Velocity.LengthSquared() < speed * speed;
        // A sleeper that wakes lay where it was; and others may have come to lie on one that hardly moves, whether it rests or not.
        var support = (int)(_options.SupportBlocks * BodyState.BlockUnits);
        var lay = calm.Lay ?? (!before.Awake || calm.Age == 0 || IsNear(before, after, support) ? before : null);
        return lay is { } place && !IsNear(place, after, support)
            ? new Calm(0, calm.Age + 1, null, place)
            : new Calm(rests ? calm.Rest + 1 : 0, calm.Age + 1, lay, null);
    }

    private int MostUnits(Calm calm) => (int)(_options.RestBlocks * BodyState.BlockUnits * (1 + (calm.Age / (float)SettleFrames)));

    private static bool IsNear(in BodyState a, in BodyState b, int units) => Math.Abs(a.X - b.X) <= units && Math.Abs(a.Y - b.Y) <= units && Math.Abs(a.Z - b.Z) <= units;

    private Vector3 Cut(Vector3 velocity)
    {
        var speed = velocity.Length();
        return speed > _options.SpeedMax ? velocity * (_options.SpeedMax / speed) : velocity;
    }

    // All answers are there: what they say is where the next frame begins, but for bodies that were touched or taken meanwhile.
    private void Advance(Frame frame)
    {
        for (var i = 0; i < frame.Tasks.Count; i++)
        {
            for (var j = 0; j < frame.Tasks[i].Moving; j++)
            {
                var state = frame.Answers[i]![j];
                var wasAwake = frame.Tasks[i].Bodies[j].Awake;
                if (!wasAwake && !state.Awake)
                    continue;
                if (_touched.TryGetValue(state.Id, out var touched) ? touched == state.Touched : !wasAwake || _head.ContainsKey(state.Id))
                    _head[state.Id] = new Head(state, Next(CalmOf(state.Id), frame.Tasks[i].Bodies[j], state));
            }
        }
    }

    private void Commit(Truth truth, Frame frame, long nowMs)
    {
        _frames.Dequeue();
        _frame = frame.Number;
        _commit.Clear();
        for (var i = 0; i < frame.Tasks.Count; i++)
        {
            for (var j = 0; j < frame.Tasks[i].Moving; j++)
            {
                if (frame.Answers[i]![j] != frame.Tasks[i].Bodies[j])
                    _commit.Add(frame.Answers[i]![j]);
            }

            _committed.Enqueue((nowMs, frame.Tasks[i]));
        }

        while (_committed.TryPeek(out var old) && old.AtMs + KeepCommittedMs < nowMs)
            _committed.Dequeue();
        _bodies.Commit(truth, frame.Number, CollectionsMarshal.AsSpan(_commit), nowMs);
        foreach (var state in _commit)
        {
            // The tables have it now; what they have asleep needs no place here.
            if (!state.Awake && _head.TryGetValue(state.Id, out var head) && head.State == state)
                _head.Remove(state.Id);
        }

        _now.Clear();
        _bodies.ReadAwake(truth.Db, _now);
        Settle(frame);
        if (_now.Count == 0)
            _rest.Clear();
        else if (_rest.Count > CalmMax)
            ForgetSleepers();
        _dueMs = frame.DueMs + _options.FrameMs;
        _figures = _figures with
        {
            Awake = _now.Count,
            Frames = _figures.Frames + 1,
            FramesLate = _figures.FramesLate + (nowMs >= frame.PlannedMs + _options.FrameMs ? 1 : 0),
        };
    }

    // What physics itself has woken or put to sleep is no touch from outside.
    private void Settle(Frame frame)
    {
        for (var i = 0; i < frame.Tasks.Count; i++)
        {
            for (var j = 0; j < frame.Tasks[i].Moving; j++)
            {
                var (before, state) = (frame.Tasks[i].Bodies[j], frame.Answers[i]![j]);
                if (!state.Awake)
                {
                    if (before.Awake)
                        _touched.Remove(state.Id);
                    _rest[state.Id] = _rest.GetValueOrDefault(state.Id) with { Rest = 0 };
                    continue;
                }

                _touched.TryAdd(state.Id, state.Touched);
                _rest[state.Id] = Next(_rest.GetValueOrDefault(state.Id), before, state);
            }
        }
    }

    private void ForgetSleepers()
    {
        foreach (var id in _rest.Keys.Where(id => !_touched.ContainsKey(id)).ToArray())
            _rest.Remove(id);
    }

    // Forgets the frames behind this one; null: all of them.
    private void DropBehind(Frame? kept)
    {
        var frames = _frames.ToArray();
        _frames.Clear();
        var keep = kept is not null;
        foreach (var frame in frames)
        {
            if (keep)
            {
                _frames.Enqueue(frame);
                keep = frame != kept;
                continue;
            }

            foreach (var task in frame.Tasks)
            {
                _figures = _figures with { TasksDiscarded = _figures.TasksDiscarded + 1 };
                if (_waiting.Remove(task.Key))
                    _work.Cancel(task.Key);
            }
        }
    }

    // Bodies of which more is known than the tables have; over it only those that are awake.
    private const int CalmMax = 8_192;

    // Audits come within a second; what is older stays.
    private const int KeepCommittedMs = 2_000;

    // How far a sleeper may be pressed in a frame without waking: 1/40 block; one whose support is gone falls four times as far.
    private const int StillUnits = 102;

    // What is more than a body without support falls in a frame is no trembling: 1/13 block.
    private const int FallUnits = 315;

    // After so many frames a trembling body may move twice as far, after twice as many three times.
    private const int SettleFrames = 20;

    private readonly record struct Head(BodyState State, Calm Calm);

    private sealed class Frame(uint number, long plannedMs, long dueMs, int islands, HashSet<ulong> roused)
    {
        public uint Number { get; } = number;

        /// <summary>A frame's time after the one before it: what comes later is a hitch.</summary>
        public long PlannedMs { get; } = plannedMs;

        /// <summary>When it is committed; later than planned where it would have had no time to be computed.</summary>
        public long DueMs { get; } = dueMs;

        /// <summary>Sleepers that wake whether they move or not: what they lay on has gone.</summary>
        public HashSet<ulong> Roused { get; } = roused;

        public List<IslandTask> Tasks { get; } = new(islands);

        public BodyState[]?[] Answers { get; } = new BodyState[islands][];

        public int Missing { get; set; } = islands;
    }
}
