using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Egregore.WebRtc;
using Egregore.Wire;
using Egregore.World;
using VoxelArena;

namespace Egregore.Cli.Bots;

/// <param name="Count">Bots.</param>
/// <param name="WalkOnly">They leave the blocks alone.</param>
/// <param name="SideBlocks">Side of the square that their homes are in.</param>
/// <param name="Seed">Of what they do.</param>
/// <param name="Direct">They make direct links.</param>
internal sealed record SwarmOptions(int Count, bool WalkOnly, int SideBlocks, ulong Seed, bool Direct);

/// <summary>Figures of the last second, all bots together.</summary>
internal sealed record SwarmFigures(int Bots, int Live, double Neighbours, double BytesInPerSecond, double BytesOutPerSecond, double MessagesInPerSecond, double RttMs, long Rejected, long Corrections, double Links, double LinkMessagesPerSecond, double LinkBytesPerSecond)
{
    public override string ToString() =>
        $"{Live} of {Bots} bots live, {Neighbours:0.0} neighbours and {Links:0.0} direct links each, {BytesInPerSecond / Math.Max(1, Live):0} B/s down and {BytesOutPerSecond / Math.Max(1, Live):0} B/s up each, "
        + $"{RttMs:0.0} ms to truth, {Rejected} states rejected, {Corrections} corrections";
}

/// <summary>Many bots on one thread: they log in one after the other, then all of them step at the world's tick.</summary>
internal sealed partial class BotSwarm : IAsyncDisposable
{
    private const int JoinAtOnce = 8;

    private readonly Uri _url;
    private readonly SwarmOptions _options;
    private readonly HttpClient _http;
    private readonly RtcHost? _rtc;
    private readonly RtcCertificate? _certificate;
    private readonly List<Bot> _bots = [];
    private readonly List<EcdsaP256> _keys = [];

    /// <exception cref="RtcException">Direct links are asked for, and OpenSSL 3 is missing or no UDP port is to be had.</exception>
    public BotSwarm(Uri url, SwarmOptions options)
    {
        if (options.Direct)
        {
            _rtc = new RtcHost(new RtcHostOptions { IncludeLoopback = url.IsLoopback });
            _certificate = RtcCertificate.Generate();
        }

        _url = url;
        _options = options;
        _http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(20) };
    }

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="HttpRequestException">The server is not there, or refuses.</exception>
    public async Task RunAsync(Action<SwarmFigures> report, CancellationToken cancel)
    {
        var world = await _http.GetFromJsonAsync("api/world", WorldJson.Default.WorldInfo, cancel) ?? throw new HttpRequestException("the server says nothing of its world");
        var game = new VoxelArenaGame(ulong.Parse(world.Seed), world.TickRateHz, terrainChunksMax: 4096);
        var definition = WorldDefinition.Of(game);
        var random = new DeterministicRandom(_options.Seed);
        var login = new TruthLogin(_http);
        var socket = new UriBuilder(_url) { Scheme = _url.Scheme == "https" ? "wss" : "ws", Path = "/ws" }.Uri;
        var joining = new List<Task>();
        for (var i = 0; i < _options.Count; i++)
        {
            var key = EcdsaP256.Create();
            _keys.Add(key);
            var bot = new Bot(game, definition, new BotHost(socket, login, key, _rtc is null ? null : new DirectLinks(_rtc, _certificate!)), key, $"Bot {i + 1}", random.NextUInt64(), _options, NowMs);
            _bots.Add(bot);
            joining.Add(bot.Host.ConnectAsync(NowMs, cancel));
            if (joining.Count == JoinAtOnce || i == _options.Count - 1)
            {
                await Task.WhenAll(joining);
                joining.Clear();
                Pump();
            }
        }

        await StepAsync(game, 1000.0 / world.TickRateHz, report, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var bot in _bots)
            await bot.Host.DisposeAsync();
        foreach (var key in _keys)
            key.Dispose();
        _rtc?.Dispose();
        _http.Dispose();
    }

    private static long NowMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private void Pump()
    {
        foreach (var bot in _bots)
        {
            bot.Host.Pump(NowMs);
            bot.Host.Flush();
        }
    }

    private async Task StepAsync(VoxelArenaGame game, double tickMs, Action<SwarmFigures> report, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var next = 0.0;
        var reported = 0.0;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var now = NowMs;
            game.Rules.NowMs = now;
            foreach (var bot in _bots)
                bot.Step(now);
            if (clock.Elapsed.TotalMilliseconds - reported >= 1000)
            {
                report(Figures((clock.Elapsed.TotalMilliseconds - reported) / 1000));
                reported = clock.Elapsed.TotalMilliseconds;
            }

            next += tickMs;
            var wait = next - clock.Elapsed.TotalMilliseconds;
            if (wait > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(wait), cancel);
            else if (wait < -1000)
                next = clock.Elapsed.TotalMilliseconds;
        }
    }

    private SwarmFigures Figures(double seconds)
    {
        long bytesIn = 0, bytesOut = 0, messages = 0, rejected = 0, corrections = 0;
        double neighbours = 0, rtt = 0, links = 0;
        long linkMessages = 0, linkBytes = 0;
        var live = 0;
        foreach (var bot in _bots)
        {
            var (botIn, botOut, botMessages) = bot.Host.TakeFigures();
            bytesIn += botIn;
            bytesOut += botOut;
            messages += botMessages;
            corrections += bot.Participant.Stats.Corrections;
            foreach (var neighbour in bot.Participant.Neighbours)
                rejected += neighbour.Rejected;
            if (!bot.Participant.TruthLive)
                continue;
            live++;
            if (bot.Host.Links is { } direct)
            {
                var (linkIn, linkInBytes) = direct.TakeFigures();
                linkMessages += linkIn;
                linkBytes += linkInBytes;
                links += direct.OpenCount;
            }

            neighbours += bot.Participant.Neighbours.Count;
            rtt += Math.Max(0, bot.Participant.TruthRttMs);
        }

        return new SwarmFigures(
            _bots.Count, live, neighbours / Math.Max(1, live), bytesIn / seconds, bytesOut / seconds, messages / seconds, rtt / Math.Max(1, live), rejected, corrections,
            links / Math.Max(1, live), linkMessages / seconds, linkBytes / seconds);
    }

    internal sealed record WorldInfo(string Seed, int TickRateHz);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(WorldInfo))]
    internal sealed partial class WorldJson : JsonSerializerContext;
}
