using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

/// <summary>Bodies of extreme shapes: compilers walk expressions and blocks by recursion, and hold variables in tables of fixed sizes.</summary>
public sealed class HostileShapeTests
{
    [Fact]
    public void A_chain_of_a_hundred_thousand_operators()
    {
        byte[] chain = [.. Get(0), .. Enumerable.Repeat((byte)0x45, 100_000)];
        Expect(chain, 1, 1);
    }

    [Fact]
    public void A_tower_of_thousands_of_operands()
    {
        byte[] tower = [.. Enumerable.Repeat(Get(0), 9_000).SelectMany(x => x), .. Enumerable.Repeat((byte)0x6A, 8_999)];
        Expect(tower, 1, 9_000);
    }

    [Fact]
    public void Thousands_of_loads_that_wait_for_a_store()
    {
        byte[] loads = [.. Enumerable.Repeat(Join(Const(0), [0x28, 2, 0]), 9_000).SelectMany(x => x)];
        byte[] body = Join(loads, Const(0), Const(7), [0x36, 2, 0], [.. Enumerable.Repeat((byte)0x6A, 8_999)], Const(0), [0x28, 2, 0, 0x6A]);
        Expect(body, 0, 7);
    }

    [Fact]
    public void Blocks_in_blocks()
    {
        const int Depth = 900;
        byte[] body = [.. Enumerable.Repeat((byte[])[0x02, I32], Depth).SelectMany(x => x), .. Get(0), .. Enumerable.Repeat((byte)0x0B, Depth)];
        Expect(body, 3, 3);
        byte[] branch = [.. Enumerable.Repeat((byte[])[0x02, I32], Depth).SelectMany(x => x), .. Get(0), 0x0C, .. U(Depth - 1), .. Enumerable.Repeat((byte)0x0B, Depth)];
        Expect(branch, 3, 3);
        byte[] ifs = [.. Enumerable.Repeat(Join(Get(0), [0x04, I32]), Depth).SelectMany(x => x), .. Get(0), .. Enumerable.Repeat(Join([0x05], Const(1), [0x0B]), Depth).SelectMany(x => x)];
        Expect(ifs, 3, 3);
    }

    [Fact]
    public void A_branch_table_of_ten_thousand()
    {
        byte[] table = [0x02, 0x40, 0x02, 0x40, .. Get(0), 0x0E, .. U(10_000), .. Enumerable.Range(0, 10_000).Select(i => (byte)(i & 1)), 0, 0x0B, .. Const(5), 0x0F, 0x0B, .. Const(6)];
        Expect(table, 4, 5);
        Expect(table, 9_999, 6);
        Expect(table, -1, 5);
    }

    [Fact]
    public void Fifty_thousand_locals()
    {
        var writer = new WasmWriter();
        writer.Func([I32], [I32], "run", Join(Get(0), [0x21, .. U(49_999)], [0x20, .. U(49_999)]), (49_999, I32));
        Assert.Equal(8, Running.Instantiate(writer).GetFunc("run").Invoke(Value.FromI32(8))[0].I32);
    }

    [Fact]
    public void A_select_in_a_select()
    {
        byte[] body = Get(0);
        for (int i = 0; i < 2_000; i++) body = Join(body, Const(i), Get(0), [0x1B]);
        Expect(body, 1, 1);
        Expect(body, 0, 1_999);
    }

    private static void Expect(byte[] body, int argument, int result)
    {
        foreach (bool lazy in (bool[])[true, false])
        {
            var writer = new WasmWriter();
            writer.Memory(1);
            writer.Func([I32], [I32], "run", body);
            Instance instance = Running.Instantiate(writer, lazy: lazy);
            int found = 0;
            Exception? thrown = Running.OnThread(1_024 * 1_024, () => found = instance.GetFunc("run").Invoke(Value.FromI32(argument))[0].I32);
            Assert.Null(thrown);
            Assert.Equal(result, found);
        }
    }
}
