using System.Numerics;
using Egregore.Kernels.Physics;

namespace Egregore.Kernels.Tests.Physics;

/// <summary>A small world that tasks are made of, one after the other, as a host does.</summary>
internal sealed class PhysicsScene
{
    public PhysicsSettings Settings { get; init; } = new();

    public List<PhysicsBox> Boxes { get; } = [new(-40, -2, -40, 40, 0, 40)];

    public List<PhysicsBody> Bodies { get; } = [];

    public List<PhysicsImpulse> Impulses { get; } = [];

    public List<PhysicsBlast> Blasts { get; } = [];

    /// <summary>Crates in a pile, 5 by 5 a layer, every seventh a ball.</summary>
    public static PhysicsScene Pile(int count)
    {
        var scene = new PhysicsScene();
        for (int i = 0; i < count; i++)
            scene.Bodies.Add(new PhysicsBody { IsBall = i % 7 == 3, Position = new Vector3((i % 5 * 1.02f) - 2, 0.5f + (i / 25 * 1.01f), (i / 5 % 5 * 1.02f) - 2) });
        return scene;
    }

    /// <summary>Bodies of many sizes and turns over uneven ground; some asleep, some fast, with events.</summary>
    public static PhysicsScene Random(int seed)
    {
        var random = new Random(seed);
        float Between(float least, float most) => least + (random.NextSingle() * (most - least));
        Vector3 In(float most) => new(Between(-most, most), Between(-most, most), Between(-most, most));
        var scene = new PhysicsScene { Settings = new PhysicsSettings { Steps = random.Next(3, 7), VoxelMetres = random.Next(2) == 0 ? 1 : 0.5f } };
        for (int i = random.Next(12); i > 0; i--)
        {
            int x = random.Next(-8, 8), z = random.Next(-8, 8);
            scene.Boxes.Add(new PhysicsBox((short)x, 0, (short)z, (short)(x + random.Next(1, 4)), (short)random.Next(1, 3), (short)(z + random.Next(1, 4))));
        }
        int count = random.Next(1, 40);
        for (int i = 0; i < count; i++)
        {
            bool ball = random.Next(4) == 0;
            float size = Between(0.15f, 0.6f);
            scene.Bodies.Add(new PhysicsBody
            {
                IsAsleep = random.Next(6) == 0,
                IsBall = ball,
                HalfExtents = ball ? new Vector3(size) : new Vector3(size, Between(0.15f, 0.6f), Between(0.15f, 0.6f)),
                // Apart from each other and above the boxes.
                Position = new Vector3((i % 4 * 2.2f) - 3, 3.2f + (i / 16 * 2.2f), (i / 4 % 4 * 2.2f) - 3),
                Rotation = Quaternion.Normalize(new Quaternion(In(1), Between(0.1f, 1))),
                LinearVelocity = random.Next(3) == 0 ? In(12) : Vector3.Zero,
                AngularVelocity = random.Next(3) == 0 ? In(8) : Vector3.Zero,
                Density = Between(0.5f, 8),
                Friction = Between(0, 1),
                Restitution = random.Next(3) == 0 ? Between(0, 0.8f) : 0,
            });
        }
        if (seed % 2 == 0)
        {
            for (int i = 0; i < count; i += 3) scene.Bodies[i] = scene.Bodies[i] with { IsAsleep = false, IsImmovable = true };
        }
        if (random.Next(2) == 0) scene.Impulses.Add(new PhysicsImpulse(random.Next(count), In(20), scene.Bodies[0].Position));
        if (random.Next(2) == 0) scene.Blasts.Add(new PhysicsBlast(In(3), Between(1, 10), Between(0, 60)));
        return scene;
    }

    public byte[] Task()
    {
        byte[] task = new byte[PhysicsTask.SizeOf(Boxes.Count, Bodies.Count, Impulses.Count, Blasts.Count)];
        int written = PhysicsTask.Write(
            task,
            Settings,
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Boxes),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Bodies),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Impulses),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Blasts));
        Assert.Equal(task.Length, written);
        return task;
    }

    /// <summary>Takes an answer as the new state; events are over.</summary>
    /// <param name="output">The answer.</param>
    /// <param name="sleep">Puts to sleep what was slow.</param>
    public void Take(byte[] output, bool sleep = false)
    {
        Assert.Null(PhysicsOutput.Read(output, out PhysicsOutput answer));
        for (int i = 0; i < Bodies.Count; i++)
        {
            PhysicsBodyResult body = answer.Body(i);
            Bodies[i] = Bodies[i] with
            {
                Position = body.Position,
                Rotation = body.Rotation,
                LinearVelocity = body.LinearVelocity,
                AngularVelocity = body.AngularVelocity,
                IsAsleep = !Bodies[i].IsImmovable && (body.State & (sleep ? PhysicsBodyState.Asleep | PhysicsBodyState.Slow : PhysicsBodyState.Asleep)) != 0,
            };
        }
        Impulses.Clear();
        Blasts.Clear();
    }

    /// <summary>Runs a task and takes its answer.</summary>
    public PhysicsRun Step(bool sleep = false)
    {
        PhysicsRun run = PhysicsRun.Of(Task());
        Assert.Equal(0, run.Code);
        Take(run.Output, sleep);
        return run;
    }
}
