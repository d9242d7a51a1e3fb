using System.Runtime.Intrinsics;
using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

public sealed class HostFunctionTests
{
    private delegate ulong Mixed(uint a, long b, float c, double d, Vector128<byte> e, Func? f, object? g);

    [Fact]
    public void Values_of_every_type_go_both_ways()
    {
        byte[] all = [I32, I64, F32, F64, V128, FuncRef, ExternRef];
        var writer = new WasmWriter();
        int type = writer.Type(all, [I64]);
        int host = writer.ImportFunc("host", "mixed", type);
        writer.Func(type, "run", Join([.. Enumerable.Range(0, 7).SelectMany(Get)], Call(host)));
        for (int i = 0; i < all.Length; i++) writer.Func([all[i]], [all[i]], $"same{i}", Get(0));
        var seen = new object();
        Mixed mixed = (a, b, c, d, e, f, g) => a + (ulong)b + (ulong)c + (ulong)d + e[15] + (f is null ? 0UL : 1) + (g == seen ? 1UL : 0);
        Instance instance = Running.Instantiate(writer, link: linker => linker.DefineFunc("host", "mixed", mixed));
        Vector128<byte> vector = Vector128.Create((byte)5);
        Func self = instance.GetFunc("run");
        Value[] arguments =
        [
            Value.FromI32(-1), Value.FromI64(1), Value.FromF32(2), Value.FromF64(3), Value.FromV128(vector), Value.FromFunc(self), Value.FromExtern(seen),
        ];
        Assert.Equal(0xFFFFFFFFL + 1 + 2 + 3 + 5 + 1 + 1, self.Invoke(arguments)[0].I64);
        Assert.Equal(0xFFFFFFFFUL + 13, self.As<Mixed>()(uint.MaxValue, 1, 2, 3, vector, self, seen));
        Assert.Equal(-1, instance.GetFunc("same0").Invoke(arguments[0])[0].I32);
        Assert.Equal(0x7FA00001u, instance.GetFunc("same2").Invoke(Value.FromF32Bits(0x7FA00001))[0].F32Bits);
        Assert.Equal(0x7FF4000000000001UL, instance.GetFunc("same3").Invoke(Value.FromF64Bits(0x7FF4000000000001))[0].F64Bits);
        Assert.Equal(vector, instance.GetFunc("same4").Invoke(arguments[4])[0].V128);
        Assert.Same(self, instance.GetFunc("same5").Invoke(arguments[5])[0].Func);
        Assert.Same(seen, instance.GetFunc("same6").Invoke(arguments[6])[0].Extern);
        Assert.Same(self, instance.GetFunc("run"));
    }

    [Fact]
    public void Several_results_go_both_ways()
    {
        byte[] results = [I32, F64, ExternRef, V128];
        var writer = new WasmWriter();
        int type = writer.Type([I32], results);
        int host = writer.ImportFunc("host", "many", type);
        writer.Func(type, "run", Join(Get(0), Call(host)));
        Instance instance = Running.Instantiate(writer, link: linker => linker.Define("host", "many", Func.FromCallback(
            linker.Store,
            new FuncType([ValueType.I32], [ValueType.I32, ValueType.F64, ValueType.ExternRef, ValueType.V128]),
            (arguments, values) =>
            {
                values[0] = Value.FromI32(arguments[0].I32 + 1);
                values[1] = Value.FromF64(2.5);
                values[2] = Value.FromExtern("text");
                values[3] = Value.FromV128(Vector128.Create((byte)9));
            })));
        Value[] found = instance.GetFunc("run").Invoke(Value.FromI32(4));
        Assert.Equal(5, found[0].I32);
        Assert.Equal(2.5, found[1].F64);
        Assert.Equal("text", found[2].Extern);
        Assert.Equal(Vector128.Create((byte)9), found[3].V128);
    }

    [Fact]
    public void The_direct_call_allocates_nothing_in_either_direction()
    {
        var writer = new WasmWriter();
        int type = writer.Type([I32, I32], [I32]);
        int host = writer.ImportFunc("host", "add", type);
        writer.Func(type, "add", Join(Get(0), Get(1), Call(host)));
        Instance instance = Running.Instantiate(writer, link: linker => linker.DefineFunc("host", "add", (int a, int b) => a + b));
        Func<int, int, int> add = instance.GetFunc("add").As<Func<int, int, int>>();
        int sum = 0;
        for (int i = 0; i < 100; i++) sum = add(sum, i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++) sum = add(sum, 1);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4_950 + 10_000, sum);
    }

    [Fact]
    public void A_delegate_of_another_type_is_refused()
    {
        var writer = new WasmWriter();
        writer.Func([I32], [I32], "f", Get(0));
        Func function = Running.Instantiate(writer).GetFunc("f");
        Assert.Throws<ArgumentException>(function.As<Func<long, int>>);
        Assert.Throws<ArgumentException>(function.As<Func<string, int>>);
        Assert.Throws<ArgumentException>(() => function.Invoke());
        Assert.Throws<ArgumentException>(() => function.Invoke([Value.FromI32(1)], []));
    }

    [Fact]
    public void The_host_may_call_an_instance_from_a_function_that_it_called()
    {
        var writer = new WasmWriter();
        int type = writer.Type([I32], [I32]);
        int host = writer.ImportFunc("host", "half", type);
        writer.Func(type, "depth", Join(Get(0), [0x45, 0x04, I32], Const(0), [0x05], Get(0), Call(host), Const(1), [0x6A, 0x0B]));
        Func<int, int>? depth = null;
        Instance instance = Running.Instantiate(writer, link: linker => linker.DefineFunc("host", "half", (int x) => depth!(x / 2)));
        depth = instance.GetFunc("depth").As<Func<int, int>>();
        Assert.Equal(11, depth(1_024));
        Assert.Equal(11, depth(1_024));
    }
}
