using Egregore.Wire;
using Egregore.World;
using Egregore.World.Area;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena;

/// <summary>The arena's reflex states are bodies among its voxels. One for each node.</summary>
public sealed class ArenaRules : IReflexRules, IRoomStates, IReflexKeeper
{
    private readonly TerrainCache _terrain;

    internal ArenaRules(TerrainCache terrain, MovementLimits limits)
    {
        _terrain = terrain;
        Limits = limits;
    }

    /// <summary>The numbers of movement.</summary>
    public MovementLimits Limits { get; }

    /// <summary>Where this node's blocks are complete; null (truth): everywhere. A tab sets it to what it subscribes to.</summary>
    public KnownArea? Known { get; set; }

    /// <summary>World time, set by the host once a tick, so that a block that has just changed is held against nobody.</summary>
    public long NowMs { get; set; }

    /// <inheritdoc/>
    public int StateSizeBytes => MoveState.SizeBytes;

    /// <inheritdoc/>
    public int TickRateHz => Limits.TickRateHz;

    /// <summary>The voxels as movement sees them on this node now.</summary>
    public VoxelWorld Voxels(Database world) => new(_terrain, world.Table<Block, ulong>(), Known, NowMs);

    /// <inheritdoc/>
    public ReflexPosition Position(ReadOnlySpan<byte> state)
    {
        MoveState.TryRead(state, out MoveState body);
        return new ReflexPosition(body.X >> 4, body.Y >> 4, body.Z >> 4);
    }

    /// <inheritdoc/>
    public Verdict Check(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> next, int ticks, Database world) =>
        MoveState.TryRead(previous, out MoveState before) && MoveState.TryRead(next, out MoveState after)
            ? VoxelMovement.Check(before, after, ticks, Voxels(world), Limits)
            : Verdict.Reject("not a state");

    /// <inheritdoc/>
    public int LookBytes => 6;

    /// <inheritdoc/>
    /// <remarks>Velocity x and z in 1/256 block a tick, y in 1/64, yaw in 256 to the turn, pitch, flags: what the eye needs between two frames.</remarks>
    public void Pack(ReadOnlySpan<byte> state, Span<byte> look)
    {
        MoveState.TryRead(state, out MoveState body);
        look[0] = Small(body.VelocityX >> 4);
        look[1] = Small(body.VelocityY >> 6);
        look[2] = Small(body.VelocityZ >> 4);
        look[3] = (byte)(body.Yaw >> 8);
        look[4] = (byte)body.Pitch;
        look[5] = (byte)body.Flags;
    }

    /// <inheritdoc/>
    public void Unpack(ReflexPosition position, ReadOnlySpan<byte> look, Span<byte> state) =>
        new MoveState(
            position.X << 4, position.Y << 4, position.Z << 4,
            (short)((sbyte)look[0] << 4), (short)((sbyte)look[1] << 6), (short)((sbyte)look[2] << 4),
            (ushort)(look[3] << 8), (sbyte)look[4], MoveButtons.None, (MoveFlags)look[5]).Write(state);

    /// <inheritdoc/>
    public void BeginTick(long worldTimeMs) => NowMs = worldTimeMs;

    /// <inheritdoc/>
    public bool TryStart(PeerId peer, Database world, Span<byte> state)
    {
        if (world.Table<Player, PeerId>().Find(peer) is not { } player)
            return false;
        (VoxelArenaGame.Spawn(peer) with { X = player.X, Y = player.Y, Z = player.Z }).Write(state);
        return true;
    }

    /// <inheritdoc/>
    public void Keep(Truth truth, PeerId peer, ReadOnlySpan<byte> state, long nowMs)
    {
        if (MoveState.TryRead(state, out MoveState body))
            truth.Run("player_moved", new PlayerMoved { Peer = PeerRef.Of(peer), X = body.X, Y = body.Y, Z = body.Z }, peer, nowMs);
    }

    private static byte Small(int value) => (byte)(sbyte)Math.Clamp(value, sbyte.MinValue, sbyte.MaxValue);
}
