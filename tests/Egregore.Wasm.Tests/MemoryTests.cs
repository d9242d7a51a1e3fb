using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

public sealed class MemoryTests
{
    /// <summary>Opcode, operand's zero for a store (or nothing), width.</summary>
    public static TheoryData<byte[], byte[], int> Accesses()
    {
        var data = new TheoryData<byte[], byte[], int>();
        int[] widths = [4, 8, 4, 8, 1, 1, 2, 2, 1, 1, 2, 2, 4, 4, 4, 8, 4, 8, 1, 2, 1, 2, 4];
        byte[][] zeros = [[0x41, 0], [0x42, 0], [0x43, 0, 0, 0, 0], [0x44, 0, 0, 0, 0, 0, 0, 0, 0], [0x41, 0], [0x41, 0], [0x42, 0], [0x42, 0], [0x42, 0]];
        for (int i = 0; i < widths.Length; i++) data.Add([(byte)(0x28 + i)], i < 14 ? [] : zeros[i - 14], widths[i]);
        int[] vectors = [16, 8, 8, 8, 8, 8, 8, 1, 2, 4, 8];
        for (int i = 0; i < vectors.Length; i++) data.Add([0xFD, (byte)i], [], vectors[i]);
        byte[] vector = [0xFD, 12, .. new byte[16]];
        data.Add([0xFD, 11], vector, 16);
        data.Add([0xFD, 92], [], 4);
        data.Add([0xFD, 93], [], 8);
        for (int i = 0; i < 4; i++)
        {
            data.Add([0xFD, (byte)(84 + i)], vector, 1 << i);
            data.Add([0xFD, (byte)(88 + i)], vector, 1 << i);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Accesses))]
    public void No_address_and_offset_reach_outside_the_memory(byte[] op, byte[] operand, int width)
    {
        bool lane = op.Length == 2 && op[1] is >= 84 and <= 91;
        bool store = operand.Length > 0 && !(lane && op[1] < 88);
        uint[] offsets = [0, 1, 65_535, 65_536, (uint)(65_536 - width), 0x7FFFFFFF, 0x80000000, 0xFFFF0000, uint.MaxValue];
        var writer = new WasmWriter();
        writer.Memory(1, 1);
        foreach (uint offset in offsets.Distinct())
        {
            byte[] access = [.. op, 0, .. U(offset), .. lane ? [(byte)0] : Array.Empty<byte>()];
            writer.Func([I32], [], $"f{offset}", Join(Get(0), operand, access, store ? [] : [0x1A]));
        }

        Instance instance = Running.Instantiate(writer);
        uint[] addresses = [0, 1, 65_535, 65_536, (uint)(65_536 - width), (uint)(65_537 - width), 0x7FFFFFFF, 0x80000000, 0xFFFF0000, 0xFFFFFFF0, uint.MaxValue];
        foreach (uint offset in offsets)
        {
            foreach (uint address in addresses)
            {
                bool inside = (ulong)address + offset + (ulong)width <= 65_536;
                Exception? thrown = Record.Exception(() => instance.GetFunc($"f{offset}").Invoke(Value.FromI32((int)address)));
                if (inside) Assert.Null(thrown);
                else Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.IsType<TrapException>(thrown).Code);
            }
        }
    }

    [Fact]
    public void Growing_in_a_call_between_accesses_is_seen()
    {
        var writer = new WasmWriter();
        writer.Memory(1, 3);
        writer.Export("memory", 2, 0);
        int grow = writer.Func([], [I32], null, Join(Const(65_536), Const(1), [0x40, 0, 0x1A], Const(77), [0x36, 2, 0], Const(5)));
        // The address is evaluated before the call that grows the memory, the store happens after it.
        writer.Func([], [I32], "run", Join(Const(65_540), Call(grow), [0x36, 2, 0], Const(65_536), [0x28, 2, 0]));
        Instance instance = Running.Instantiate(writer);
        Assert.Equal(77, instance.GetFunc("run").Invoke()[0].I32);
        Assert.Equal(2, instance.GetMemory("memory").Pages);
        Assert.Equal(5, instance.GetMemory("memory").Span[65_540]);
    }

    [Fact]
    public void Growing_stops_at_the_maximum_and_at_the_store_s_limits()
    {
        var writer = new WasmWriter();
        writer.Memory(1, 5);
        writer.Func([I32], [I32], "grow", Join(Get(0), [0x40, 0]));
        Instance instance = Running.Instantiate(writer, new StoreLimits { MemoryPagesMax = 4, TotalMemoryPagesMax = 3 });
        Func<int, int> grow = instance.GetFunc("grow").As<Func<int, int>>();
        Assert.Equal(1, grow(0));
        Assert.Equal(-1, grow(4));
        Assert.Equal(-1, grow(-1));
        Assert.Equal(-1, grow(int.MinValue));
        Assert.Equal(1, grow(2));
        Assert.Equal(-1, grow(1));
    }

    [Theory]
    [InlineData(10, "fill")]
    [InlineData(10, "copy")]
    public void Bulk_operations_do_not_wrap(int count, string name)
    {
        var writer = new WasmWriter();
        writer.Memory(1);
        writer.Func([I32, I32, I32], [], "fill", Join(Get(0), Get(1), Get(2), [0xFC, 11, 0]));
        writer.Func([I32, I32, I32], [], "copy", Join(Get(0), Get(1), Get(2), [0xFC, 10, 0, 0]));
        Instance instance = Running.Instantiate(writer);
        Action<int, int, int> run = instance.GetFunc(name).As<Action<int, int, int>>();
        run(65_536 - count, 0, count);
        foreach ((int to, int size) in ((int, int)[])[(65_537 - count, count), (-1, 1), (-5, 10), (0, -1), (int.MinValue, int.MinValue), (65_537, 0)])
            Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => run(to, 0, size)).Code);
    }

    /// <summary>A byte, or two, as a float's bits: no more is read than that, least of all beyond the last byte.</summary>
    [Theory]
    [InlineData(0x2C, -128)]
    [InlineData(0x2D, 128)]
    [InlineData(0x2E, -32640)]
    [InlineData(0x2F, 32896)]
    public void Narrow_loads_reinterpreted_as_a_float_keep_their_width(byte load, int expected)
    {
        var module = new WasmWriter();
        module.Memory(1, 1);
        module.Export("memory", 2, 0);
        // In the expression itself, and through a local.
        module.Func([WasmWriter.I32], [WasmWriter.F32], "direct", [.. WasmWriter.Get(0), load, 0, 0, 0xBE]);
        module.Func([WasmWriter.I32], [WasmWriter.F32], "local", [.. WasmWriter.Get(0), load, 0, 0, 0x21, 0, .. WasmWriter.Get(0), 0xBE]);
        using var engine = new Engine(new EngineOptions { Collectible = false });
        Instance instance = new Linker(new Store(engine)).Instantiate(engine.Compile(module.Build()));
        instance.GetMemory("memory").Span.Fill(0x80);
        int width = load < 0x2E ? 1 : 2;
        foreach (string export in new[] { "direct", "local" })
        {
            Func<int, float> read = instance.GetFunc(export).As<Func<int, float>>();
            Assert.Equal(expected, BitConverter.SingleToInt32Bits(read(100)));
            Assert.Equal(expected, BitConverter.SingleToInt32Bits(read(65_536 - width)));
            Assert.Throws<TrapException>(() => read(65_537 - width));
        }
    }
}
