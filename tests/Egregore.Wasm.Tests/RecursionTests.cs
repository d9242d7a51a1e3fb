using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

/// <summary>Runaway recursion ends in a trap on stacks of any size, with frames of any size; a .NET stack overflow would end the process.</summary>
public sealed class RecursionTests
{
    [Theory]
    [InlineData(256 * 1_024)]
    [InlineData(1_024 * 1_024)]
    [InlineData(16 * 1_024 * 1_024)]
    public void Small_frames(int stackBytes)
    {
        var writer = new WasmWriter();
        writer.Func([I32], [I32], "run", Join(Get(0), Const(1), [0x6A], Call(0), Const(1), [0x6A]));
        ExpectExhausted(writer, stackBytes);
    }

    [Theory]
    [InlineData(200, F64, 256 * 1_024)]
    [InlineData(300, V128, 512 * 1_024)]
    [InlineData(5_000, V128, 1_024 * 1_024)]
    [InlineData(40_000, I64, 1_024 * 1_024)]
    [InlineData(40_000, V128, 2 * 1_024 * 1_024)]
    public void Large_frames(uint locals, byte type, int stackBytes)
    {
        // Every local is set before the call and read after it, so that each needs its place on the stack.
        var body = new List<byte>();
        uint used = Math.Min(locals, 2_000);
        for (uint i = 1; i <= used; i++) body.AddRange([.. Zero(type, i), 0x21, .. U(i)]);
        body.AddRange(Join(Get(0), Call(0), [0x1A]));
        for (uint i = 1; i <= used; i++) body.AddRange([0x20, .. U(i), 0x1A]);
        body.AddRange(Get(0));
        var writer = new WasmWriter();
        writer.Func([I32], [I32], "run", [.. body], (locals, type));
        ExpectExhausted(writer, stackBytes);
    }

    [Fact]
    public void Many_arguments()
    {
        var writer = new WasmWriter();
        byte[] parameters = [.. Enumerable.Repeat(V128, 900)];
        byte[] pass = [.. Enumerable.Range(0, 900).SelectMany(Get)];
        writer.Func(parameters, [I32], null, Join(pass, Call(0)));
        writer.Func([I32], [I32], "run", Join([.. Enumerable.Range(0, 900).SelectMany(_ => Zero(V128, 1))], Call(0)));
        ExpectExhausted(writer, 1_024 * 1_024);
    }

    [Fact]
    public void Through_a_table()
    {
        var writer = new WasmWriter();
        int type = writer.Type([I32], [I32]);
        writer.Table(FuncRef, 1);
        writer.Func(type, "run", Join(Get(0), Const(0), [0x11, .. U((uint)type), 0]));
        writer.Elements(0, 0);
        ExpectExhausted(writer, 512 * 1_024);
    }

    [Fact]
    public void Through_the_host()
    {
        var writer = new WasmWriter();
        int type = writer.Type([I32], [I32]);
        int again = writer.ImportFunc("host", "again", type);
        writer.Func(type, "run", Join(Get(0), Call(again)));
        Func<int, int>? run = null;
        int calls = 0;
        Instance instance = Running.Instantiate(writer, link: linker => linker.DefineFunc("host", "again", (int x) =>
        {
            calls++;
            return run!(x);
        }));
        run = instance.GetFunc("run").As<Func<int, int>>();
        Exception? thrown = Running.OnThread(512 * 1_024, () => run(1));
        Assert.Equal(TrapCode.CallStackExhausted, Assert.IsType<TrapException>(thrown).Code);
        Assert.InRange(calls, 10, StoreLimits.Default.CallDepthMax);
        int before = calls;
        Assert.IsType<TrapException>(Running.OnThread(512 * 1_024, () => run(1)));
        Assert.InRange(calls - before, 10, StoreLimits.Default.CallDepthMax);
    }

    [Fact]
    public void A_chain_of_functions_that_are_compiled_on_the_way_down()
    {
        var writer = new WasmWriter();
        const int Functions = 600;
        for (int i = 0; i < Functions; i++)
            writer.Func([I32], [I32], i == 0 ? "run" : null, Join(Get(0), Call((i + 1) % Functions), Const(i), [0x6A]));
        ExpectExhausted(writer, 1_024 * 1_024);
    }

    [Fact]
    public void The_depth_is_the_store_s_where_the_stack_suffices()
    {
        var writer = new WasmWriter();
        writer.Global(I32, true, Const(0));
        writer.Export("depth", 3, 0);
        writer.Func([], [], "run", Join([0x23, 0], Const(1), [0x6A, 0x24, 0], Call(0)));
        Instance instance = Running.Instantiate(writer, new StoreLimits { CallDepthMax = 320 });
        Assert.Equal(TrapCode.CallStackExhausted, Assert.Throws<TrapException>(() => instance.GetFunc("run").Invoke()).Code);
        Assert.Equal(320, instance.GetGlobal("depth").Value.I32);
    }

    private static byte[] Zero(byte type, uint value) => type switch
    {
        I64 => [0x42, .. S(value)],
        F64 => [0x44, 0, 0, 0, 0, 0, 0, (byte)value, 0x40],
        V128 => [0xFD, 12, .. Enumerable.Repeat((byte)value, 16)],
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private static void ExpectExhausted(WasmWriter writer, int stackBytes)
    {
        foreach (bool lazy in (bool[])[true, false])
        {
            Instance instance = Running.Instantiate(writer, lazy: lazy);
            for (int i = 0; i < 2; i++)
            {
                Exception? thrown = Running.OnThread(stackBytes, () => instance.GetFunc("run").Invoke(Value.FromI32(1)));
                Assert.Equal(TrapCode.CallStackExhausted, Assert.IsType<TrapException>(thrown).Code);
            }
        }
    }
}
