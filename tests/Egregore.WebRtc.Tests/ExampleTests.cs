using System.Threading.Channels;

namespace Egregore.WebRtc.Tests;

/// <summary>The example of docs/webrtc.md, with signaling in memory that keeps order, as a WebSocket does.</summary>
public sealed class ExampleTests
{
    private sealed class Signaling
    {
        private readonly Channel<object> _lines = System.Threading.Channels.Channel.CreateUnbounded<object>();

        public void Send(object line) => _lines.Writer.TryWrite(line);

        public async Task CarryAsync(Action<object> to, CancellationToken until)
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(until))
                to(line);
        }
    }

    [Fact]
    public async Task Two_ends_meet_and_a_move_arrives()
    {
        using var until = new CancellationTokenSource();
        var (toAnswerer, toOfferer) = (new Signaling(), new Signaling());
        var arrived = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var offerer = Offerer(toAnswerer);
        using var answerer = Answerer(toOfferer, bytes => arrived.TrySetResult(bytes));
        var carrying = Task.WhenAll(toAnswerer.CarryAsync(line => Hear(answerer, toOfferer, line), until.Token), toOfferer.CarryAsync(line => Hear(offerer, toAnswerer, line), until.Token));
        Assert.Equal([1, 2, 3], await arrived.Task.WaitAsync(Peers.Patience));
        await until.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => carrying);
    }

    private static RtcPeerConnection Offerer(Signaling signaling)
    {
        var connection = new RtcPeerConnection(new RtcConfiguration { IceServers = [] });
        connection.IceCandidate += candidate =>
        {
            if (candidate is not null)
                signaling.Send(candidate);
        };
        var channel = connection.CreateDataChannel("moves", new RtcDataChannelInit { Ordered = false });
        channel.Opened += _ => channel.Send([1, 2, 3]);
        var offer = connection.CreateOffer();
        signaling.Send(offer);
        connection.SetLocalDescription(offer);
        return connection;
    }

    private static RtcPeerConnection Answerer(Signaling signaling, Action<byte[]> apply)
    {
        var connection = new RtcPeerConnection();
        connection.IceCandidate += candidate =>
        {
            if (candidate is not null)
                signaling.Send(candidate);
        };
        connection.DataChannel += channel => channel.Message += (from, bytes, isText) => apply(bytes.ToArray());
        return connection;
    }

    private static void Hear(RtcPeerConnection connection, Signaling signaling, object line)
    {
        switch (line)
        {
            case RtcSessionDescription { Type: RtcSdpType.Offer } offer:
                connection.SetRemoteDescription(offer);
                var answer = connection.CreateAnswer();
                signaling.Send(answer);
                connection.SetLocalDescription(answer);
                break;
            case RtcSessionDescription answered:
                connection.SetRemoteDescription(answered);
                break;
            case RtcIceCandidate candidate:
                connection.AddIceCandidate(candidate);
                break;
        }
    }
}
