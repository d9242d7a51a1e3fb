using System.Buffers.Binary;
using System.Numerics;

namespace Egregore.Kernels.Physics;

/// <summary>Sizes and bounds of the kernel's bytes: kernels/physics/README.md.</summary>
internal static class PhysicsLayout
{
    public const uint Version = 1;
    public const int Header = 64;
    public const int Static = 12;
    public const int Body = 80;
    public const int Impulse = 28;
    public const int Blast = 20;
    public const int OutHeader = 32;
    public const int OutBody = 56;
    public const int Pair = 4;

    public const int StepsMax = 16;
    public const int StaticsMax = 8192;
    public const int BodiesMax = 1024;
    public const int ImpulsesMax = 1024;
    public const int BlastsMax = 64;
    public const int PairsMax = 8192;

    public const float CoordinateMax = 8192;
    public const float SpeedMax = 1000;
    public const float ImpulseMax = 10_000_000;

    public static Vector3 Vector(ReadOnlySpan<byte> from) => new(Float(from), Float(from[4..]), Float(from[8..]));

    public static Quaternion Rotation(ReadOnlySpan<byte> from) => new(Float(from), Float(from[4..]), Float(from[8..]), Float(from[12..]));

    public static float Float(ReadOnlySpan<byte> from) => BinaryPrimitives.ReadSingleLittleEndian(from);

    public static uint Int(ReadOnlySpan<byte> from) => BinaryPrimitives.ReadUInt32LittleEndian(from);

    public static bool Within(Vector3 value, float most) => Within(value.X, -most, most) && Within(value.Y, -most, most) && Within(value.Z, -most, most);

    /// <summary>A NaN is not.</summary>
    public static bool Within(float value, float least, float most) => value >= least && value <= most;
}
