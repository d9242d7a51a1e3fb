using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Egregore.Bench.WebRtc;

/// <summary>Two processes with connections between them, of our library or of node-datachannel; the first one offers and sends. Their signaling goes through here.</summary>
internal sealed class RtcPair : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Nothing new for so long: what was queued has arrived, or is lost.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);

    /// <summary>So many times <see cref="Quiet"/> for what must arrive: the last messages may wait for several timeouts.</summary>
    private const int QuietReliableMax = 40;

    private RtcPair(ChildProcess sender, ChildProcess receiver)
    {
        Sender = sender;
        Receiver = receiver;
    }

    public ChildProcess Sender { get; }

    public ChildProcess Receiver { get; }

    /// <summary>Two processes of ours.</summary>
    public static RtcPair Ours() => new(ChildProcess.StartCli("bench-rtc-peer"), ChildProcess.StartCli("bench-rtc-peer"));

    /// <summary>Two of node-datachannel's.</summary>
    public static RtcPair Peers(BenchContext context) =>
        new(ChildProcess.Start("node", ["webrtc.mjs"], context.PeersDirectory), ChildProcess.Start("node", ["webrtc.mjs"], context.PeersDirectory));

    /// <summary>Opens a connection with some channels.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="channels">Their labels.</param>
    /// <param name="offered">Changes the candidate lines of the offer; null takes them out.</param>
    /// <param name="answered">Changes those of the answer.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task ConnectAsync(int id, string[] channels, Func<string, string>? offered, Func<string, string> answered, CancellationToken cancellation)
    {
        await TellAsync(Sender, new RtcCommand { Command = "offer", Id = id, Channels = channels }).ConfigureAwait(false);
        RtcAnswer offer = await HearAsync(Sender, "sdp", cancellation).ConfigureAwait(false);
        await TellAsync(Receiver, new RtcCommand { Command = "sdp", Id = id, Type = "offer", Sdp = WithCandidates(offer.Sdp!, offered) }).ConfigureAwait(false);
        RtcAnswer answer = await HearAsync(Receiver, "sdp", cancellation).ConfigureAwait(false);
        await TellAsync(Sender, new RtcCommand { Command = "sdp", Id = id, Type = "answer", Sdp = WithCandidates(answer.Sdp!, answered) }).ConfigureAwait(false);
        foreach (string _ in channels) await HearAsync(Sender, "open", cancellation).ConfigureAwait(false);
        foreach (string _ in channels) await HearAsync(Receiver, "open", cancellation).ConfigureAwait(false);
    }

    /// <summary>The round trip in the middle, in microseconds.</summary>
    public async Task<double> RoundTripAsync(int count, int size, CancellationToken cancellation)
    {
        await TellAsync(Sender, new RtcCommand { Command = "rtt", Count = count, Size = size }).ConfigureAwait(false);
        return (await HearAsync(Sender, "rtt", cancellation).ConfigureAwait(false)).Microseconds!.Value;
    }

    /// <summary>Messages a second that arrive while the sender sends as fast as it can, by the receiver's clock.</summary>
    public async Task<double> MessagesPerSecondAsync(string channel, int size, TimeSpan before, TimeSpan time, CancellationToken cancellation)
    {
        RtcAnswer start = await MarkAsync(cancellation).ConfigureAwait(false);
        await TellAsync(Sender, new RtcCommand { Command = "send", Channel = channel, Size = size }).ConfigureAwait(false);
        await Task.Delay(before, cancellation).ConfigureAwait(false);
        RtcAnswer first = await MarkAsync(cancellation).ConfigureAwait(false);
        await Task.Delay(time, cancellation).ConfigureAwait(false);
        RtcAnswer last = await MarkAsync(cancellation).ConfigureAwait(false);
        (long sent, RtcAnswer end) = await StopAsync(channel == RtcTraffic.Reliable ? start.Messages : null, cancellation).ConfigureAwait(false);
        long arrived = end.Messages!.Value - start.Messages!.Value;
        if (end.Bytes - start.Bytes != arrived * size || (channel == RtcTraffic.Reliable && arrived != sent) || arrived > sent)
            throw new BenchException($"{sent} messages of {size} bytes were sent, {arrived} of {end.Bytes - start.Bytes} bytes in all arrived.");
        return (last.Messages!.Value - first.Messages!.Value) / (last.Seconds!.Value - first.Seconds!.Value);
    }

    /// <summary>Bytes that both of our processes allocate, for each message that arrives.</summary>
    public async Task<double> AllocatedAsync(string channel, int size, TimeSpan before, TimeSpan time, CancellationToken cancellation)
    {
        await TellAsync(Sender, new RtcCommand { Command = "send", Channel = channel, Size = size }).ConfigureAwait(false);
        await Task.Delay(before, cancellation).ConfigureAwait(false);
        var measure = new RtcCommand { Command = "measure", Milliseconds = (int)time.TotalMilliseconds };
        await TellAsync(Sender, measure).ConfigureAwait(false);
        await TellAsync(Receiver, measure).ConfigureAwait(false);
        RtcAnswer sender = await HearAsync(Sender, "mark", cancellation).ConfigureAwait(false);
        RtcAnswer receiver = await HearAsync(Receiver, "mark", cancellation).ConfigureAwait(false);
        await StopAsync(null, cancellation).ConfigureAwait(false);
        return ((double)sender.Allocated!.Value / sender.Sent!.Value) + ((double)receiver.Allocated!.Value / receiver.Messages!.Value);
    }

    /// <summary>Private memory of our receiver, in bytes, without what its signaling has left to the garbage collector.</summary>
    public async Task<long> ReceiverBytesAsync(CancellationToken cancellation)
    {
        await TellAsync(Receiver, new RtcCommand { Command = "collect" }).ConfigureAwait(false);
        await HearAsync(Receiver, "collected", cancellation).ConfigureAwait(false);
        return Receiver.PrivateBytes();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Sender.DisposeAsync().ConfigureAwait(false);
        await Receiver.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the sending, and waits until what was queued has arrived.</summary>
    /// <param name="reliableSince">What had arrived before the first message, where each is to arrive; null where some may be lost.</param>
    /// <param name="cancellation">Stops waiting.</param>
    private async Task<(long Sent, RtcAnswer End)> StopAsync(long? reliableSince, CancellationToken cancellation)
    {
        await TellAsync(Sender, new RtcCommand { Command = "stop" }).ConfigureAwait(false);
        long sent = (await HearAsync(Sender, "stopped", cancellation).ConfigureAwait(false)).Sent!.Value;
        int quiet = 0;
        for (long seen = -1; ;)
        {
            RtcAnswer now = await MarkAsync(cancellation).ConfigureAwait(false);
            quiet = now.Messages == seen ? quiet + 1 : 0;
            bool isMissing = reliableSince is { } before && now.Messages - before < sent;
            if (quiet >= (isMissing ? QuietReliableMax : 1)) return (sent, now);
            seen = now.Messages!.Value;
            await Task.Delay(Quiet, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<RtcAnswer> MarkAsync(CancellationToken cancellation)
    {
        await TellAsync(Receiver, new RtcCommand { Command = "mark" }).ConfigureAwait(false);
        return await HearAsync(Receiver, "mark", cancellation).ConfigureAwait(false);
    }

    private static Task TellAsync(ChildProcess process, RtcCommand command) => process.WriteAsync(JsonSerializer.Serialize(command, Json));

    private static async Task<RtcAnswer> HearAsync(ChildProcess process, string kind, CancellationToken cancellation)
    {
        string line = await process.ReadAsync($"{{\"event\":\"{kind}\"", Patience, cancellation).ConfigureAwait(false);
        return JsonSerializer.Deserialize<RtcAnswer>(line, Json) ?? throw new BenchException($"a peer wrote: {line}");
    }

    private static string WithCandidates(string sdp, Func<string, string>? change)
    {
        var lines = new List<string>();
        foreach (string line in sdp.Split("\r\n"))
        {
            if (!line.StartsWith("a=candidate:", StringComparison.Ordinal)) lines.Add(line);
            else if (change is not null) lines.Add(change(line));
        }
        return string.Join("\r\n", lines);
    }

    /// <summary>A candidate line with another port.</summary>
    public static string WithPort(string candidate, Func<string, int, int> change)
    {
        string[] parts = candidate.Split(' ');
        parts[5] = change(parts[4], int.Parse(parts[5], CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);
        return string.Join(' ', parts);
    }
}
