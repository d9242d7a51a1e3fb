using System.Numerics;
using Egregore.Physics;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena.Tests;

public sealed class BodyTests : IDisposable
{
    private const int Block = MoveState.BlockUnits;
    private const int Floor = TerrainGenerator.PlazaLevel + 1;

    private readonly BodyWorld _world = new();

    [Fact]
    public void A_thrown_crate_flies_where_its_thrower_looks()
    {
        Assert.Equal("", _world.Throw(yaw: 0, pitch: 0));
        Body crate = Assert.Single(_world.Bodies);
        Assert.Equal((BodyKind.Crate, BlockKind.Planks, true, 0u, 0u), (crate.Kind, crate.Block, crate.Awake, crate.Touched, crate.Frame));
        Assert.Equal(BodyWorld.Ann, crate.By.Id);
        Assert.Equal(_world.Now, crate.Born);
        // Yaw 0 looks to -z, from the eyes.
        Assert.Equal(_world.Feet.X, crate.At.X);
        Assert.Equal(_world.Feet.Y + 6635, crate.At.Y);
        Assert.Equal(_world.Feet.Z - 4915, crate.At.Z);
        Assert.Equal(new Triple(0, 2 * Block, -12 * Block), crate.Velocity);
        Assert.Equal(Rotation.None, crate.Rotation);

        _world.Now += 250;
        Assert.Equal("", _world.Throw(yaw: 0x4000, pitch: 127));
        Body up = _world.Bodies[1];
        Assert.True(up.Id > crate.Id);
        Assert.Equal(14 * Block, up.Velocity.Y);
        Assert.Equal((short)23169, up.Rotation.Y, tolerance: 3);
    }

    [Fact]
    public void A_crate_needs_room_and_hands_are_not_endlessly_fast()
    {
        // Down to the ground there is room only near the eyes.
        Assert.Equal("", _world.Throw(yaw: 0, pitch: -127));
        Assert.Equal(_world.Feet.Y + 6635 - 3277, _world.Bodies[0].At.Y);
        _world.Now += 1000;
        for (int i = 0; i < 4; i++)
            Assert.Equal("", _world.Throw((ushort)(i * 0x4000), 0));
        Assert.Equal("Not so fast.", _world.Throw(0, 127));
        _world.Now += 250;
        Assert.Equal("", _world.Throw(0, 127));
        _world.Now += 5000;
        // Where one was thrown and has not moved, the next starts nearer; at last there is no room.
        Assert.Equal("", _world.Throw(0, 127));
        Assert.Equal("There is no room to throw.", _world.Throw(0, 127));
        Assert.Equal("You are not there.", _world.Throw(0, 0, feetX: 500 * Block));
        Assert.Equal("That is outside of the world.", _world.ThrowUnseen(feetX: 70_000 * Block));
        Assert.Equal("You are not there.", _world.Throw(0, 0, feetX: int.MaxValue));
        Assert.Equal(7, _world.Bodies.Count);
    }

    [Fact]
    public void Crates_stack_on_the_floor_and_on_each_other_as_far_as_hands_reach()
    {
        var at = new BlockAt(0, Floor, 0);
        Assert.Equal("", _world.Stack(at));
        Assert.Equal(new Triple(Block / 2, (Floor * Block) + 1843, Block / 2), _world.Bodies[0].At);
        Assert.Equal("", _world.Stack(at));
        Assert.Equal(_world.Bodies[0].At.Y + (2 * 1843) + 16, _world.Bodies[1].At.Y);
        for (int i = 0; i < 3; i++)
        {
            _world.Now += 1000;
            Assert.Equal("", _world.Stack(at));
        }
        _world.Now += 1000;
        // Five blocks away, the sixth crate is out of reach.
        Assert.Equal("That is too far away.", _world.Stack(at, times: 4));
        Assert.Equal("There is no room.", _world.Stack(new BlockAt(0, Floor - 1, 0)));
        Assert.Equal("That is too far away.", _world.Stack(new BlockAt(30, Floor, 0)));
        Assert.Equal("You are not there.", _world.Stack(new BlockAt(100, Floor, 0), feetX: 100 * Block));
    }

    [Fact]
    public void Nothing_is_built_into_a_body()
    {
        var at = new BlockAt(1, Floor, 1);
        Assert.Equal("", _world.Stack(at));
        Assert.Equal("Something lies there.", _world.Place(at));
        Assert.Equal("", _world.Place(new BlockAt(0, Floor, 1)));
        // A body that leans over into the next block, turned by an eighth.
        _world.Move(_world.Bodies[0] with { At = _world.Bodies[0].At + new Triple(0, 0, -Block / 4), Rotation = Rotation.Heading(0x2000) });
        Assert.Equal("Something lies there.", _world.Place(new BlockAt(1, Floor, 0)));
    }

    [Fact]
    public void A_blast_breaks_what_is_solid_into_rubble_that_flies_away()
    {
        var middle = new BlockAt(0, Floor - 1, -4);
        Assert.Equal("", _world.Blast(middle, 3));
        Assert.Equal(BlockKind.Air, _world.KindAt(middle));
        Assert.Equal(BlockKind.Air, _world.KindAt(new BlockAt(0, Floor - 4, -4)));
        Assert.NotEqual(BlockKind.Air, _world.KindAt(new BlockAt(0, Floor - 5, -4)));
        Assert.NotEqual(BlockKind.Air, _world.KindAt(new BlockAt(4, Floor - 1, -4)));
        Assert.Equal(_world.Truth.Db.Table(_world.Game.Blocks).Count, _world.Bodies.Count);
        Assert.InRange(_world.Bodies.Count, 40, 113);
        Triple centre = new((middle.X << 12) + 2048, (middle.Y << 12) + 2048, (middle.Z << 12) + 2048);
        foreach (Body body in _world.Bodies)
        {
            Assert.Equal((BodyKind.Rubble, true, new HalfExtents(1638, 1638, 1638)), (body.Kind, body.Awake, body.Half));
            Assert.Equal(_world.Game.Terrain.At(body.At.X >> 12, body.At.Y >> 12, body.At.Z >> 12), body.Block);
            Assert.True(body.Velocity.Y > 0);
            Assert.True((long)(body.At.X - centre.X) * body.Velocity.X >= 0 && (long)(body.At.Z - centre.Z) * body.Velocity.Z >= 0);
            Assert.InRange(new Vector3(body.Velocity.X, body.Velocity.Y, body.Velocity.Z).Length(), 4 * Block, 16 * Block);
        }
        Assert.Equal(_world.Bodies.Count, _world.Bodies.Select(body => body.Id).Distinct().Count());
    }

    [Fact]
    public void A_blast_makes_at_most_two_hundred_bodies_and_leaves_bedrock_and_the_rest()
    {
        var middle = new BlockAt(0, 5, 0);
        Assert.Equal("", _world.Blast(middle, 4));
        Assert.Equal(VoxelArenaGame.BlastBodiesMax, _world.Bodies.Count);
        Assert.Equal(VoxelArenaGame.BlastBodiesMax, _world.Truth.Db.Table(_world.Game.Blocks).Count);
        for (int y = 0; y < 5; y++)
        {
            if (_world.Game.Terrain.At(0, y, 0) == BlockKind.Bedrock)
                Assert.Equal(BlockKind.Bedrock, _world.KindAt(new BlockAt(0, y, 0)));
        }
        // The nearest were broken: of the outermost some stay.
        Assert.Equal(BlockKind.Air, _world.KindAt(new BlockAt(2, 6, 1)));
        var layer = Enumerable.Range(-4, 9).SelectMany(x => Enumerable.Range(-4, 9).Select(z => new BlockAt(x, 5, z))).Where(at => (at.X * at.X) + (at.Z * at.Z) <= 16);
        Assert.Contains(layer, at => _world.KindAt(at) != BlockKind.Air);
    }

    [Fact]
    public void A_blast_is_refused_with_a_reason_and_leaves_no_trace()
    {
        byte[] before = _world.Truth.Db.StateHash();
        Assert.Equal("A blast reaches 3 or 4 blocks.", _world.Blast(new BlockAt(0, Floor, 0), 9));
        Assert.Equal("That is too far away.", _world.Blast(new BlockAt(40, Floor, 0), 3));
        Assert.Equal("That is outside of the world.", _world.Blast(new BlockAt(0, 64, 0), 3));
        Assert.Equal("You are not there.", _world.Blast(new BlockAt(300, Floor, 0), 3, feetX: 300 * Block));
        Assert.Equal("There is nothing to blast.", _world.Blast(new BlockAt(0, Floor + 14, 0), 3));
        Assert.Equal(before, _world.Truth.Db.StateHash());

        Assert.Equal("", _world.Blast(new BlockAt(0, Floor - 1, -6), 3));
        Assert.Equal("", _world.Blast(new BlockAt(0, Floor - 1, 12), 3));
        Assert.Equal("Not so fast.", _world.Blast(new BlockAt(12, Floor - 1, 0), 3));
        _world.Now += 1000;
        Assert.Equal("", _world.Blast(new BlockAt(12, Floor - 1, 0), 3));
    }

    [Fact]
    public void A_blast_pushes_bodies_that_are_near_and_leaves_those_farther_away()
    {
        Assert.Equal("", _world.Stack(new BlockAt(0, Floor, 0)));
        Assert.Equal("", _world.Stack(new BlockAt(0, Floor, -6)));
        _world.Sleep();
        (ulong far, ulong near) = (_world.Bodies[0].Id, _world.Bodies[1].Id);
        Assert.Equal("", _world.Blast(new BlockAt(0, Floor - 1, -9), 3));
        Body pushed = _world.Find(near)!;
        Assert.Equal((true, 1u, 0L), (pushed.Awake, pushed.Touched, pushed.Rested));
        Assert.True(pushed.Velocity.Z > 4 * Block && pushed.Velocity.Y > 0);
        Assert.Equal((false, 0u), (_world.Find(far)!.Awake, _world.Find(far)!.Touched));
    }

    [Fact]
    public void Digging_and_building_wake_what_lies_there()
    {
        Assert.Equal("", _world.Stack(new BlockAt(1, Floor, 1)));
        Assert.Equal("", _world.Stack(new BlockAt(-2, Floor, 1)));
        _world.Sleep();
        Assert.All(_world.Bodies, body => Assert.Equal(_world.Now, body.Rested));
        Assert.Equal("", _world.Dig(new BlockAt(1, Floor - 1, 1)));
        Assert.Equal((true, 1u, 0L), (_world.Bodies[0].Awake, _world.Bodies[0].Touched, _world.Bodies[0].Rested));
        Assert.False(_world.Bodies[1].Awake);
        Assert.Equal("", _world.Place(new BlockAt(-1, Floor, 1)));
        Assert.Equal((true, 1u), (_world.Bodies[1].Awake, _world.Bodies[1].Touched));
    }

    [Fact]
    public void Physics_moves_bodies_and_what_was_touched_meanwhile_or_is_gone_stays()
    {
        Assert.Equal("", _world.Throw(0, 0));
        Assert.Equal("", _world.Stack(new BlockAt(1, Floor, 1)));
        var bodies = new List<BodyState>();
        IBodies rows = _world.Game.Bodies;
        rows.ReadAwake(_world.Truth.Db, bodies);
        Assert.Equal(2, bodies.Count);
        Assert.Equal(new Vector3(0, 2, -12), bodies[0].Velocity);
        Assert.Equal(Quaternion.Identity, bodies[0].Rotation);
        Assert.Equal(1843f / 4096, bodies[1].Half.Y);

        BodyState moved = bodies[0] with { X = 1, Y = 2, Z = 3, Velocity = new Vector3(float.NaN, 1e9f, -0.5f), Rotation = new Quaternion(0, 2, 0, 0), Spin = Vector3.One };
        BodyState other = bodies[1] with { X = 7, Awake = false };
        Assert.Equal("", _world.Dig(new BlockAt(1, Floor - 1, 1)));
        // The crate over the hole was awake, so digging did not touch it; a push does.
        Assert.Equal("", _world.Blast(new BlockAt(3, Floor - 1, 3), 3));
        rows.Commit(_world.Truth, 9, [moved with { Touched = _world.Find(moved.Id)!.Touched }, other, other with { Id = 12345 }], _world.Now);
        Body first = _world.Find(moved.Id)!;
        Assert.Equal((new Triple(1, 2, 3), 9u), (first.At, first.Frame));
        Assert.Equal(new Triple(0, 256 * Block, -Block / 2), first.Velocity);
        Assert.Equal(new Rotation(0, Rotation.One, 0, 0), first.Rotation);
        Body second = _world.Find(other.Id)!;
        Assert.Equal((1u, true, 0u), (second.Touched, second.Awake, second.Frame));
        Assert.NotEqual(7, second.At.X);
        Assert.True(rows.TryRead(_world.Truth.Db, other.Id, out BodyState now) && now.Touched == 1);
        Assert.False(rows.TryRead(_world.Truth.Db, 12345, out _));
        Assert.Equal(VoxelClass.Air, rows.Voxels(_world.Truth.Db).At(1, Floor - 1, 1));
    }

    [Fact]
    public void Many_bodies_are_committed_in_transactions_whose_arguments_are_small()
    {
        Assert.Equal("", _world.Blast(new BlockAt(0, 8, 0), 4));
        var bodies = new List<BodyState>();
        _world.Game.Bodies.ReadAwake(_world.Truth.Db, bodies);
        ulong before = _world.Truth.Transaction;
        _world.Game.Bodies.Commit(_world.Truth, 1, bodies.Select(body => body with { Awake = false }).ToArray(), _world.Now);
        Assert.Equal(4ul, _world.Truth.Transaction - before);
        Assert.All(_world.Bodies, body => Assert.Equal((false, 1u), (body.Awake, body.Frame)));
        var full = new MoveBodies { Frame = 1, Bodies = [.. Enumerable.Repeat(default(BodyStep), VoxelArenaGame.StepsMax)] };
        Assert.True(full.ToArray().Length <= new TruthOptions().ArgumentBytesMax);

        bodies.Clear();
        _world.Game.Bodies.ReadAsleep(_world.Truth.Db, new BlockBounds(0, 0, 0, 1, 63, 1), bodies);
        Assert.NotEmpty(bodies);
        Assert.All(bodies, body => Assert.True(body.X >> 12 is 0 or 1 && body.Z >> 12 is 0 or 1));
        Assert.Equal(bodies.OrderBy(body => body.Id), bodies);
    }

    [Fact]
    public void A_client_may_not_move_bodies()
    {
        WorldDefinition definition = _world.Truth.Definition;
        Assert.True(definition.FindReducer("move_bodies")!.IsInternal);
        Assert.True(definition.FindReducer("sweep_bodies")!.IsInternal);
    }

    [Fact]
    public void Rubble_goes_after_a_while_crates_stay_and_what_fell_out_of_the_world_goes()
    {
        Assert.Equal("", _world.Blast(new BlockAt(0, Floor - 1, -4), 3));
        Assert.Equal("", _world.Stack(new BlockAt(0, Floor, 1)));
        ulong crate = _world.Bodies[^1].Id;
        _world.Sleep();
        long asleep = _world.Now;
        _world.Pass(29_000);
        Assert.True(_world.Bodies.Count > 1);
        _world.Pass(6_000);
        Assert.Equal([crate], _world.Bodies.Select(body => body.Id));
        Assert.True(_world.Now - asleep < 36_000);
        // Where only crates sleep, nothing runs any more.
        ulong transaction = _world.Truth.Transaction;
        _world.Pass(60_000);
        Assert.Equal(transaction, _world.Truth.Transaction);

        Assert.Equal("", _world.Dig(new BlockAt(0, Floor - 1, 1)));
        _world.Move(_world.Find(crate)! with { At = new Triple(0, -17 * Block, 0) });
        _world.Pass(6_000);
        Assert.Empty(_world.Bodies);
    }

    [Fact]
    public void A_crate_that_lies_on_rubble_wakes_when_the_rubble_goes()
    {
        Assert.Equal("", _world.Blast(new BlockAt(0, Floor - 1, -4), 3));
        _world.Sleep();
        Body rubble = _world.Bodies[0];
        _world.Move(rubble with { At = new Triple(Block * 3 / 2, (Floor * Block) + 1638, Block * 3 / 2), Rotation = Rotation.None });
        Assert.Equal("", _world.Stack(new BlockAt(1, Floor, 1)));
        ulong crate = _world.Bodies[^1].Id;
        _world.Sleep();
        Assert.True(_world.Find(crate)!.At.Y > (Floor + 1) * Block);
        _world.Pass(36_000);
        Assert.Null(_world.Find(rubble.Id));
        Assert.Equal((true, 1u), (_world.Find(crate)!.Awake, _world.Find(crate)!.Touched));
        _world.Settle();
        Assert.True(_world.Find(crate)!.At.Y < (Floor + 1) * Block);
    }

    [Fact]
    public void The_world_holds_so_many_bodies_and_the_oldest_rubble_goes_first()
    {
        Assert.Equal("", _world.Stack(new BlockAt(1, Floor, 1)));
        ulong crate = _world.Bodies[0].Id;
        (int X, int Z)[] middles = [(-16, 0), (-9, 0), (-2, 0), (5, 0), (12, 0), (-2, 9)];
        ulong firstRubble = 0;
        foreach ((int x, int z) in middles)
        {
            _world.Now += 1000;
            Assert.Equal("", _world.Blast(new BlockAt(x, 10, z), 4));
            firstRubble = firstRubble == 0 ? _world.Bodies[1].Id : firstRubble;
        }
        Assert.Equal(VoxelArenaGame.BodiesMax, _world.Bodies.Count);
        Assert.NotNull(_world.Find(crate));
        Assert.Null(_world.Find(firstRubble));
    }

    [Fact]
    public void A_pile_that_is_dug_under_falls()
    {
        Assert.Equal("", _world.Stack(new BlockAt(1, Floor, 1)));
        _world.Settle();
        Assert.False(_world.Bodies[0].Awake);
        int height = _world.Bodies[0].At.Y;
        Assert.Equal("", _world.Dig(new BlockAt(1, Floor - 1, 1)));
        _world.Settle();
        Assert.False(_world.Bodies[0].Awake);
        Assert.Equal(height - Block, _world.Bodies[0].At.Y, tolerance: 300.0);
    }

    [Fact]
    public void A_replay_comes_to_the_same_world()
    {
        Assert.Equal("", _world.Throw(0x1234, 20));
        Assert.Equal("", _world.Stack(new BlockAt(1, Floor, 1)));
        Assert.Equal("", _world.Blast(new BlockAt(0, Floor - 1, -6), 4));
        _world.Settle();
        Assert.Equal("", _world.Dig(new BlockAt(1, Floor - 1, 1)));
        _world.Settle();
        _world.Pass(40_000);
        Assert.Contains(Enumerable.Range(0, 9).Select(i => _world.Throw((ushort)(i * 7000), 60)).ToArray(), text => text.Length > 0);
        ReplayReport report = _world.Replay();
        Assert.True(report.IsEqual, string.Join('\n', report.Mismatches));
        Assert.True(report.Transactions > 20);
        Assert.Null(report.Damage);
    }

    [Fact]
    public void A_cache_shows_a_throw_at_once_and_the_same_one_after_truth_said_so()
    {
        using var remote = new BodyWorld();
        remote.Follow();
        Assert.NotNull(remote.Cache.Act("throw_crate", remote.ThrowArgs(0, 0), remote.Now));
        Body shown = Assert.Single(remote.Cache.Db.Table(remote.Game.BodyRows).Rows);
        Assert.True(shown.Id >> 63 == 1);
        // Another action runs the prediction again: its name stays.
        Assert.NotNull(remote.Cache.Act("dig_block", new DigBlock { X = 1, Y = Floor - 1, Z = 1, FeetX = remote.Feet.X, FeetY = remote.Feet.Y, FeetZ = remote.Feet.Z }, remote.Now));
        Assert.NotNull(remote.Cache.Db.Table(remote.Game.BodyRows).Find(shown.Id));
        Assert.Equal("", remote.Throw(0, 0));
        remote.Answer(1);
        Body told = Assert.Single(remote.Cache.Db.Table(remote.Game.BodyRows).Rows);
        Assert.Equal(shown with { Id = told.Id }, told);
        Assert.True(told.Id >> 63 == 0);
    }

    public void Dispose() => _world.Dispose();
}
