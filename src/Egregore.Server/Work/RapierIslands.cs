using System.Numerics;
using Egregore.Kernels;
using Egregore.Kernels.Physics;
using Egregore.Physics;
using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>
/// Islands as tasks of the physics kernel. What leaves is relative to a corner of the island and has no names: bodies are their place in a list, blocks are boxes.
/// </summary>
internal sealed class RapierIslands : IIslandKernel
{
    private const float BlockUnits = BodyState.BlockUnits;

    // Pairs that touch are of no use here: who may meet is parted by reach.
    private const int PairsMax = 0;

    private const float Friction = 0.8f;

    public KernelHash Hash { get; } = KernelModules.HashOf(PhysicsTask.KernelName);

    public byte[] Write(IslandTask task)
    {
        var boxes = new PhysicsBox[task.Solids.Count];
        for (var i = 0; i < boxes.Length; i++)
        {
            var solid = task.Solids[i];
            boxes[i] = new PhysicsBox(
                (short)(solid.MinX - task.Bounds.MinX), (short)(solid.MinY - task.Bounds.MinY), (short)(solid.MinZ - task.Bounds.MinZ),
                (short)(solid.MaxX - task.Bounds.MinX + 1), (short)(solid.MaxY - task.Bounds.MinY + 1), (short)(solid.MaxZ - task.Bounds.MinZ + 1));
        }

        var bodies = new PhysicsBody[task.Bodies.Count];
        for (var i = 0; i < bodies.Length; i++)
        {
            var body = task.Bodies[i];
            bodies[i] = new PhysicsBody
            {
                IsImmovable = i >= task.Moving,
                IsBall = body.Shape == BodyShape.Ball,
                HalfExtents = body.Half,
                Position = new Vector3(Relative(body.X, task.Bounds.MinX), Relative(body.Y, task.Bounds.MinY), Relative(body.Z, task.Bounds.MinZ)),
                Rotation = body.Rotation,
                LinearVelocity = body.Velocity,
                AngularVelocity = body.Spin,
                Density = body.Density,
                Friction = Friction,
            };
        }

        var settings = new PhysicsSettings { Steps = task.Steps, StepSeconds = task.StepSeconds, Gravity = new Vector3(0, -task.Gravity, 0), StaticFriction = Friction, PairsMax = PairsMax };
        var input = new byte[PhysicsTask.SizeOf(boxes.Length, bodies.Length, 0, 0)];
        PhysicsTask.Write(input, settings, boxes, bodies);
        return input;
    }

    public BodyState[]? Read(IslandTask task, ReadOnlySpan<byte> output)
    {
        if (PhysicsOutput.Read(output, out var answer) is not null || answer.BodyCount != task.Bodies.Count)
            return null;
        var states = new BodyState[answer.BodyCount];
        for (var i = 0; i < states.Length; i++)
        {
            var body = answer.Body(i);
            states[i] = task.Bodies[i] with
            {
                X = Absolute(body.Position.X, task.Bounds.MinX),
                Y = Absolute(body.Position.Y, task.Bounds.MinY),
                Z = Absolute(body.Position.Z, task.Bounds.MinZ),
                Rotation = body.Rotation,
                Velocity = body.LinearVelocity,
                Spin = body.AngularVelocity,
            };
        }

        return states;
    }

    // The difference first, in whole numbers: what leaves says nothing of where in the world this is.
    private static float Relative(int units, int block) => (units - (block * BodyState.BlockUnits)) / BlockUnits;

    private static int Absolute(float blocks, int block) => (int)MathF.Round(blocks * BlockUnits) + (block * BodyState.BlockUnits);
}
