using System.Text.Json;
using Egregore.Wasm.Metering;

namespace Egregore.Wasm.Tests;

/// <summary>The meter against V8, and against counting instruction by instruction.</summary>
public sealed class MeteringTests
{
    private const int Programs = 400;
    private const long Plenty = 1_000_000_000;

    private const string Script = """
        const fs = require('fs');
        function run(file, fuel) {
            const trace = [];
            const wasm = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(file)), { host: { call: x => { trace.push(x); return x ^ 5; } } }).exports;
            if (fuel !== undefined) wasm['egregore:fuel'].value = fuel;
            let result;
            try { result = String(wasm.run(3, 7)); } catch (e) { result = e.message; }
            let hash = 0;
            for (const byte of new Uint8Array(wasm.memory.buffer)) hash = (Math.imul(hash, 31) + byte) | 0;
            return { result, trace: trace.join(), hash, left: String(wasm['egregore:fuel'] ? wasm['egregore:fuel'].value : wasm.count.value),
                depth: wasm['egregore:depth'] ? wasm['egregore:depth'].value : 0 };
        }
        const rows = [];
        for (let i = 0; i < COUNT; i++) {
            const plain = run(i + '.count'), free = run(i + '.meter', 1000000000n), used = 1000000000n - BigInt(free.left);
            rows.push({ plain, free, exact: run(i + '.meter', used), less: run(i + '.meter', used - 1n), deep: run(i + '.deep', 1000000000n) });
        }
        console.log(JSON.stringify(rows));
        """;

    [NodeFact]
    public async Task A_metered_program_does_the_same_and_pays_what_it_executed()
    {
        using var node = new NodeProcess();
        for (var i = 0; i < Programs; i++)
        {
            var module = MeteringProgram.Write((ulong)i);
            node.Write($"{i}.count", MeteringReference.Write(module));
            node.Write($"{i}.meter", Meter.Instrument(module));
            node.Write($"{i}.deep", Meter.Instrument(module, new MeterOptions { CallDepthMax = 1_000 }));
        }

        var rows = JsonSerializer.Deserialize<Row[]>(await node.RunAsync(Script.Replace("COUNT", $"{Programs}", StringComparison.Ordinal)), JsonSerializerOptions.Web)!;
        var returned = 0;
        var trapped = 0;
        for (var i = 0; i < Programs; i++)
        {
            var row = rows[i];
            var count = long.Parse(row.Plain.Left);
            Assert.True((row.Plain.Result, row.Plain.Trace, row.Plain.Hash) == (row.Free.Result, row.Free.Trace, row.Free.Hash), $"program {i}: {row.Plain} {row.Free}");
            Assert.Equal((row.Free.Result, row.Free.Trace, row.Free.Hash, row.Free.Left), (row.Deep.Result, row.Deep.Trace, row.Deep.Hash, row.Deep.Left));
            var used = Plenty - long.Parse(row.Free.Left);
            Assert.Equal(row.Free.Result, row.Exact.Result);
            Assert.Equal("0", row.Exact.Left);
            Assert.Equal("unreachable", row.Less.Result);
            Assert.True(long.Parse(row.Less.Left) < 0, $"program {i}: {row.Less}");
            if (int.TryParse(row.Plain.Result, out _))
            {
                returned++;
                Assert.True(count == used, $"program {i}: executed {count}, paid {used}");
                Assert.Equal(1_000, row.Deep.Depth);
            }
            else
            {
                trapped++;
                Assert.True(count <= used, $"program {i}: executed {count}, paid {used}");
            }
        }

        Assert.InRange(returned, Programs / 4, Programs);
        Assert.InRange(trapped, Programs / 20, Programs);
    }

    private sealed record Row(Outcome Plain, Outcome Free, Outcome Exact, Outcome Less, Outcome Deep);

    private sealed record Outcome(string Result, string Trace, int Hash, string Left, int Depth);
}
