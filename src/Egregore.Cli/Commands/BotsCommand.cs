using System.CommandLine;
using Egregore.Cli.Bots;
using Egregore.Server;
using Egregore.WebRtc;
using Spectre.Console;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore bots</c>: headless peers that walk and build.</summary>
internal sealed class BotsCommand : Command
{
    private const int CountMax = 2_000;

    private readonly Argument<string> _url = new("url") { Description = "Address of the server", DefaultValueFactory = _ => "http://127.0.0.1:5170" };
    private readonly Option<int> _count = new("--count") { Description = "Bots, 1 to 2000", DefaultValueFactory = _ => 10 };
    private readonly Option<int> _seconds = new("--seconds") { Description = "Stop after so many seconds; 0: with Ctrl+C", DefaultValueFactory = _ => 0 };
    private readonly Option<bool> _walkOnly = new("--walk-only") { Description = "Walk, but do not dig or build" };
    private readonly Option<int> _side = new("--side") { Description = "Their homes are spread over a square of so many blocks a side", DefaultValueFactory = _ => 64 };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of what they do", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _relayed = new("--relayed") { Description = "Make no direct links: what they say to each other goes through the server" };
    private readonly Option<bool> _json = new("--json") { Description = "A JSON line of figures each second" };

    public BotsCommand()
        : base("bots", "Let headless peers walk and build in a world")
    {
        Add(_url);
        foreach (var option in (Option[])[_count, _seconds, _walkOnly, _side, _seed, _relayed, _json])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancel)
    {
        if (!Uri.TryCreate(result.GetValue(_url), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || result.GetValue(_count) is < 1 or > CountMax)
        {
            Console.Error.WriteLine($"error: the url is http://HOST:PORT and --count is 1 to {CountMax}");
            return ExitCodes.Usage;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (result.GetValue(_seconds) > 0)
            limit.CancelAfter(TimeSpan.FromSeconds(result.GetValue(_seconds)));
        try
        {
            await using var swarm = Make(
                url, new SwarmOptions(result.GetValue(_count), result.GetValue(_walkOnly), result.GetValue(_side), result.GetValue(_seed), !result.GetValue(_relayed)));
            var json = result.GetValue(_json);
            await swarm.RunAsync(figures => Report(figures, json), limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The asked time is over.
        }
        catch (HttpRequestException e)
        {
            throw new EgregoreEnvironmentException($"{url}: {e.Message}", e);
        }

        return ExitCodes.Success;
    }

    private static BotSwarm Make(Uri url, SwarmOptions options)
    {
        try
        {
            return new BotSwarm(url, options);
        }
        catch (RtcException e)
        {
            Console.Error.WriteLine($"no direct links, the server relays: {e.Message}");
            return new BotSwarm(url, options with { Direct = false });
        }
    }

    private static void Report(SwarmFigures figures, bool json)
    {
        if (json)
            Console.WriteLine(System.Text.Json.JsonSerializer.Serialize(figures, CliJson.Default.SwarmFigures));
        else if (Console.IsOutputRedirected)
            Console.WriteLine(figures);
        else
            AnsiConsole.Markup($"\r[grey]{Markup.Escape(figures.ToString())}[/]   ");
    }
}
