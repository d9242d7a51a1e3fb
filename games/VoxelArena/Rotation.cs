using Egregore.World.Movement;

namespace VoxelArena;

public readonly partial record struct Rotation
{
    /// <summary>What stands for 1.</summary>
    public const short One = short.MaxValue;

    /// <summary>No turn.</summary>
    public static Rotation None { get; } = new(0, 0, 0, One);

    /// <summary>A turn about the upward axis, 65,536 to the full one, as a heading is.</summary>
    public static Rotation Heading(ushort yaw)
    {
        ushort half = (ushort)(yaw >> 1);
        return new Rotation(0, (short)(IntegerMath.Sin(half) * One / IntegerMath.One), 0, (short)(IntegerMath.Cos(half) * One / IntegerMath.One));
    }
}
