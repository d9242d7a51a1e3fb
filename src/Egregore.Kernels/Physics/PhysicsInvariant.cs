using System.Numerics;
using Egregore.Work;

namespace Egregore.Kernels.Physics;

/// <summary>
/// What holds for every answer of the physics kernel: its form, unit rotations, sleepers and immovable bodies that lie still, and mechanics' laws as inequalities. Energy: what moves at the end had it
/// at the start, or got it from events and from falling. From that follows how fast any body can have been, from that how far it can have come and how deep into a voxel.
/// </summary>
/// <remarks>
/// Mechanics' laws raise doubt and prove nothing: the engine pushes bodies that overlap apart; how far is bounded by <see cref="CorrectionMaxMetres"/> for one body and <see cref="CorrectionMeanMetres"/> for all, so whoever makes
/// tasks must not let bodies overlap by more. Time: bodies times boxes in simple comparisons, 8.4 million at most; memory: 24 KB on the stack at most, nothing allocated but a reason.
/// </remarks>
public sealed class PhysicsInvariant : IInvariant
{
    /// <summary>What rounding and the solver's own error may add, as a part.</summary>
    private const double Slack = 0.05;

    /// <summary>How far bodies that lie on a voxel may be within it, in metres.</summary>
    private const double RestingDepthMax = 0.1;

    private const float NormError = 0.002f;

    /// <summary>How far a body may be pushed out of an overlap in a task, in metres.</summary>
    public double CorrectionMaxMetres { get; init; } = 0.25;

    /// <summary>The same in the mean of all mass.</summary>
    public double CorrectionMeanMetres { get; init; } = 0.05;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty) return InvariantVerdict.Broken("This kernel has no shared block");
        if (PhysicsInput.Read(input, out PhysicsInput task) is { } refused) return InvariantVerdict.Broken($"No answer is right, as the task is refused: {refused}");
        if (PhysicsOutput.Read(output, out PhysicsOutput answer) is { } malformed) return InvariantVerdict.Broken(malformed);
        if (answer.BodyCount != task.BodyCount) return InvariantVerdict.Broken("There are not as many bodies as in the task");
        return CheckForm(task, answer) ?? CheckMotion(task, answer) ?? InvariantVerdict.Held;
    }

    private static InvariantVerdict? CheckForm(in PhysicsInput task, in PhysicsOutput answer)
    {
        bool rest = true;
        for (int i = 0; i < answer.BodyCount; i++)
        {
            PhysicsBodyResult body = answer.Body(i);
            if (!IsFinite(body.Position) || !IsFinite(body.LinearVelocity) || !IsFinite(body.AngularVelocity) || !float.IsFinite(body.Rotation.LengthSquared()))
                return Broken(i, "has a number that is not finite");
            if (MathF.Abs(body.Rotation.Length() - 1) > NormError) return Broken(i, "has a rotation that is not of length 1");
            if ((uint)body.State > 7) return Broken(i, "is in a state that is not known");
            bool sleeps = (body.State & PhysicsBodyState.Asleep) != 0;
            if ((body.State & (PhysicsBodyState.Asleep | PhysicsBodyState.Slow)) == 0) rest = false;
            if ((body.State & PhysicsBodyState.Slow) != 0 && (body.LinearVelocity.LengthSquared() > 0.0401f || body.AngularVelocity.LengthSquared() > 0.0901f))
                return Broken(i, "is called slow and is not");
            PhysicsBody before = task.Body(i);
            if (before.IsImmovable && !sleeps) return Broken(i, "is immovable and woke");
            if (!sleeps) continue;
            // Falling asleep takes longer than a task.
            if (!before.IsAsleep && !before.IsImmovable) return Broken(i, "fell asleep");
            if (body.Position != before.Position || body.Rotation != before.Rotation || body.LinearVelocity != Vector3.Zero || body.AngularVelocity != Vector3.Zero)
                return Broken(i, "moved in its sleep");
        }

        if (rest != answer.AllAtRest) return InvariantVerdict.Broken("Whether all rest is not what the bodies say");
        if (answer.PairCount != Math.Min(answer.PairsFound, task.Settings.PairsMax)) return InvariantVerdict.Broken("Pairs are left out");
        (int First, int Second) last = (-1, -1);
        for (int i = 0; i < answer.PairCount; i++)
        {
            (int first, int second) = answer.Pair(i);
            if (first >= second || second >= answer.BodyCount) return InvariantVerdict.Broken("A pair is not of two bodies in order");
            if (first < last.First || (first == last.First && second <= last.Second)) return InvariantVerdict.Broken("Pairs are not in order");
            last = (first, second);
        }

        return null;
    }

    private InvariantVerdict? CheckMotion(in PhysicsInput task, in PhysicsOutput answer)
    {
        PhysicsSettings settings = task.Settings;
        double seconds = settings.Steps * (double)settings.StepSeconds;
        double gravity = settings.Gravity.Length();
        Span<Vector3> linear = stackalloc Vector3[task.BodyCount];
        Span<Vector3> angular = stackalloc Vector3[task.BodyCount];
        linear.Clear();
        angular.Clear();
        Push(task, linear, angular);
        double mass = 0;
        double kinetic = 0;
        double kineticAfter = 0;
        double gained = 0;
        for (int i = 0; i < task.BodyCount; i++)
        {
            PhysicsBody before = task.Body(i);
            // It has not moved, so the form says: it neither has energy nor gives any.
            if (before.IsImmovable) continue;
            PhysicsBodyResult after = answer.Body(i);
            double bodyMass = before.Mass;
            Vector3 inertia = before.UnitInertia;
            mass += bodyMass;
            // The engine leaves out what makes a turning body tumble, so its energy of rotation is known between its least and its greatest inertia only.
            kinetic += bodyMass / 2 * (Square(linear[i]) + (Greatest(inertia) * Square(angular[i])));
            kineticAfter += bodyMass / 2 * (Square(after.LinearVelocity) + (Least(inertia) * Square(after.AngularVelocity)));
            gained += bodyMass * Vector3.Dot(settings.Gravity, after.Position - before.Position);
        }

        // d(kinetic)/dt is at most gravity times momentum, and momentum at most the root of twice mass times kinetic energy.
        double root = Math.Sqrt(kinetic) + (gravity * seconds * Math.Sqrt(mass / 2));
        double most = root * root * (1 + Slack);
        double error = (mass * gravity * CorrectionMeanMetres) + (Slack * kinetic) + (mass * 0.001);
        for (int i = 0; i < task.BodyCount; i++)
        {
            PhysicsBody before = task.Body(i);
            if (before.IsImmovable) continue;
            PhysicsBodyResult after = answer.Body(i);
            double speed = Math.Sqrt((most + error) * 2 / before.Mass);
            if (after.LinearVelocity.Length() > speed) return Doubted(i, "is faster than all the energy there is could make it");
            if (Depth(task, before, after.Position) is var depth && depth > RestingDepthMax
                && depth > Depth(task, before, before.Position) + RestingDepthMax + (speed * settings.StepSeconds)) return Doubted(i, "is deep in a voxel");
            if (Vector3.Distance(after.Position, before.Position) > (speed * seconds) + CorrectionMaxMetres) return Doubted(i, "came farther than its speed allows");
        }

        return kineticAfter > kinetic + gained + error ? InvariantVerdict.Doubted("There is more energy than there was") : null;
    }

    /// <summary>Velocities behind impulses and blasts.</summary>
    private static void Push(in PhysicsInput task, Span<Vector3> linear, Span<Vector3> angular)
    {
        for (int i = 0; i < task.BodyCount; i++)
        {
            PhysicsBody body = task.Body(i);
            // A sleeper has none, whatever the task says.
            if (body.IsAsleep || body.IsImmovable) continue;
            linear[i] = body.LinearVelocity;
            angular[i] = body.AngularVelocity;
        }

        for (int i = 0; i < task.ImpulseCount; i++)
        {
            PhysicsImpulse impulse = task.Impulse(i);
            PhysicsBody body = task.Body(impulse.Body);
            if (body.IsImmovable) continue;
            float mass = (float)body.Mass;
            linear[impulse.Body] += impulse.Impulse / mass;
            Quaternion turned = Quaternion.Normalize(body.Rotation);
            Vector3 twist = Vector3.Transform(Vector3.Cross(impulse.Point - body.Position, impulse.Impulse), Quaternion.Conjugate(turned));
            angular[impulse.Body] += Vector3.Transform(twist / (body.UnitInertia * mass), turned);
        }

        for (int i = 0; i < task.BlastCount; i++)
        {
            PhysicsBlast blast = task.Blast(i);
            for (int j = 0; j < task.BodyCount; j++)
            {
                PhysicsBody body = task.Body(j);
                if (body.IsImmovable) continue;
                Vector3 away = body.Position - blast.Centre;
                float distance = away.Length();
                if (distance >= blast.Radius) continue;
                float impulse = blast.Strength * (1 - (distance / blast.Radius));
                linear[j] += (distance < 0.0001f ? Vector3.UnitY : away / distance) * impulse / (float)body.Mass;
            }
        }
    }

    /// <summary>How deep the greatest ball within a body is in a box of voxels.</summary>
    private static double Depth(in PhysicsInput task, in PhysicsBody body, Vector3 at)
    {
        float unit = task.Settings.VoxelMetres;
        float radius = Least(body.HalfExtents);
        double deepest = 0;
        for (int i = 0; i < task.BoxCount; i++)
        {
            PhysicsBox box = task.Box(i);
            Vector3 low = at - (new Vector3(box.MinX, box.MinY, box.MinZ) * unit);
            Vector3 high = (new Vector3(box.MaxX, box.MaxY, box.MaxZ) * unit) - at;
            float inside = Math.Min(Least(low), Least(high));
            if (inside <= -radius) continue;
            // Outside, the way to the nearest face, edge or corner.
            if (inside < 0) inside = -Vector3.Max(Vector3.Zero, -Vector3.Min(low, high)).Length();
            deepest = Math.Max(deepest, inside + radius);
        }

        return deepest;
    }

    private static InvariantVerdict Doubted(int body, string what) => InvariantVerdict.Doubted($"Body {body} {what}");

    private static InvariantVerdict Broken(int body, string what) => InvariantVerdict.Broken($"Body {body} {what}");

    private static bool IsFinite(Vector3 value) => float.IsFinite(value.X) && float.IsFinite(value.Y) && float.IsFinite(value.Z);

    private static double Square(Vector3 value) => (double)value.X * value.X + ((double)value.Y * value.Y) + ((double)value.Z * value.Z);

    private static float Least(Vector3 value) => Math.Min(value.X, Math.Min(value.Y, value.Z));

    private static float Greatest(Vector3 value) => Math.Max(value.X, Math.Max(value.Y, value.Z));
}
