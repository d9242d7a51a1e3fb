using System.Numerics;
using Egregore.Kernels.Physics;
using Egregore.Physics;

namespace Egregore.Bench.Physics;

/// <summary>Rubble that lies in a heap, as one island: crates and balls over a floor of blocks. A frame of a world is one task of the physics kernel.</summary>
internal sealed class IslandScene
{
    private const int Side = 10;
    private const short Floor = 48;

    private static readonly CascadeOptions Options = new();

    private readonly PhysicsBody[] _bodies;

    /// <summary>Bodies above the floor, in layers that will fall.</summary>
    public IslandScene(int bodies)
    {
        _bodies = new PhysicsBody[bodies];
        // A small heap has as many layers as a large one is wide.
        int side = Math.Min(Side, (int)Math.Ceiling(Math.Cbrt(bodies)));
        for (int i = 0; i < bodies; i++)
        {
            (int column, int row, int layer) = (i % side, i / side % side, i / (side * side));
            bool ball = i % 2 != 0;
            _bodies[i] = new PhysicsBody
            {
                IsBall = ball,
                HalfExtents = ball ? new Vector3(0.5f) : new Vector3(0.5f, 0.375f, 0.625f),
                Position = new Vector3((column * 1.25f) + (layer % 4 * 0.125f) - (side * 0.6f), (layer * 1.125f) + 0.75f, (row * 1.375f) + (layer % 3 * 0.25f) - (side * 0.7f)),
                Friction = 0.8f,
            };
        }
    }

    /// <summary>Steps of the solver in a frame.</summary>
    public static int Steps => Options.StepsPerFrame;

    /// <summary>The next frame, as the kernel takes it.</summary>
    public byte[] Task()
    {
        ReadOnlySpan<PhysicsBox> boxes = [new PhysicsBox(-Floor, -1, -Floor, Floor, 0, Floor)];
        byte[] task = new byte[PhysicsTask.SizeOf(boxes.Length, _bodies.Length, 0, 0)];
        var settings = new PhysicsSettings
        {
            Steps = Options.StepsPerFrame, StepSeconds = Options.FrameMs / 1_000f / Options.StepsPerFrame, Gravity = new Vector3(0, -Options.Gravity, 0), StaticFriction = 0.8f, PairsMax = 0,
        };
        PhysicsTask.Write(task, settings, boxes, _bodies);
        return task;
    }

    /// <summary>Takes an answer over, as the cascade does between frames.</summary>
    /// <exception cref="BenchException">It is no answer to the task.</exception>
    public void Take(ReadOnlySpan<byte> output)
    {
        if (PhysicsOutput.Read(output, out PhysicsOutput answer) is { } wrong) throw new BenchException($"the physics kernel: {wrong}");
        for (int i = 0; i < _bodies.Length; i++)
        {
            PhysicsBodyResult body = answer.Body(i);
            _bodies[i] = _bodies[i] with
            {
                Position = body.Position, Rotation = Quaternion.Normalize(body.Rotation), LinearVelocity = body.LinearVelocity * Options.Damping, AngularVelocity = body.AngularVelocity * Options.SpinDamping,
            };
        }
    }

    /// <summary>Position and rotation of each body of an answer, seven floats each.</summary>
    public static byte[] StateOf(ReadOnlySpan<byte> output)
    {
        const int Header = 32, Body = 56, Pose = 28;
        byte[] state = new byte[(output.Length - Header) / Body * Pose];
        for (int from = Header, to = 0; to < state.Length; from += Body, to += Pose) output.Slice(from, Pose).CopyTo(state.AsSpan(to));
        return state;
    }
}
