using Egregore.World;
using Egregore.World.Movement;
using VoxelArena.Terrain;

namespace VoxelArena;

/// <summary>The arena's reflex states are bodies among its voxels. One for each node.</summary>
public sealed class ArenaRules : IReflexRules
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
}
