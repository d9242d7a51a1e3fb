using System.CommandLine;
using System.Globalization;
using Egregore.Simulation;
using Spectre.Console;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore simulate</c>: production peer cores over a virtual network, from a seed.</summary>
internal sealed class SimulateCommand : Command
{
    private const int SeedsMax = 100_000;

    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the (first) run", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _seeds = new("--seeds") { Description = "Runs, with seeds counting up from --seed", DefaultValueFactory = _ => 1 };
    private readonly Option<string> _scenario = new("--scenario") { Description = "gossip, partition, churn or latency", DefaultValueFactory = _ => "gossip" };
    private readonly Option<int> _peers = new("--peers") { Description = "Peers, 2 to 5000", DefaultValueFactory = _ => 100 };
    private readonly Option<string> _latency = new("--latency") { Description = "One-way delay of a link, MIN-MAX in ms", DefaultValueFactory = _ => "20-40" };
    private readonly Option<double> _loss = new("--loss") { Description = "Share of messages lost, 0 to 1", DefaultValueFactory = _ => 0.02 };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON line for each run, its figures" };

    public SimulateCommand()
        : base("simulate", "Run hundreds of real peer cores over a virtual network; a failure prints the command that replays it")
    {
        foreach (var option in (Option[])[_seed, _seeds, _scenario, _peers, _latency, _loss, _json])
            Add(option);
        Add(new SimulateWorkCommand());
        // The rarer knobs (--jitter, --duplicate, --reorder, --replay, --liars, ...) are read by the simulator itself.
        TreatUnmatchedTokensAsErrors = false;
        SetAction(RunAsync);
    }

    private Task<int> RunAsync(ParseResult result, CancellationToken cancel)
    {
        string[] words =
        [
            "--scenario", result.GetValue(_scenario)!, "--peers", Text(result.GetValue(_peers)), "--latency", result.GetValue(_latency)!,
            "--loss", Text(result.GetValue(_loss)), .. result.UnmatchedTokens,
        ];
        if (!SimulationSettings.TryParse(words, out var settings, out var error))
        {
            Console.Error.WriteLine($"error: {error}");
            return Task.FromResult(ExitCodes.Usage);
        }

        var seeds = Math.Clamp(result.GetValue(_seeds), 1, SeedsMax);
        var first = result.GetValue(_seed);
        var failed = 0;
        for (var i = 0; i < seeds; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var report = SimulationRunner.Run(settings with { Seed = first + (ulong)i }, null, cancel);
            if (!report.Passed)
                failed++;
            if (result.GetValue(_json))
                Console.WriteLine(report.ToJsonLine());
            else if (seeds == 1 || !report.Passed)
                Console.WriteLine(report);
            else if (!Console.IsOutputRedirected)
                AnsiConsole.Markup($"\r[grey]seed {first + (ulong)i}, {i + 1} of {seeds}, {failed} failed[/]");
        }

        if (seeds > 1 && !result.GetValue(_json))
            Console.WriteLine($"{(Console.IsOutputRedirected ? "" : "\r")}{seeds} seeds, {failed} failed");
        return Task.FromResult(failed == 0 ? ExitCodes.Success : ExitCodes.Failed);
    }

    private static string Text<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}
