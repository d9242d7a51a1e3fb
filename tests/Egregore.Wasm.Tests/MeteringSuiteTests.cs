using Egregore.Wasm.Metering;
using Egregore.Wasm.Tests.Suite;

namespace Egregore.Wasm.Tests;

/// <summary>The official suite once more, each of its valid modules metered, its depth counted and its NaNs made canonical: nothing that the suite looks at may change.</summary>
public sealed class MeteringSuiteTests
{
    private static readonly MeterOptions Options = new() { InitialFuel = 1L << 60, CallDepthMax = 1_000_000, CanonicalizeNaN = true };

    public static TheoryData<string> Files() => SuiteArchive.Path is null ? new TheoryData<string>("") : new TheoryData<string>(SuiteArchive.Files());

    [SuiteTheory]
    [MemberData(nameof(Files))]
    public void Every_command_of_a_file_passes_metered(string file)
    {
        var contents = SuiteArchive.Read(file);
        var metered = 0;
        foreach (var (name, bytes) in contents.Where(entry => entry.Key.EndsWith(".wasm", StringComparison.Ordinal)).ToArray())
            if (Module.Validate(bytes, out _))
            {
                contents[name] = Meter.Instrument(bytes, Options);
                metered++;
                Assert.True(Module.Validate(contents[name], out var error), $"{name}: {error?.Message}");
            }

        using var engine = new Engine();
        var runner = new SuiteRunner(engine, contents);
        runner.Run(file);
        Assert.True(runner.Failures.Count == 0, string.Join('\n', runner.Failures.Take(20)));
        Assert.True(metered > 0 || runner.TextOnly > 0 || runner.Passed > 0);
    }
}
