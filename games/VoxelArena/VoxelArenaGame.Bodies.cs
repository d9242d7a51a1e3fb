using Egregore.Physics;
using Egregore.World;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena;

// Crates, and what all bodies have in common: ids, room, waking, where physics brought them, and when they go.
public sealed partial class VoxelArenaGame
{
    /// <summary>Bodies in the world. Where one more comes, the oldest rubble goes, and without rubble the oldest crate.</summary>
    public const int BodiesMax = 1024;

    /// <summary>Bodies that one <c>move_bodies</c> takes: 64 bytes each, so that its arguments stay below 4,096.</summary>
    public const int StepsMax = 60;

    /// <summary>Rubble that slept so long goes.</summary>
    public const long RubbleRestsMs = 30_000;

    private const long SweepEveryMs = 5_000;
    private const long CrateTakesMs = 250;
    private const long CrateBurstMs = 1_000;
    private const int ThrowSpeed = 12 * MoveState.BlockUnits;
    private const int ThrowLift = 2 * MoveState.BlockUnits;
    private const int ThrowSpin = 2 * MoveState.BlockUnits;
    private const int StackMax = 8;

    // A body this near a changed block may rest on it or lean on it.
    private const int WakeUnits = MoveState.BlockUnits / 4;

    // The box of a turned body is larger than the body.
    private const int OverlapUnits = MoveState.BlockUnits / 8;
    private const int StackGapUnits = MoveState.BlockUnits / 256;
    private const int FallenUnits = -16 * MoveState.BlockUnits;

    // No body reaches farther from its centre than this: the diagonal of a block.
    private const int ReachUnits = MoveState.BlockUnits;

    private static readonly HalfExtents CrateHalf = new(1843, 1843, 1843);

    // From the eyes, in 1/4096 block: the nearer ones for who looks at the ground or a wall.
    private static readonly int[] ThrowFrom = [4915, 3277, 1638];

    private void ThrowCrate(ReducerContext ctx, ThrowCrate args)
    {
        CheckHere(ctx, args.FeetX, args.FeetY, args.FeetZ);
        CheckInWorld(ctx, args.FeetX >> 12, 1, args.FeetZ >> 12);
        Triple look = Direction(args.Yaw, args.Pitch);
        var eye = new Triple(args.FeetX, args.FeetY + Rules.Limits.EyeHeight, args.FeetZ);
        Rotation rotation = Rotation.Heading(args.Yaw);
        foreach (int distance in ThrowFrom)
        {
            Triple at = eye + look.WithLength(distance);
            var box = BodyBox.Of(at, CrateHalf, rotation);
            if (at.Y >> 12 >= TerrainGenerator.Height || IsSolidIn(ctx.Db, box) || TopOfBodies(ctx.Db, box.Grown(-OverlapUnits)) is not null)
                continue;
            TakeTimeForCrate(ctx);
            Triple spin = new Triple(look.Z, 0, -look.X).WithLength(look.X == 0 && look.Z == 0 ? 0 : ThrowSpin);
            Insert(ctx, NextBodyId(ctx), BodyKind.Crate, BlockKind.Planks, at, CrateHalf, rotation, look.WithLength(ThrowSpeed) + new Triple(0, ThrowLift, 0), spin);
            return;
        }
        ctx.Reject("There is no room to throw.");
    }

    private void PlaceCrate(ReducerContext ctx, PlaceCrate args)
    {
        var cell = new BlockAt(args.X, args.Y, args.Z);
        CheckReach(ctx, cell, args.FeetX, args.FeetY, args.FeetZ);
        Triple at = Triple.MiddleOf(cell) with { Y = (cell.Y << 12) + CrateHalf.Y };
        for (int i = 0; TopOfBodies(ctx.Db, BodyBox.Of(at, CrateHalf, Rotation.None).Grown(-StackGapUnits / 2)) is long top; i++)
        {
            if (i == StackMax)
                ctx.Reject("There is no room.");
            at = at with { Y = (int)top + CrateHalf.Y + StackGapUnits };
        }
        CheckReach(ctx, new BlockAt(cell.X, at.Y >> 12, cell.Z), args.FeetX, args.FeetY, args.FeetZ);
        if (IsSolidIn(ctx.Db, BodyBox.Of(at, CrateHalf, Rotation.None)))
            ctx.Reject("There is no room.");
        TakeTimeForCrate(ctx);
        Insert(ctx, NextBodyId(ctx), BodyKind.Crate, BlockKind.Planks, at, CrateHalf, Rotation.None, default, default);
    }

    private void MoveBodies(ReducerContext ctx, MoveBodies args)
    {
        Table<Body, ulong> bodies = ctx.Db.Table(BodyRows);
        foreach (BodyStep step in args.Bodies)
        {
            if (bodies.Find(step.Id) is not { } body || body.Touched != step.Touched)
                continue;
            bodies.Update(body with
            {
                At = step.At,
                Velocity = step.Velocity,
                Spin = step.Spin,
                Rotation = step.Rotation,
                Awake = step.Awake,
                Frame = args.Frame,
                Rested = step.Awake ? 0 : Math.Max(1, ctx.WorldTimeMs),
            });
        }
    }

    private void SweepBodies(ReducerContext ctx, SweepBodies args)
    {
        Table<Body, ulong> bodies = ctx.Db.Table(BodyRows);
        bool goOn = false;
        var gone = new List<Body>();
        foreach (Body body in bodies.Rows)
        {
            bool isOut = body.At.Y < FallenUnits || Math.Abs((long)body.At.X) > WorldRadius * (long)MoveState.BlockUnits || Math.Abs((long)body.At.Z) > WorldRadius * (long)MoveState.BlockUnits;
            if (isOut || (body is { Kind: BodyKind.Rubble, Awake: false } && ctx.WorldTimeMs - body.Rested >= RubbleRestsMs))
                gone.Add(body);
            else
                goOn |= body.Awake || body.Kind == BodyKind.Rubble;
        }
        foreach (Body body in gone)
            bodies.Delete(body.Id);
        foreach (Body body in gone)
            Wake(ctx, BodyBox.Of(body), BodyKind.Crate);
        ctx.Db.Table(Sweeps).Delete(0);
        if (goOn)
            SweepLater(ctx);
    }

    // Nothing is swept where only crates sleep.
    private void SweepLater(ReducerContext ctx)
    {
        if (ctx.IsPrediction || ctx.Db.Table(Sweeps).Contains(0))
            return;
        long due = ctx.WorldTimeMs + SweepEveryMs;
        ctx.Db.Table(Sweeps).Insert(new Sweep { Id = 0, Due = due });
        ctx.Schedule("sweep_bodies", new SweepBodies(), due);
    }

    // Truth's ids rise; a prediction's lie above them all, and are the same each time it runs again.
    private static ulong NextBodyId(ReducerContext ctx) => ctx.IsPrediction ? 1UL << 63 | ctx.Random.NextUInt64() >> 1 & ~0xFFUL : ctx.Transaction << 8;

    private void Insert(ReducerContext ctx, ulong id, BodyKind kind, BlockKind block, Triple at, HalfExtents half, Rotation rotation, Triple velocity, Triple spin)
    {
        Table<Body, ulong> bodies = ctx.Db.Table(BodyRows);
        while (bodies.Count >= BodiesMax)
        {
            Body oldest = bodies.Where("rubble", true).FirstOrDefault() ?? bodies.Rows.First();
            bodies.Delete(oldest.Id);
            Wake(ctx, BodyBox.Of(oldest), BodyKind.Crate);
        }
        bodies.Insert(new Body
        {
            Id = id,
            Kind = kind,
            Block = block,
            Awake = true,
            At = at,
            Half = half,
            Rotation = rotation,
            Velocity = velocity,
            Spin = spin,
            Born = ctx.WorldTimeMs,
            By = PeerRef.Of(ctx.Sender),
        });
        SweepLater(ctx);
    }

    /// <summary>Wakes what rests on or leans on something that changed. Only crates where rubble goes: the rubble on it goes soon itself.</summary>
    private void Wake(ReducerContext ctx, in BodyBox changed, BodyKind? only = null)
    {
        Table<Body, ulong> bodies = ctx.Db.Table(BodyRows);
        BodyBox near = changed.Grown(WakeUnits);
        var cells = new CellRange(near.Grown(ReachUnits));
        for (int i = 0; i < cells.Count; i++)
        {
            foreach (Body body in bodies.InCell(cells[i]))
            {
                if (body.Awake || (only is not null && body.Kind != only) || !BodyBox.Of(body).Meets(near))
                    continue;
                bodies.Update(body with { Awake = true, Rested = 0, Touched = body.Touched + 1 });
                SweepLater(ctx);
            }
        }
    }

    /// <summary>The highest point of the bodies that meet a box; null: none does.</summary>
    private long? TopOfBodies(Database db, in BodyBox box)
    {
        Table<Body, ulong> bodies = db.Table(BodyRows);
        long? top = null;
        if (bodies.Count == 0)
            return top;
        var cells = new CellRange(box.Grown(ReachUnits));
        for (int i = 0; i < cells.Count; i++)
        {
            foreach (Body body in bodies.InCell(cells[i]))
            {
                var other = BodyBox.Of(body);
                if (other.Meets(box))
                    top = Math.Max(top ?? long.MinValue, other.MaxY);
            }
        }
        return top;
    }

    private bool IsSolidIn(Database db, in BodyBox box)
    {
        var voxels = new VoxelWorld(Terrain, db.Table(Blocks));
        for (int x = (int)(box.MinX >> 12); x <= (int)((box.MaxX - 1) >> 12); x++)
        {
            for (int z = (int)(box.MinZ >> 12); z <= (int)((box.MaxZ - 1) >> 12); z++)
            {
                for (int y = (int)(box.MinY >> 12); y <= (int)((box.MaxY - 1) >> 12); y++)
                {
                    if (VoxelWorld.Class(voxels.KindAt(x, y, z)) == VoxelClass.Solid)
                        return true;
                }
            }
        }
        return false;
    }

    private void TakeTimeForCrate(ReducerContext ctx)
    {
        Pace pace = PaceOf(ctx);
        Keep(ctx, pace with { CratesUntil = BusyUntil(ctx, pace.CratesUntil, CrateTakesMs, CrateBurstMs) });
    }

    // Where a heading and a pitch point, of length 2^14: as VoxelRaycast.Look has it.
    private static Triple Direction(ushort yaw, sbyte pitch)
    {
        int up = Math.Max(pitch, (sbyte)-127) * 16_384 / 127;
        int flat = IntegerMath.Cos((ushort)up);
        return new Triple(-IntegerMath.Sin(yaw) * flat / IntegerMath.One, IntegerMath.Sin((ushort)up), -IntegerMath.Cos(yaw) * flat / IntegerMath.One);
    }
}
