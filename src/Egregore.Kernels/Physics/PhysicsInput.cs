using System.Buffers.Binary;
using System.Numerics;
using static Egregore.Kernels.Physics.PhysicsLayout;

namespace Egregore.Kernels.Physics;

/// <summary>A task's bytes, read in place.</summary>
public readonly ref struct PhysicsInput
{
    private readonly ReadOnlySpan<byte> bytes;

    private PhysicsInput(ReadOnlySpan<byte> bytes) => this.bytes = bytes;

    /// <summary>What all bodies share.</summary>
    public PhysicsSettings Settings => new()
    {
        Steps = (int)Int(bytes[4..]),
        StepSeconds = Float(bytes[8..]),
        Gravity = Vector(bytes[12..]),
        VoxelMetres = Float(bytes[24..]),
        StaticFriction = Float(bytes[28..]),
        StaticRestitution = Float(bytes[32..]),
        PairsMax = (int)Int(bytes[52..]),
    };

    /// <summary>Boxes of voxels.</summary>
    public int BoxCount => (int)Int(bytes[36..]);

    /// <summary>Bodies.</summary>
    public int BodyCount => (int)Int(bytes[40..]);

    /// <summary>Impulses.</summary>
    public int ImpulseCount => (int)Int(bytes[44..]);

    /// <summary>Blasts.</summary>
    public int BlastCount => (int)Int(bytes[48..]);

    /// <summary>Reads a task and checks all that the kernel checks.</summary>
    /// <returns>Null, or why the kernel would refuse it.</returns>
    public static string? Read(ReadOnlySpan<byte> bytes, out PhysicsInput input)
    {
        input = default;
        if (bytes.Length < Header || Int(bytes) != PhysicsLayout.Version) return "The header is not one of version 1";
        var read = new PhysicsInput(bytes);
        if (Int(bytes[36..]) > StaticsMax || Int(bytes[40..]) is 0 or > BodiesMax || Int(bytes[44..]) > ImpulsesMax || Int(bytes[48..]) > BlastsMax || Int(bytes[52..]) > PairsMax)
            return "A count is out of bounds";
        if (bytes.Length != PhysicsTask.SizeOf(read.BoxCount, read.BodyCount, read.ImpulseCount, read.BlastCount)) return "The length is not what the counts say";
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[56..]) != 0) return "Reserved bytes are not 0";
        if (!IsValid(read.Settings)) return "A setting is out of bounds";
        for (int i = 0; i < read.BoxCount; i++)
        {
            PhysicsBox box = read.Box(i);
            if (box.MinX >= box.MaxX || box.MinY >= box.MaxY || box.MinZ >= box.MaxZ) return "A box is empty";
        }

        for (int i = 0; i < read.BodyCount; i++)
        {
            if (Int(read.BodyBytes(i)) > 7 || !IsValid(read.Body(i))) return "A body is out of bounds";
        }

        for (int i = 0; i < read.ImpulseCount; i++)
        {
            PhysicsImpulse impulse = read.Impulse(i);
            if ((uint)impulse.Body >= (uint)read.BodyCount || !Within(impulse.Impulse, ImpulseMax) || !Within(impulse.Point, CoordinateMax)) return "An impulse is out of bounds";
        }

        for (int i = 0; i < read.BlastCount; i++)
        {
            PhysicsBlast blast = read.Blast(i);
            if (!Within(blast.Centre, CoordinateMax) || !Within(blast.Radius, 0.01f, 256) || !Within(blast.Strength, 0, ImpulseMax)) return "A blast is out of bounds";
        }

        input = read;
        return null;
    }

    /// <summary>A box of voxels.</summary>
    public PhysicsBox Box(int index)
    {
        ReadOnlySpan<byte> box = bytes.Slice(Header + (index * Static), Static);
        return new PhysicsBox(
            BinaryPrimitives.ReadInt16LittleEndian(box),
            BinaryPrimitives.ReadInt16LittleEndian(box[2..]),
            BinaryPrimitives.ReadInt16LittleEndian(box[4..]),
            BinaryPrimitives.ReadInt16LittleEndian(box[6..]),
            BinaryPrimitives.ReadInt16LittleEndian(box[8..]),
            BinaryPrimitives.ReadInt16LittleEndian(box[10..]));
    }

    /// <summary>A body.</summary>
    public PhysicsBody Body(int index)
    {
        ReadOnlySpan<byte> body = BodyBytes(index);
        uint flags = Int(body);
        return new PhysicsBody
        {
            IsAsleep = (flags & 1) != 0,
            IsBall = (flags & 2) != 0,
            IsImmovable = (flags & 4) != 0,
            HalfExtents = Vector(body[4..]),
            Position = Vector(body[16..]),
            Rotation = Rotation(body[28..]),
            LinearVelocity = Vector(body[44..]),
            AngularVelocity = Vector(body[56..]),
            Density = Float(body[68..]),
            Friction = Float(body[72..]),
            Restitution = Float(body[76..]),
        };
    }

    /// <summary>An impulse.</summary>
    public PhysicsImpulse Impulse(int index)
    {
        ReadOnlySpan<byte> impulse = bytes.Slice(PhysicsTask.SizeOf(BoxCount, BodyCount, index, 0), PhysicsLayout.Impulse);
        return new PhysicsImpulse((int)Int(impulse), Vector(impulse[4..]), Vector(impulse[16..]));
    }

    /// <summary>A blast.</summary>
    public PhysicsBlast Blast(int index)
    {
        ReadOnlySpan<byte> blast = bytes.Slice(PhysicsTask.SizeOf(BoxCount, BodyCount, ImpulseCount, index), PhysicsLayout.Blast);
        return new PhysicsBlast(Vector(blast), Float(blast[12..]), Float(blast[16..]));
    }

    private ReadOnlySpan<byte> BodyBytes(int index) => bytes.Slice(PhysicsTask.SizeOf(BoxCount, index, 0, 0), PhysicsLayout.Body);

    private static bool IsValid(in PhysicsSettings settings) =>
        settings.Steps is >= 1 and <= StepsMax && Within(settings.StepSeconds, 0.001f, 0.0667f) && Within(settings.Gravity, SpeedMax) && Within(settings.VoxelMetres, 0.05f, 4)
        && Within(settings.StaticFriction, 0, 10) && Within(settings.StaticRestitution, 0, 1);

    private static bool IsValid(in PhysicsBody body)
    {
        Vector3 half = body.HalfExtents;
        Quaternion turned = body.Rotation;
        return !(body.IsAsleep && body.IsImmovable)
            && Within(half.X, 0.01f, 64) && Within(half.Y, 0.01f, 64) && Within(half.Z, 0.01f, 64) && (!body.IsBall || (half.X == half.Y && half.X == half.Z))
            && Within(body.Position, CoordinateMax) && Within(new Vector3(turned.X, turned.Y, turned.Z), 1.01f) && Within(turned.W, -1.01f, 1.01f) && Within(turned.LengthSquared(), 0.98f, 1.02f)
            && Within(body.LinearVelocity, SpeedMax) && Within(body.AngularVelocity, SpeedMax)
            && Within(body.Density, 0.001f, 100_000) && Within(body.Friction, 0, 10) && Within(body.Restitution, 0, 1);
    }
}
