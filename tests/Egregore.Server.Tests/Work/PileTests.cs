using System.Numerics;
using Egregore.Kernels;
using Egregore.Kernels.Physics;
using Egregore.Physics;
using Egregore.Physics.Tests;
using Egregore.Sandbox;
using Egregore.Server.Work;

namespace Egregore.Server.Tests.Work;

/// <summary>Piles through the cascade and the real kernel: they rest, they fall when what they lie on goes, and nothing else wakes them.</summary>
public sealed class PileTests : IDisposable
{
    private const int Unit = BodyState.BlockUnits;
    private const ulong Plenty = 1UL << 50;

    private static readonly RapierIslands Kernel = new();
    private static readonly PhysicsInvariant Invariant = new();

    private readonly KernelSandbox _sandbox = new(null, TimeProvider.System);
    private readonly Bench _bench;
    private double _fuel;

    public PileTests()
    {
        _sandbox.Load(Kernel.Hash, KernelModules.Get(PhysicsTask.KernelName).Span);
        _bench = new Bench { Solver = Solve };
        _bench.Ground.Fill(new BlockBounds(-40, 0, -40, 40, 0, 40));
    }

    private BodyState[] Solve(IslandTask task)
    {
        byte[] input = Kernel.Write(task);
        KernelRun run = _sandbox.Run(Kernel.Hash, [], input, Plenty, PhysicsOutput.BytesMax);
        Assert.Null(run.Text);
        Assert.Null(Invariant.Check([], input, run.Output).Reason);
        _fuel += run.Fuel;
        return Kernel.Read(task, run.Output)!;
    }

    [Fact]
    public void A_tower_whose_base_is_taken_away_falls_and_nobody_stays_in_the_air()
    {
        Tower(10);
        _bench.Table.Remove(1);
        // What a game does: it wakes what lay on it.
        Wake(2);
        _bench.Run(4_000);
        Assert.All(_bench.Table.Values, body => Assert.False(body.Awake));
        AssertSupported();
        Assert.True(_bench.Table[10].Y < (1.5 + (0.9 * 8.5)) * Unit, $"the uppermost is at {_bench.Table[10].Y / (float)Unit}");
    }

    [Fact]
    public void A_tower_whose_base_is_knocked_out_falls()
    {
        Tower(10);
        _bench.Table[1] = _bench.Table[1] with { Awake = true, Touched = 1, Velocity = new Vector3(0, 0, 30) };
        _bench.Run(6_000);
        Assert.All(_bench.Table.Values, body => Assert.False(body.Awake));
        AssertSupported();
        Assert.True(_bench.Table[10].Y < (1.5 + (0.9 * 8.5)) * Unit, $"the uppermost is at {_bench.Table[10].Y / (float)Unit}");
    }

    [Fact]
    public void A_pile_that_is_dug_under_falls_into_the_hole()
    {
        // Four by four on a slab over a hall, three high; the slab goes.
        _bench.Ground.Fill(new BlockBounds(0, 4, 0, 7, 4, 7));
        ulong id = 0;
        for (int y = 0; y < 3; y++)
        {
            for (int i = 0; i < 16; i++)
                _bench.Table[++id] = Bench.At(id, 2 + (i % 4 * 0.95f), 5.45f + (y * 0.9f), 2 + (i / 4 * 0.95f), awake: false);
        }

        for (int x = 0; x < 8; x++)
        {
            for (int z = 0; z < 8; z++)
                _bench.Ground.Dig(x, 4, z);
        }

        // Only what lay on the blocks is woken.
        for (ulong i = 1; i <= 16; i++)
            Wake(i);
        _bench.Run(8_000);
        Assert.All(_bench.Table.Values, body => Assert.False(body.Awake));
        Assert.All(_bench.Table.Values, body => Assert.True(body.Y < 4.2 * Unit, $"body {body.Id} is at {body.Y / (float)Unit}"));
        AssertSupported();
    }

    [Fact]
    public void A_crate_thrown_hard_topples_a_sleeping_stack()
    {
        Tower(4);
        int top = _bench.Table[4].Y;
        _bench.Table[100] = Bench.At(100, -4, 4.3f, 0, new Vector3(14, 2, 0));
        _bench.Run(6_000);
        Assert.All(_bench.Table.Values, body => Assert.False(body.Awake));
        Assert.True(_bench.Table[4].Y < top - (Unit / 2), "the stack stands");
        AssertSupported();
    }

    [Fact]
    public void A_crate_laid_on_a_sleeping_stack_wakes_nobody()
    {
        Tower(4);
        BodyState[] before = [.. _bench.Table.Values];
        _bench.Table[100] = Bench.At(100, 0, 1.45f + (0.9f * 4) + (1 / 256f), 0);
        _bench.Run(3_000);
        Assert.False(_bench.Table[100].Awake);
        Assert.All(_bench.Commits, commit => Assert.Equal([100ul], commit.Bodies.Select(body => body.Id)));
        Assert.Equal(before, _bench.Table.Values.SkipLast(1));
        Assert.All(_bench.Submitted, task => Assert.Equal(1, task.Moving));
    }

    [Fact]
    public void A_heap_that_falls_together_rests_soon_and_costs_as_much_as_moves()
    {
        _bench.Ground.Fill(new BlockBounds(-4, 1, -4, 6, 4, -3));
        var random = new Random(11);
        for (ulong id = 1; id <= 120; id++)
        {
            float Between(float least, float most) => least + (random.NextSingle() * (most - least));
            int i = (int)id - 1;
            _bench.Table[id] = Bench.At(id, (i % 6 * 1.1f) - 2, 2 + (i / 36 * 1.3f), (i / 6 % 6 * 1.1f) - 2, new Vector3(Between(-3, 3), Between(0, 6), Between(-3, 3))) with
            {
                Half = new Vector3(0.4f), Rotation = Quaternion.Normalize(new Quaternion(Between(-1, 1), Between(-1, 1), Between(-1, 1), 1)),
            };
        }

        _bench.Run(6_000);
        Assert.All(_bench.Table.Values, body => Assert.False(body.Awake, $"body {body.Id} is awake yet"));
        AssertSupported();
        // Nobody has sunk into another one.
        foreach (BodyState a in _bench.Table.Values)
            Assert.All(_bench.Table.Values.Where(b => b.Id > a.Id), b => Assert.True(Vector3.Distance(Place(a), Place(b)) > 0.6f));

        // One more on top of it all: it costs what one costs.
        _fuel = 0;
        int tasks = _bench.Submitted.Count;
        BodyState top = _bench.Table.Values.MaxBy(body => body.Y);
        _bench.Table[999] = Bench.At(999, 0, 0, 0) with { X = top.X, Y = top.Y + Unit + (Unit / 8), Z = top.Z };
        _bench.Run(4_000);
        Assert.False(_bench.Table[999].Awake);
        Assert.True(_fuel / (_bench.Submitted.Count - tasks) < 10_000_000, $"{_fuel / (_bench.Submitted.Count - tasks)} fuel a task");
        AssertSupported();
    }

    public void Dispose() => _sandbox.Dispose();

    private void Tower(int count)
    {
        for (ulong i = 1; i <= (ulong)count; i++)
            _bench.Table[i] = Bench.At(i, 0, 0.55f + (0.9f * i), 0, awake: false);
    }

    private void Wake(ulong id) => _bench.Table[id] = _bench.Table[id] with { Awake = true, Touched = 1 };

    private static Vector3 Place(in BodyState body) => new Vector3(body.X, body.Y, body.Z) / Unit;

    // Each body alone among all others, which lie still: it would fall if it hung in the air.
    private void AssertSupported()
    {
        foreach (BodyState body in _bench.Table.Values)
        {
            BodyState[] others = [.. _bench.Table.Values.Where(other => other.Id != body.Id && Vector3.Distance(Place(other), Place(body)) < 2)];
            var bounds = new BlockBounds((body.X >> 12) - 1, (body.Y >> 12) - 1, (body.Z >> 12) - 1, (body.X >> 12) + 1, (body.Y >> 12) + 1, (body.Z >> 12) + 1);
            var task = new IslandTask(1, 1, bounds, [body with { Awake = true }, .. others], 1, _bench.Ground.In(bounds), 6, 1 / 60f, _bench.Options.Gravity, 0);
            Assert.True(body.Y - Solve(task)[0].Y < Unit / 16, $"body {body.Id} hangs at {Place(body)}");
        }
    }
}
