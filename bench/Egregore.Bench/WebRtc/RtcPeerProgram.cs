using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Egregore.WebRtc;

namespace Egregore.Bench.WebRtc;

/// <summary>
/// Our side of <c>egregore bench webrtc</c>, a process of its own: any number of connections on one host. Commands come as JSON, a line each, and so do the answers;
/// bench/peers/webrtc.mjs speaks the same with node-datachannel.
/// </summary>
public sealed class RtcPeerProgram : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly TextWriter output;
    private readonly RtcHost host = new(new RtcHostOptions { Addresses = [IPAddress.Loopback] });
    private readonly Dictionary<int, RtcPeerConnection> connections = [];
    private readonly RtcTraffic traffic = new();
    private readonly Lock writing = new();

    private RtcPeerProgram(TextWriter output) => this.output = output;

    /// <summary>Runs until the input ends.</summary>
    public static async Task RunAsync(TextReader input, TextWriter output, CancellationToken cancellation)
    {
        using var program = new RtcPeerProgram(output);
        while (await input.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
            program.Run(JsonSerializer.Deserialize<RtcCommand>(line, Json)!);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        traffic.Stop();
        foreach (RtcPeerConnection connection in connections.Values) connection.Dispose();
        host.Dispose();
        traffic.Dispose();
    }

    private void Run(RtcCommand command)
    {
        switch (command.Command)
        {
            case "offer":
                RtcPeerConnection offerer = Make(command.Id);
                foreach (string channel in command.Channels!) traffic.Adopt(MakeChannel(offerer, channel), () => Tell(new RtcAnswer { Event = "open", Id = command.Id }));
                offerer.SetLocalDescription();
                break;
            case "sdp":
                bool isOffer = command.Type == "offer";
                RtcPeerConnection connection = isOffer ? Make(command.Id) : connections[command.Id];
                connection.SetRemoteDescription(new RtcSessionDescription(isOffer ? RtcSdpType.Offer : RtcSdpType.Answer, command.Sdp!));
                if (isOffer) connection.SetLocalDescription();
                break;
            case "rtt":
                traffic.PingPong(command.Count, command.Size, microseconds => Tell(new RtcAnswer { Event = "rtt", Microseconds = microseconds }));
                break;
            case "send":
                traffic.Start(command.Channel!, command.Size);
                break;
            case "stop":
                traffic.Stop();
                Tell(new RtcAnswer { Event = "stopped", Sent = traffic.Sent });
                break;
            case "mark":
                Tell(traffic.Mark());
                break;
            case "measure":
                Tell(traffic.Allocations(TimeSpan.FromMilliseconds(command.Milliseconds)));
                break;
            case "collect":
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                Tell(new RtcAnswer { Event = "collected" });
                break;
            default:
                throw new InvalidOperationException($"no such command: {command.Command}");
        }
    }

    private RtcPeerConnection Make(int id)
    {
        var connection = new RtcPeerConnection(host: host);
        connections.Add(id, connection);
        connection.DataChannel += channel => traffic.Adopt(channel, () => Tell(new RtcAnswer { Event = "open", Id = id }));
        connection.ConnectionStateChanged += state =>
        {
            if (state == RtcPeerConnectionState.Failed) Tell(new RtcAnswer { Event = "failed", Id = id, Reason = connection.FailureReason });
        };
        connection.IceGatheringStateChanged += state =>
        {
            if (state == RtcIceGatheringState.Complete && connection.LocalDescription is { } local)
                Tell(new RtcAnswer { Event = "sdp", Id = id, Type = local.Type == RtcSdpType.Offer ? "offer" : "answer", Sdp = local.Sdp });
        };
        return connection;
    }

    private static RtcDataChannel MakeChannel(RtcPeerConnection connection, string label) =>
        connection.CreateDataChannel(label, label == RtcTraffic.Unreliable ? new RtcDataChannelInit { Ordered = false, MaxRetransmits = 0 } : null);

    private void Tell(RtcAnswer answer)
    {
        string line = JsonSerializer.Serialize(answer, Json);
        lock (writing)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }
}

/// <summary>A line to a peer's process.</summary>
internal sealed record RtcCommand
{
    /// <summary>offer, sdp, rtt, send, stop, mark, measure, collect.</summary>
    public required string Command { get; init; }

    /// <summary>Which connection.</summary>
    public int Id { get; init; }

    /// <summary>Labels of the channels to offer.</summary>
    public IReadOnlyList<string>? Channels { get; init; }

    public string? Type { get; init; }

    public string? Sdp { get; init; }

    public string? Channel { get; init; }

    /// <summary>Bytes of a message.</summary>
    public int Size { get; init; }

    public int Count { get; init; }

    public int Milliseconds { get; init; }
}

/// <summary>A line of a peer's process.</summary>
internal sealed record RtcAnswer
{
    /// <summary>sdp, open, rtt, stopped, mark, collected, failed.</summary>
    public required string Event { get; init; }

    public int Id { get; init; }

    public string? Type { get; init; }

    public string? Sdp { get; init; }

    public string? Reason { get; init; }

    /// <summary>The round trip in the middle.</summary>
    public double? Microseconds { get; init; }

    /// <summary>Messages handed over since the last start.</summary>
    public long? Sent { get; init; }

    /// <summary>Messages received since the process began, and their bytes.</summary>
    public long? Messages { get; init; }

    public long? Bytes { get; init; }

    /// <summary>The process's own clock.</summary>
    public double? Seconds { get; init; }

    /// <summary>Bytes allocated on the managed heap.</summary>
    public long? Allocated { get; init; }
}
