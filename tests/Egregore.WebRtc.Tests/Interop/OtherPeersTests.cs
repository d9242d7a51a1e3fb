using System.Net;
using System.Text;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Against libdatachannel (by node-datachannel) and pion, in both roles.</summary>
public sealed class OtherPeersTests
{
    // The channel is closed by ours: node-datachannel's own close() blocks its process now and then, before anything is sent.
    [NodeTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Libdatachannel_echoes_up_to_262144_bytes(bool weOffer)
    {
        await EchoAsync(connection => new ProcessPeer(connection, "node", OtherPeers.NodeFolder, "peer.mjs", weOffer ? "answer" : "offer"), weOffer, 262_144, theyClose: false);
    }

    [PionTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pion_echoes(bool weOffer)
    {
        var program = OtherPeers.Pion;
        await EchoAsync(connection => new ProcessPeer(connection, program, ".", weOffer ? "answer" : "offer"), weOffer, 60_000, theyClose: true);
    }

    private static async Task EchoAsync(Func<RtcPeerConnection, ProcessPeer> start, bool weOffer, int largest, bool theyClose)
    {
        using var host = new RtcHost(new RtcHostOptions { IncludeLoopback = true });
        using var ours = new RtcPeerConnection(host: host);
        var incoming = ours.IncomingChannelAsync();
        var channel = weOffer ? ours.CreateDataChannel("echo") : null;
        using var other = start(ours);
        try
        {
            await EchoAsync(ours, other, channel, incoming, weOffer, largest, theyClose);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(Peers.Describe(ours), e);
        }
    }

    private static async Task EchoAsync(RtcPeerConnection ours, ProcessPeer other, RtcDataChannel? channel, Task<RtcDataChannel> incoming, bool weOffer, int largest, bool theyClose)
    {
        if (weOffer)
            other.Offer();
        channel ??= await incoming;
        var inbox = channel.Inbox();
        await channel.OpenAsync();
        Assert.Equal("open echo", await other.EventAsync());
        foreach (var size in new[] { 1, 1_000, 30_000, largest })
        {
            var message = new byte[size];
            new Random(size).NextBytes(message);
            channel.Send(message);
            var (bytes, isText) = await inbox.NextAsync();
            Assert.False(isText);
            Assert.Equal(message, bytes);
        }

        channel.Send("grüße");
        Assert.Equal("grüße", Encoding.UTF8.GetString((await inbox.NextAsync()).Bytes));
        var closed = channel.ClosedAsync();
        if (theyClose)
            channel.Send("close");
        else
            channel.Close();
        await closed;
        Assert.Equal("closed echo", await other.EventAsync());
    }
}
