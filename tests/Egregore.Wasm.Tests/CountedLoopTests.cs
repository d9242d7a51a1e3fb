using System.Reflection.Emit;
using Egregore.Wasm.Binary;
using Egregore.Wasm.Execution;
using Egregore.Wasm.Metering;
using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

/// <summary>
/// Loops whose addresses are checked before they start do what V8 does, to the byte that the trapping pass left behind. EGREGORE_FUZZ_COUNT sets how many modules are
/// tried, EGREGORE_FUZZ_SEED the first one's seed.
/// </summary>
public sealed class CountedLoopTests
{
    private const int Batch = 200;
    private const long Fuel = 3_000;

    private static int Count { get; } = int.Parse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ_COUNT") ?? "1600");

    private static ulong First { get; } = ulong.Parse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ_SEED") ?? "1");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Generated_loops_do_here_what_they_do_in_V8(bool metered)
    {
        await using var node = new FuzzNode(metered ? Fuel : 0);
        using var engine = new Engine();
        var different = new List<string>();
        for (int done = 0; done < Count / 2 && different.Count < 5; done += Batch)
        {
            ulong[] seeds = [.. Enumerable.Range(done, Math.Min(Batch, Count / 2 - done)).Select(i => First + (ulong)i)];
            FuzzModule[] modules = [.. seeds.Select(seed => Make(seed, metered))];
            Task<string[]> asked = node.AskAsync('r', [.. modules.Select(m => m.Bytes)]);
            string[] ours = [.. modules.Select(m => FuzzHost.Run(engine.Compile(m.Bytes), m.Calls, metered ? Fuel : 0))];
            string[] theirs = await asked;
            different.AddRange(seeds.Index().Where(s => ours[s.Index] != theirs[s.Index]).Select(s => $"seed {s.Item}:\n  here {ours[s.Index]}\n  V8   {theirs[s.Index]}"));
        }
        Assert.True(different.Count == 0, string.Join("\n", different.Take(5)));
    }

    /// <summary>for (; k &lt; limit; k += 4), in the forms of AssemblyScript and of LLVM; and what is nearly one.</summary>
    [Theory]
    [InlineData("20 00 20 01 48 04 40 20 00 41 04 6A 21 00 0C 01 0B 0B", true)]
    [InlineData("20 01 20 00 4A 04 40 20 00 41 04 6A 21 00 0C 01 0B 0B", true)]
    [InlineData("20 00 41 E4 00 48 45 0D 01 20 00 41 04 6A 21 00 0C 00 0B", true)]
    [InlineData("20 00 41 E4 00 4F 0D 01 20 00 41 04 6A 21 00 0C 00 0B", true)]
    [InlineData("20 00 41 04 6A 22 00 41 E4 00 47 0D 00 0B", true)]
    [InlineData("20 00 41 03 6A 22 00 41 E4 00 47 0D 00 0B", false)]
    [InlineData("20 00 20 01 48 04 40 20 00 41 04 6A 21 00 0B 0C 00 0B", false)]
    [InlineData("20 00 20 01 48 04 40 20 00 41 04 6A 21 00 20 00 41 04 6A 21 00 0C 01 0B 0B", false)]
    [InlineData("20 00 20 01 48 04 40 20 01 41 01 6A 21 01 20 00 41 04 6A 21 00 0C 01 0B 0B", false)]
    [InlineData("20 00 20 01 48 04 40 20 00 41 7C 6A 21 00 0C 01 0B 0B", false)]
    [InlineData("20 00 20 01 48 04 40 10 00 20 00 41 04 6A 21 00 0C 01 0B 0B", false)]
    [InlineData("20 00 41 04 6A 21 00 20 00 20 01 48 04 40 0C 01 0B 0B", false)]
    [InlineData("20 00 20 01 48 04 40 0C 01 05 20 00 41 04 6A 21 00 0B 0B", false)]
    [InlineData("20 00 41 7F 48 04 40 20 00 41 04 6A 21 00 0C 01 0B 0B", false)]
    public void A_loop_counts_or_not(string loop, bool counts)
    {
        byte[] bytes = Convert.FromHexString(loop.Replace(" ", "", StringComparison.Ordinal));
        Variable[] locals = [.. Enumerable.Range(0, 2).Select(i => new Variable { Type = ValueType.I32, Index = i, IsArgument = true, Bit = 1UL << i })];
        ILGenerator il = new DynamicMethod("none", null, null).GetILGenerator();
        var found = CountedLoop.Find(new InstructionReader(bytes, 0, bytes.Length), locals, il);
        Assert.Equal(counts, found is not null);
        if (found is null) return;
        Assert.Equal(4, found.Step);
        Assert.Same(locals[0], found.Counter);
    }

    /// <summary>Every start of a sum over the last bytes of memory: what is in bounds is summed, what is not traps after the stores before it.</summary>
    [Theory]
    [InlineData(0, 65_536, 0, true)]
    [InlineData(0, 65_536, 1, false)]
    [InlineData(65_532, 65_536, 0, true)]
    [InlineData(65_533, 65_536, 0, false)]
    [InlineData(65_536, 65_536, 0, true)]
    [InlineData(-4, 65_536, 0, false)]
    [InlineData(0, -1, 0, true)]
    [InlineData(0, 4, -1, false)]
    [InlineData(0, 8, -4, false)]
    public void A_loop_reaches_the_last_byte_and_not_beyond(int from, int limit, int by, bool holds)
    {
        var module = new WasmWriter();
        module.Memory(1, 1);
        module.Export("memory", 2, 0);
        byte[] body = [0x03, 0x40, .. Get(0), .. Get(1), 0x48, 0x04, 0x40, .. Get(0), .. Get(2), 0x6A, .. Const(7), 0x36, 2, 0, .. Get(0), .. Const(4), 0x6A, 0x21, 0, 0x0C, 1, End, End];
        module.Func([I32, I32, I32], [], "run", body);
        using var engine = new Engine();
        Instance instance = new Linker(new Store(engine)).Instantiate(engine.Compile(module.Build()));
        Action<int, int, int> run = instance.GetFunc("run").As<Action<int, int, int>>();
        int written = 0;
        bool traps = false;
        for (long at = from; at < limit && !traps; at += 4)
        {
            uint address = unchecked((uint)(at + by));
            traps = address > 65_532;
            if (!traps) written++;
        }
        Assert.Equal(holds, !traps);
        if (traps) Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => run(from, limit, by)).Code);
        else run(from, limit, by);
        Assert.Equal(written, instance.GetMemory("memory").Span.Count((byte)7));
    }

    private static FuzzModule Make(ulong seed, bool metered)
    {
        FuzzModule module = CountedLoopModule.Make(seed);
        return metered ? module with { Bytes = Meter.Instrument(module.Bytes, new MeterOptions { InitialFuel = Fuel, CanonicalizeNaN = true }) } : module;
    }
}
