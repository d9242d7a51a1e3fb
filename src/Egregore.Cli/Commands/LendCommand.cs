using System.CommandLine;
using Egregore.Cli.Lend;
using Egregore.Server;
using Egregore.Wire;
using Spectre.Console;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore lend URL</c>: lends this machine's processor to a world, task by task, in sandboxed worker processes.</summary>
internal sealed class LendCommand : Command
{
    private const string KeyVariable = "EGREGORE_API_KEY";
    private const int NameMax = 32;
    private const int CoresMax = 64;

    // A worker below it starts, but has no room for a kernel of any size.
    private const int WorkerMbMin = 96;

    // Half of a worker's heap may be one run's memory.
    private const int PagesMax = 1_024;

    private readonly Argument<string> _url = new("url") { Description = "Address of the server", DefaultValueFactory = _ => "http://127.0.0.1:5170" };
    private readonly Option<int> _cores = new("--cores") { Description = "Tasks at the same time, each in a process of its own, 1 to 64", DefaultValueFactory = _ => Math.Clamp(Environment.ProcessorCount / 2, 1, CoresMax) };
    private readonly Option<int> _memory = new("--memory") { Description = "Megabytes for all workers together; at least 96 for each", DefaultValueFactory = _ => 1_024 };
    private readonly Option<int> _share = new("--share") { Description = "Percent of the time that a worker computes, 10 to 100", DefaultValueFactory = _ => 100 };
    private readonly Option<string> _name = new("--name") { Description = "What the server's pages may show, at most 32 characters", DefaultValueFactory = _ => "" };
    private readonly Option<HelperTier> _tier = new("--tier") { Description = "peer, or cloud for machines that an API key vouches for", DefaultValueFactory = _ => HelperTier.Peer };
    private readonly Option<string?> _apiKey = new("--api-key") { Description = $"The API key; better in the environment as {KeyVariable}, where other users do not see it" };
    private readonly Option<int> _busy = new("--busy") { Description = "Pause while other programs use more than so many percent of the processors; 100: never", DefaultValueFactory = _ => 60 };
    private readonly Option<bool> _onBattery = new("--on-battery") { Description = "Go on when the machine runs on its battery" };
    private readonly Option<int> _seconds = new("--seconds") { Description = "Stop after so many seconds; 0: with Ctrl+C", DefaultValueFactory = _ => 0 };
    private readonly Option<string?> _identity = new("--identity") { Description = "File that keeps the helper's key, so that trust grows over restarts; made when it is not there (mode 600)" };
    private readonly Option<bool> _noWalls = new("--no-bubblewrap") { Description = "Start workers as ordinary processes even where bubblewrap is installed" };
    private readonly Option<bool> _json = new("--json") { Description = "A JSON line for figures each second, for each task and each receipt" };

    public LendCommand()
        : base("lend", "Lend this machine's processor to a world: small tasks without names, computed in sandboxed processes, with a receipt for each")
    {
        Check(_cores, cores => cores is >= 1 and <= CoresMax, $"--cores is 1 to {CoresMax}");
        Check(_share, share => share is >= 10 and <= 100, "--share is 10 to 100");
        Check(_busy, busy => busy is >= 1 and <= 100, "--busy is 1 to 100");
        Check(_seconds, seconds => seconds >= 0, "--seconds is 0 or more");
        Check(_name, name => name is { Length: <= NameMax }, $"--name has at most {NameMax} characters");
        Add(_url);
        foreach (var option in (Option[])[_cores, _memory, _share, _name, _tier, _apiKey, _busy, _onBattery, _seconds, _identity, _noWalls, _json])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancel)
    {
        var cores = result.GetValue(_cores);
        var memory = result.GetValue(_memory);
        if (!Uri.TryCreate(result.GetValue(_url), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            return Usage("the url is http://HOST:PORT or https://HOST");
        if (memory / cores < WorkerMbMin)
            return Usage($"--memory {memory} is too little for {cores} workers of {WorkerMbMin} MB; give more, or fewer --cores");
        var apiKey = result.GetValue(_apiKey) ?? Environment.GetEnvironmentVariable(KeyVariable);
        if (result.GetValue(_tier) == HelperTier.Cloud && string.IsNullOrEmpty(apiKey))
            return Usage($"--tier cloud needs an API key, in the environment as {KeyVariable}");

        var workerBytes = ((long)memory << 20) / cores;
        var pages = (int)Math.Min(PagesMax, workerBytes / 2 / 65_536);
        var walls = await WallsAsync(result.GetValue(_noWalls), workerBytes, pages, cancel);
        using var key = HelperIdentity.Load(result.GetValue(_identity));
        using var http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(20) };
        var options = new LendOptions
        {
            Url = url,
            Name = result.GetValue(_name)!,
            Tier = result.GetValue(_tier),
            ApiKey = apiKey,
            Cores = cores,
            MemoryBytes = (long)memory << 20,
            Share = result.GetValue(_share) / 100.0,
            Worker = () => Confinement.Worker(walls, workerBytes, pages),
        };
        var senses = new PauseSenses("/proc", "/sys/class/power_supply", result.GetValue(_busy) / 100.0, result.GetValue(_onBattery));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (result.GetValue(_seconds) > 0)
            limit.CancelAfter(TimeSpan.FromSeconds(result.GetValue(_seconds)));
        await LendAsync(options, http, key, senses, result.GetValue(_json), limit.Token);
        return cancel.IsCancellationRequested ? ExitCodes.Cancelled : ExitCodes.Success;
    }

    private static async Task LendAsync(LendOptions options, HttpClient http, EcdsaP256 key, PauseSenses senses, bool json, CancellationToken cancel)
    {
        if (json || Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Ansi)
        {
            await using var lines = new Lender(options, http, key, senses, json ? new JsonView(Console.Out) : new PlainView(Console.Out));
            await lines.RunAsync(cancel);
            return;
        }

        var view = new LiveView(AnsiConsole.Console, $"{options.Url} as {key.Peer.ToString()[..8]}, {options.Cores} workers");
        await view.RunAsync(async () =>
        {
            await using var lender = new Lender(options, http, key, senses, view);
            await lender.RunAsync(cancel);
        });
    }

    /// <summary>Bubblewrap, if a worker starts under it; otherwise null, and a warning.</summary>
    private static async Task<string?> WallsAsync(bool refused, long workerBytes, int pages, CancellationToken cancel)
    {
        var found = refused ? null : Confinement.FindBubblewrap();
        var why = refused ? "as asked" : "bubblewrap is not installed";
        if (found is not null)
        {
            try
            {
                using var worker = await WorkerProcess.StartAsync(Confinement.Worker(found, workerBytes, pages), TimeSpan.FromSeconds(20), cancel);
                return found;
            }
            catch (WorkerException e)
            {
                why = $"bubblewrap does not work here: {e.Message}";
            }
        }

        Console.Error.WriteLine($"warning: workers are ordinary processes of this user ({why}); WebAssembly is the only wall around a task");
        return null;
    }

    private static void Check<T>(Option<T> option, Func<T?, bool> holds, string text) => option.Validators.Add(result =>
    {
        if (!holds(result.GetValue(option)))
            result.AddError(text);
    });

    private static int Usage(string text)
    {
        Console.Error.WriteLine($"error: {text}");
        Console.Error.WriteLine("see: egregore lend --help");
        return ExitCodes.Usage;
    }
}
