using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using Egregore.Kernels.Physics;
using Egregore.Wasm;
using Egregore.Wasm.Metering;

namespace Egregore.Kernels.Tests.Physics;

/// <summary>The physics kernel does the same in both engines, and what bodies do.</summary>
public sealed class PhysicsKernelTests
{
    [Fact]
    public async Task A_task_gives_the_same_bytes_and_the_same_fuel_here_and_in_V8()
    {
        PhysicsScene blasted = PhysicsScene.Pile(200);
        blasted.Blasts.Add(new PhysicsBlast(new Vector3(0, 1, 0), 8, 30));
        byte[] broken = PhysicsScene.Pile(3).Task();
        broken[0] = 2;
        byte[][] tasks = [PhysicsScene.Pile(1).Task(), PhysicsScene.Pile(60).Task(), blasted.Task(), broken, .. Enumerable.Range(0, 24).Select(seed => PhysicsScene.Random(seed).Task())];
        PhysicsRun[] theirs = await PhysicsRun.InV8Async(tasks);
        Assert.Equal(tasks.Length, theirs.Length);
        for (int i = 0; i < tasks.Length; i++)
        {
            PhysicsRun ours = PhysicsRun.Of(tasks[i]);
            Assert.Equal(theirs[i].Code, ours.Code);
            Assert.Equal(theirs[i].Fuel, ours.Fuel);
            Assert.True(ours.Output.AsSpan().SequenceEqual(theirs[i].Output), $"Task {i} gave other bytes in V8.");
        }
    }

    [Fact]
    public void A_falling_crate_comes_to_rest_on_the_floor()
    {
        var scene = new PhysicsScene();
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(0, 3, 0) });
        float highest = 0;
        for (int i = 0; i < 45; i++)
        {
            scene.Step();
            highest = Math.Max(highest, scene.Bodies[0].Position.Y);
        }
        Assert.InRange(highest, 2.5f, 3);
        Assert.InRange(scene.Bodies[0].Position.Y, 0.48f, 0.51f);
        PhysicsOutput.Read(scene.Step().Output, out PhysicsOutput answer);
        Assert.True(answer.AllAtRest);
        Assert.Equal(PhysicsBodyState.Slow | PhysicsBodyState.TouchesStatic, answer.Body(0).State);
    }

    [Fact]
    public void A_body_in_the_air_falls_as_gravity_says()
    {
        var scene = new PhysicsScene { Settings = new PhysicsSettings { Steps = 6 } };
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(0, 20, 0), LinearVelocity = new Vector3(3, 0, 0) });
        scene.Step();
        Assert.Equal(-0.981f, scene.Bodies[0].LinearVelocity.Y, 1e-4f);
        Assert.Equal(0.3f, scene.Bodies[0].Position.X, 1e-4f);
        Assert.InRange(scene.Bodies[0].Position.Y, 20 - 0.0580f, 20 - 0.0490f);
    }

    [Fact]
    public void A_pile_of_200_crates_blasts_apart()
    {
        PhysicsScene scene = PhysicsScene.Pile(200);
        PhysicsOutput.Read(scene.Step().Output, out PhysicsOutput before);
        int pairs = before.PairsFound;
        float spread = Spread(scene);
        scene.Blasts.Add(new PhysicsBlast(new Vector3(0, 3, 0), 12, 20));
        for (int i = 0; i < 8; i++) scene.Step();
        PhysicsOutput.Read(scene.Step().Output, out PhysicsOutput after);
        Assert.True(pairs > 400, $"{pairs} pairs touch in the pile.");
        Assert.True(after.PairsFound < pairs / 2, $"{after.PairsFound} of {pairs} pairs touch yet.");
        Assert.True(Spread(scene) > spread + 2, $"{spread} m from the middle before, {Spread(scene)} behind.");
        Assert.All(scene.Bodies, body => Assert.True(body.Position.Y > 0.3f));
        Assert.False(after.AllAtRest);
    }

    [Fact]
    public void An_impulse_moves_the_body_it_hits_and_turns_it()
    {
        var scene = new PhysicsScene { Settings = new PhysicsSettings { Steps = 1, Gravity = Vector3.Zero } };
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(0, 5, 0), Density = 2 });
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(9, 5, 0) });
        scene.Impulses.Add(new PhysicsImpulse(0, new Vector3(6, 0, 0), new Vector3(0, 5.5f, 0)));
        scene.Step();
        Assert.Equal(3, scene.Bodies[0].LinearVelocity.X, 1e-5f);
        // r x J = (0, 0, -3); a cube's inertia is mass / 6.
        Assert.Equal(-9, scene.Bodies[0].AngularVelocity.Z, 1e-4f);
        Assert.Equal(Vector3.Zero, scene.Bodies[1].LinearVelocity);
    }

    [Fact]
    public void A_sleeper_lies_still_until_something_touches_it()
    {
        var scene = new PhysicsScene();
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(0, 0.5f, 0), IsAsleep = true });
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(0, 2.2f, 0) });
        Vector3 before = scene.Bodies[0].Position;
        PhysicsOutput.Read(scene.Step().Output, out PhysicsOutput answer);
        Assert.Equal(PhysicsBodyState.Asleep, answer.Body(0).State & PhysicsBodyState.Asleep);
        Assert.Equal(before, scene.Bodies[0].Position);
        int tasks = 0;
        for (; scene.Bodies[0].IsAsleep && tasks < 30; tasks++) scene.Step();
        Assert.InRange(tasks, 3, 12);
        scene = new PhysicsScene();
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(0, 0.5f, 0), IsAsleep = true });
        scene.Impulses.Add(new PhysicsImpulse(0, new Vector3(0, 4, 0), before));
        scene.Step();
        Assert.False(scene.Bodies[0].IsAsleep);
        Assert.True(scene.Bodies[0].Position.Y > 0.6f);
    }

    [Fact]
    public void What_is_immovable_holds_what_falls_on_it_and_comes_back_as_it_was()
    {
        var scene = new PhysicsScene();
        Quaternion turned = Quaternion.Normalize(new Quaternion(0, 0.3f, 0, 0.951f));
        // In the air, at a place and with a turn that no sum of steps gives back; its motion is passed over.
        scene.Bodies.Add(new PhysicsBody { IsImmovable = true, Position = new Vector3(0.1f, 3.3f, 0.7f), Rotation = turned, LinearVelocity = new Vector3(3, 0, 0), AngularVelocity = Vector3.One });
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(0.1f, 6, 0.7f), Density = 50 });
        for (int i = 0; i < 30; i++)
        {
            if (i == 20)
            {
                scene.Impulses.Add(new PhysicsImpulse(0, new Vector3(100, 100, 0), scene.Bodies[0].Position));
                scene.Blasts.Add(new PhysicsBlast(scene.Bodies[0].Position - Vector3.UnitX, 1.2f, 500));
            }
            byte[] input = scene.Task();
            PhysicsOutput.Read(PhysicsRun.Of(input).Output, out PhysicsOutput answer);
            Assert.Equal(new PhysicsBodyResult(new Vector3(0.1f, 3.3f, 0.7f), turned, Vector3.Zero, Vector3.Zero, PhysicsBodyState.Asleep | PhysicsBodyState.Slow), answer.Body(0));
            Assert.Equal(i > 15 ? 1 : answer.PairCount, answer.PairCount);
            scene.Step();
        }
        Assert.InRange(scene.Bodies[1].Position.Y, 4.25f, 4.35f);
        scene.Bodies[1] = scene.Bodies[1] with { IsImmovable = true };
        PhysicsOutput.Read(scene.Step().Output, out PhysicsOutput rest);
        Assert.True(rest.AllAtRest);
    }

    [Fact]
    public void A_pile_of_which_little_moves_costs_little()
    {
        PhysicsScene all = PhysicsScene.Pile(200), few = PhysicsScene.Pile(200);
        for (int i = 0; i < 190; i++) few.Bodies[i] = few.Bodies[i] with { IsImmovable = true };
        long most = PhysicsRun.Of(all.Task()).Fuel, least = PhysicsRun.Of(few.Task()).Fuel;
        Assert.True(least * 8 < most, $"{least} of {most} fuel");
    }

    [Fact]
    public void Pairs_are_listed_in_order_up_to_the_bound()
    {
        PhysicsScene scene = PhysicsScene.Pile(50);
        PhysicsOutput.Read(PhysicsRun.Of(scene.Task()).Output, out PhysicsOutput all);
        var few = new PhysicsScene { Settings = new PhysicsSettings { PairsMax = 10 } };
        few.Bodies.AddRange(scene.Bodies);
        PhysicsOutput.Read(PhysicsRun.Of(few.Task()).Output, out PhysicsOutput cut);
        Assert.Equal(all.PairCount, all.PairsFound);
        Assert.Equal(10, cut.PairCount);
        Assert.Equal(all.PairsFound, cut.PairsFound);
        // A crate lies on the one 25 below it.
        var pairs = new List<(int First, int Second)>();
        for (int i = 0; i < all.PairCount; i++) pairs.Add(all.Pair(i));
        Assert.Contains((0, 25), pairs);
        Assert.Equal(pairs.Distinct().Order(), pairs);
    }

    [Fact]
    public void Hostile_tasks_are_refused_and_by_the_same_rules_here_and_there()
    {
        byte[] good = PhysicsScene.Random(7).Task();
        var random = new Random(5);
        int refused = 0;
        float[] floats = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, -float.MaxValue, 0, -1, 1e9f, float.Epsilon];
        uint[] counts = [0, 1, 2, 16, 17, 64, 65, 1024, 1025, 8192, 8193, 65_536, int.MaxValue, 0x80000000, uint.MaxValue];
        List<byte[]> tasks = [[], new byte[16], new byte[64], good[..^1], [.. good, 0], good[..64], new byte[1 << 20]];
        // Each word of the header and of the first things behind it.
        for (int at = 0; at < good.Length && at < 400; at += 4)
        {
            tasks.AddRange(floats.Select(value => With(good, at, BitConverter.SingleToUInt32Bits(value))));
            tasks.AddRange(counts.Select(value => With(good, at, value)));
        }
        for (int i = 0; i < 300; i++)
        {
            byte[] task = [.. good];
            for (int j = random.Next(1, 4); j > 0; j--) task[random.Next(task.Length)] = (byte)random.Next(256);
            tasks.Add(task);
        }
        foreach (byte[] task in tasks)
        {
            PhysicsRun run = PhysicsRun.Of(task);
            string? reason = PhysicsInput.Read(task, out _);
            Assert.True(run.Code is 0 or 1 or 2);
            Assert.True((reason is not null) == (run.Code != 0), $"The kernel says {run.Code}, the binding {reason ?? "nothing"}.");
            if (run.Code != 0) refused++;
        }
        Assert.InRange(refused, tasks.Count / 2, tasks.Count - 100);
    }

    [Fact]
    public void A_task_too_large_has_no_room()
    {
        using var engine = new Engine();
        Instance instance = new Linker(new Store(engine)).Instantiate(engine.Compile(KernelModules.Get(PhysicsTask.KernelName).ToArray()));
        _ = new FuelGauge(instance) { Fuel = 1_000_000, CallsLeft = 256 };
        Func<int, int> alloc = instance.GetFunc("alloc").As<Func<int, int>>();
        Assert.Equal(0, alloc((1 << 20) + 1));
        Assert.Equal(0, alloc(-1));
        Assert.NotEqual(0, alloc(1 << 20));
    }

    [Fact]
    public void The_builder_refuses_what_the_kernel_would()
    {
        var scene = new PhysicsScene();
        Assert.Throws<ArgumentException>(scene.Task);
        scene.Bodies.Add(new PhysicsBody { Position = new Vector3(float.NaN, 0, 0) });
        Assert.Throws<ArgumentException>(scene.Task);
        scene.Bodies[0] = new PhysicsBody();
        scene.Impulses.Add(new PhysicsImpulse(1, Vector3.One, Vector3.Zero));
        Assert.Throws<ArgumentException>(scene.Task);
        scene.Impulses.Clear();
        Assert.Equal(0, PhysicsRun.Of(scene.Task()).Code);
        byte[] narrow = new byte[100];
        Assert.Throws<ArgumentException>(() => PhysicsTask.Write(narrow, new PhysicsSettings(), default, [new PhysicsBody()]));
    }

    [PhysicsSourcesFact]
    public async Task The_committed_module_is_what_its_sources_link_to()
    {
        string linked = Path.Combine(Path.GetTempPath(), $"egregore-physics-{Guid.NewGuid():N}.wasm");
        try
        {
            var start = new ProcessStartInfo("node", ["build.mjs", "--compile", linked]) { WorkingDirectory = PhysicsRun.Folder, RedirectStandardError = true };
            using Process node = Process.Start(start)!;
            string errors = await node.StandardError.ReadToEndAsync();
            await node.WaitForExitAsync();
            Assert.True(node.ExitCode == 0, errors);
            byte[] metered = Meter.Instrument(await File.ReadAllBytesAsync(linked), new MeterOptions { CallDepthMax = 256, CanonicalizeNaN = true });
            Assert.True(metered.AsSpan().SequenceEqual(KernelModules.Get(PhysicsTask.KernelName).Span), "physics.wasm is not what driver.ts and Rapier link to.");
        }
        finally
        {
            File.Delete(linked);
        }
    }

    private static byte[] With(byte[] task, int at, uint value)
    {
        byte[] changed = [.. task];
        BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(at), value);
        return changed;
    }

    private static float Spread(PhysicsScene scene) => scene.Bodies.Average(body => (body.Position - new Vector3(0, 3, 0)).Length());
}
