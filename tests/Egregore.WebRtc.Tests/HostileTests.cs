using System.Net;
using System.Net.Sockets;
using System.Text;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Tests;

/// <summary>Somebody on the network who is not the peer, and a peer that means harm: what they get out of a host, and what others notice.</summary>
public sealed class HostileTests
{
    private const int Datagrams = 3_000;

    /// <summary>Nothing goes to an address that has not shown the password: a host cannot be turned against a third party.</summary>
    [Fact]
    public async Task A_stranger_gets_nothing_back_whatever_it_sends()
    {
        using var pair = await Pair.OpenAsync();
        using var stranger = NewSocket();
        var random = new Random(1);
        var ufrag = pair.B.Transport.Agent.Credentials.LocalUfragBytes;
        var target = new IPEndPoint(IPAddress.Loopback, pair.HostB.Port);
        var before = Seen(pair);
        for (var i = 0; i < Datagrams; i++)
        {
            stranger.SendTo((i % 6) switch
            {
                0 => Check(random, ufrag, "not the password"u8),
                1 => Check(random, "nobody00"u8, "not the password"u8),
                // DTLS: a ClientHello's beginning, application data, an alert.
                2 => [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 1, 0, 0, 13, .. new byte[21]],
                3 => [23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40, .. new byte[40]],
                4 => [21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0],
                _ => Bytes(random, random.Next(1, 1200)),
            }, target);
            if (i % 100 == 99)
                await UntilAsync(() => Seen(pair) >= before + i - 50);
        }

        await pair.EchoAsync("and they talk on");
        await UntilAsync(() => Seen(pair) >= before + (Datagrams * 9 / 10));
        Assert.Equal(0, stranger.Available);
        Assert.Single(pair.B.Transport.Agent.RemoteCandidates);
    }

    /// <summary>What the peer sent is sent again from elsewhere: data is not taken, and a check (which is genuine) does not move the connection.</summary>
    [Fact]
    public async Task Datagrams_of_the_peer_sent_again_from_another_address_change_nothing()
    {
        var captured = new List<byte[]>();
        using var pair = await Pair.OpenAsync(bytes =>
        {
            lock (captured)
                captured.Add(bytes);
        });
        await pair.EchoAsync("something to capture");
        byte[][] all;
        lock (captured)
            all = [.. captured];
        Assert.Contains(all, bytes => bytes[0] < 4);
        Assert.Contains(all, bytes => bytes[0] == 23);
        using var stranger = NewSocket();
        var target = new IPEndPoint(IPAddress.Loopback, pair.HostB.Port);
        var selected = pair.B.Transport.Agent.Selected!.Remote.Address;
        var received = pair.B.Channels.Association.Statistics.PacketsReceived;
        foreach (var bytes in all)
            stranger.SendTo(bytes, target);
        await pair.EchoAsync("they talk on");
        // The checks are answered. Whatever came behind them from there is looked at by DTLS, which takes no record twice.
        await UntilAsync(() => stranger.Available > 0);
        await pair.EchoAsync("and on");
        Assert.Equal(selected, pair.B.Transport.Agent.Selected!.Remote.Address);
        // Of data only what the two said since, and no DTLS record twice.
        Assert.InRange(pair.B.Channels.Association.Statistics.PacketsReceived - received, 1, 20);
        Assert.Equal(0, pair.B.Channels.Association.Statistics.Dropped);
        // Genuine checks are answered, and answered by checks: no more than thrice what came (the factor of RFC 9000 section 8.1).
        var back = 0;
        var buffer = new byte[2000];
        while (stranger.Available > 0)
            back += stranger.Receive(buffer);
        Assert.InRange(back, 0, 3 * all.Where(bytes => bytes[0] < 4).Sum(bytes => bytes.Length));
    }

    /// <summary>One peer of a host breaks every rule; the others of the same host do not notice.</summary>
    [Fact]
    public async Task A_peer_that_is_cut_off_leaves_the_others_of_the_host_alone()
    {
        using var good = await Pair.OpenAsync();
        using var evilHost = Peers.LoopbackHost();
        using var evil = new RtcPeerConnection(host: evilHost);
        using var victim = new RtcPeerConnection(host: good.HostB);
        var channel = evil.CreateDataChannel("giant");
        Peers.Connect(evil, victim);
        await channel.OpenAsync();
        var failed = victim.StateAsync(RtcPeerConnectionState.Failed);
        lock (evil.Gate)
            evil.Channels.Association.MessageSendBytesMax = 1 << 20;
        channel.Send(new byte[1 << 20]);
        await failed;
        Assert.Contains("ProtocolViolation", victim.FailureReason, StringComparison.Ordinal);
        await good.EchoAsync("here we are");

        // A third one shows another certificate than it promised.
        using var liar = new RtcPeerConnection(host: evilHost);
        using var second = new RtcPeerConnection(host: good.HostB);
        liar.CreateDataChannel("x");
        var refused = second.StateAsync(RtcPeerConnectionState.Failed);
        liar.SetLocalDescription();
        second.SetRemoteDescription(new RtcSessionDescription(RtcSdpType.Offer, liar.LocalDescription!.Sdp.Replace(liar.Fingerprint, RtcCertificate.Generate().Fingerprint, StringComparison.Ordinal)));
        second.SetLocalDescription();
        liar.SetRemoteDescription(second.LocalDescription!);
        await refused;
        await good.EchoAsync("still here");
    }

    private static long Seen(Pair pair)
    {
        var counters = pair.B.Transport.Agent.Counters;
        return pair.HostB.UnknownDatagrams + pair.HostB.StunDropped + counters.BadIntegrity + counters.Malformed + counters.Unknown + counters.DataFromStrangers;
    }

    private static async Task UntilAsync(Func<bool> test)
    {
        var until = DateTime.UtcNow + Peers.Patience;
        while (!test())
        {
            Assert.True(DateTime.UtcNow < until, "waited too long");
            await Task.Delay(2);
        }
    }

    private static Socket NewSocket()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Check(Random random, ReadOnlySpan<byte> ufrag, ReadOnlySpan<byte> key)
    {
        var buffer = new byte[256];
        var writer = new StunWriter(buffer, StunClass.Request, StunMethod.Binding, new TransactionId((ulong)random.NextInt64(), (uint)random.Next()));
        writer.AddUsername(ufrag, "peer"u8);
        writer.AddUInt32(StunAttribute.Priority, 1);
        writer.AddUInt64(StunAttribute.IceControlling, 1);
        writer.AddIntegrity(key);
        writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    /// <summary>Two ends that talk.</summary>
    private sealed class Pair : IDisposable
    {
        private RtcDataChannel? _channel;
        private System.Threading.Channels.ChannelReader<(byte[] Bytes, bool IsText)>? _inbox;

        private Pair()
        {
            A = new RtcPeerConnection(host: HostA);
            B = new RtcPeerConnection(host: HostB);
        }

        public RtcHost HostA { get; } = Peers.LoopbackHost();

        public RtcHost HostB { get; } = Peers.LoopbackHost();

        public RtcPeerConnection A { get; }

        public RtcPeerConnection B { get; }

        public static async Task<Pair> OpenAsync(Action<byte[]>? onSent = null)
        {
            var pair = new Pair();
            if (onSent is not null)
            {
                pair.HostA.SendHook = (_, _, datagram) =>
                {
                    onSent(datagram.ToArray());
                    return false;
                };
            }

            pair._channel = pair.A.CreateDataChannel("x");
            var incoming = pair.B.IncomingChannelAsync();
            Peers.Connect(pair.A, pair.B);
            await pair._channel.OpenAsync();
            pair._inbox = (await incoming).Inbox();
            return pair;
        }

        public async Task EchoAsync(string text)
        {
            _channel!.Send(text);
            Assert.Equal(text, Encoding.UTF8.GetString((await _inbox!.NextAsync()).Bytes));
        }

        public void Dispose()
        {
            A.Dispose();
            B.Dispose();
            HostA.Dispose();
            HostB.Dispose();
        }
    }
}
