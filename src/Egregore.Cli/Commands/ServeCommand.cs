using System.CommandLine;
using Egregore.Server;
using Egregore.Server.Work;
using Egregore.Wire;
using Egregore.World.Area;
using VoxelArena;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore serve</c>: hosts a world and prints one address.</summary>
internal sealed class ServeCommand : Command
{
    /// <summary>Chunks of terrain kept, 16 KiB each: a square of 1,024 blocks.</summary>
    private const int TerrainChunks = 4096;

    private readonly Option<string> _url = new("--url") { Description = "Address to listen on; port 0 takes a free one", DefaultValueFactory = _ => "http://127.0.0.1:5170" };
    private readonly Option<string> _data = new("--data") { Description = "Folder of the journal", DefaultValueFactory = _ => "data" };
    private readonly Option<string> _world = new("--world") { Description = "Name of the world", DefaultValueFactory = _ => "main" };
    private readonly Option<Authority> _authority = new("--authority")
    {
        Description = "Who decides movement: server (all through truth), hybrid (peers, checked by truth) or mesh (peers only)",
        DefaultValueFactory = _ => Authority.Hybrid,
    };

    private readonly Option<ulong?> _seed = new("--seed") { Description = "Seed of a new world's terrain; kept with its data [default: 1]" };
    private readonly Option<string[]> _ice = new("--ice") { Description = "STUN or TURN server for browsers, such as stun:example.org:3478; repeat for more" };
    private readonly Option<string[]> _origin = new("--origin") { Description = "Another origin whose pages may join; repeat for more" };
    private readonly Option<int> _sessions = new("--sessions") { Description = "Most sessions at once", DefaultValueFactory = _ => new ServerOptions().SessionsMax };
    private readonly Option<bool> _fullRate = new("--full-rate") { Description = "Truth sends everybody in sight at the full rate, not by attention (the five nearest at the full rate, others at 4 to 1 Hz)" };
    private readonly Option<bool> _noHelpers = new("--no-helpers") { Description = "Nobody may lend a machine: the server computes all tasks itself" };
    private readonly Option<bool> _quiet = new("--quiet") { Description = "Print nothing but the address" };

    public ServeCommand()
        : base("serve", "Host a world and print its address")
    {
        foreach (var option in (Option[])[_url, _data, _world, _authority, _seed, _ice, _origin, _sessions, _fullRate, _noHelpers, _quiet])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancel)
    {
        var pages = PagePaths.Find();
        var options = new ServerOptions
        {
            Url = result.GetValue(_url)!,
            DataFolder = result.GetValue(_data)!,
            World = result.GetValue(_world)!,
            Authority = result.GetValue(_authority),
            Seed = WorldSeed.Keep(result.GetValue(_data)!, result.GetValue(_seed)),
            IceServers = result.GetValue(_ice) ?? [],
            AllowedOrigins = result.GetValue(_origin) ?? [],
            SessionsMax = result.GetValue(_sessions),
            ConnectionsPerAddressMax = Math.Max(new ServerOptions().ConnectionsPerAddressMax, result.GetValue(_sessions)),
            Room = result.GetValue(_fullRate) ? RoomOptions.FullRate : new RoomOptions(),
            Helpers = new HelpersOptions { Enabled = !result.GetValue(_noHelpers), ApiKeys = ApiKeys.FromEnvironment() },
            PagesFolder = pages.Web ?? "web/dist",
            BrowserFolder = pages.Browser ?? "artifacts/browser",
            Log = !result.GetValue(_quiet),
        };
        await EgregoreServer.RunAsync(new VoxelArenaGame(options.Seed, options.TickRateHz, TerrainChunks), options, server => Announce(server, options), cancel);
        return ExitCodes.Success;
    }

    private static void Announce(EgregoreServer server, ServerOptions options)
    {
        var address = server.Address.ToString().TrimEnd('/');
        Console.WriteLine(options.Log ? $"World '{options.World}' ({options.Authority.ToString().ToLowerInvariant()}): {address}" : address);
        if (options.Log)
            Console.WriteLine($"Open it in two windows. What happens inside: {address}/dashboard. Ctrl+C stops it.");
    }
}
