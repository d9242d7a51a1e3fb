using System.Security.Cryptography;
using System.Text.Json;
using Egregore.Wasm.Metering;

namespace Egregore.Wasm.Tests;

/// <summary>The meter in both engines, and against counting instruction by instruction.</summary>
public sealed class MeteringTests
{
    private const int Programs = 120;
    private const long Plenty = 1_000_000_000;

    private const string Script = """
        const fs = require('fs');
        function run(file, fuel) {
            const trace = [];
            const wasm = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(file)), { host: { call: x => { trace.push(x); return x ^ 5; } } }).exports;
            if (fuel !== undefined) wasm['egregore:fuel'].value = fuel;
            let result;
            try { result = String(wasm.run(3, 7)); } catch (e) { result = 'trap'; }
            let hash = 0;
            for (const byte of new Uint8Array(wasm.memory.buffer)) hash = (Math.imul(hash, 31) + byte) | 0;
            return { result, trace: trace.join(), hash, left: Number(wasm['egregore:fuel'] ? wasm['egregore:fuel'].value : wasm.count.value),
                depth: wasm['egregore:depth'] ? wasm['egregore:depth'].value : 0 };
        }
        const rows = [];
        for (let i = 0; i < COUNT; i++) {
            const plain = run(i + '.count'), free = run(i + '.meter', 1000000000n), used = 1000000000n - BigInt(free.left);
            rows.push({ plain, free, exact: run(i + '.meter', used), less: run(i + '.meter', used - 1n), half: run(i + '.meter', used / 2n), deep: run(i + '.deep', 1000000000n),
                shallow: run(i + '.shallow', 1000000000n) });
        }
        console.log(JSON.stringify(rows));
        """;

    [NodeFact]
    public async Task A_metered_program_pays_what_it_executed_and_does_the_same_in_both_engines()
    {
        using var node = new NodeProcess();
        var modules = new (byte[] Meter, byte[] Deep, byte[] Shallow)[Programs];
        for (var i = 0; i < Programs; i++)
        {
            var module = MeteringProgram.Write((ulong)i);
            modules[i] = (Meter.Instrument(module), Meter.Instrument(module, new MeterOptions { CallDepthMax = 1_000 }), Meter.Instrument(module, new MeterOptions { CallDepthMax = 3 }));
            node.Write($"{i}.count", MeteringReference.Write(module));
            node.Write($"{i}.meter", modules[i].Meter);
            node.Write($"{i}.deep", modules[i].Deep);
            node.Write($"{i}.shallow", modules[i].Shallow);
        }

        var rows = JsonSerializer.Deserialize<Row[]>(await node.RunAsync(Script.Replace("COUNT", $"{Programs}", StringComparison.Ordinal)), JsonSerializerOptions.Web)!;
        var (returned, trapped, tooDeep) = (0, 0, 0);
        for (var i = 0; i < Programs; i++)
        {
            var row = rows[i];
            var used = Plenty - row.Free.Left;
            Assert.True((row.Plain.Result, row.Plain.Trace, row.Plain.Hash) == (row.Free.Result, row.Free.Trace, row.Free.Hash), $"program {i}: {row.Plain} {row.Free}");
            Assert.Equal(row.Free with { Depth = 0 }, row.Deep with { Depth = 0 });
            Assert.Equal(row.Free with { Left = 0 }, row.Exact);
            Assert.True(row.Less is { Result: "trap", Left: < 0 }, $"program {i}: {row.Less}");
            if (row.Plain.Result != "trap")
            {
                returned++;
                Assert.True(row.Plain.Left == used, $"program {i}: executed {row.Plain.Left}, paid {used}");
                Assert.Equal(1_000, row.Deep.Depth);
            }
            else
            {
                trapped++;
                Assert.True(row.Plain.Left <= used, $"program {i}: executed {row.Plain.Left}, paid {used}");
            }

            tooDeep += row.Shallow.Depth < 0 ? 1 : 0;
            Assert.Equal(row.Free, Run(modules[i].Meter, Plenty));
            Assert.Equal(row.Exact, Run(modules[i].Meter, used));
            Assert.Equal(row.Less, Run(modules[i].Meter, used - 1));
            Assert.Equal(row.Half, Run(modules[i].Meter, used / 2));
            Assert.Equal(row.Shallow, Run(modules[i].Shallow, Plenty));
        }

        Assert.InRange(returned, Programs / 4, Programs);
        Assert.InRange(trapped, Programs / 20, Programs);
        Assert.InRange(tooDeep, 1, Programs);
    }

    [Fact]
    public void A_loop_without_end_stops_and_says_that_it_is_out_of_fuel()
    {
        // (func (export "run") (loop (br 0)))
        var module = Meter.Instrument(Module([0x03, 0x40, 0x0c, 0, 0x0b]));
        var instance = Instantiate(module);
        var gauge = new FuelGauge(instance) { Fuel = 100_000 };
        var trap = Assert.Throws<TrapException>(() => instance.GetFunc("run").Invoke());
        Assert.Equal(TrapCode.OutOfFuel, gauge.CodeOf(trap));
        Assert.Equal(-1, gauge.Fuel);
    }

    [Fact]
    public void A_call_pays_the_weights_of_its_table()
    {
        // Two locals.get, an add, a drop; then the same behind a branch that is not taken.
        byte[] sum = [0x41, 1, 0x41, 2, 0x6a, 0x1a];
        Assert.Equal(4, Used(sum));
        Assert.Equal(4 + 2 + 4, Used([.. sum, 0x02, 0x40, 0x41, 0, 0x0d, 0, .. sum, 0x0b]));
        Assert.Equal(4 + 2, Used([.. sum, 0x02, 0x40, 0x41, 1, 0x0d, 0, .. sum, 0x0b]));
        Assert.Equal(3 + FuelCost.Bulk + 800 / FuelCost.BulkBytesPerUnit, Used([0x41, 0, 0x41, 0, 0x41, 0xa0, 6, 0xfc, 0x0b, 0]));
        Assert.Equal(2 + FuelCost.Bulk + 3 * FuelCost.Page, Used([0x41, 3, 0x40, 0, 0x1a]));
    }

    [Fact]
    public void A_length_that_the_fuel_does_not_cover_moves_nothing()
    {
        // memory.fill(0, 1, 65536)
        var instance = Instantiate(Meter.Instrument(Module([0x41, 0, 0x41, 1, 0x41, 0x80, 0x80, 4, 0xfc, 0x0b, 0])));
        var gauge = new FuelGauge(instance) { Fuel = 8_000 };
        var trap = Assert.Throws<TrapException>(() => instance.GetFunc("run").Invoke());
        Assert.Equal(TrapCode.OutOfFuel, gauge.CodeOf(trap));
        Assert.Equal(-1, instance.GetMemory("memory").Span.IndexOf((byte)1));
    }

    [Fact]
    public void Recursion_without_end_stops_at_the_depth_given()
    {
        var instance = Instantiate(Meter.Instrument(Module([0x10, 0]), new MeterOptions { CallDepthMax = 500 }));
        var gauge = new FuelGauge(instance) { Fuel = Plenty };
        var trap = Assert.Throws<TrapException>(() => instance.GetFunc("run").Invoke());
        Assert.Equal(TrapCode.CallStackExhausted, gauge.CodeOf(trap));
        Assert.Equal((-1, Plenty - (500 * FuelCost.Call)), (gauge.CallsLeft, gauge.Fuel));
        gauge.CallsLeft = 10;
        gauge.Fuel = Plenty;
        Assert.Throws<TrapException>(() => instance.GetFunc("run").Invoke());
        Assert.Equal(Plenty - (10 * FuelCost.Call), gauge.Fuel);
    }

    [Fact]
    public void A_trap_of_the_program_stays_what_it_is()
    {
        var instance = Instantiate(Meter.Instrument(Module([0x00])));
        var gauge = new FuelGauge(instance) { Fuel = 10 };
        Assert.Equal(TrapCode.Unreachable, gauge.CodeOf(Assert.Throws<TrapException>(() => instance.GetFunc("run").Invoke())));
        Assert.Equal(9, gauge.Fuel);
    }

    [Fact]
    public void What_cannot_be_metered_is_refused_with_the_reason()
    {
        var module = Module([]);
        var metered = Meter.Instrument(module);
        Assert.Contains("exports \"egregore:fuel\"", Assert.Throws<MeterRefusedException>(() => Meter.Instrument(metered)).Message, StringComparison.Ordinal);
        // Under another name it may be metered again, and then counts the first meter's work too.
        Assert.NotEqual(metered, Meter.Instrument(metered, new MeterOptions { FuelName = "more" }));
        Assert.Throws<MeterRefusedException>(() => Meter.Instrument(module, new MeterOptions { FuelName = "run" }));
        Assert.Throws<MeterRefusedException>(() => Meter.Instrument(module, new MeterOptions { CallDepthMax = 1, DepthName = "memory" }));
        Assert.Throws<MeterRefusedException>(() => Meter.Instrument(MeteringProgram.Write(1), new MeterOptions { FuelName = "call" }));
        Assert.Throws<InvalidModuleException>(() => Meter.Instrument(Module([0x6a])));
        Assert.Throws<MalformedModuleException>(() => Meter.Instrument(module.AsSpan(0, 12)));
        Assert.Throws<ArgumentException>(() => Meter.Instrument(module, new MeterOptions { CallDepthMax = 1, DepthName = "egregore:fuel" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Meter.Instrument(module, new MeterOptions { InitialFuel = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Meter.Instrument(module, new MeterOptions { CallDepthMax = 0 }));
    }

    [Theory]
    [InlineData(1, "f7661365219ab622f93fa1e2922e0f5c8d173385")]
    [InlineData(2, "ed11db5834763e44907a8a9f3ec13d5ae9c44156")]
    [InlineData(3, "bc334a6ef02f15fec24a04949763c04b260fd8fe")]
    public void The_same_module_gives_the_same_bytes(ulong seed, string hash)
    {
        var options = new MeterOptions { CallDepthMax = 1_000, CanonicalizeNaN = true, InitialFuel = 5 };
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(Meter.Instrument(MeteringProgram.Write(seed), options)))[..40]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_computed_NaN_is_the_canonical_one_where_that_is_asked(bool canonical)
    {
        byte[] infinity = [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f];
        byte[] vector = [0xfd, 0x0c, 0, 0, 0x80, 0x7f, 0, 0, 0x80, 0x7f, 0, 0, 0x80, 0x7f, 0, 0, 0x80, 0x3f];
        byte[] module = Module(
        [
            // f64: infinity - infinity to 0, and the same, negated after it was computed, to 8.
            0x41, 0, .. infinity, .. infinity, 0xa1, 0x39, 0, 0,
            0x41, 8, .. infinity, .. infinity, 0xa1, 0x9a, 0x39, 0, 0,
            // f32x4: the lanes infinity, infinity, infinity and 1 less themselves, to 16.
            0x41, 16, .. vector, .. vector, 0xfd, 0xe5, 1, 0xfd, 11, 0, 0,
        ]);
        var instance = Instantiate(Meter.Instrument(module, new MeterOptions { CanonicalizeNaN = canonical, InitialFuel = 1_000 }));
        instance.GetFunc("run").Invoke();
        var memory = instance.GetMemory("memory").Span;
        Assert.True(double.IsNaN(BitConverter.ToDouble(memory)));
        Assert.Equal(0, BitConverter.ToInt32(memory[28..]));
        if (!canonical)
            return;
        Assert.Equal(0x7ff8000000000000u, BitConverter.ToUInt64(memory));
        Assert.Equal(0xfff8000000000000u, BitConverter.ToUInt64(memory[8..]));
        for (var lane = 16; lane < 28; lane += 4)
            Assert.Equal(0x7fc00000u, BitConverter.ToUInt32(memory[lane..]));
    }

    [Fact]
    public void A_module_of_nothing_gets_its_global()
    {
        var metered = Meter.Instrument([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], new MeterOptions { InitialFuel = 77 });
        Assert.Equal(77, new FuelGauge(Instantiate(metered)).Fuel);
    }

    private static long Used(byte[] code)
    {
        var instance = Instantiate(Meter.Instrument(Module(code)));
        var gauge = new FuelGauge(instance) { Fuel = Plenty };
        instance.GetFunc("run").Invoke();
        return Plenty - gauge.Fuel;
    }

    private static Instance Instantiate(byte[] bytes, Action<int>? host = null)
    {
        using var engine = new Engine();
        var linker = new Linker(new Store(engine));
        linker.DefineFunc("host", "call", (int x) =>
        {
            host?.Invoke(x);
            return x ^ 5;
        });
        return linker.Instantiate(engine.Compile(bytes));
    }

    private static Outcome Run(byte[] bytes, long fuel)
    {
        var trace = new List<int>();
        var instance = Instantiate(bytes, trace.Add);
        var gauge = new FuelGauge(instance) { Fuel = fuel };
        string result;
        try
        {
            result = $"{instance.GetFunc("run").Invoke(Value.FromI32(3), Value.FromI32(7))[0].I32}";
        }
        catch (TrapException)
        {
            result = "trap";
        }

        var hash = 0;
        foreach (var value in instance.GetMemory("memory").Span)
            hash = unchecked((hash * 31) + value);
        return new Outcome(result, string.Join(',', trace), hash, gauge.Fuel, gauge.CallsLeft ?? 0);
    }

    /// <summary>One function <c>run</c> without parameters and results, one memory of a page.</summary>
    private static byte[] Module(byte[] code) =>
    [
        0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
        1, 4, 1, 0x60, 0, 0,
        3, 2, 1, 0,
        5, 3, 1, 0, 1,
        7, 16, 2, 3, .. "run"u8, 0, 0, 6, .. "memory"u8, 2, 0,
        10, .. Size(code.Length + 5), 1, .. Size(code.Length + 2), 0, .. code, 0x0b,
    ];

    /// <summary>Two bytes, whatever the number.</summary>
    private static byte[] Size(int value) => [(byte)(value | 0x80), (byte)(value >> 7)];

    private sealed record Row(Outcome Plain, Outcome Free, Outcome Exact, Outcome Less, Outcome Half, Outcome Deep, Outcome Shallow);

    private sealed record Outcome(string Result, string Trace, int Hash, long Left, int Depth);
}
