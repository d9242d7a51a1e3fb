using System.Net;
using System.Text;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Against libdatachannel (by node-datachannel) and pion, in both roles.</summary>
public sealed class OtherPeersTests
{
    // The channel is closed by ours: node-datachannel's own close() blocks its process now and then, before anything is sent.
    [NodeTheory]
    [InlineData(true, 0)]
    [InlineData(false, 0)]
    [InlineData(true, 3)]
    public async Task Libdatachannel_echoes_up_to_262144_bytes(bool weOffer, int lossPercent)
    {
        await EchoAsync(connection => new ProcessPeer(connection, "node", OtherPeers.NodeFolder, "peer.mjs", weOffer ? "answer" : "offer"), weOffer, 262_144, theyClose: false, lossPercent);
    }

    /// <summary>Ours in a process of its own.</summary>
    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(false, false, 0)]
    [InlineData(true, false, 3)]
    public async Task Ours_echoes_up_to_262144_bytes(bool weOffer, bool theyClose, int lossPercent)
    {
        await EchoAsync(connection => ProcessPeer.OfOurs(connection, weOffer ? "answer" : "offer"), weOffer, 262_144, theyClose, lossPercent);
    }

    [PionTheory]
    [InlineData(true, true, 0)]
    [InlineData(false, true, 0)]
    [InlineData(true, false, 0)]
    [InlineData(false, false, 0)]
    [InlineData(true, false, 3)]
    public async Task Pion_echoes(bool weOffer, bool theyClose, int lossPercent)
    {
        var program = OtherPeers.Pion;
        await EchoAsync(connection => new ProcessPeer(connection, program, ".", weOffer ? "answer" : "offer"), weOffer, 60_000, theyClose, lossPercent);
    }

    private static async Task EchoAsync(Func<RtcPeerConnection, ProcessPeer> start, bool weOffer, int largest, bool theyClose, int lossPercent)
    {
        using var host = new RtcHost(new RtcHostOptions { IncludeLoopback = true });
        using var ours = new RtcPeerConnection(host: host);
        var incoming = ours.IncomingChannelAsync();
        var channel = weOffer ? ours.CreateDataChannel("echo") : null;
        using var other = start(ours);
        try
        {
            if (weOffer)
                other.Offer();
            channel ??= await incoming;
            var inbox = channel.Inbox();
            await channel.OpenAsync();
            await other.UntilAsync("open echo");
            if (lossPercent > 0)
                BadNetwork.Apply(host, lossPercent, 7, receivingToo: true);
            await EchoAsync(other, channel, inbox, largest, theyClose);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            throw new TimeoutException(Peers.Describe(ours), e);
        }
    }

    private static async Task EchoAsync(ProcessPeer other, RtcDataChannel channel, System.Threading.Channels.ChannelReader<(byte[] Bytes, bool IsText)> inbox, int largest, bool theyClose)
    {
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
        await other.UntilAsync("closed echo");
    }
}
