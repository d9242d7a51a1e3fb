using System.Text;

namespace Egregore.WebRtc.Tests;

/// <summary>Two connections of ours in one process.</summary>
public sealed class PeerConnectionTests
{
    [Fact]
    public async Task Two_connections_on_hosts_of_their_own_open_a_channel_and_talk()
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        await TalkAsync(a, b);
        var pair = a.GetStats().SelectedPair!;
        Assert.Equal(hostB.Port, pair.Remote.EndPoint.Port);
        Assert.True(pair.BytesSent > 0 && pair.BytesReceived > 0);
        Assert.True(pair.CurrentRoundTripTime > TimeSpan.Zero);
    }

    [Fact]
    public async Task Both_ends_on_one_host_get_tuples_of_their_own()
    {
        using var host = Peers.LoopbackHost();
        for (var i = 0; i < 3; i++)
        {
            using var a = new RtcPeerConnection(host: host);
            using var b = new RtcPeerConnection(host: host);
            await TalkAsync(a, b);
        }
    }

    private static async Task TalkAsync(RtcPeerConnection a, RtcPeerConnection b)
    {
        var channel = a.CreateDataChannel("chat");
        var incoming = b.IncomingChannelAsync();
        var inboxA = channel.Inbox();
        Peers.Connect(a, b);
        await channel.OpenAsync();
        var other = await incoming;
        var inboxB = other.Inbox();
        Assert.Equal("chat", other.Label);
        channel.Send("hello");
        Assert.Equal(("hello", true), Text(await inboxB.NextAsync()));
        other.Send([1, 2, 3]);
        Assert.Equal([1, 2, 3], (await inboxA.NextAsync()).Bytes);
    }

    private static (string, bool) Text((byte[] Bytes, bool IsText) message) => (Encoding.UTF8.GetString(message.Bytes), message.IsText);
}
