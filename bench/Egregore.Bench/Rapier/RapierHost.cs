using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Egregore.Wasm;

namespace Egregore.Bench.Rapier;

/// <summary>A function of the host that Rapier calls back.</summary>
/// <param name="arguments">Numbers as doubles, handles among them; wrapped things as <see cref="RapierPointer"/>.</param>
/// <returns>A number, a bool, null, <see cref="ObjectHeap.Undefined"/> or a <see cref="RapierPointer"/>.</returns>
public delegate object? RapierCallback(ReadOnlySpan<object?> arguments);

/// <summary>Something of Rapier's own that the host holds: its class and its address.</summary>
public sealed record RapierPointer(string Class, int Address);

/// <summary>
/// What the module of @dimforge/rapier3d-deterministic 0.21.0 imports from its JavaScript glue (29 functions of <c>./rapier_wasm3d_bg.js</c>, made by
/// wasm-bindgen), for .NET: an object heap, callbacks, wrappers, typed arrays, a clock that stands still (its value lands in memory, which is to be
/// the same everywhere), errors.
/// </summary>
internal sealed class RapierHost
{
    private const string Glue = "./rapier_wasm3d_bg.js";

    private static readonly object Global = new();
    private static readonly object Performance = new();

    private Instance? instance;
    private Memory? memory;
    private Action<int>? storeException;

    private RapierHost()
    {
    }

    /// <summary>The objects that the module holds.</summary>
    public ObjectHeap Heap { get; } = new();

    /// <summary>The module at work.</summary>
    public Instance Instance => instance ?? throw new InvalidOperationException("The module is not instantiated.");

    /// <summary>Its linear memory.</summary>
    public Memory Memory => memory ?? throw new InvalidOperationException("The module is not instantiated.");

    /// <summary>Makes an instance of Rapier's module with its imports.</summary>
    /// <exception cref="WasmException">The module is another one, or over a limit.</exception>
    public static RapierHost Instantiate(Store store, Module module)
    {
        var host = new RapierHost();
        var linker = new Linker(store);
        host.DefineObjects(linker);
        host.DefineCalls(linker);
        host.DefineArrays(linker);
        host.instance = linker.Instantiate(module);
        host.memory = host.instance.GetMemory("memory");
        host.storeException = host.instance.GetFunc("__wbindgen_export").As<Action<int>>();
        return host;
    }

    private void DefineObjects(Linker linker)
    {
        void Define(string name, Delegate function) => linker.DefineFunc(Glue, name, function);
        int Wrap(string type, int address) => Heap.Add(new RapierPointer(type, address));
        Define("__wbindgen_object_drop_ref", (int index) => Heap.Drop(index));
        Define("__wbindgen_object_clone_ref", (int index) => Heap.Add(Heap[index]));
        Define("__wbindgen_generic_0000000000000001", (double number) => Heap.Add(number));
        Define("__wbg___wbindgen_is_function_1f9d30630b8b1d3d", (int index) => Heap[index] is RapierCallback ? 1 : 0);
        Define("__wbg___wbindgen_is_undefined_8865fb403f8fe9d8", (int index) => Heap[index] == ObjectHeap.Undefined ? 1 : 0);
        Define("__wbg___wbindgen_boolean_get_5b446f51afd21013", (int index) => Heap[index] is bool value ? value ? 1 : 0 : 0xFFFFFF);
        Define("__wbg___wbindgen_number_get_2e0e7dee9f701a71", (int to, int index) =>
        {
            double? number = Heap[index] as double?;
            BinaryPrimitives.WriteDoubleLittleEndian(Bytes(to + 8, 8), number ?? 0);
            BinaryPrimitives.WriteInt32LittleEndian(Bytes(to, 4), number is null ? 0 : 1);
        });
        Define("__wbg_rawraycolliderintersection_new", (int address) => Wrap("RawRayColliderIntersection", address));
        Define("__wbg_rawcontactforceevent_new", (int address) => Wrap("RawContactForceEvent", address));
        Define("__wbg_rawsoftbodytearevent_new", (int address) => Wrap("RawSoftBodyTearEvent", address));
        Define("__wbg_rawshape_unwrap", (int index) => Heap[index] is RapierPointer { Class: "RawShape" } shape ? shape.Address : 0);
        // As in Node: a global object, no window and no worker's self.
        Define("__wbg_static_accessor_GLOBAL_THIS_10fb7dc1ae063179", () => Heap.Add(Global));
        Define("__wbg_static_accessor_GLOBAL_266715b9d96ba635", () => Heap.Add(Global));
        Define("__wbg_static_accessor_SELF_0b583911f537483a", () => 0);
        Define("__wbg_static_accessor_WINDOW_d7f903d1508cbdc4", () => 0);
        Define("__wbg_performance_3fcf6e32a7e1ed0a", (int index) => Heap.Add(Heap[index] == Global ? Performance : ObjectHeap.Undefined));
        Define("__wbg_now_e7c6795a7f81e10f", (int index) => Heap[index] == Performance ? 0.0 : throw new RapierException("There is no clock there."));
    }

    private void DefineCalls(Linker linker)
    {
        linker.DefineFunc(Glue, "__wbg_call_187d372bd5fdd4aa", (int function, int self, int a) => Call(function, [Heap[a]]));
        linker.DefineFunc(Glue, "__wbg_call_1875a20c43a36133", (int function, int self, int a, int b) => Call(function, [Heap[a], Heap[b]]));
        linker.DefineFunc(Glue, "__wbg_call_939a2607c4484b0b", (int function, int self, int a, int b, int c) => Call(function, [Heap[a], Heap[b], Heap[c]]));
        linker.DefineFunc(Glue, "__wbg_bind_e7f12e49a3040c89", (int function, int self, int a, int b) => Heap.Add(Bind(Callback(function), Heap[a], Heap[b])));
        linker.DefineFunc(Glue, "__wbg___wbindgen_throw_41e9ee4f547fc59a", void (int address, int length) => throw new RapierException(Encoding.UTF8.GetString(Bytes(address, length))));
    }

    private void DefineArrays(Linker linker)
    {
        void Define(string name, Delegate function) => linker.DefineFunc(Glue, name, function);
        Define("__wbg_length_58572db4c38f3c3e", (int index) => Length(index));
        Define("__wbg_length_7f3c00c40364105e", (int index) => Length(index));
        Define("__wbg_new_with_length_cc0362bfe8499e5a", (int length) => (uint)length * 4L <= Memory.Length
            ? Heap.Add(new float[length])
            : throw new RapierException($"An array of {(uint)length} floats is larger than the memory."));
        Define("__wbg_new_from_slice_9a868026ffa4208a", (int address, int length) => Heap.Add(Bytes(address, length).ToArray()));
        Define("__wbg_prototypesetcall_bc27214492979395", (int address, int length, int index) =>
        {
            byte[] from = Heap[index] as byte[] ?? throw new RapierException($"Object {index} is not an array of bytes.");
            from.CopyTo(Bytes(address, length));
        });
        Define("__wbg_set_070bd465f1c195a4", (int index, int address, int length) => MemoryMarshal.Cast<byte, float>(Bytes(address, checked(length * 4))).CopyTo(Floats(index)));
        Define("__wbg_set_index_3a9fd81ba7ece0c0", (int index, int at, float value) =>
        {
            float[] to = Floats(index);
            // JavaScript lets a write past a typed array's end fall silently.
            if ((uint)at < (uint)to.Length) to[at] = value;
        });
    }

    private static RapierCallback Bind(RapierCallback function, object? first, object? second) => arguments => function([first, second, .. arguments]);

    private RapierCallback Callback(int index) => Heap[index] as RapierCallback ?? throw new RapierException($"Object {index} is not a function.");

    // An exception of a callback goes back into the module, which decides; a trap is not the callback's.
    private int Call(int function, ReadOnlySpan<object?> arguments)
    {
        try
        {
            return Heap.Add(Callback(function)(arguments));
        }
        catch (Exception thrown) when (thrown is not WasmException)
        {
            storeException!(Heap.Add(thrown));
            return 0;
        }
    }

    private int Length(int index) => Heap[index] switch
    {
        float[] floats => floats.Length,
        byte[] bytes => bytes.Length,
        _ => throw new RapierException($"Object {index} is not an array."),
    };

    private float[] Floats(int index) => Heap[index] as float[] ?? throw new RapierException($"Object {index} is not an array of floats.");

    private Span<byte> Bytes(int address, int length)
    {
        if ((uint)address + (ulong)(uint)length > (ulong)Memory.Length) throw new RapierException($"{(uint)length} bytes at {(uint)address} are not in the memory.");
        return Memory.Span.Slice(address, length);
    }
}
