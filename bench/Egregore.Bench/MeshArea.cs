using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Egregore.Simulation;

namespace Egregore.Bench;

/// <summary>
/// <c>mesh.latency</c>: how old a movement state is when the other player's page reads it, over their direct link, against the way of the same state through the server's relay: two real pages in
/// Chromium on a real server, all links delayed by the simulator's model (bench/peers/mesh-latency.mjs, <see cref="DelayedLinks"/>). <c>mesh.gossip_p99_ms</c> and <c>mesh.copies</c>: real peer
/// cores in the simulator, 100 peers, 20 to 40 ms between them, 2 % loss.
/// </summary>
public sealed class MeshArea : IBenchArea
{
    private const int Seconds = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    /// <summary>Every link alike: 28 to 32 ms each way, so that neither way has a shorter one.</summary>
    private static readonly SimulationSettings Links = new() { Peers = 2, LatencyMinMs = 28, LatencyMaxMs = 32, JitterMs = 4, ServerLatencyMs = 28 };

    private sealed record Line(int? Link, string? Ip, int Port, string? Way, double P50Ms, double P95Ms, int States, int Sent, double Fps, double? HudDirectMs, double? HudServerMs);

    /// <inheritdoc/>
    public string Name => "mesh";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return await LatencyAsync(context, cancellation).ConfigureAwait(false);
        var gossip = SimulationRunner.Run(new SimulationSettings(), cancel: cancellation);
        yield return Measure.Alone("mesh.gossip_p99_ms", "ms", gossip.P99Ms!.Value, $"publish to delivery at each of 100 peers, 2 % loss; {gossip.Delivered:0.####} delivered");
        yield return Measure.Alone("mesh.copies", "copies", gossip.CopiesMean!.Value, $"of a message, received by a peer, mean; at most {gossip.CopiesMax}");
    }

    private static async Task<Measure> LatencyAsync(BenchContext context, CancellationToken cancellation)
    {
        TabArea.RequirePages(context);
        await NodePeers.InstallAsync(context, cancellation).ConfigureAwait(false);
        string data = Directory.CreateTempSubdirectory("egregore-bench-").FullName;
        try
        {
            await using ChildProcess server = ChildProcess.StartCli("serve", "--url", "http://127.0.0.1:0", "--data", data, "--quiet");
            var target = new Uri(await server.ReadAsync("http", Patience, cancellation).ConfigureAwait(false));
            using var links = new DelayedLinks();
            string[] urls = [.. Enumerable.Range(0, 2).Select(peer => $"http://127.0.0.1:{links.ForwardTcp(new IPEndPoint(IPAddress.Loopback, target.Port), VirtualLink.ToServer(Links, peer))}")];
            await using ChildProcess pages = ChildProcess.Start("node", ["mesh-latency.mjs", .. urls, $"{Seconds}"], context.PeersDirectory);
            Line direct = await ReadPartAsync(pages, links, cancellation).ConfigureAwait(false);
            context.Log($"mesh: {Text(direct)}");
            Line relay = await ReadPartAsync(pages, links, cancellation).ConfigureAwait(false);
            context.Log($"mesh: {Text(relay)}");
            return Measure.LessIsBetter(
                "mesh.latency", "ms", direct.P50Ms, "through the server", relay.P50Ms,
                $"from the step in which a movement state leaves one page to C# of the other reading it, median of {direct.States} and {relay.States} states; 95th percentile {Number(direct.P95Ms)} and "
                + $"{Number(relay.P95Ms)}; two pages of the game in Chromium, drawing off ({direct.Fps:0} frames/s), every link (page to page, page to server) 28 to 32 ms each way and 2 % loss between pages "
                + $"by the simulator's model, seed {Links.Seed}; through the server: relayed at once, without truth's tick");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    /// <summary>Makes the links that the pages ask for, until the part has its figures.</summary>
    private static async Task<Line> ReadPartAsync(ChildProcess pages, DelayedLinks links, CancellationToken cancellation)
    {
        while (true)
        {
            string json = await pages.ReadAsync("{", Patience, cancellation).ConfigureAwait(false);
            Line line = JsonSerializer.Deserialize<Line>(json, JsonSerializerOptions.Web) ?? throw new BenchException($"mesh-latency.mjs wrote: {json}");
            if (line.Way is not null)
                return line.States > 0 ? line : throw new BenchException($"no state arrived: {json}");
            if (line.Link is not { } link || !IPAddress.TryParse(line.Ip, out IPAddress? address)) throw new BenchException($"mesh-latency.mjs wrote: {json}");
            int port = links.ForwardUdp(new IPEndPoint(address, line.Port), VirtualLink.BetweenPeers(Links, 0, 1));
            await pages.WriteAsync(JsonSerializer.Serialize(new { link, port })).ConfigureAwait(false);
        }
    }

    private static string Text(Line line) =>
        $"{line.Way}: {Number(line.P50Ms)} ms, 95th percentile {Number(line.P95Ms)}, {line.States} of {line.Sent} states at {line.Fps:0} frames/s; the page's own round trips: direct {Hud(line.HudDirectMs)}, through the server {Hud(line.HudServerMs)}";

    private static string Hud(double? milliseconds) => milliseconds is { } known ? $"{Number(known)} ms" : "none";

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
