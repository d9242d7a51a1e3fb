using System.Diagnostics;
using System.Runtime.CompilerServices;
using Egregore.Wasm.Metering;

namespace Egregore.Wasm.Tests;

/// <summary>
/// Hostile bytes: nothing but a defined exception comes of them, in bounded time and memory; what is accepted here V8 accepts too, and runs alike.
/// EGREGORE_FUZZ_COUNT sets how many mutants are tried, EGREGORE_FUZZ_SEED the first one's seed.
/// </summary>
public sealed class FuzzTests
{
    private const int Batch = 500;
    private const int Sources = 40;
    private const long Fuel = 20_000;

    /// <summary>Beyond so many bytes a memory may have met a limit here that V8 does not have.</summary>
    private const int MemoryBytesCompared = 32 << 20;

    private static readonly TimeSpan CompileMax = TimeSpan.FromSeconds(5);

    /// <summary>Small enough that what a mutant asks for costs nothing.</summary>
    private static readonly StoreLimits Narrow = StoreLimits.Default with { MemoryPagesMax = 1000, TotalMemoryPagesMax = 1000, TableEntriesMax = 200_000, TotalTableEntriesMax = 400_000 };

    private static int Count { get; } = int.Parse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ_COUNT") ?? "3000");

    private static ulong First { get; } = ulong.Parse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ_SEED") ?? "1");

    [Fact]
    public async Task Mutants_are_refused_or_run_as_in_V8() => await TryAsync(First, Count);

    [Fact]
    public void Random_bytes_behind_a_header_are_refused_with_a_reason()
    {
        var random = new FuzzRandom(99);
        using var engine = new Engine(new EngineOptions { Lazy = false, Limits = Narrow });
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = [0, (byte)'a', (byte)'s', (byte)'m', 1, 0, 0, 0, .. random.Bytes(random.Below(200))];
            string verdict = Verdict(engine, bytes);
            Assert.True(verdict == "valid" || verdict.StartsWith("refused", StringComparison.Ordinal), $"{Convert.ToHexString(bytes)}: {verdict}");
        }
    }

    [Fact]
    public void Dropped_modules_are_unloaded()
    {
        const int modules = 60;
        using var engine = new Engine(new EngineOptions { Lazy = false });
        var dropped = new List<WeakReference>();
        for (ulong seed = 0; seed < modules; seed++) dropped.Add(RunAndDrop(engine, seed));
        for (int tries = 0; tries < 20 && dropped.Count(d => d.IsAlive) > 1; tries++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        // The last one may still lie in a register of this method.
        Assert.InRange(dropped.Count(d => d.IsAlive), 0, 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference RunAndDrop(Engine engine, ulong seed)
    {
        FuzzModule module = FuzzGenerator.Make(seed);
        Module compiled = engine.Compile(module.Bytes);
        FuzzHost.Run(compiled, module.Calls);
        return new WeakReference(compiled.Code.Layout.Type.Assembly);
    }

    private static async Task TryAsync(ulong first, int count)
    {
        byte[][] sources = [.. Directory.GetFiles(TestFolders.Kernels, "*.wasm", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
            .. Enumerable.Range(0, Sources).Select(i => FuzzGenerator.Make((ulong)i).Bytes)];
        await using var node = new FuzzNode(Fuel);
        using var engine = new Engine(new EngineOptions { Lazy = false, Limits = Narrow });
        var wrong = new List<string>();
        for (int done = 0; done < count && wrong.Count < 10; done += Batch)
        {
            (ulong Seed, byte[] Bytes)[] mutants = [.. Enumerable.Range(done, Math.Min(Batch, count - done)).Select(i => first + (ulong)i).Select(seed => (seed, Mutant(seed, sources)))];
            Task<string[]> asked = node.AskAsync('v', [.. mutants.Select(m => m.Bytes)]);
            string[] ours = [.. mutants.Select(m => Verdict(engine, m.Bytes))];
            string[] theirs = await asked;
            wrong.AddRange(mutants.Index().Where(m => IsWrong(ours[m.Index], theirs[m.Index])).Select(m => $"mutant {m.Item.Seed}: here {ours[m.Index]}; V8 {theirs[m.Index]}"));
            (ulong Seed, byte[] Bytes)[] valid = [.. mutants.Where((_, i) => ours[i] == "valid" && theirs[i] == "1")];
            wrong.AddRange(await DifferencesAsync(engine, node, valid));
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong.Take(10)));
    }

    // Metered, since a mutant may have lost what ended it; with canonical NaNs, since it may show their bits.
    private static async Task<IEnumerable<string>> DifferencesAsync(Engine engine, FuzzNode node, (ulong Seed, byte[] Bytes)[] valid)
    {
        var options = new MeterOptions { InitialFuel = Fuel, CanonicalizeNaN = true, CallDepthMax = 100 };
        (ulong Seed, byte[] Bytes, FuzzCall[] Calls)[] metered =
        [
            .. valid.Select(m =>
            {
                byte[] bytes = Meter.Instrument(m.Bytes, options);
                FuzzCall[] calls = FuzzCalls.Of(engine.Compile(bytes), new FuzzRandom(m.Seed));
                return (m.Seed, (byte[])[.. bytes, .. FuzzCalls.Section(calls)], calls);
            }),
        ];
        Task<string[]> asked = node.AskAsync('m', [.. metered.Select(m => m.Bytes)]);
        string?[] ours = [.. metered.Select(m => Outcome(engine, m.Bytes, m.Calls))];
        string[] theirs = await asked;
        return metered.Index().Where(m => ours[m.Index] is { } our && our != theirs[m.Index]).Select(m => $"mutant {m.Item.Seed}:\n  here {ours[m.Index]}\n  V8   {theirs[m.Index]}");
    }

    private static string? Outcome(Engine engine, byte[] bytes, FuzzCall[] calls)
    {
        try
        {
            // A mutant's names may hold line breaks, which V8's answer, a line, has none of.
            string outcome = FuzzHost.Run(engine.Compile(bytes), calls, Fuel, refuels: false).Replace('\n', ' ').Replace('\r', ' ');
            int memory = outcome.IndexOf("memory ", StringComparison.Ordinal);
            bool large = memory >= 0 && int.Parse(outcome[(memory + 7)..].Split(' ')[0]) > MemoryBytesCompared;
            return large ? null : outcome;
        }
        catch (WasmException unlinked) when (unlinked is LinkException or LimitException)
        {
            return null;
        }
        catch (Exception unexpected)
        {
            return $"CRASH {unexpected}";
        }
    }

    private static byte[] Mutant(ulong seed, byte[][] sources)
    {
        var random = new FuzzRandom(seed);
        return FuzzMutator.Mutate(random, random.Pick(sources), random.Pick(sources));
    }

    // V8 knows later proposals, which 2.0 refuses; what is accepted here it has to accept.
    private static bool IsWrong(string ours, string theirs) => ours == "valid" ? theirs != "1" : !ours.StartsWith("refused", StringComparison.Ordinal);

    private static string Verdict(Engine engine, byte[] bytes)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            engine.Compile(bytes);
            return Stopwatch.GetElapsedTime(started) < CompileMax ? "valid" : $"SLOW {Stopwatch.GetElapsedTime(started)}";
        }
        catch (WasmException refused) when (refused is MalformedModuleException or InvalidModuleException or LimitException)
        {
            return Stopwatch.GetElapsedTime(started) < CompileMax ? $"refused {refused.GetType().Name} {refused.Message}" : $"SLOW {Stopwatch.GetElapsedTime(started)}";
        }
        catch (Exception unexpected)
        {
            return $"CRASH {unexpected}";
        }
    }
}
