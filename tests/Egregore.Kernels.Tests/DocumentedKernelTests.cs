using Egregore.Wasm;
using Egregore.Wasm.Metering;

namespace Egregore.Kernels.Tests;

/// <summary>The kernel that docs/kernels.md shows compiles, is metered and runs as it says.</summary>
public sealed class DocumentedKernelTests
{
    [Fact]
    public async Task The_example_adds_numbers_up_and_refuses_what_is_not_of_its_layout()
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Checkout.Kernels, "..", "docs", "kernels.md"));
        int from = text.IndexOf("```ts\n", StringComparison.Ordinal) + 6;
        string source = text[from..text.IndexOf("```", from, StringComparison.Ordinal)];
        string folder = Directory.CreateTempSubdirectory("egregore-kernels-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "sum.ts"), source);
            await V8.NodeAsync(
                Path.Combine("node_modules", "assemblyscript", "bin", "asc.js"), "", "sum.ts", "--baseDir", folder,
                "-O3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--initialMemory", "1", "--maximumMemory", "16", "-o", "sum.wasm");
            byte[] metered = Meter.Instrument(await File.ReadAllBytesAsync(Path.Combine(folder, "sum.wasm")), new MeterOptions { CallDepthMax = 256, CanonicalizeNaN = true });
            using var engine = new Engine();
            Module module = engine.Compile(metered);
            Assert.Empty(module.Imports);
            Instance instance = new Linker(new Store(engine)).Instantiate(module);
            _ = new FuelGauge(instance) { Fuel = 10_000, CallsLeft = 256 };
            int at = instance.GetFunc("alloc").As<Func<int, int>>()(12);
            byte[] task = [1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0];
            task.CopyTo(instance.GetMemory("memory").Span[at..]);
            Func<int, int, long> run = instance.GetFunc("run").As<Func<int, int, long>>();
            Assert.Equal(-1, run(at, 11));
            long result = run(at, 12);
            Assert.Equal(4, result & 0xFFFFFFFF);
            Assert.Equal(259, BitConverter.ToInt32(instance.GetMemory("memory").Span.Slice((int)(result >> 32), 4)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
