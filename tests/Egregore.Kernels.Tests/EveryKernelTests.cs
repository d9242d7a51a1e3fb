using System.Globalization;
using System.Text.Json;
using Egregore.Wasm.Metering;
using Egregore.Work;

namespace Egregore.Kernels.Tests;

/// <summary>What holds for each standard kernel.</summary>
public sealed class EveryKernelTests
{
    /// <summary>The meter's options are part of what a kernel's hash names; kernels/meter.cs writes with the same.</summary>
    private static readonly MeterOptions Metering = new() { CallDepthMax = 256, CanonicalizeNaN = true };

    public static TheoryData<string> Names => KernelCase.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Golden_bytes_and_fuel_are_the_same_in_both_engines(string name)
    {
        string folder = Checkout.Of(name, "golden");
        if (Environment.GetEnvironmentVariable("EGREGORE_UPDATE_GOLDEN") == "1")
        {
            KernelTask made = KernelCase.Of(name).Make(new Random(1), 1);
            KernelRun ran = KernelRun.Of(name, made.Bytes);
            Directory.CreateDirectory(folder);
            await File.WriteAllBytesAsync(Path.Combine(folder, "input.bin"), made.Bytes);
            await File.WriteAllBytesAsync(Path.Combine(folder, "output.bin"), ran.Output);
            await File.WriteAllTextAsync(Path.Combine(folder, "golden.json"), string.Create(CultureInfo.InvariantCulture, $"{{\"sharedBytes\":{made.Shared.Length},\"fuel\":{ran.Fuel}}}\n"));
        }

        byte[] task = await File.ReadAllBytesAsync(Path.Combine(folder, "input.bin"));
        byte[] output = await File.ReadAllBytesAsync(Path.Combine(folder, "output.bin"));
        JsonElement golden = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(Path.Combine(folder, "golden.json")));
        KernelRun run = KernelRun.Of(name, task);
        Assert.Equal((0, null), (run.Code, run.Trap));
        Assert.Equal(golden.GetProperty("fuel").GetInt64(), run.Fuel);
        Assert.True(run.Output.AsSpan().SequenceEqual(output));
        await V8.AgreesAsync(name, [task], [run]);
        int shared = golden.GetProperty("sharedBytes").GetInt32();
        Assert.Equal(InvariantVerdict.Held, KernelCase.Of(name).Manifest.Invariant!.Check(task.AsSpan(0, shared), task.AsSpan(shared), output));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Right_answers_hold_and_both_engines_agree_within_the_fuel_that_was_promised(string name)
    {
        KernelCase kernel = KernelCase.Of(name);
        var tasks = new List<byte[]>();
        var runs = new List<KernelRun>();
        for (int seed = 0; seed < 60; seed++)
        {
            KernelTask task = kernel.Make(new Random(seed), seed < 40 ? 0 : seed < 55 ? 1 : seed < 58 ? 2 : 3);
            KernelRun run = KernelRun.Of(name, task.Bytes);
            Assert.True(run.Trap is null && run.Code == 0, $"seed {seed}: {run.Trap} {run.Code}");
            Assert.True((ulong)run.Fuel <= kernel.FuelMax(task.Shared, task.Input)!.Value, $"seed {seed}: {run.Fuel} fuel, promised {kernel.FuelMax(task.Shared, task.Input)}");
            Assert.True(run.Output.Length <= kernel.Manifest.OutputBytesMax);
            InvariantVerdict verdict = kernel.Manifest.Invariant!.Check(task.Shared, task.Input, run.Output);
            Assert.True(verdict.Holds, $"seed {seed}: {verdict.Reason}");
            IInvariant salted = StandardKernels.Salted((ulong)seed * 77 + 5).Single(manifest => manifest.Name == name).Invariant!;
            Assert.True(salted.Check(task.Shared, task.Input, run.Output).Holds, $"seed {seed}, salted");
            tasks.Add(task.Bytes);
            runs.Add(run);
        }
        await V8.AgreesAsync(name, tasks, runs);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Hostile_inputs_are_refused_by_kernel_and_binding_alike_and_never_trap(string name)
    {
        KernelCase kernel = KernelCase.Of(name);
        var tasks = new List<byte[]>();
        var runs = new List<KernelRun>();
        int refused = 0;
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            KernelTask task = Break(random, kernel.Make(random, 0), seed % 5);
            KernelRun run = KernelRun.Of(name, task.Bytes, (long)kernel.Manifest.FuelMax);
            ulong? promised = kernel.FuelMax(task.Shared, task.Input);
            Assert.True(run.Trap is null, $"seed {seed}: {run.Trap}");
            Assert.True(promised is null == (run.Code != 0), $"seed {seed}: the kernel says {run.Code}, the binding {(promised is null ? "refuses" : "accepts")}");
            Assert.True(run.Code is 0 or 1 && (ulong)run.Fuel <= (promised ?? kernel.Manifest.FuelMax), $"seed {seed}: {run.Fuel} fuel");
            refused += run.Code != 0 ? 1 : 0;
            InvariantVerdict verdict = kernel.Manifest.Invariant!.Check(task.Shared, task.Input, run.Output);
            Assert.True(verdict.Holds == (run.Code == 0), $"seed {seed}: {verdict.Reason}");
            if (seed % 20 == 0)
            {
                tasks.Add(task.Bytes);
                runs.Add(run);
            }
        }
        Assert.True(refused > 1000, $"only {refused} were refused");
        await V8.AgreesAsync(name, tasks, runs);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Hostile_outputs_are_answered_without_an_exception(string name)
    {
        KernelCase kernel = KernelCase.Of(name);
        int broken = 0;
        KernelTask task = kernel.Make(new Random(0), 0);
        byte[] right = KernelRun.Of(name, task.Bytes).Output;
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            if (seed % 100 == 0)
            {
                task = kernel.Make(random, 0);
                right = KernelRun.Of(name, task.Bytes).Output;
            }
            byte[] lie = Break(random, right, seed % 5);
            InvariantVerdict verdict = kernel.Manifest.Invariant!.Check(task.Shared, task.Input, lie);
            Assert.Equal(verdict.Holds, verdict.Reason is null);
            Assert.True(verdict.Holds || !lie.AsSpan().SequenceEqual(right));
            broken += verdict.Holds ? 0 : 1;
        }
        Assert.True(broken > 1700, $"only {broken} of 3000 were seen through");
    }

    [Fact]
    public async Task The_committed_modules_are_what_their_sources_compile_to()
    {
        string folder = Directory.CreateTempSubdirectory("egregore-kernels-").FullName;
        try
        {
            await V8.NodeAsync("build.mjs", "", "--compile", folder);
            foreach (KernelCase kernel in KernelCase.All)
            {
                byte[] metered = Meter.Instrument(await File.ReadAllBytesAsync(Path.Combine(folder, kernel.Name + ".wasm")), Metering);
                byte[] committed = await File.ReadAllBytesAsync(Checkout.Of(kernel.Name, kernel.Name + ".wasm"));
                Assert.True(metered.AsSpan().SequenceEqual(committed), $"{kernel.Name}.wasm is not what its source compiles to: node kernels/build.mjs");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_list_names_the_modules_that_the_assembly_carries()
    {
        JsonElement[] list = JsonSerializer.Deserialize<JsonElement[]>(File.ReadAllText(Path.Combine(Checkout.Kernels, "kernels.json")))!;
        foreach (KernelManifest manifest in StandardKernels.All)
        {
            JsonElement entry = list.Single(each => each.GetProperty("name").GetString() == manifest.Name);
            Assert.Equal(entry.GetProperty("sha256").GetString(), manifest.Hash.ToString());
            Assert.Equal(entry.GetProperty("version").GetInt32(), manifest.Version);
            Assert.True(StandardKernels.TryGetModule(manifest.Hash, out ReadOnlyMemory<byte> module));
            Assert.Equal(entry.GetProperty("bytes").GetInt32(), module.Length);
            Assert.Equal(manifest.Hash, KernelHash.Of(module.Span));
            Assert.Equal((uint?)manifest.MemoryPagesMax, KernelRun.MemoryPagesMax(manifest.Name));
            Assert.True(manifest.FuelMax <= 4_000_000_000, $"{manifest.Name} may need {manifest.FuelMax} fuel");
        }
        Assert.False(StandardKernels.TryGetModule(default, out _));
    }

    private static KernelTask Break(Random random, KernelTask task, int how) =>
        task.Shared.Length > 0 && random.Next(2) == 0 ? task with { Shared = Break(random, task.Shared, how) } : task with { Input = Break(random, task.Input, how) };

    private static byte[] Break(Random random, byte[] bytes, int how)
    {
        if (bytes.Length == 0) return [1];
        byte[] broken = [.. bytes];
        switch (how)
        {
            case 0:
                return broken[..random.Next(bytes.Length)];
            case 1:
                return [.. broken, .. new byte[random.Next(1, 64)]];
            case 2:
                random.NextBytes(broken);
                return broken;
            case 3:
                broken[random.Next(Math.Min(24, bytes.Length))] ^= (byte)random.Next(1, 256);
                return broken;
            default:
                for (int i = random.Next(1, 8); i > 0; i--) broken[random.Next(bytes.Length)] = (byte)random.Next(256);
                return broken;
        }
    }
}
