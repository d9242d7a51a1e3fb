using System.Buffers.Binary;
using System.Numerics;
using Egregore.Kernels.Physics;
using Egregore.Work;

namespace Egregore.Kernels.Tests.Physics;

/// <summary>Every right answer holds, and each kind of lie is caught for its own reason.</summary>
public sealed class PhysicsInvariantTests
{
    private const int Header = 32;
    private const int Body = 56;

    private static readonly PhysicsInvariant Invariant = new();

    [Theory]
    [InlineData(0, 20)]
    [InlineData(20, 20)]
    [InlineData(40, 20)]
    public void Right_answers_hold_from_the_first_fall_to_rest(int first, int count)
    {
        for (int seed = first; seed < first + count; seed++)
        {
            PhysicsScene scene = PhysicsScene.Random(seed);
            for (int task = 0; task < 25; task++)
            {
                if (task == 20) scene.Blasts.Add(new PhysicsBlast(new Vector3(0, 0.5f, 0), 6, 25));
                byte[] input = scene.Task();
                PhysicsRun run = scene.Step(sleep: task > 15);
                InvariantVerdict verdict = Invariant.Check(default, input, run.Output);
                Assert.True(verdict.Holds, $"seed {seed}, task {task}: {verdict.Reason}");
            }
        }
    }

    [Fact]
    public void A_pile_that_blasts_apart_holds()
    {
        PhysicsScene scene = PhysicsScene.Pile(200);
        for (int task = 0; task < 12; task++)
        {
            if (task == 2) scene.Blasts.Add(new PhysicsBlast(new Vector3(0, 3, 0), 12, 40));
            byte[] input = scene.Task();
            PhysicsRun run = scene.Step();
            InvariantVerdict verdict = Invariant.Check(default, input, run.Output);
            Assert.True(verdict.Holds, $"task {task}: {verdict.Reason}");
        }
    }

    [Fact]
    public void Lies_are_caught()
    {
        PhysicsScene scene = PhysicsScene.Pile(30);
        scene.Bodies[29] = scene.Bodies[29] with { IsAsleep = true, Position = new Vector3(10, 0.5f, 10) };
        byte[] input = scene.Task();
        byte[] output = PhysicsRun.Of(input).Output;
        Assert.True(Invariant.Check(default, input, output).Holds);
        PhysicsOutput.Read(output, out PhysicsOutput right);
        int pairs = Header + (30 * Body);
        uint pairCount = (uint)right.PairCount;
        uint rest = right.AllAtRest ? 1u : 0;
        float x = right.Body(0).Position.X;
        Assert.True(pairCount > 5);

        void Caught(string reason, Func<byte[], byte[]> lie)
        {
            InvariantVerdict verdict = Invariant.Check(default, input, lie([.. output]));
            Assert.False(verdict.Holds, $"Nobody saw this: {reason}.");
            Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
        }

        Caught("length", lie => lie[..^4]);
        Caught("length", lie => [.. lie, 0, 0, 0, 0]);
        Caught("header", lie => lie[..20]);
        Caught("header", _ => []);
        Caught("count", lie => With(lie, 4, 0));
        Caught("count", lie => With(lie, 8, 100_000));
        Caught("as many bodies", lie => PhysicsRun.Of(PhysicsScene.Pile(29).Task()).Output);
        Caught("flag", lie => With(lie, 16, 2));
        Caught("all rest", lie => With(lie, 16, 1 - rest));
        Caught("Pairs are left out", lie => With(lie[..^4], 8, pairCount - 1));
        Caught("two bodies in order", lie => With(lie, pairs, 0x0001_0005));
        Caught("two bodies in order", lie => With(lie, pairs, 0x00FF_0001));
        Caught("not in order", lie => With(lie, pairs + 4, BinaryPrimitives.ReadUInt32LittleEndian(lie.AsSpan(pairs))));
        Caught("not finite", lie => With(lie, Header, float.NaN));
        Caught("not finite", lie => With(lie, Header + Body + 28, float.PositiveInfinity));
        Caught("length 1", lie => With(lie, Header + 24, 0.9f));
        Caught("state", lie => With(lie, Header + 52, 9));
        Caught("called slow", lie => With(lie, Header + 28, 0.5f));
        Caught("fell asleep", lie => With(lie, Header + 52, (uint)PhysicsBodyState.Asleep));
        Caught("in its sleep", lie => With(lie, Header + (29 * Body), 10.5f));
        Caught("faster than", lie => Awake(With(lie, Header + 28, 80f)));
        Caught("deep in a voxel", lie => With(lie, Header + 4, -0.4f));
        Caught("farther than", lie => With(lie, Header, x - 6));
        // Each within what one body could do, all of them not.
        Caught("more energy", lie => All(Awake(lie), 30, 32, 1.5f));
        Caught("more energy", lie => All(lie, 30, 4, 0.2f));
    }

    [Fact]
    public void An_immovable_body_that_moved_or_woke_is_a_lie()
    {
        PhysicsScene scene = PhysicsScene.Pile(5);
        scene.Bodies[1] = scene.Bodies[1] with { IsImmovable = true, LinearVelocity = new Vector3(900, 0, 0), Density = 90_000 };
        byte[] input = scene.Task();
        byte[] output = PhysicsRun.Of(input).Output;
        Assert.Null(Invariant.Check(default, input, output).Reason);
        Assert.Contains("in its sleep", Invariant.Check(default, input, With([.. output], Header + Body, 0.5f)).Reason, StringComparison.Ordinal);
        Assert.Contains("in its sleep", Invariant.Check(default, input, With([.. output], Header + Body + 28, 0.1f)).Reason, StringComparison.Ordinal);
        Assert.Contains("immovable", Invariant.Check(default, input, With([.. output], Header + Body + 52, (uint)PhysicsBodyState.Slow)).Reason, StringComparison.Ordinal);
        // Its speed and its mass are nothing that the others could have got.
        Assert.Contains("faster than", Invariant.Check(default, input, With(With(With([.. output], Header + 28, 200f), Header + 52, 0u), 16, 0u)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_kernel_would_refuse_has_no_right_answer()
    {
        byte[] input = PhysicsScene.Pile(3).Task();
        byte[] output = PhysicsRun.Of(input).Output;
        Assert.True(Invariant.Check(default, input, output).Holds);
        Assert.False(Invariant.Check([1], input, output).Holds);
        Assert.False(Invariant.Check(default, input.AsSpan(0, input.Length - 1), output).Holds);
        Assert.False(Invariant.Check(default, default, output).Holds);
    }

    [Fact]
    public void Any_bytes_get_a_verdict()
    {
        var random = new Random(3);
        byte[] input = PhysicsScene.Pile(12).Task();
        byte[] output = PhysicsRun.Of(input).Output;
        int held = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] changed = random.Next(4) == 0 ? new byte[random.Next(800)] : [.. output];
            if (changed.Length != output.Length) random.NextBytes(changed);
            for (int j = random.Next(1, 6); j > 0 && changed.Length > 0; j--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            InvariantVerdict verdict = Invariant.Check(default, input, changed);
            Assert.Equal(verdict.Holds, verdict.Reason is null);
            if (verdict.Holds) held++;
        }
        // A changed bit far behind the point changes nothing that a law speaks of.
        Assert.InRange(held, 1, 2000);
    }

    private static byte[] With(byte[] bytes, int at, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    private static byte[] With(byte[] bytes, int at, float value) => With(bytes, at, BitConverter.SingleToUInt32Bits(value));

    /// <summary>Nobody is slow or asleep.</summary>
    private static byte[] Awake(byte[] bytes)
    {
        for (int i = 0; i < 29; i++) bytes[Header + (i * Body) + 52] &= (byte)PhysicsBodyState.TouchesStatic;
        return With(bytes, 16, 0);
    }

    /// <summary>Adds to a number of each body that is awake.</summary>
    private static byte[] All(byte[] bytes, int count, int at, float more)
    {
        for (int i = 0; i < count - 1; i++)
        {
            int place = Header + (i * Body) + at;
            With(bytes, place, BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(place)) + more);
        }
        return bytes;
    }
}
