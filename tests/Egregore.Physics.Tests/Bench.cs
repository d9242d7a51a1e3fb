using System.Numerics;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Journal;
using Egregore.World.Movement;

namespace Egregore.Physics.Tests;

/// <summary>A cascade over bodies in memory, and a solver that knows nothing but falling and a floor.</summary>
internal sealed class Bench : IBodies, IIslandWork
{
    public const int Unit = BodyState.BlockUnits;
    private readonly Truth _truth;

    public Bench(CascadeOptions? options = null)
    {
        Options = options ?? new CascadeOptions();
        _truth = WorldRecovery.Open(WorldDefinition.Of(new EmptyGame()), new NoStore(), new NoOutput()).Truth;
        Cascade = new Cascade(this, this, Options);
    }

    public CascadeOptions Options { get; }

    public Cascade Cascade { get; }

    public SortedDictionary<ulong, BodyState> Table { get; } = [];

    public Voxels Ground { get; } = new(at => at.Y < 1, new BlockBounds(-8, 0, -8, 40, 1, 8));

    public List<IslandTask> Submitted { get; } = [];

    public List<ulong> Cancelled { get; } = [];

    public List<(long AtMs, uint Frame, BodyState[] Bodies)> Commits { get; } = [];

    public long NowMs { get; private set; } = 1_000;

    /// <summary>Answers of these tasks are held back.</summary>
    public Func<IslandTask, bool> Holds { get; set; } = _ => false;

    /// <summary>Who computes.</summary>
    public Func<IslandTask, BodyState[]> Solver { get; init; } = Solve;

    public static BodyState At(ulong id, float x, float y, float z, Vector3 velocity = default, bool awake = true) => new()
    {
        Id = id,
        Awake = awake,
        X = (int)(x * Unit),
        Y = (int)(y * Unit),
        Z = (int)(z * Unit),
        Rotation = Quaternion.Identity,
        Velocity = velocity,
        Half = new Vector3(0.45f),
        Density = 1,
    };

    /// <summary>Lets time go by in ticks of 50 ms; tasks are answered at once, unless they are held.</summary>
    public void Run(int ms)
    {
        for (var end = NowMs + ms; NowMs < end; NowMs += 50)
        {
            Cascade.Tick(_truth, NowMs);
            Answer();
            Cascade.Tick(_truth, NowMs);
            Answer();
        }
    }

    public void Answer()
    {
        foreach (var task in Submitted.Where(task => !_answered.Contains(task.Key) && !Holds(task)).ToArray())
        {
            _answered.Add(task.Key);
            Cascade.Complete(task.Key, Solver(task));
        }
    }

    public bool Correct(IslandTask task, BodyState[] bodies) => Cascade.Correct(_truth, task.Key, bodies, NowMs);

    private readonly HashSet<ulong> _answered = [];

    public static BodyState[] Solve(IslandTask task) => [.. task.Bodies.Select((body, i) =>
    {
        var (place, velocity) = (new Vector3(body.X, body.Y, body.Z) / Unit, body.Velocity);
        for (var step = 0; step < task.Steps && i < task.Moving; step++)
        {
            velocity.Y -= task.Gravity * task.StepSeconds;
            place += velocity * task.StepSeconds;
            if (place.Y < 1.45f)
                (place.Y, velocity) = (1.45f, Vector3.Zero);
        }

        return body with { X = (int)(place.X * Unit), Y = (int)MathF.Round(place.Y * Unit), Z = (int)(place.Z * Unit), Velocity = velocity };
    })];

    public void ReadAwake(Database world, IList<BodyState> bodies)
    {
        foreach (var body in Table.Values.Where(body => body.Awake))
            bodies.Add(body);
    }

    public void ReadAsleep(Database world, in BlockBounds bounds, IList<BodyState> bodies)
    {
        var within = bounds;
        foreach (var body in Table.Values.Where(body => !body.Awake && within.Meets(new BlockBounds(body.X >> 12, body.Y >> 12, body.Z >> 12, body.X >> 12, body.Y >> 12, body.Z >> 12))))
            bodies.Add(body);
    }

    public bool TryRead(Database world, ulong id, out BodyState body) => Table.TryGetValue(id, out body);

    IVoxelSource IBodies.Voxels(Database world) => Ground;

    public void Commit(Truth truth, uint frame, ReadOnlySpan<BodyState> bodies, long nowMs)
    {
        Commits.Add((nowMs, frame, bodies.ToArray()));
        foreach (var body in bodies)
        {
            if (Table.TryGetValue(body.Id, out var known) && known.Touched == body.Touched)
                Table[body.Id] = body;
        }
    }

    public void Submit(IslandTask task) => Submitted.Add(task);

    public void Cancel(ulong key) => Cancelled.Add(key);

    private sealed class EmptyGame : IGame
    {
        public string Name => "empty";

        public int Version => 1;

        public void Define(WorldBuilder world)
        {
        }
    }

    private sealed class NoOutput : ITruthOutput
    {
        public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
        {
        }

        public void ReducerFailed(string reducer, Exception exception) => throw exception;
    }

    private sealed class NoStore : IJournalStore
    {
        public long SizeBytes => 0;

        public void Append(ulong group, ReadOnlySpan<byte> bytes)
        {
        }

        public IEnumerable<StoredGroup> ReadGroups(ulong from) => [];

        public void WriteSnapshotPart(ulong snapshot, int part, ReadOnlySpan<byte> bytes)
        {
        }

        public void CompleteSnapshot(ulong snapshot, ulong keepGroupsFrom, ulong keepSnapshotsFrom)
        {
        }

        public IReadOnlyList<ulong> Snapshots() => [];

        public IEnumerable<ReadOnlyMemory<byte>> ReadSnapshot(ulong snapshot) => [];

        public string SetAside() => "";

        public void Dispose()
        {
        }
    }
}
