using System.CommandLine;
using System.Globalization;
using Egregore.Simulation.Work;
using Spectre.Console;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore simulate work</c>: the production coordinator with virtual helpers that are slow, leave and lie.</summary>
internal sealed class SimulateWorkCommand : Command
{
    private const int SeedsMax = 100_000;

    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the (first) run", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _seeds = new("--seeds") { Description = "Runs, with seeds counting up from --seed", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _helpers = new("--helpers") { Description = "Helpers, 1 to 16000", DefaultValueFactory = _ => 1_000 };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON line for each run, its figures" };

    public SimulateWorkCommand()
        : base("work", "Helpers that are slow, far, leave, stall and lie: what is verified, what is late, what is wrong; rarer knobs: --liars, --stallers, --colluders, --rate, --spike, --churn, --loss, --quorum, ...")
    {
        foreach (var option in (Option[])[_seed, _seeds, _helpers, _json])
            Add(option);
        // The rarer knobs are read by the simulator itself.
        TreatUnmatchedTokensAsErrors = false;
        SetAction(RunAsync);
    }

    private Task<int> RunAsync(ParseResult result, CancellationToken cancel)
    {
        string[] words = ["--helpers", result.GetValue(_helpers).ToString(CultureInfo.InvariantCulture), .. result.UnmatchedTokens];
        if (!WorkSettings.TryParse(words, out var settings, out var error))
        {
            Console.Error.WriteLine($"error: {error}");
            return Task.FromResult(ExitCodes.Usage);
        }

        var seeds = Math.Clamp(result.GetValue(_seeds), 1, SeedsMax);
        var first = result.GetValue(_seed);
        int failed = 0, done = 0;
        var json = result.GetValue(_json);
        var show = new Lock();
        // Runs share nothing; they are shown in the order in which they end, each with its seed.
        Parallel.For(0, seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancel }, i =>
        {
            var report = WorkSimulation.Run(settings with { Seed = first + (ulong)i }, cancel);
            lock (show)
            {
                done++;
                failed += report.Passed ? 0 : 1;
                if (json)
                    Console.WriteLine(report.ToJsonLine());
                else if (seeds == 1 || !report.Passed)
                    Console.WriteLine(report);
                else if (!Console.IsOutputRedirected)
                    AnsiConsole.Markup($"\r[grey]{done} of {seeds}, {failed} failed[/]");
            }
        });
        if (seeds > 1 && !json)
            Console.WriteLine($"{(Console.IsOutputRedirected ? "" : "\r")}{seeds} seeds, {failed} failed");
        return Task.FromResult(failed == 0 ? ExitCodes.Success : ExitCodes.Failed);
    }
}
