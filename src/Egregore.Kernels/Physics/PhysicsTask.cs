using System.Buffers.Binary;
using System.Numerics;
using static Egregore.Kernels.Physics.PhysicsLayout;

namespace Egregore.Kernels.Physics;

/// <summary>Writes tasks of the physics kernel: Rapier's rigid bodies for a few steps, in a world made anew. The layout is in kernels/physics/README.md.</summary>
public static class PhysicsTask
{
    /// <summary>The kernel's name, and that of its module in <see cref="KernelModules"/>.</summary>
    public const string KernelName = "physics";

    /// <summary>Bytes of the largest task.</summary>
    public static int BytesMax => SizeOf(StaticsMax, BodiesMax, ImpulsesMax, BlastsMax);

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int boxes, int bodies, int impulses, int blasts) => Header + (boxes * Static) + (bodies * Body) + (impulses * Impulse) + (blasts * Blast);

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="settings">What all share.</param>
    /// <param name="boxes">Voxels around, at most 8192 boxes.</param>
    /// <param name="bodies">1 to 1024.</param>
    /// <param name="impulses">At most 1024.</param>
    /// <param name="blasts">At most 64.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of the bounds that its documentation names, which the kernel would refuse; or the destination is short.</exception>
    public static int Write(
        Span<byte> destination,
        in PhysicsSettings settings,
        ReadOnlySpan<PhysicsBox> boxes,
        ReadOnlySpan<PhysicsBody> bodies,
        ReadOnlySpan<PhysicsImpulse> impulses = default,
        ReadOnlySpan<PhysicsBlast> blasts = default)
    {
        if (boxes.Length > StaticsMax || bodies.Length is 0 or > BodiesMax || impulses.Length > ImpulsesMax || blasts.Length > BlastsMax)
            throw new ArgumentException($"{boxes.Length} boxes, {bodies.Length} bodies, {impulses.Length} impulses and {blasts.Length} blasts are no task", nameof(bodies));
        int size = SizeOf(boxes.Length, bodies.Length, impulses.Length, blasts.Length);
        if (destination.Length < size) throw new ArgumentException($"A task of {size} bytes does not fit into {destination.Length}", nameof(destination));
        var writer = new Writer(destination);
        writer.Int(PhysicsLayout.Version);
        writer.Int((uint)settings.Steps);
        writer.Float(settings.StepSeconds);
        writer.Vector(settings.Gravity);
        writer.Float(settings.VoxelMetres);
        writer.Float(settings.StaticFriction);
        writer.Float(settings.StaticRestitution);
        writer.Int((uint)boxes.Length);
        writer.Int((uint)bodies.Length);
        writer.Int((uint)impulses.Length);
        writer.Int((uint)blasts.Length);
        writer.Int((uint)settings.PairsMax);
        writer.Int(0);
        writer.Int(0);
        foreach (ref readonly PhysicsBox box in boxes) writer.Box(box);
        foreach (ref readonly PhysicsBody body in bodies) writer.Body(body);
        foreach (ref readonly PhysicsImpulse impulse in impulses)
        {
            writer.Int((uint)impulse.Body);
            writer.Vector(impulse.Impulse);
            writer.Vector(impulse.Point);
        }

        foreach (ref readonly PhysicsBlast blast in blasts)
        {
            writer.Vector(blast.Centre);
            writer.Float(blast.Radius);
            writer.Float(blast.Strength);
        }

        if (PhysicsInput.Read(destination[..size], out _) is { } refused) throw new ArgumentException(refused, nameof(bodies));
        return size;
    }

    /// <summary>Writes one value behind the other.</summary>
    private ref struct Writer(Span<byte> destination)
    {
        private Span<byte> rest = destination;

        public void Int(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rest, value);
            rest = rest[4..];
        }

        public void Float(float value)
        {
            BinaryPrimitives.WriteSingleLittleEndian(rest, value);
            rest = rest[4..];
        }

        public void Vector(Vector3 value)
        {
            Float(value.X);
            Float(value.Y);
            Float(value.Z);
        }

        public void Box(PhysicsBox box)
        {
            Short(box.MinX);
            Short(box.MinY);
            Short(box.MinZ);
            Short(box.MaxX);
            Short(box.MaxY);
            Short(box.MaxZ);
        }

        public void Body(in PhysicsBody body)
        {
            Int((body.IsAsleep ? 1u : 0) | (body.IsBall ? 2u : 0) | (body.IsImmovable ? 4u : 0));
            Vector(body.HalfExtents);
            Vector(body.Position);
            Float(body.Rotation.X);
            Float(body.Rotation.Y);
            Float(body.Rotation.Z);
            Float(body.Rotation.W);
            Vector(body.LinearVelocity);
            Vector(body.AngularVelocity);
            Float(body.Density);
            Float(body.Friction);
            Float(body.Restitution);
        }

        private void Short(short value)
        {
            BinaryPrimitives.WriteInt16LittleEndian(rest, value);
            rest = rest[2..];
        }
    }
}
