using Egregore.Wasm.Metering;

namespace Egregore.Wasm.Tests;

/// <summary>
/// Generated modules run here and in V8 and have to agree on every result, trap, global and byte of memory. A seed is a module: one that ever disagreed
/// stays as a file in FuzzKept. EGREGORE_FUZZ_COUNT sets how many seeds are tried, EGREGORE_FUZZ_SEED the first one.
/// </summary>
public sealed class DifferentialTests
{
    private const int Batch = 200;
    private const int Ways = 3;
    private const long Fuel = 100_000;

    /// <summary>Files of modules on which the two disagreed once.</summary>
    public static TheoryData<string> Kept => [.. Directory.GetFiles(TestFolders.FuzzKept).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private static int Count { get; } = int.Parse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ_COUNT") ?? "1200");

    private static ulong First { get; } = ulong.Parse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ_SEED") ?? "1");

    /// <summary>Each way takes every third seed: compiled when called; compiled at once; metered, when the fuel left has to be the same too.</summary>
    [Theory]
    [InlineData(0, true, false)]
    [InlineData(1, false, false)]
    [InlineData(2, true, true)]
    public async Task Generated_modules_do_here_what_they_do_in_V8(int way, bool lazy, bool metered)
    {
        await using var node = new FuzzNode(metered ? Fuel : 0);
        using var engine = new Engine(new EngineOptions { Lazy = lazy });
        var different = new List<string>();
        for (int done = 0; done < Count / Ways && different.Count < 5; done += Batch)
        {
            ulong[] seeds = [.. Enumerable.Range(done, Math.Min(Batch, Count / Ways - done)).Select(i => First + (ulong)(i * Ways + way))];
            FuzzModule[] modules = [.. seeds.Select(seed => Make(seed, metered))];
            Task<string[]> asked = node.AskAsync('r', [.. modules.Select(m => m.Bytes)]);
            string[] ours = [.. modules.Select(m => Outcome(engine, m, metered))];
            string[] theirs = await asked;
            different.AddRange(seeds.Index().Where(s => ours[s.Index] != theirs[s.Index]).Select(s => $"seed {s.Item}:\n  here {ours[s.Index]}\n  V8   {theirs[s.Index]}"));
        }
        Assert.True(different.Count == 0, string.Join("\n", different.Take(5)));
    }

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task A_module_that_once_differed_does_not(string file)
    {
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(TestFolders.FuzzKept, file));
        await using var node = new FuzzNode();
        string[] theirs = await node.AskAsync('r', [bytes]);
        foreach (bool lazy in new[] { false, true })
        {
            using var engine = new Engine(new EngineOptions { Lazy = lazy });
            IReadOnlyList<FuzzCall> calls = FuzzCalls.Read(engine.Compile(bytes));
            Assert.NotEmpty(calls);
            Assert.Equal(theirs[0], Outcome(engine, new FuzzModule(bytes, calls), metered: false));
        }
    }

    private static FuzzModule Make(ulong seed, bool metered)
    {
        FuzzModule module = FuzzGenerator.Make(seed);
        return metered ? module with { Bytes = Meter.Instrument(module.Bytes, new MeterOptions { InitialFuel = Fuel, CallDepthMax = 90 }) } : module;
    }

    private static string Outcome(Engine engine, FuzzModule module, bool metered)
    {
        try
        {
            return FuzzHost.Run(engine.Compile(module.Bytes), module.Calls, metered ? Fuel : 0);
        }
        catch (Exception unexpected)
        {
            return $"{unexpected.GetType().Name} {unexpected.Message} {unexpected.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}";
        }
    }
}
