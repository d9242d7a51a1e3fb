using System.Numerics;

namespace Egregore.Physics;

/// <summary>A rigid body at one moment. Places are whole numbers, so that every host means the same place; the rest is what the kernel takes.</summary>
public readonly record struct BodyState
{
    /// <summary>Units of a place in a block.</summary>
    public const int BlockUnits = 4096;

    /// <summary>The game's own key of it, never sent to a helper.</summary>
    public ulong Id { get; init; }

    /// <summary>Rises with each change that did not come from physics: a throw, a blast, a push. Physics starts over from such a state.</summary>
    public uint Touched { get; init; }

    /// <summary>Its shape.</summary>
    public BodyShape Shape { get; init; }

    /// <summary>Whether it moves or may move; a sleeping body costs nothing.</summary>
    public bool Awake { get; init; }

    /// <summary>The centre, 1/4096 block.</summary>
    public int X { get; init; }

    /// <inheritdoc cref="X"/>
    public int Y { get; init; }

    /// <inheritdoc cref="X"/>
    public int Z { get; init; }

    /// <summary>A unit quaternion.</summary>
    public Quaternion Rotation { get; init; }

    /// <summary>Blocks a second.</summary>
    public Vector3 Velocity { get; init; }

    /// <summary>Angular velocity, radians a second.</summary>
    public Vector3 Spin { get; init; }

    /// <summary>Half extents, blocks.</summary>
    public Vector3 Half { get; init; }

    /// <summary>Mass of a cubic block.</summary>
    public float Density { get; init; }

    /// <summary>Radius of the ball around it that holds it whatever its rotation, blocks.</summary>
    public float Reach => Shape == BodyShape.Ball ? Half.X : Half.Length();

    /// <summary>Its volume times its density.</summary>
    internal float Mass => Density * (Shape == BodyShape.Ball ? 4.18879f * Half.X * Half.X * Half.X : 8 * Half.X * Half.Y * Half.Z);
}
