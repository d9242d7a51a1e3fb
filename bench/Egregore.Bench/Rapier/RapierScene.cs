using System.Buffers.Binary;
using Egregore.Wasm;

namespace Egregore.Bench.Rapier;

/// <summary>
/// Boxes and balls that fall onto a ground, built by the calls that bench/peers/rapier-scene.mjs makes through the official package: export by export, in the
/// same order, so that positions, rotations and the whole memory are the same at the end.
/// </summary>
internal sealed class RapierScene
{
    /// <summary>Floats of a body in <see cref="State"/>.</summary>
    private const int FloatsPerBody = 7;

    private static readonly string[] WorldParts =
        ["integrationparameters", "islandmanager", "broadphase", "narrowphase", "rigidbodyset", "colliderset", "impulsejointset", "multibodyjointset", "softbodyset", "ccdsolver", "physicspipeline", "serializationpipeline", "debugrenderpipeline"];

    private readonly RapierHost host;
    private readonly Func<float, float, float, int> vector;
    private readonly Func<float, float, float, float, int> rotation;
    private readonly Action<int, int> freeVector;
    private readonly Action<int, int> freeRotation;
    private readonly Action<int, double, int> readTranslation;
    private readonly Action<int, double, int> readRotation;
    private readonly Action<int, int, int, int, int, int, int, int, int, int, int, int> step;
    private readonly Action<int, int> forEachSoftBody;
    private readonly Action<int, int> forEachBody;
    private readonly Action<int, int> forEachCollider;
    private readonly Func<int, double, int> containsBody;
    private readonly Func<int, double, int> containsCollider;
    private readonly Dictionary<string, int> world = [];
    private readonly List<double> bodies = [];
    private readonly List<double> colliders = [];

    /// <summary>A new world of <paramref name="count"/> bodies.</summary>
    public RapierScene(RapierHost host, int count)
    {
        this.host = host;
        vector = Export("rawvector_new").As<Func<float, float, float, int>>();
        rotation = Export("rawrotation_new").As<Func<float, float, float, float, int>>();
        freeVector = Export("__wbg_rawvector_free").As<Action<int, int>>();
        freeRotation = Export("__wbg_rawrotation_free").As<Action<int, int>>();
        readTranslation = Export("rawrigidbodyset_rbTranslation").As<Action<int, double, int>>();
        readRotation = Export("rawrigidbodyset_rbRotation").As<Action<int, double, int>>();
        step = Export("rawphysicspipeline_step").As<Action<int, int, int, int, int, int, int, int, int, int, int, int>>();
        forEachSoftBody = Export("rawsoftbodyset_forEachSoftBodyHandle").As<Action<int, int>>();
        forEachBody = Export("rawrigidbodyset_forEachRigidBodyHandle").As<Action<int, int>>();
        forEachCollider = Export("rawcolliderset_forEachColliderHandle").As<Action<int, int>>();
        containsBody = Export("rawrigidbodyset_contains").As<Func<int, double, int>>();
        containsCollider = Export("rawcolliderset_contains").As<Func<int, double, int>>();
        foreach (string part in WorldParts) world[part] = Export($"raw{part}_new").Invoke()[0].I32;
        AddCollider(Box(60, 0.5f, 60), 0, -0.5f, 0, parent: null);
        for (int i = 0; i < count; i++) AddBody(i);
    }

    /// <summary>The engine's part of a step of a 60th of a second alone.</summary>
    public void StepOnly()
    {
        int gravity = vector(0, -9.81f, 0);
        step(world["physicspipeline"], gravity, world["integrationparameters"], world["islandmanager"], world["broadphase"], world["narrowphase"], world["rigidbodyset"],
            world["colliderset"], world["softbodyset"], world["impulsejointset"], world["multibodyjointset"], world["ccdsolver"]);
        freeVector(gravity, 0);
    }

    /// <summary>One step as the official package takes it: afterwards it asks for all bodies and colliders, to find those that it does not know or that are gone.</summary>
    /// <exception cref="RapierException">There are others than those of this scene.</exception>
    public void Step()
    {
        StepOnly();
        ForEach(forEachSoftBody, world["softbodyset"], []);
        ForEach(forEachBody, world["rigidbodyset"], bodies);
        ForEach(forEachCollider, world["colliderset"], colliders);
        Contains(containsBody, world["rigidbodyset"], bodies);
        Contains(containsCollider, world["colliderset"], colliders);
    }

    /// <summary>Seven floats for each body, little-endian: translation x y z, rotation x y z w.</summary>
    public byte[] State()
    {
        float[] translation = new float[3];
        float[] turned = new float[4];
        byte[] state = new byte[bodies.Count * FloatsPerBody * sizeof(float)];
        Span<byte> to = state;
        foreach (double body in bodies)
        {
            readTranslation(world["rigidbodyset"], body, host.Heap.Lend(translation));
            host.Heap.Return();
            readRotation(world["rigidbodyset"], body, host.Heap.Lend(turned));
            host.Heap.Return();
            foreach (float value in (ReadOnlySpan<float>)[.. translation, .. turned])
            {
                BinaryPrimitives.WriteSingleLittleEndian(to, value);
                to = to[sizeof(float)..];
            }
        }
        return state;
    }

    /// <summary>Gives the world's memory back.</summary>
    public void Free()
    {
        foreach (string part in WorldParts) Export($"__wbg_raw{part}_free").Invoke(Value.FromI32(world[part]), Value.FromI32(0));
    }

    private Func Export(string name) => host.Instance.GetFunc(name);

    private int Box(float x, float y, float z) => Export("rawshape_cuboid").Invoke(Value.FromF32(x), Value.FromF32(y), Value.FromF32(z))[0].I32;

    private int Ball(float radius) => Export("rawshape_ball").Invoke(Value.FromF32(radius))[0].I32;

    private void AddBody(int i)
    {
        int column = i % 10;
        int row = i / 10 % 10;
        int layer = i / 100;
        int translation = vector(column * 1.25f + layer * 0.125f - 6, layer * 1.5f + 1, row * 1.25f + layer % 3 * 0.25f - 6);
        int turned = rotation(0, 0, 0, 1);
        int velocity = vector(0, 0, 0);
        int massCentre = vector(0, 0, 0);
        int spin = vector(0, 0, 0);
        int inertia = vector(0, 0, 0);
        int inertiaFrame = rotation(0, 0, 0, 1);
        static Value I(int value) => Value.FromI32(value);
        static Value F(float value) => Value.FromF32(value);
        // Enabled, where, gravity's scale, mass; velocities; which axes are free; damping; dynamic, never asleep; no continuous collision detection.
        double body = Export("rawrigidbodyset_createRigidBody").Invoke(
            I(world["rigidbodyset"]), I(1), I(translation), I(turned), F(1), F(0), I(0), I(massCentre), I(velocity), I(spin), I(inertia), I(inertiaFrame),
            I(1), I(1), I(1), I(1), I(1), I(1), F(0), F(0), I(0), I(0), I(0), F(0), I(0), I(0), I(0), I(0))[0].F64;
        freeVector(translation, 0);
        freeRotation(turned, 0);
        freeVector(velocity, 0);
        freeVector(massCentre, 0);
        freeVector(spin, 0);
        freeVector(inertia, 0);
        freeRotation(inertiaFrame, 0);
        bodies.Add(body);
        AddCollider(i % 2 != 0 ? Ball(0.5f) : Box(0.5f, 0.375f, 0.625f), 0, 0, 0, body);
    }

    private void AddCollider(int shape, float x, float y, float z, double? parent)
    {
        int translation = vector(x, y, z);
        int turned = rotation(0, 0, 0, 1);
        int massCentre = vector(0, 0, 0);
        int inertia = vector(0, 0, 0);
        int inertiaFrame = rotation(0, 0, 0, 1);
        static Value I(int value) => Value.FromI32(value);
        static Value F(float value) => Value.FromF32(value);
        int result = MoveStack(-16);
        // Enabled, shape, where; mass from density 1; friction and restitution; collides with all; no events; parent.
        Export("rawcolliderset_createCollider").Invoke(
            I(result), I(world["colliderset"]), I(1), I(shape), I(translation), I(turned), I(0), F(0), I(massCentre), I(inertia), I(inertiaFrame), F(1), F(0.5f), F(0),
            I(0), I(0), I(0), I(-1), I(-1), I(15), I(0), I(0), F(0), F(0), I(parent is null ? 0 : 1), Value.FromF64(parent ?? 0), I(world["rigidbodyset"]));
        ReadOnlySpan<byte> made = host.Memory.Span.Slice(result, 16);
        if (BinaryPrimitives.ReadInt32LittleEndian(made) == 0) throw new RapierException("The collider was refused.");
        colliders.Add(BinaryPrimitives.ReadDoubleLittleEndian(made[8..]));
        MoveStack(16);
        Export("__wbg_rawshape_free").Invoke(I(shape), I(0));
        freeVector(translation, 0);
        freeRotation(turned, 0);
        freeVector(massCentre, 0);
        freeVector(inertia, 0);
        freeRotation(inertiaFrame, 0);
    }

    private int MoveStack(int by) => Export("__wbindgen_add_to_stack_pointer").Invoke(Value.FromI32(by))[0].I32;

    private void ForEach(Action<int, int> export, int set, List<double> expected)
    {
        int count = 0;
        RapierCallback callback = arguments =>
        {
            if (count >= expected.Count || arguments[0] is not double handle || !handle.Equals(expected[count])) throw new RapierException("A set names another handle than the scene's.");
            count++;
            return ObjectHeap.Undefined;
        };
        export(set, host.Heap.Lend(callback));
        host.Heap.Return();
        if (count != expected.Count) throw new RapierException($"A set names {count} of {expected.Count} handles.");
    }

    private static void Contains(Func<int, double, int> export, int set, List<double> handles)
    {
        foreach (double handle in handles)
        {
            if (export(set, handle) == 0) throw new RapierException("A body or collider of the scene is gone.");
        }
    }
}
