using Egregore.World;
using Egregore.World.Movement;

namespace VoxelArena;

// A blast breaks blocks into bodies.
public sealed partial class VoxelArenaGame
{
    /// <summary>How far a player's eyes may be from the middle of a blast, in blocks.</summary>
    public const int BlastReachBlocks = 24;

    /// <summary>Bodies that one blast makes; it breaks the nearest blocks, and the others stay.</summary>
    public const int BlastBodiesMax = 200;

    private const int BlastRadiusMin = 3;
    private const int BlastRadiusMax = 4;
    private const long BlastTakesMs = 1_000;
    private const long BlastBurstMs = 2_000;

    // Speeds in 1/4096 block a second: next to the middle, and at the rim.
    private const int BlastSpeed = 11 * MoveState.BlockUnits;
    private const int BlastRimSpeed = 5 * MoveState.BlockUnits;
    private const int BlastLift = 4 * MoveState.BlockUnits;
    private const int PushedSpeedMax = 40 * MoveState.BlockUnits;
    private const int BlastSpin = 3 * MoveState.BlockUnits;

    private static readonly HalfExtents RubbleHalf = new(1638, 1638, 1638);
    private static readonly (int X, int Y, int Z)[][] Balls = [BallOf(BlastRadiusMin), BallOf(BlastRadiusMax)];

    private void Explode(ReducerContext ctx, Blast args)
    {
        var middle = new BlockAt(args.X, args.Y, args.Z);
        if (args.Radius is < BlastRadiusMin or > BlastRadiusMax)
            ctx.Reject("A blast reaches 3 or 4 blocks.");
        CheckReach(ctx, middle, args.FeetX, args.FeetY, args.FeetZ, BlastReachBlocks);
        Pace pace = PaceOf(ctx);
        Keep(ctx, pace with { BlastsUntil = BusyUntil(ctx, pace.BlastsUntil, BlastTakesMs, BlastBurstMs) });

        Triple centre = Triple.MiddleOf(middle);
        Push(ctx, centre, args.Radius);
        ulong id = NextBodyId(ctx);
        int broken = 0;
        foreach ((int dx, int dy, int dz) in Balls[args.Radius - BlastRadiusMin])
        {
            var at = new BlockAt(middle.X + dx, middle.Y + dy, middle.Z + dz);
            // The lowest layer holds the world; above the highest there is nothing.
            if (at.Y is < 1 or >= VoxelArena.Terrain.TerrainGenerator.Height)
                continue;
            BlockKind kind = KindAt(ctx.Db, at);
            if (kind == BlockKind.Bedrock || VoxelWorld.Class(kind) != VoxelClass.Solid)
                continue;
            if (broken == BlastBodiesMax)
                break;
            SetBlock(ctx, at, BlockKind.Air);
            var away = new Triple(dx << 12, dy << 12, dz << 12);
            Triple spin = new Triple(dz << 12, dx << 12, -(dy << 12)).WithLength(BlastSpin);
            Insert(ctx, id + (ulong)broken++, BodyKind.Rubble, kind, Triple.MiddleOf(at), RubbleHalf, Rotation.None, Flung(away, args.Radius), spin);
        }
        int reach = args.Radius * MoveState.BlockUnits;
        Wake(ctx, BodyBox.Of(middle).Grown(reach));
        if (broken == 0)
            ctx.Reject("There is nothing to blast.");
    }

    // Bodies up to twice as far away as blocks break are pushed.
    private void Push(ReducerContext ctx, Triple centre, int radius)
    {
        Table<Body, ulong> bodies = ctx.Db.Table(BodyRows);
        int reach = 2 * radius * MoveState.BlockUnits;
        var cells = new CellRange(BodyBox.Around(centre, reach, reach, reach));
        for (int i = 0; i < cells.Count; i++)
        {
            foreach (Body body in bodies.InCell(cells[i]))
            {
                if (body.At.SquareTo(centre) > (long)reach * reach)
                    continue;
                var away = new Triple(body.At.X - centre.X, body.At.Y - centre.Y, body.At.Z - centre.Z);
                bodies.Update(body with { Velocity = (body.Velocity + Flung(away, 2 * radius)).Within(PushedSpeedMax), Awake = true, Rested = 0, Touched = body.Touched + 1 });
                SweepLater(ctx);
            }
        }
    }

    // Away from the middle, slower farther out, and a little up; what would go down is thrown back by the ground.
    private static Triple Flung(Triple away, int radius)
    {
        long distance = IntegerMath.Sqrt((ulong)away.SquareTo(default));
        long speed = BlastSpeed - ((BlastSpeed - BlastRimSpeed) * Math.Min(distance, radius << 12) / (radius << 12));
        Triple velocity = away.WithLength((int)speed);
        return velocity with { Y = (velocity.Y < 0 ? -velocity.Y / 2 : velocity.Y) + BlastLift };
    }

    // The blocks of a ball, the nearest first.
    private static (int X, int Y, int Z)[] BallOf(int radius)
    {
        var ball = new List<(int X, int Y, int Z)>();
        for (int x = -radius; x <= radius; x++)
        {
            for (int y = -radius; y <= radius; y++)
            {
                for (int z = -radius; z <= radius; z++)
                {
                    if ((x * x) + (y * y) + (z * z) <= radius * radius)
                        ball.Add((x, y, z));
                }
            }
        }
        return [.. ball.OrderBy(at => (at.X * at.X) + (at.Y * at.Y) + (at.Z * at.Z)).ThenByDescending(at => at.Y).ThenBy(at => at.X).ThenBy(at => at.Z)];
    }
}
