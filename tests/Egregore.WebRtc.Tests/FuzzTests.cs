using System.Net;
using System.Text;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Sdp;
using Egregore.WebRtc.Stun;
using Egregore.WebRtc.Turn;

namespace Egregore.WebRtc.Tests;

/// <summary>
/// Fuzz targets with a short run each: random bytes, and well-formed input with a few bytes changed. EGREGORE_FUZZ names the rounds (20,000 by default).
/// Whatever comes, nothing throws.
/// </summary>
public sealed class FuzzTests
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ"), out var rounds) ? rounds : 20_000;

    [Fact]
    public void Stun_messages()
    {
        var random = new Random(1);
        var parsed = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var bytes = Mutate(random, Check(random, "aaaaaaaa"u8, "key"u8, fingerprint: i % 2 == 0));
            if (StunMessage.TryParse(bytes, out var message) != StunParseResult.Ok)
                continue;
            parsed++;
            _ = message.CheckIntegrity("key"u8) | message.CheckIntegritySha256("key"u8) | message.TryGetAddress(StunAttribute.XorMappedAddress, out _)
                | message.TryGetAddress((StunAttribute)random.Next(65536), out _) | message.ErrorCode == 1 | message.TryGetUInt64(StunAttribute.IceControlling, out _);
        }

        Assert.InRange(parsed, 1, Rounds);
    }

    [Fact]
    public void Session_descriptions_and_candidates()
    {
        const string sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
            + "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ srflx raddr 0.0.0.0 rport 0 ufrag abcd\r\na=candidate:2 1 udp 1 6e2.local 5 typ host\r\na=ice-ufrag:abcd\r\n"
            + "a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
            + "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
        Assert.NotNull(SdpParser.TryParse(sdp, out _));
        var random = new Random(2);
        var refused = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var text = Encoding.Latin1.GetString(Mutate(random, Encoding.Latin1.GetBytes(sdp)));
            if (SdpParser.TryParse(text, out var error) is not null)
                continue;
            refused++;
            Assert.NotEqual("", error);
            var start = random.Next(text.Length + 1);
            IceCandidate.TryParse(text.AsSpan(start), out _);
        }

        Assert.InRange(refused, 1, Rounds);
    }

    [Fact]
    public void Turn_messages_and_streams()
    {
        var random = new Random(3);
        var output = new TurnSink();
        for (var i = 0; i < Rounds / 20; i++)
        {
            var client = new TurnClient(output, "user", "secret", stream: i % 2 == 0, bytes => random.NextBytes(bytes));
            client.Start(0);
            var reader = new TurnStreamReader();
            for (var n = 0; n < 20; n++)
            {
                var bytes = Mutate(random, TurnAnswer(random, output.LastId));
                client.Receive(bytes, n);
                client.Send(TransportAddress.From(IPAddress.Loopback, 1 + n), [1, 2, 3], n);
                bytes.AsSpan(0, Math.Min(bytes.Length, reader.Free.Length)).CopyTo(reader.Free.Span);
                reader.Advance(Math.Min(bytes.Length, reader.Free.Length));
                int length;
                while ((length = reader.Next(out _)) > 0)
                    reader.Consume(length);
                if (length < 0)
                    reader = new TurnStreamReader();
            }

            client.OnTimer(long.MaxValue / 2);
            client.Close(1000);
        }

        Assert.True(output.Sent > 0);
    }

    [Fact]
    public async Task The_datagram_entry_of_a_host_with_a_connection_that_lives_on()
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var channel = a.CreateDataChannel("x");
        var incoming = b.IncomingChannelAsync();
        Peers.Connect(a, b);
        await channel.OpenAsync();
        var inbox = (await incoming).Inbox();
        var random = new Random(4);
        var credentials = b.Transport.Agent.Credentials;
        var remotes = new[] { TransportAddress.From(IPAddress.Loopback, hostA.Port), TransportAddress.From(IPAddress.Parse("198.51.100.7"), 4444) };
        var memory = GC.GetTotalMemory(true);
        for (var i = 0; i < Rounds; i++)
        {
            var bytes = (i & 3) switch
            {
                0 => Mutate(random, Check(random, credentials.LocalUfragBytes, "not the password"u8, fingerprint: true)),
                1 => Mutate(random, [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, .. new byte[20]]),
                2 => Mutate(random, [23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40, .. new byte[40]]),
                _ => Mutate(random, new byte[random.Next(1, 200)]),
            };
            hostB.Dispatch(hostB.Sockets[0], remotes[i & 1], bytes)?.OnBatchEnd();
        }

        Assert.True(channel.ReadyState == RtcDataChannelState.Open, Peers.Describe(a) + Peers.Describe(b));
        channel.Send("still here");
        Assert.Equal("still here", Encoding.UTF8.GetString((await inbox.NextAsync()).Bytes));
        Assert.InRange(b.Transport.Agent.Pairs.Count, 1, 4);
        Assert.InRange(GC.GetTotalMemory(true) - memory, long.MinValue, 8 << 20);
    }

    [Fact]
    public void Forged_checks_are_not_computed_without_end()
    {
        using var host = new RtcHost(new RtcHostOptions { Addresses = [IPAddress.Loopback], UnauthenticatedStunPerSecond = 100, Time = new StoppedClock() });
        using var connection = new RtcPeerConnection(host: host);
        var random = new Random(5);
        connection.SetLocalDescription();
        var stranger = TransportAddress.From(IPAddress.Parse("198.51.100.7"), 4444);
        var sent = 0;
        host.SendHook = (_, _, _) =>
        {
            sent++;
            return true;
        };
        for (var i = 0; i < 1_000; i++)
            host.Dispatch(host.Sockets[0], stranger, Check(random, connection.Transport.Agent.Credentials.LocalUfragBytes, "guess"u8, fingerprint: true));
        Assert.Equal(900, host.StunDropped);
        Assert.Equal(100, connection.Transport.Agent.Counters.BadIntegrity);
        Assert.Equal(0, sent);
    }

    private static byte[] Check(Random random, ReadOnlySpan<byte> ufrag, ReadOnlySpan<byte> key, bool fingerprint)
    {
        var buffer = new byte[256];
        var writer = new StunWriter(buffer, StunClass.Request, StunMethod.Binding, new TransactionId((ulong)random.NextInt64(), (uint)random.Next()));
        writer.AddUsername(ufrag, "peer"u8);
        writer.AddUInt32(StunAttribute.Priority, 1);
        writer.AddUInt64(StunAttribute.IceControlling, 1);
        writer.AddIntegrity(key);
        if (fingerprint)
            writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    private static byte[] TurnAnswer(Random random, TransactionId id)
    {
        var buffer = new byte[512];
        if (random.Next(5) == 0)
            return [0x40, 0, 0, 4, 1, 2, 3, 4];
        var writer = new StunWriter(buffer, (StunClass)random.Next(1, 4), random.Next(3) == 0 ? StunMethod.Data : StunMethod.Allocate, id);
        writer.AddError(random.Next(2) == 0 ? 401 : 438, "x");
        writer.AddText(StunAttribute.Realm, "realm");
        writer.AddText(StunAttribute.Nonce, random.Next(2) == 0 ? "obMatJos2gAAAnonce" : "nonce");
        writer.Add(StunAttribute.PasswordAlgorithms, [0, 2, 0, 0, 0, 1, 0, 0]);
        writer.AddXorAddress(StunAttribute.XorRelayedAddress, TransportAddress.From(IPAddress.Loopback, 5));
        writer.AddXorAddress(StunAttribute.XorPeerAddress, TransportAddress.From(IPAddress.Loopback, 5));
        writer.Add(StunAttribute.Data, [1, 2, 3]);
        return buffer[..writer.Length];
    }

    /// <summary>Up to three changed bytes, a cut, or nothing.</summary>
    private static byte[] Mutate(Random random, byte[] bytes)
    {
        for (var n = random.Next(4); n > 0 && bytes.Length > 0; n--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }

    private sealed class TurnSink : ITurnOutput
    {
        public int Sent { get; private set; }

        public TransactionId LastId { get; private set; }

        public void SendToServer(ReadOnlySpan<byte> message)
        {
            Sent++;
            if (message.Length >= 20)
                LastId = TransactionId.Read(message[8..]);
        }

        public void OnAllocated(in TransportAddress relayed, in TransportAddress mapped)
        {
        }

        public void OnData(in TransportAddress peer, ReadOnlySpan<byte> data)
        {
        }

        public void OnRedirect(in TransportAddress server)
        {
        }

        public void OnFailed(string reason) => Assert.NotEqual("", reason);
    }
}
