using System.Net;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Tests;

/// <summary>Restart, closing, and what a connection does with calls and descriptions that do not fit.</summary>
public sealed class LifecycleTests
{
    [Fact]
    public async Task An_ice_restart_from_either_side_keeps_the_channel()
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var channel = a.CreateDataChannel("x");
        var incoming = b.IncomingChannelAsync();
        Peers.Connect(a, b);
        await channel.OpenAsync();
        var other = await incoming;
        var inbox = other.Inbox();
        foreach (var (from, to) in new[] { (a, b), (b, a) })
        {
            var names = (a.Transport.Agent.Credentials.LocalUfrag, b.Transport.Agent.Credentials.LocalUfrag);
            Peers.Negotiate(from, to, new RtcOfferOptions { IceRestart = true });
            channel.Send([1]);
            Assert.Equal([1], (await inbox.NextAsync()).Bytes);
            await RestartedAsync(a);
            await RestartedAsync(b);
            Assert.NotEqual(names, (a.Transport.Agent.Credentials.LocalUfrag, b.Transport.Agent.Credentials.LocalUfrag));
            channel.Send([2]);
            Assert.Equal([2], (await inbox.NextAsync()).Bytes);
        }

        static async Task RestartedAsync(RtcPeerConnection connection)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            connection.IceConnectionStateChanged += _ => Check();
            Check();
            await done.Task.WaitAsync(Peers.Patience);

            void Check()
            {
                lock (connection.Gate)
                    if (connection.Transport.Agent is { State: IceState.Completed, Selected: { } pair } agent && pair.Credentials == agent.Credentials)
                        done.TrySetResult();
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Closing_one_end_closes_the_other_at_once(bool offererCloses)
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var channel = a.CreateDataChannel("x");
        var incoming = b.IncomingChannelAsync();
        Peers.Connect(a, b);
        await channel.OpenAsync();
        var other = await incoming;
        var (closer, left, leftChannel) = offererCloses ? (a, b, other) : (b, a, channel);
        var closed = leftChannel.ClosedAsync();
        var state = left.StateAsync(RtcPeerConnectionState.Closed);
        closer.Close();
        await closed;
        await state;
        Assert.Equal(RtcSendResult.NotOpen, leftChannel.TrySend([1]));
        Assert.Equal((0, 0), (hostA.ConnectionCount, hostB.ConnectionCount));
    }

    [Fact]
    public async Task A_channel_closed_by_one_side_closes_on_both_and_its_stream_is_used_anew()
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var first = a.CreateDataChannel("first");
        var incoming = b.IncomingChannelAsync();
        Peers.Connect(a, b);
        await first.OpenAsync();
        var other = await incoming;
        var id = first.Id;
        var (here, there) = (first.ClosedAsync(), other.ClosedAsync());
        other.Close();
        await Task.WhenAll(here, there);
        var second = a.CreateDataChannel("second");
        await second.OpenAsync();
        Assert.Equal(id, second.Id);
    }

    [Fact]
    public async Task A_wrong_fingerprint_fails_the_connection_before_any_data()
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        a.CreateDataChannel("x");
        b.DataChannel += _ => Assert.Fail("a channel opened");
        var failed = b.StateAsync(RtcPeerConnectionState.Failed);
        a.SetLocalDescription();
        var forged = a.LocalDescription!.Sdp.Replace(a.Fingerprint, RtcCertificate.Generate().Fingerprint, StringComparison.Ordinal);
        b.SetRemoteDescription(new RtcSessionDescription(RtcSdpType.Offer, forged));
        b.SetLocalDescription();
        a.SetRemoteDescription(b.LocalDescription!);
        await failed;
        Assert.Contains("fingerprint", b.FailureReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_portable_calls_carry_a_connection_too()
    {
        using var hostA = new RtcHost(new RtcHostOptions { Addresses = [IPAddress.Loopback], Portable = true });
        using var hostB = new RtcHost(new RtcHostOptions { Addresses = [IPAddress.IPv6Loopback, IPAddress.Loopback], Portable = true });
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var channel = a.CreateDataChannel("x");
        var incoming = b.IncomingChannelAsync();
        Peers.Connect(a, b);
        await channel.OpenAsync();
        var inbox = (await incoming).Inbox();
        channel.Send(new byte[100_000]);
        Assert.Equal(100_000, (await inbox.NextAsync()).Bytes.Length);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("v=1\r\n", "v=0")]
    [InlineData("v=0\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "m=application")]
    [InlineData("v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "ice-ufrag")]
    [InlineData("v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n", "fingerprint")]
    public void Descriptions_that_cannot_be_used_have_a_reason(string sdp, string reason)
    {
        using var host = Peers.LoopbackHost();
        using var connection = new RtcPeerConnection(host: host);
        Assert.False(connection.TrySetRemoteDescription(new RtcSessionDescription(RtcSdpType.Offer, sdp), out var error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Equal(RtcErrorKind.InvalidDescription,
            Assert.Throws<RtcException>(() => connection.SetRemoteDescription(new RtcSessionDescription(RtcSdpType.Offer, sdp))).Kind);
        Assert.Equal(RtcSignalingState.Stable, connection.SignalingState);
    }
}
