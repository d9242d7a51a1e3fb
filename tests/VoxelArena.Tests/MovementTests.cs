using System.Security.Cryptography;
using Egregore.World;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena.Tests;

public sealed class MovementTests
{
    private const int Block = MoveState.BlockUnits;
    private static readonly MovementLimits Limits = MovementLimits.Default;

    [Theory]
    [InlineData(20)]
    [InlineData(10)]
    [InlineData(60)]
    public void Honest_walks_stay_within_every_rule_and_are_accepted_through_any_gap(int hz)
    {
        MovementLimits limits = MovementLimits.For(hz);
        TerrainVoxels land = Walk.Land(7);
        int swum = 0, jumped = 0;
        for (ulong seed = 1; seed <= 24; seed++)
        {
            var walk = new Walk(seed, limits);
            walk.State = Walk.OnGround(land, walk.Next(600) - 300, walk.Next(600) - 300);
            var states = new List<MoveState> { walk.State };
            for (int tick = 0; tick < 400; tick++)
            {
                MoveState before = walk.State;
                MoveState after = walk.Step(land);
                states.Add(after);
                Assert.Equal(Verdict.Accept, VoxelMovement.Check(before, after, 1, land, limits));
                Assert.False(InsideSolid(after, land, limits), $"seed {seed} tick {tick}: inside a solid voxel");
                long speed = ((long)after.VelocityX * after.VelocityX) + ((long)after.VelocityZ * after.VelocityZ);
                Assert.True(speed <= (long)limits.SpeedMax * limits.SpeedMax, $"seed {seed} tick {tick}: faster than a sprint");
                swum += (after.Flags & MoveFlags.Swimming) != 0 ? 1 : 0;
                jumped += after.VelocityY > 0 ? 1 : 0;
                int gap = 1 + walk.Next(MovementLimits.GapTicksMax);
                if (states.Count > gap)
                {
                    Verdict verdict = VoxelMovement.Check(states[^(gap + 1)], after, gap, land, limits);
                    Assert.True(verdict.Kind != VerdictKind.Reject, $"seed {seed} tick {tick} gap {gap}: {verdict.Reason}");
                }
            }
        }
        Assert.True(swum > 100 && jumped > 100, $"the walks swam {swum} and rose {jumped} ticks: too tame to show anything");
    }

    [Fact]
    public void The_same_seed_gives_the_same_walk_everywhere()
    {
        TerrainVoxels land = Walk.Land(7);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[MoveState.SizeBytes];
        for (ulong seed = 1; seed <= 8; seed++)
        {
            var walk = new Walk(seed, Limits) { State = Walk.OnGround(land, (int)seed * 40, -(int)seed * 25) };
            for (int tick = 0; tick < 500; tick++)
            {
                walk.Step(land).Write(bytes);
                hash.AppendData(bytes);
            }
        }
        string walked = Convert.ToHexStringLower(hash.GetHashAndReset());
        Assert.True(walked == "7c24ca8d283afe529167acb6e885b2400c509ac732796f5635b5beced6404515", $"these walks hash to {walked}: movement changed, and peers of two versions will call each other cheats");
    }

    [Fact]
    public void A_walker_reaches_walking_speed_and_stops_again()
    {
        TerrainVoxels flat = Flat();
        MoveState state = MoveState.AtBlock(0, 10, 0);
        for (int i = 0; i < 20; i++)
            state = Step(state, MoveButtons.Forward, flat);
        Assert.Equal(-Limits.Walk, state.VelocityZ, 2.0);
        int there = state.Z;
        for (int i = 0; i < 10; i++)
            state = Step(state, MoveButtons.None, flat);
        Assert.Equal(0, state.VelocityZ);
        Assert.InRange(there - state.Z, 0, Block / 2);
    }

    [Fact]
    public void A_jump_climbs_one_block_but_not_two()
    {
        foreach (int hz in new[] { 10, 20, 30, 60 })
        {
            MovementLimits limits = MovementLimits.For(hz);
            Assert.Equal(11, HighestAfterRunningAt(wallBlocks: 1, limits));
            Assert.Equal(10, HighestAfterRunningAt(wallBlocks: 2, limits));
        }
    }

    [Fact]
    public void A_step_of_one_block_needs_a_jump()
    {
        TerrainVoxels flat = Flat();
        Wall(flat, 1);
        MoveState state = MoveState.AtBlock(0, 10, 0);
        for (int i = 0; i < 60; i++)
            state = Step(state, MoveButtons.Forward, flat);
        Assert.Equal(10 * Block, state.Y);
        Assert.Equal((-2 * Block) + Limits.HalfWidth, state.Z);
    }

    [Fact]
    public void No_speed_passes_through_a_floor_or_a_wall()
    {
        TerrainVoxels flat = Flat();
        for (int z = -20; z <= 20; z++)
            flat.Changes[(3, 40, z)] = VoxelClass.Solid;
        MoveState falling = MoveState.AtBlock(3, 60, 0) with { VelocityY = (short)-Limits.Terminal, X = (3 * Block) + 10 };
        for (int i = 0; i < 20; i++)
            falling = Step(falling, MoveButtons.None, flat);
        Assert.Equal(41 * Block, falling.Y);
    }

    [Fact]
    public void A_swimmer_rises_and_climbs_out_onto_a_bank()
    {
        TerrainVoxels pool = Flat();
        for (int x = -4; x <= 4; x++)
        {
            for (int z = -4; z <= 4; z++)
            {
                for (int y = 5; y <= 9; y++)
                    pool.Changes[(x, y, z)] = VoxelClass.Liquid;
            }
        }
        MoveState state = MoveState.AtBlock(0, 5, 0);
        for (int i = 0; i < 400 && state.Y < 10 * Block; i++)
            state = Step(state, MoveButtons.Forward | MoveButtons.Jump, pool);
        for (int i = 0; i < 20; i++)
            state = Step(state, MoveButtons.Forward, pool);
        Assert.Equal(10 * Block, state.Y);
        Assert.True(state.Z < -4 * Block);
    }

    [Fact]
    public void A_body_in_which_a_block_was_placed_can_leave_it()
    {
        TerrainVoxels flat = Flat();
        flat.Changes[(0, 10, 0)] = VoxelClass.Solid;
        MoveState state = MoveState.AtBlock(0, 10, 0);
        for (int i = 0; i < 20; i++)
            state = Step(state, MoveButtons.Forward, flat);
        Assert.False(InsideSolid(state, flat, Limits));
    }

    [Fact]
    public void Cheats_are_rejected_at_every_gap_and_say_which_rule_they_broke()
    {
        TerrainVoxels flat = Flat();
        MoveState standing = MoveState.AtBlock(0, 10, 0) with { Flags = MoveFlags.Grounded };
        MoveState inAir = MoveState.AtBlock(0, 40, 0);
        foreach (int gap in new[] { 1, 2, 5, 8 })
        {
            Rejected(standing, standing with { X = standing.X + (20 * Block) }, gap, "too far for the time");
            Rejected(standing, standing with { Z = standing.Z + ((Limits.Sprint + 3) * gap), VelocityZ = (short)Limits.Walk }, gap, "too far for the time");
            Rejected(standing, standing with { Y = standing.Y + (12 * Block), Flags = MoveFlags.None }, gap, "rose too far for the time");
            Rejected(inAir, inAir, gap, "does not fall as gravity says");
            Rejected(inAir, inAir with { Flags = MoveFlags.Grounded }, gap, "claims ground or water that is not there");
            Rejected(standing, standing with { Y = standing.Y - Block }, gap, "inside a solid voxel");
        }
        Rejected(standing, standing with { X = standing.X + 1 }, 1, "does not follow from its input");
        Rejected(standing, standing with { X = int.MaxValue, Y = int.MinValue }, 1, "not a possible state");
        Rejected(standing, standing with { X = standing.X + (40 * Block) }, 100, "too far for the time");

        void Rejected(MoveState from, MoveState to, int gap, string reason)
        {
            Verdict verdict = VoxelMovement.Check(from, to, gap, flat, Limits);
            Assert.Equal((VerdictKind.Reject, reason), (verdict.Kind, verdict.Reason));
        }
    }

    [Fact]
    public void A_wall_cannot_be_passed_between_two_samples()
    {
        TerrainVoxels flat = Flat();
        for (int x = -30; x <= 30; x++)
        {
            for (int y = 10; y <= 40; y++)
                flat.Changes[(x, y, -1)] = VoxelClass.Solid;
        }
        MoveState near = MoveState.AtBlock(0, 10, 0) with { Flags = MoveFlags.Grounded };
        MoveState beyond = near with { Z = near.Z - (2 * Block) };
        Assert.Equal("went through a wall", VoxelMovement.Check(near, beyond, 8, flat, Limits).Reason);

        // With a door one block aside there is a way.
        flat.Changes[(1, 10, -1)] = VoxelClass.Air;
        flat.Changes[(1, 11, -1)] = VoxelClass.Air;
        Assert.Equal(VerdictKind.Accept, VoxelMovement.Check(near, beyond, 8, flat, Limits).Kind);
    }

    [Fact]
    public void What_is_in_doubt_is_not_held_against_anybody()
    {
        TerrainVoxels flat = Flat();
        MoveState state = MoveState.AtBlock(0, 10, 0);
        for (int i = 0; i < 3; i++)
            state = Step(state, MoveButtons.Forward, flat);
        MoveState honest = Step(state, MoveButtons.Forward, flat);
        flat.Changes[(0, 10, 0)] = VoxelClass.Solid | VoxelClass.Uncertain;
        flat.Changes[(0, 10, -1)] = VoxelClass.Solid | VoxelClass.Uncertain;
        flat.Changes[(0, 9, 0)] = VoxelClass.Air | VoxelClass.Uncertain;
        Assert.NotEqual(VerdictKind.Reject, VoxelMovement.Check(state, honest, 1, flat, Limits).Kind);
        Assert.Equal(VerdictKind.Ignore, VoxelMovement.Check(state, honest, 0, flat, Limits).Kind);
        Assert.Equal(VerdictKind.Ignore, VoxelMovement.Check(state, honest, 21, flat, Limits).Kind);
    }

    [Fact]
    public void Hostile_states_get_a_verdict_and_never_an_exception()
    {
        TerrainVoxels land = Walk.Land(3);
        var random = new Walk(99, Limits);
        byte[] bytes = new byte[MoveState.SizeBytes];
        for (int i = 0; i < 20_000; i++)
        {
            MoveState previous = MoveState.AtBlock(random.Next(100), 30, random.Next(100));
            previous.Write(bytes);
            for (int n = random.Next(6); n >= 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            MoveState.TryRead(bytes, out MoveState hostile);
            VoxelMovement.Check(previous, hostile, random.Next(30), land, Limits);
            VoxelMovement.Check(hostile, previous, random.Next(30), land, Limits);
            MoveState stepped = VoxelMovement.Step(hostile, hostile.Input, land, Limits);
            Assert.InRange(stepped.X, -Limits.BorderUnits, Limits.BorderUnits);
        }
        Assert.False(MoveState.TryRead(bytes.AsSpan(1), out _));
    }

    [Fact]
    public void A_state_on_the_wire_is_the_games_reflex_struct()
    {
        var state = new MoveState(-5, 70_000, 123_456_789, -7, 8, -9, 40_000, -100, MoveButtons.Forward | MoveButtons.Sprint, MoveFlags.Grounded);
        byte[] bytes = new byte[MoveState.SizeBytes];
        state.Write(bytes);
        Reflex reflex = Reflex.Read(bytes);
        Assert.Equal(MoveState.SizeBytes, Reflex.SizeBytes);
        Assert.Equal((state.X, state.Y, state.Z, state.VelocityZ, state.Yaw, state.Pitch, (byte)state.Buttons), (reflex.X, reflex.Y, reflex.Z, reflex.VelocityZ, reflex.Yaw, reflex.Pitch, reflex.Buttons));
        Assert.True(MoveState.TryRead(bytes, out MoveState read));
        Assert.Equal(state, read);
    }

    private static MoveState Step(MoveState state, MoveButtons buttons, TerrainVoxels voxels) =>
        VoxelMovement.Step(state, new MoveInput(buttons, 0, 0), voxels, Limits);

    /// <summary>Solid below y 10, air above.</summary>
    private static TerrainVoxels Flat()
    {
        var flat = new TerrainVoxels(new TerrainCache(new TerrainGenerator(1), 1));
        for (int x = -32; x <= 32; x++)
        {
            for (int z = -32; z <= 32; z++)
            {
                for (int y = 0; y < 64; y++)
                    flat.Changes[(x, y, z)] = y < 10 ? VoxelClass.Solid : VoxelClass.Air;
            }
        }
        return flat;
    }

    private static void Wall(TerrainVoxels flat, int blocks)
    {
        for (int x = -32; x <= 32; x++)
        {
            for (int y = 10; y < 10 + blocks; y++)
                flat.Changes[(x, y, -3)] = VoxelClass.Solid;
        }
    }

    private static int HighestAfterRunningAt(int wallBlocks, MovementLimits limits)
    {
        TerrainVoxels flat = Flat();
        Wall(flat, wallBlocks);
        MoveState state = MoveState.AtBlock(0, 10, 0);
        int highest = 0;
        for (int i = 0; i < limits.TickRateHz * 4; i++)
        {
            state = VoxelMovement.Step(state, new MoveInput(MoveButtons.Forward | MoveButtons.Jump, 0, 0), flat, limits);
            if ((state.Flags & MoveFlags.Grounded) != 0)
                highest = Math.Max(highest, state.Y / Block);
        }
        return highest;
    }

    private static bool InsideSolid(in MoveState state, TerrainVoxels voxels, MovementLimits limits)
    {
        for (int x = (state.X - limits.HalfWidth) >> 12; x <= (state.X + limits.HalfWidth - 1) >> 12; x++)
        {
            for (int z = (state.Z - limits.HalfWidth) >> 12; z <= (state.Z + limits.HalfWidth - 1) >> 12; z++)
            {
                for (int y = state.Y >> 12; y <= (state.Y + limits.Height - 1) >> 12; y++)
                {
                    if ((voxels.At(x, y, z) & VoxelClass.Solid) != 0)
                        return true;
                }
            }
        }
        return false;
    }
}
