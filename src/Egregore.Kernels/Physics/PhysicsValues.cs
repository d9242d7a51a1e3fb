using System.Numerics;

namespace Egregore.Kernels.Physics;

/// <summary>What all bodies of a task share. Lengths are metres, times seconds, masses kilograms; coordinates are relative to an origin that the task's maker chose.</summary>
public readonly record struct PhysicsSettings()
{
    /// <summary>Steps to take: 1 to 16.</summary>
    public int Steps { get; init; } = 4;

    /// <summary>Length of a step, 0.001 to 0.0667 s.</summary>
    public float StepSeconds { get; init; } = 1f / 60;

    /// <summary>Acceleration of gravity, each coordinate within 1000 m/s².</summary>
    public Vector3 Gravity { get; init; } = new(0, -9.81f, 0);

    /// <summary>Edge of a voxel, 0.05 to 4 m: the unit of <see cref="PhysicsBox"/>.</summary>
    public float VoxelMetres { get; init; } = 1;

    /// <summary>Friction of the voxels, 0 to 10.</summary>
    public float StaticFriction { get; init; } = 0.5f;

    /// <summary>Restitution of the voxels, 0 to 1.</summary>
    public float StaticRestitution { get; init; }

    /// <summary>Pairs of touching bodies that the output lists at most: 0 to 8192.</summary>
    public int PairsMax { get; init; } = 4096;
}

/// <summary>Voxels that do not move, merged to a box: its corners in voxels, the upper ones not within it.</summary>
public readonly record struct PhysicsBox(short MinX, short MinY, short MinZ, short MaxX, short MaxY, short MaxZ);

/// <summary>A body as a task has it.</summary>
public readonly record struct PhysicsBody()
{
    /// <summary>It sleeps, whatever its velocities, until something that moves touches it.</summary>
    public bool IsAsleep { get; init; }

    /// <summary>It stays where it is whatever touches it, whatever its velocities; not together with <see cref="IsAsleep"/>.</summary>
    public bool IsImmovable { get; init; }

    /// <summary>It is a ball, whose radius is each of <see cref="HalfExtents"/>; otherwise a cuboid.</summary>
    public bool IsBall { get; init; }

    /// <summary>Half of its edges, 0.01 to 64 m.</summary>
    public Vector3 HalfExtents { get; init; } = new(0.5f);

    /// <summary>Its centre, within 8192 m.</summary>
    public Vector3 Position { get; init; }

    /// <summary>Its rotation, of length 1 to a hundredth.</summary>
    public Quaternion Rotation { get; init; } = Quaternion.Identity;

    /// <summary>Within 1000 m/s.</summary>
    public Vector3 LinearVelocity { get; init; }

    /// <summary>Within 1000 rad/s.</summary>
    public Vector3 AngularVelocity { get; init; }

    /// <summary>Mass of a cubic metre, 0.001 to 100,000 kg.</summary>
    public float Density { get; init; } = 1;

    /// <summary>0 to 10.</summary>
    public float Friction { get; init; } = 0.5f;

    /// <summary>0 to 1.</summary>
    public float Restitution { get; init; }

    /// <summary>Its volume times its density.</summary>
    public double Mass => Density * (IsBall ? 4.0 / 3 * Math.PI * HalfExtents.X * HalfExtents.X * HalfExtents.X : 8.0 * HalfExtents.X * HalfExtents.Y * HalfExtents.Z);

    /// <summary>Its inertia about the axes of its own, for a mass of 1.</summary>
    internal Vector3 UnitInertia => IsBall
        ? new Vector3(0.4f * HalfExtents.X * HalfExtents.X)
        : new Vector3(
            (HalfExtents.Y * HalfExtents.Y) + (HalfExtents.Z * HalfExtents.Z),
            (HalfExtents.X * HalfExtents.X) + (HalfExtents.Z * HalfExtents.Z),
            (HalfExtents.X * HalfExtents.X) + (HalfExtents.Y * HalfExtents.Y)) / 3;
}

/// <summary>A push on one body before the first step.</summary>
/// <param name="Body">Its index.</param>
/// <param name="Impulse">N·s, each coordinate within 10,000,000.</param>
/// <param name="Point">Where, in the task's coordinates.</param>
public readonly record struct PhysicsImpulse(int Body, Vector3 Impulse, Vector3 Point);

/// <summary>A push away from a point before the first step, after the impulses; all of it at the centre, none of it at the radius.</summary>
/// <param name="Centre">In the task's coordinates.</param>
/// <param name="Radius">0.01 to 256 m.</param>
/// <param name="Strength">The impulse at the centre, 0 to 10,000,000 N·s.</param>
public readonly record struct PhysicsBlast(Vector3 Centre, float Radius, float Strength);

/// <summary>A body after the last step.</summary>
/// <param name="Position">Its centre.</param>
/// <param name="Rotation">Of length 1.</param>
/// <param name="LinearVelocity">m/s.</param>
/// <param name="AngularVelocity">rad/s.</param>
/// <param name="State">Sleep, contact with voxels, rest.</param>
public readonly record struct PhysicsBodyResult(Vector3 Position, Quaternion Rotation, Vector3 LinearVelocity, Vector3 AngularVelocity, PhysicsBodyState State);

/// <summary>What a body did.</summary>
[Flags]
public enum PhysicsBodyState
{
    /// <summary>It moves, and touches no voxel.</summary>
    None = 0,

    /// <summary>It slept through the task, or is immovable.</summary>
    Asleep = 1,

    /// <summary>It touches voxels.</summary>
    TouchesStatic = 2,

    /// <summary>After each step it was slower than 0.2 m/s and 0.3 rad/s. Whoever stays so for some seconds may be put to sleep.</summary>
    Slow = 4,
}
