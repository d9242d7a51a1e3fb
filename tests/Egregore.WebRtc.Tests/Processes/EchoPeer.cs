using System.Text.Json;

namespace Egregore.WebRtc.Tests.Processes;

/// <summary>
/// A peer of ours that echoes, with the signaling of <c>node/peer.mjs</c> and <c>pion/main.go</c>: one JSON object a line. The text "close" closes the channel,
/// "end" the connection. It ends with its input.
/// </summary>
internal sealed class EchoPeer(bool offers, TextReader input, TextWriter output)
{
    private readonly Lock _lock = new();

    public async Task RunAsync()
    {
        using var host = new RtcHost(new RtcHostOptions { IncludeLoopback = true });
        using var connection = new RtcPeerConnection(host: host);
        connection.IceCandidate += candidate =>
        {
            if (candidate is not null)
                Write(new { candidate = candidate.Candidate, mid = candidate.SdpMid });
        };
        connection.DataChannel += Adopt;
        connection.ConnectionStateChanged += state => Write(new { @event = "state", label = state.ToString() });
        if (offers)
        {
            Adopt(connection.CreateDataChannel("echo"));
            var offer = connection.CreateOffer();
            Write(new { type = "offer", sdp = offer.Sdp });
            connection.SetLocalDescription(offer);
        }

        while (await input.ReadLineAsync() is { } line)
        {
            var message = JsonDocument.Parse(line).RootElement;
            if (message.TryGetProperty("candidate", out var candidate))
            {
                connection.AddIceCandidate(new RtcIceCandidate { Candidate = candidate.GetString()!, SdpMid = message.GetProperty("mid").GetString() });
                continue;
            }

            var isOffer = message.GetProperty("type").GetString() == "offer";
            connection.SetRemoteDescription(new RtcSessionDescription(isOffer ? RtcSdpType.Offer : RtcSdpType.Answer, message.GetProperty("sdp").GetString()!));
            if (!isOffer)
                continue;
            var answer = connection.CreateAnswer();
            Write(new { type = "answer", sdp = answer.Sdp });
            connection.SetLocalDescription(answer);
        }
    }

    private void Adopt(RtcDataChannel channel)
    {
        channel.Opened += _ => Write(new { @event = "open", label = channel.Label });
        channel.Closed += _ => Write(new { @event = "closed", label = channel.Label });
        channel.Message += (_, message, isText) =>
        {
            if (isText && message.SequenceEqual("close"u8))
                channel.Close();
            else if (isText && message.SequenceEqual("end"u8))
                channel.Connection.Close();
            else if (isText)
                channel.TrySendUtf8(message);
            else
                channel.TrySend(message);
        };
    }

    private void Write(object message)
    {
        lock (_lock)
        {
            output.WriteLine(JsonSerializer.Serialize(message));
            output.Flush();
        }
    }
}
