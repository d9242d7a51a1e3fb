using System.Collections.Immutable;
using System.Numerics;
using Egregore.Physics;
using Egregore.World;
using Egregore.World.Movement;

namespace VoxelArena;

/// <summary>The arena's bodies as physics takes them: rows become states, states become <c>move_bodies</c>. One for each node, for one thread.</summary>
public sealed class ArenaBodies : IBodies
{
    // 256 blocks or radians a second: what a row takes of a speed.
    private const float SpeedMax = 256;

    private readonly VoxelArenaGame _game;

    internal ArenaBodies(VoxelArenaGame game) => _game = game;

    /// <inheritdoc/>
    public void ReadAwake(Database world, IList<BodyState> bodies)
    {
        foreach (Body body in world.Table(_game.BodyRows).Where("awake", true))
            bodies.Add(Read(body));
    }

    /// <inheritdoc/>
    public void ReadAsleep(Database world, in BlockBounds bounds, IList<BodyState> bodies)
    {
        // At most 1,024 rows, and in the order that is asked for.
        foreach (Body body in world.Table(_game.BodyRows).Where("awake", false))
        {
            (int x, int y, int z) = (body.At.X >> 12, body.At.Y >> 12, body.At.Z >> 12);
            if (x >= bounds.MinX && x <= bounds.MaxX && y >= bounds.MinY && y <= bounds.MaxY && z >= bounds.MinZ && z <= bounds.MaxZ)
                bodies.Add(Read(body));
        }
    }

    /// <inheritdoc/>
    public bool TryRead(Database world, ulong id, out BodyState body)
    {
        Body? row = world.Table(_game.BodyRows).Find(id);
        body = row is null ? default : Read(row);
        return row is not null;
    }

    /// <inheritdoc/>
    public IVoxelSource Voxels(Database world) => new VoxelWorld(_game.Terrain, world.Table(_game.Blocks));

    /// <inheritdoc/>
    public void Commit(Truth truth, uint frame, ReadOnlySpan<BodyState> bodies, long nowMs)
    {
        while (!bodies.IsEmpty)
        {
            ReadOnlySpan<BodyState> part = bodies[..Math.Min(bodies.Length, VoxelArenaGame.StepsMax)];
            bodies = bodies[part.Length..];
            var steps = ImmutableArray.CreateBuilder<BodyStep>(part.Length);
            foreach (ref readonly BodyState body in part)
                steps.Add(Write(body));
            truth.Run("move_bodies", new MoveBodies { Frame = frame, Bodies = steps.MoveToImmutable() }, default, nowMs);
        }
    }

    private static BodyState Read(Body body) => new()
    {
        Id = body.Id,
        Touched = body.Touched,
        Shape = BodyShape.Box,
        Awake = body.Awake,
        X = body.At.X,
        Y = body.At.Y,
        Z = body.At.Z,
        Rotation = Quaternion.Normalize(new Quaternion(body.Rotation.X, body.Rotation.Y, body.Rotation.Z, body.Rotation.W)),
        Velocity = new Vector3(body.Velocity.X, body.Velocity.Y, body.Velocity.Z) / BodyState.BlockUnits,
        Spin = new Vector3(body.Spin.X, body.Spin.Y, body.Spin.Z) / BodyState.BlockUnits,
        Half = new Vector3(body.Half.X, body.Half.Y, body.Half.Z) / BodyState.BlockUnits,
        Density = body.Kind == BodyKind.Crate ? 0.5f : Density(body.Block),
    };

    private static BodyStep Write(in BodyState body) => new(
        body.Id, body.Touched, new Triple(body.X, body.Y, body.Z), Units(body.Velocity), Units(body.Spin), Units(body.Rotation), body.Awake);

    private static Triple Units(Vector3 value) => new(Units(value.X), Units(value.Y), Units(value.Z));

    private static int Units(float value) => float.IsNaN(value) ? 0 : (int)MathF.Round(Math.Clamp(value, -SpeedMax, SpeedMax) * BodyState.BlockUnits);

    private static Rotation Units(Quaternion value)
    {
        float length = value.Length();
        if (!float.IsFinite(length) || length < 0.5f)
            return Rotation.None;
        return new Rotation(Part(value.X), Part(value.Y), Part(value.Z), Part(value.W));

        short Part(float part) => (short)MathF.Round(part / length * Rotation.One);
    }

    // Of the lightest and the heaviest kind one is five times the other, so that piles are stable.
    private static float Density(BlockKind block) => block switch
    {
        BlockKind.Leaves or BlockKind.Snow => 0.4f,
        BlockKind.Wood or BlockKind.Planks => 0.6f,
        BlockKind.Dirt or BlockKind.Grass or BlockKind.Sand => 1.4f,
        _ => 2f,
    };
}
