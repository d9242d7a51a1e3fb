using Xunit.Abstractions;

namespace Egregore.Wasm.Tests.Suite;

/// <summary>Every command of the official suite but those on the text format, with functions compiled when called, and with all compiled at once.</summary>
public sealed class SuiteTests(ITestOutputHelper output)
{
    public static TheoryData<string, bool> Files()
    {
        var data = new TheoryData<string, bool>();
        if (SuiteArchive.Path is null)
        {
            data.Add("", true);
            return data;
        }

        foreach (string file in SuiteArchive.Files())
        {
            data.Add(file, true);
            data.Add(file, false);
        }

        return data;
    }

    [SuiteTheory]
    [MemberData(nameof(Files))]
    public void Every_command_of_a_file_passes(string file, bool lazy)
    {
        using var engine = new Engine(new EngineOptions { Lazy = lazy, Collectible = lazy });
        var runner = new SuiteRunner(engine, SuiteArchive.Read(file));
        runner.Run(file);
        output.WriteLine($"{file}: {runner.Passed} passed, {runner.Failures.Count} failed, {runner.TextOnly} of the text format");
        Assert.True(runner.Failures.Count == 0, string.Join('\n', runner.Failures.Take(20)));
        Assert.True(runner.Passed + runner.TextOnly > 0);
    }
}
