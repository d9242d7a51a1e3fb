using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Egregore.Simulation;

namespace Egregore.Bench.WebRtc;

/// <summary>
/// <c>webrtc.*</c>: data channels between two processes over loopback, ours against node-datachannel (libdatachannel, usrsctp, OpenSSL), in turns; over a path with loss; a thousand idle
/// peers on one port; bytes allocated.
/// </summary>
public sealed class WebRtcArea : IBenchArea
{
    private const string Peer = "node-datachannel";
    private const int RoundTrips = 2_000;
    private const int IdlePeers = 1_000;

    private static readonly TimeSpan Before = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LossyBefore = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LossyTime = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(8);

    /// <summary>Consent checks come every 4 to 6 s, heartbeats every 30 s: all of them are in it.</summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(40);

    /// <summary>25 ms each way, so 50 ms there and back; 1 % lost each way; the order is kept.</summary>
    private static readonly SimulationSettings Path = new() { Peers = 2, LatencyMinMs = 25, LatencyMaxMs = 25, JitterMs = 0, Loss = 0.01 };

    private static readonly string[] Channels = [RtcTraffic.Echo, RtcTraffic.Reliable, RtcTraffic.Unreliable];

    /// <inheritdoc/>
    public string Name => "webrtc";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await NodePeers.InstallAsync(context, cancellation).ConfigureAwait(false);
        await foreach (Measure measure in LoopbackAsync(context, cancellation).ConfigureAwait(false)) yield return measure;
        yield return await LossyAsync(context, cancellation).ConfigureAwait(false);
        await foreach (Measure measure in IdleAsync(context, cancellation).ConfigureAwait(false)) yield return measure;
    }

    private static async IAsyncEnumerable<Measure> LoopbackAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using RtcPair ours = RtcPair.Ours();
        await using RtcPair peers = RtcPair.Peers(context);
        await ours.ConnectAsync(0, Channels, Same, Same, cancellation).ConfigureAwait(false);
        await peers.ConnectAsync(0, Channels, Same, Same, cancellation).ConfigureAwait(false);
        (double our, double their, string each) = await TurnsAsync(context, pair => pair.RoundTripAsync(RoundTrips, 64, cancellation), ours, peers, "rtt").ConfigureAwait(false);
        yield return Measure.LessIsBetter("webrtc.rtt", "us", our, Peer, their, $"64 bytes there and back between two processes, the middle of {RoundTrips}, the middle of rounds in turns: {each}; goal 1.5x");
        foreach ((string name, string channel, int size, string what) in new[]
        {
            ("reliable_1k", RtcTraffic.Reliable, 1_024, "ordered, reliable"),
            ("reliable_64k", RtcTraffic.Reliable, 65_536, "ordered, reliable"),
            ("small_64b", RtcTraffic.Reliable, 64, "ordered, reliable"),
            ("unreliable_1k", RtcTraffic.Unreliable, 1_024, "unordered, never sent again, what arrives counts"),
        })
        {
            Task<double> Run(RtcPair pair) => pair.MessagesPerSecondAsync(channel, size, Before, Time, cancellation);
            (our, their, each) = await TurnsAsync(context, Run, ours, peers, name).ConfigureAwait(false);
            string note = $"{size} bytes, {what}, {our * size / 1e6:0} against {their * size / 1e6:0} MB/s, one direction between two processes, the middle of rounds in turns: {each}; goal 1.5x";
            yield return Measure.MoreIsBetter($"webrtc.{name}", "messages/s", our, Peer, their, note);
        }
        yield return await AllocationsAsync(ours, context.Repeats, cancellation).ConfigureAwait(false);
    }

    private static async Task<Measure> AllocationsAsync(RtcPair ours, int repeats, CancellationToken cancellation)
    {
        var each = new List<string>();
        double most = 0;
        foreach ((string channel, int size) in new[] { (RtcTraffic.Reliable, 1_024), (RtcTraffic.Reliable, 64), (RtcTraffic.Unreliable, 1_024) })
        {
            var rounds = new List<double>();
            for (int round = 0; round < repeats; round++) rounds.Add(await ours.AllocatedAsync(channel, size, Before + Time, Time, cancellation).ConfigureAwait(false));
            double bytes = Sampling.Middle(rounds);
            most = Math.Max(most, bytes);
            each.Add(string.Create(CultureInfo.InvariantCulture, $"{channel} {size}: {bytes:0.###}"));
        }
        return Measure.Alone("webrtc.alloc", "bytes", most, $"allocated for a message by both processes in full flow, host and public interface included, the middle of {repeats} rounds, the most of {string.Join(", ", each)}; goal 0");
    }

    private static async Task<Measure> LossyAsync(BenchContext context, CancellationToken cancellation)
    {
        using var links = new DelayedLinks();
        await using RtcPair ours = RtcPair.Ours();
        await using RtcPair peers = RtcPair.Peers(context);
        string Lossy(string line) => RtcPair.WithPort(line, (ip, port) => links.ForwardUdp(new IPEndPoint(IPAddress.Parse(ip), port), VirtualLink.BetweenPeers(Path, 0, 1)));
        await ours.ConnectAsync(0, Channels, Lossy, Lossy, cancellation).ConfigureAwait(false);
        await peers.ConnectAsync(0, Channels, Lossy, Lossy, cancellation).ConfigureAwait(false);
        Task<double> Run(RtcPair pair) => pair.MessagesPerSecondAsync(RtcTraffic.Reliable, 1_024, LossyBefore, LossyTime, cancellation);
        (double our, double their, string each) = await TurnsAsync(context, Run, ours, peers, "lossy", warmUp: false).ConfigureAwait(false);
        string note = $"1,024 bytes, ordered, reliable, {our * 1_024 / 1e6:0.0} against {their * 1_024 / 1e6:0.0} MB/s through a UDP proxy with 50 ms of round trip and 1 % of loss each way, {LossyTime.TotalSeconds:0} s after the "
            + $"first {LossyBefore.TotalSeconds:0}, the middle of rounds in turns: {each}; goal 2x";
        return Measure.MoreIsBetter("webrtc.lossy", "messages/s", our, Peer, their, note);
    }

    private static async IAsyncEnumerable<Measure> IdleAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using RtcPair ours = RtcPair.Ours();
        // Without the offer's candidates the one port is the only socket on the answering side; the other side has a socket for each.
        Task Connect(int id) => ours.ConnectAsync(id, [RtcTraffic.Echo], null, Same, cancellation);
        await Connect(0).ConfigureAwait(false);
        await Task.Delay(Settle, cancellation).ConfigureAwait(false);
        long before = await ours.ReceiverBytesAsync(cancellation).ConfigureAwait(false);
        long started = Stopwatch.GetTimestamp();
        for (int id = 1; id <= IdlePeers; id++) await Connect(id).ConfigureAwait(false);
        double connectSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await Task.Delay(Settle, cancellation).ConfigureAwait(false);
        double uncollected = (ours.Receiver.PrivateBytes() - before) / 1e3 / IdlePeers;
        double kilobytes = (await ours.ReceiverBytesAsync(cancellation).ConfigureAwait(false) - before) / 1e3 / IdlePeers;
        double cpuBefore = ours.Receiver.CpuSeconds();
        started = Stopwatch.GetTimestamp();
        await Task.Delay(IdleTime, cancellation).ConfigureAwait(false);
        double share = (ours.Receiver.CpuSeconds() - cpuBefore) / Stopwatch.GetElapsedTime(started).TotalSeconds * 100;
        context.Log($"webrtc: {IdlePeers} connections one after another in {connectSeconds:0.0} s");
        yield return Measure.Alone(
            "webrtc.peer_kb", "KB", kilobytes, $"private memory of the process for each of {IdlePeers} peers with an open channel on one port, certificates of their own, {Settle.TotalSeconds:0} s after the last and a garbage collection ({uncollected:0} before it); goal 100 or less");
        yield return Measure.Alone(
            "webrtc.idle_cpu", "% of a core", share, $"for {IdlePeers} idle peers in all, consent checks and heartbeats of both sides answered, over {IdleTime.TotalSeconds:0} s; goal 2 or less");
    }

    private static async Task<(double Our, double Their, string Each)> TurnsAsync(
        BenchContext context, Func<RtcPair, Task<double>> run, RtcPair ours, RtcPair peers, string name, bool warmUp = true)
    {
        var our = new List<double>();
        var their = new List<double>();
        // Short rounds, and many: what else the machine does meets both sides alike.
        int rounds = warmUp ? (2 * context.Repeats) + 1 : context.Repeats;
        for (int round = warmUp ? -1 : 0; round < rounds; round++)
        {
            double mine = await run(ours).ConfigureAwait(false);
            double other = await run(peers).ConfigureAwait(false);
            context.Log(string.Create(CultureInfo.InvariantCulture, $"webrtc: {name} {(round < 0 ? "warm-up" : $"round {round + 1}")}: {mine:#,0.#} against {other:#,0.#}"));
            if (round < 0) continue;
            our.Add(mine);
            their.Add(other);
        }
        return (Sampling.Middle(our), Sampling.Middle(their), string.Join(", ", our.Zip(their).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.First:#,0.#}/{pair.Second:#,0.#}"))));
    }

    private static string Same(string candidate) => candidate;
}
