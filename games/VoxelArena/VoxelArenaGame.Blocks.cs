using Egregore.World;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena;

// Digging and building: what truth decides, and what a player's own tab shows ahead of it.
public sealed partial class VoxelArenaGame
{
    /// <summary>How far a player's eyes may be from the middle of a block, in blocks.</summary>
    public const int ReachBlocks = 6;

    // How far a player may have gone since truth last heard where they are: its host tells it every eight blocks, and a fall is fast.
    private const int MovedSlackBlocks = 24;
    private const long ChangeTakesMs = 100;
    private const long BurstMs = 1000;

    private void Place(ReducerContext ctx, PlaceBlock args)
    {
        var at = new BlockAt(args.X, args.Y, args.Z);
        if (args.Kind is BlockKind.Air or BlockKind.Bedrock or BlockKind.Water || !Enum.IsDefined(args.Kind))
            ctx.Reject("That cannot be built with.");
        CheckReach(ctx, at, args.FeetX, args.FeetY, args.FeetZ);
        BlockKind there = KindAt(ctx.Db, at);
        if (there is not (BlockKind.Air or BlockKind.Water))
            ctx.Reject("There is a block already.");
        if (IsInside(at, args.FeetX, args.FeetY, args.FeetZ) || IsInsideSomebody(ctx, at))
            ctx.Reject("Somebody stands there.");
        if (TopOfBodies(ctx.Db, BodyBox.Of(at).Grown(-OverlapUnits)) is not null)
            ctx.Reject("Something lies there.");
        if (!HasNeighbour(ctx.Db, at))
            ctx.Reject("A block needs another one to hold on to.");
        Change(ctx, at, args.Kind);
    }

    private void Dig(ReducerContext ctx, DigBlock args)
    {
        var at = new BlockAt(args.X, args.Y, args.Z);
        CheckReach(ctx, at, args.FeetX, args.FeetY, args.FeetZ);
        switch (KindAt(ctx.Db, at))
        {
            case BlockKind.Air or BlockKind.Water:
                ctx.Reject("There is nothing to dig.");
                break;
            case BlockKind.Bedrock:
                ctx.Reject("Bedrock is too hard.");
                break;
        }
        Change(ctx, at, BlockKind.Air);
    }

    private void Change(ReducerContext ctx, BlockAt at, BlockKind kind)
    {
        Pace pace = PaceOf(ctx);
        Keep(ctx, pace with { BusyUntil = BusyUntil(ctx, pace.BusyUntil, ChangeTakesMs, BurstMs) });
        SetBlock(ctx, at, kind);
        Wake(ctx, BodyBox.Of(at));
    }

    private void SetBlock(ReducerContext ctx, BlockAt at, BlockKind kind)
    {
        if (kind == Terrain.At(at.X, at.Y, at.Z))
            ctx.Db.Table(Blocks).Delete(at.Packed);
        else
            ctx.Db.Table(Blocks).Put(new Block { At = at.Packed, Kind = kind, By = PeerRef.Of(ctx.Sender), Changed = ctx.WorldTimeMs });
    }

    private void CheckReach(ReducerContext ctx, BlockAt at, int feetX, int feetY, int feetZ, int reachBlocks = ReachBlocks)
    {
        CheckInWorld(ctx, at.X, at.Y, at.Z);
        const int half = MoveState.BlockUnits / 2;
        if (!Within(feetX, feetY + (long)Rules.Limits.EyeHeight, feetZ, Middle(at.X), Middle(at.Y), Middle(at.Z), (reachBlocks * MoveState.BlockUnits) + half))
            ctx.Reject("That is too far away.");
        CheckHere(ctx, feetX, feetY, feetZ);
    }

    private static void CheckInWorld(ReducerContext ctx, int x, int y, int z)
    {
        if (y is < 1 or >= TerrainGenerator.Height || Math.Abs((long)x) > WorldRadius || Math.Abs((long)z) > WorldRadius)
            ctx.Reject("That is outside of the world.");
    }

    private void CheckHere(ReducerContext ctx, int feetX, int feetY, int feetZ)
    {
        if (!ctx.IsPrediction && ctx.Db.Table(Players).Find(ctx.Sender) is { } player
            && !Within(feetX, feetY, feetZ, player.X, player.Y, player.Z, MovedSlackBlocks * MoveState.BlockUnits))
            ctx.Reject("You are not there.");
    }

    private Pace PaceOf(ReducerContext ctx) => ctx.Db.Table(Paces).Find(ctx.Sender) ?? new Pace { Peer = PeerRef.Of(ctx.Sender) };

    private void Keep(ReducerContext ctx, Pace pace)
    {
        if (!ctx.IsPrediction)
            ctx.Db.Table(Paces).Put(pace);
    }

    // What a player does takes time, of which some may be saved up: a tenth of a second for a block, and one second of them.
    private static long BusyUntil(ReducerContext ctx, long busyUntil, long takesMs, long burstMs)
    {
        busyUntil = Math.Max(ctx.WorldTimeMs, busyUntil) + takesMs;
        if (busyUntil > ctx.WorldTimeMs + burstMs)
            ctx.Reject("Not so fast.");
        return busyUntil;
    }

    private BlockKind KindAt(Database db, BlockAt at) => new VoxelWorld(Terrain, db.Table(Blocks)).KindAt(at.X, at.Y, at.Z);

    private bool HasNeighbour(Database db, BlockAt at)
    {
        var voxels = new VoxelWorld(Terrain, db.Table(Blocks));
        return Solid(1, 0, 0) || Solid(-1, 0, 0) || Solid(0, 1, 0) || Solid(0, -1, 0) || Solid(0, 0, 1) || Solid(0, 0, -1);

        bool Solid(int dx, int dy, int dz) => VoxelWorld.Class(voxels.KindAt(at.X + dx, at.Y + dy, at.Z + dz)) == VoxelClass.Solid;
    }

    private bool IsInsideSomebody(ReducerContext ctx, BlockAt at)
    {
        for (int i = 0; i < 9; i++)
        {
            var cell = new Cell(at.Chunk.X + (i % 3) - 1, at.Chunk.Z + (i / 3) - 1);
            foreach (Player player in ctx.Db.Table(Players).Where("near", cell))
            {
                if (player.Peer.Id != ctx.Sender && IsInside(at, player.X, player.Y, player.Z))
                    return true;
            }
        }
        return false;
    }

    private bool IsInside(BlockAt at, int feetX, int feetY, int feetZ)
    {
        MovementLimits limits = Rules.Limits;
        return Touches(at.X, (long)feetX - limits.HalfWidth, (long)feetX + limits.HalfWidth)
            && Touches(at.Y, feetY, (long)feetY + limits.Height)
            && Touches(at.Z, (long)feetZ - limits.HalfWidth, (long)feetZ + limits.HalfWidth);
    }

    private static bool Touches(int block, long low, long high) => low < ((long)block + 1) * MoveState.BlockUnits && high > (long)block * MoveState.BlockUnits;

    private static long Middle(int block) => ((long)block * MoveState.BlockUnits) + (MoveState.BlockUnits / 2);

    private static bool Within(long x, long y, long z, long x2, long y2, long z2, long distance) =>
        Math.Abs(x - x2) <= distance && Math.Abs(y - y2) <= distance && Math.Abs(z - z2) <= distance
        && ((x - x2) * (x - x2)) + ((y - y2) * (y - y2)) + ((z - z2) * (z - z2)) <= distance * distance;
}
