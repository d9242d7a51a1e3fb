using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Egregore.Bench;

/// <summary>
/// <c>room.cpu</c> and <c>room.bytes</c>: what 200 clients that walk at 20 Hz in one world cost the server's process, against colyseus with the same rows, walk, rate and view distance, one
/// after the other in the same run; clients are in a process of their own. Both send everybody in view at 20 Hz; <c>room.attention_*</c> is ours as it comes, with rates by attention. On a
/// busy machine both sides fall behind their 20 Hz, colyseus by leaving patches out: cost is taken for each message that reached a client, and given for the full rate. Bytes are those of
/// messages, without WebSocket and TCP framing, on both sides. <c>room.hybrid_cpu</c> is the same load where peers exchange movement among themselves.
/// </summary>
public sealed class RoomArea : IBenchArea
{
    private const int Clients = 200;
    private const int RateHz = 20;
    private const int SightBlocks = 64;
    private const int SideBlocks = 280;
    private const int SmallCrowd = 21;
    private const int SmallSideBlocks = 40;

    // From the spawn to the farthest home it is 200 blocks: half a minute's run, and trees and lakes on the way.
    private const int SpreadSeconds = 60;
    private const int SmallSpreadSeconds = 10;
    private const int WindowSeconds = 10;
    private const int WarmSeconds = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private sealed record BotsLine(int Live, double Neighbours, double BytesInPerSecond, double MessagesInPerSecond, double BytesOutPerSecond);

    private sealed record PeerLine(double Seconds, long DownBytes, long DownMessages, double Others);

    /// <summary>One window: CPU seconds a second of server and clients, bytes and messages down a second, others around a client.</summary>
    private sealed record Window(double Cpu, double ClientsCpu, double Bytes, double Messages, double Others);

    /// <inheritdoc/>
    public string Name => "room";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await NodePeers.InstallAsync(context, cancellation).ConfigureAwait(false);
        Window small = await OursAsync(context, "server", [], SmallCrowd, SmallSideBlocks, cancellation).ConfigureAwait(false);
        yield return Measure.Alone(
            "room.client_bytes", "bytes/s", small.Bytes / SmallCrowd, $"down to a client with {small.Others:0.0} others around, all of them walking, {small.Messages / SmallCrowd:0} messages/s");
        Window ours = await OursAsync(context, "server", ["--full-rate"], Clients, SideBlocks, cancellation).ConfigureAwait(false);
        Window peer = await ColyseusAsync(context, ours.Others, cancellation).ConfigureAwait(false);
        yield return Cpu("room.cpu", ours, peer, "both send everybody in view at the full rate");
        yield return Bytes("room.bytes", ours, peer, "both send everybody in view at the full rate");
        Window attention = await OursAsync(context, "server", [], Clients, SideBlocks, cancellation).ConfigureAwait(false);
        const string Policy = "ours as it comes: the 5 nearest at the full rate, others at 4 to 1 Hz within a budget; colyseus all at the full rate";
        yield return Cpu("room.attention_cpu", attention, peer, Policy);
        yield return Bytes("room.attention_bytes", attention, peer, Policy);
        Window hybrid = await OursAsync(context, "hybrid", [], Clients, SideBlocks, cancellation).ConfigureAwait(false);
        yield return Measure.LessIsBetter(
            "room.hybrid_cpu", "CPU s/s", hybrid.Cpu, "colyseus", AtFullRate(peer).Cpu,
            $"bots hold direct links, as tabs do; the server still carries {hybrid.Messages:0} messages/s down: truth's thinned view, signaling, and relays where the mesh has no link yet; others in view {hybrid.Others:0.0}, clients' process {hybrid.ClientsCpu:0.00} CPU s/s");
    }

    private static Measure Cpu(string name, Window ours, Window peer, string policy) =>
        Measure.LessIsBetter(name, "CPU s/s", AtFullRate(ours).Cpu, "colyseus", AtFullRate(peer).Cpu, $"of the server's process; {Said(ours, peer, policy)}");

    private static Measure Bytes(string name, Window ours, Window peer, string policy) =>
        Measure.LessIsBetter(name, "bytes/s", AtFullRate(ours).Bytes, "colyseus", AtFullRate(peer).Bytes, $"messages down to all clients; {Said(ours, peer, policy)}");

    private static string Said(Window ours, Window peer, string policy) =>
        $"{Clients} clients at {RateHz} Hz, sight {SightBlocks} blocks, others in view {ours.Others:0.0} and {peer.Others:0.0}; {policy}; scaled to {Clients * RateHz} messages/s down; "
        + $"measured {ours.Messages:0} with {ours.Cpu:0.000} CPU s/s and {peer.Messages:0} with {peer.Cpu:0.000}; clients' process {ours.ClientsCpu:0.00} and {peer.ClientsCpu:0.00}";

    private static async Task<Window> OursAsync(BenchContext context, string authority, string[] more, int clients, int side, CancellationToken cancellation)
    {
        string data = Directory.CreateTempSubdirectory("egregore-bench-").FullName;
        try
        {
            await using ChildProcess server = ChildProcess.StartCli(
                ["serve", "--authority", authority, "--url", "http://127.0.0.1:0", "--data", data, "--quiet", "--sessions", "1024", .. more]);
            string url = await server.ReadAsync("http", Patience, cancellation).ConfigureAwait(false);
            await using ChildProcess bots = ChildProcess.StartCli("bots", url, "--count", $"{clients}", "--walk-only", "--side", $"{side}", "--json");
            BotsLine line = await BotsAsync(bots, cancellation).ConfigureAwait(false);
            context.Log($"room, {authority}: {line.Live} bots joined; they walk home ...");
            for (int second = 0; second < (clients == Clients ? SpreadSeconds : SmallSpreadSeconds); second++)
                line = await BotsAsync(bots, cancellation).ConfigureAwait(false);
            if (line.Live < clients) throw new BenchException($"only {line.Live} of {clients} bots are in the world: the machine is too busy to measure.");

            var windows = new List<Window>();
            for (int i = 0; i < context.Repeats; i++)
            {
                (double cpu, double clientsCpu, long started) = (server.CpuSeconds(), bots.CpuSeconds(), Stopwatch.GetTimestamp());
                var lines = new List<BotsLine>();
                while (lines.Count < WindowSeconds) lines.Add(await BotsAsync(bots, cancellation).ConfigureAwait(false));
                double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
                windows.Add(new Window(
                    (server.CpuSeconds() - cpu) / seconds, (bots.CpuSeconds() - clientsCpu) / seconds,
                    lines.Average(l => l.BytesInPerSecond), lines.Average(l => l.MessagesInPerSecond), lines.Average(l => l.Neighbours)));
                context.Log($"room, {authority}: {windows[^1]}");
            }
            return Median(windows);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<Window> ColyseusAsync(BenchContext context, double others, CancellationToken cancellation)
    {
        (string, string)[] settings =
        [
            ("CLIENTS", $"{Clients}"), ("RATE_HZ", $"{RateHz}"), ("VIEW_BLOCKS", $"{SightBlocks}"), ("SECONDS", $"{WindowSeconds}"), ("WARM_SECONDS", $"{WarmSeconds}"),
            ("WINDOWS", $"{context.Repeats}"), ("SIDE_BLOCKS", SideFor(others).ToString("0", CultureInfo.InvariantCulture)),
        ];
        await using ChildProcess server = ChildProcess.Start("node", ["room-server.mjs"], context.PeersDirectory, settings);
        string port = (await server.ReadAsync("ready ", Patience, cancellation).ConfigureAwait(false))["ready ".Length..];
        await using ChildProcess clients = ChildProcess.Start("node", ["room-clients.mjs", port], context.PeersDirectory, settings);
        await clients.ReadAsync("start", Patience, cancellation).ConfigureAwait(false);
        (double cpu, double clientsCpu, long started) = (server.CpuSeconds(), clients.CpuSeconds(), Stopwatch.GetTimestamp());
        var windows = new List<Window>();
        for (int i = 0; i < context.Repeats; i++)
        {
            string json = await clients.ReadAsync("{", Patience, cancellation).ConfigureAwait(false);
            (double cpuNow, double clientsNow, long now) = (server.CpuSeconds(), clients.CpuSeconds(), Stopwatch.GetTimestamp());
            PeerLine line = JsonSerializer.Deserialize<PeerLine>(json, JsonSerializerOptions.Web) ?? throw new BenchException($"room-clients.mjs wrote: {json}");
            double seconds = Stopwatch.GetElapsedTime(started, now).TotalSeconds;
            windows.Add(new Window((cpuNow - cpu) / seconds, (clientsNow - clientsCpu) / seconds, line.DownBytes / line.Seconds, line.DownMessages / line.Seconds, line.Others));
            context.Log($"room, colyseus: {windows[^1]}");
            (cpu, clientsCpu, started) = (cpuNow, clientsNow, now);
        }
        return Median(windows);
    }

    private static async Task<BotsLine> BotsAsync(ChildProcess bots, CancellationToken cancellation)
    {
        string json = await bots.ReadAsync("{", Patience, cancellation).ConfigureAwait(false);
        return JsonSerializer.Deserialize<BotsLine>(json, JsonSerializerOptions.Web) ?? throw new BenchException($"bots wrote: {json}");
    }

    private static Window AtFullRate(Window window)
    {
        double factor = Clients * RateHz / window.Messages;
        return window with { Cpu = window.Cpu * factor, Bytes = window.Bytes * factor };
    }

    private static Window Median(List<Window> windows) => new(
        Sampling.Middle(windows.Select(w => w.Cpu)), Sampling.Middle(windows.Select(w => w.ClientsCpu)), Sampling.Middle(windows.Select(w => w.Bytes)),
        Sampling.Middle(windows.Select(w => w.Messages)), Sampling.Middle(windows.Select(w => w.Others)));

    /// <summary>
    /// The side of a square over which clients spread evenly have this many others within sight: two random points of a unit square are within q with pi q^2 - 8/3 q^3 + q^4 / 2. Ours
    /// meet obstacles on their way and end up a little closer to each other than that, so the peer's square is made for as many in view.
    /// </summary>
    private static double SideFor(double others)
    {
        double low = SightBlocks, high = 100 * SightBlocks;
        while (high - low > 0.5)
        {
            double side = (low + high) / 2, q = SightBlocks / side;
            if ((Clients - 1) * ((Math.PI * q * q) - (8.0 / 3 * q * q * q) + (q * q * q * q / 2)) > others) low = side;
            else high = side;
        }
        return low;
    }
}
