using System.Net;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Our TURN client against coturn, and Chromium through it.</summary>
public sealed class CoturnTests(CoturnFixture coturn, ChromiumFixture chromium) : IClassFixture<CoturnFixture>, IClassFixture<ChromiumFixture>
{
    [CoturnTheory]
    [InlineData("udp")]
    [InlineData("tcp")]
    [InlineData("tls")]
    public async Task Both_ends_talk_over_relays_only(string protocol)
    {
        var server = protocol switch { "udp" => coturn.Udp, "tcp" => coturn.Tcp, _ => coturn.Tls };
        var configuration = new RtcConfiguration { IceServers = [server], IceTransportPolicy = RtcIceTransportPolicy.Relay, TurnTlsAllowUntrusted = true };
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(configuration, hostA);
        using var b = new RtcPeerConnection(configuration, hostB);
        var candidates = new List<string>();
        a.IceCandidate += candidate => candidates.Add(candidate?.Candidate ?? "");
        var channel = a.CreateDataChannel("relayed");
        var inboxA = channel.Inbox();
        var incoming = b.IncomingChannelAsync();
        Peers.Connect(a, b);
        await channel.OpenAsync();
        var other = await incoming;
        var inboxB = other.Inbox();
        foreach (var size in new[] { 1, 1_000, 50_000 })
        {
            var message = new byte[size];
            new Random(size).NextBytes(message);
            channel.Send(message);
            Assert.Equal(message, (await inboxB.NextAsync()).Bytes);
            other.Send(message);
            Assert.Equal(message, (await inboxA.NextAsync()).Bytes);
        }

        var pair = a.GetStats().SelectedPair!;
        Assert.Equal((RtcIceCandidateType.Relayed, protocol), (pair.Local.Type, pair.Local.RelayProtocol));
        Assert.All(candidates, line => Assert.DoesNotContain("typ host", line, StringComparison.Ordinal));
        Assert.DoesNotContain(candidates, line => line.Contains($"rport {hostA.Port}", StringComparison.Ordinal));
    }

    [CoturnTheory]
    [InlineData("turn:127.0.0.1:{0}")]
    [InlineData("turn:127.0.0.1:{0}?transport=tcp")]
    public async Task A_wrong_password_ends_gathering_without_a_relay(string url)
    {
        using var host = Peers.LoopbackHost();
        using var connection = new RtcPeerConnection(
            new RtcConfiguration
            {
                IceServers = [CoturnFixture.Server(string.Format(System.Globalization.CultureInfo.InvariantCulture, url, coturn.Port), "wrong")],
                IceTransportPolicy = RtcIceTransportPolicy.Relay,
            }, host);
        connection.CreateDataChannel("x");
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var candidates = 0;
        connection.IceCandidate += candidate => _ = candidate is null ? done.TrySetResult() : ++candidates < 0;
        connection.SetLocalDescription();
        await done.Task.WaitAsync(Peers.Patience);
        Assert.Equal(0, candidates);
        Assert.Contains("user name and password", Assert.Single(connection.GetStats().ServerErrors), StringComparison.Ordinal);
    }

    [CoturnTheory]
    [InlineData("stun:127.0.0.1:{0}")]
    public async Task A_stun_server_ends_gathering_and_tells_the_address(string url)
    {
        using var host = Peers.LoopbackHost();
        using var connection = new RtcPeerConnection(
            new RtcConfiguration { IceServers = [new RtcIceServer { Urls = [string.Format(System.Globalization.CultureInfo.InvariantCulture, url, coturn.Port)] }] }, host);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.IceCandidate += candidate =>
        {
            if (candidate is null)
                done.TrySetResult();
        };
        connection.SetLocalDescription();
        await done.Task.WaitAsync(Peers.Patience);
        // On loopback the mapped address is the host's own: the candidate is redundant (RFC 8445 section 5.1.3).
        Assert.Equal(RtcIceGatheringState.Complete, connection.IceGatheringState);
        Assert.Contains($"127.0.0.1 {host.Port} typ host", connection.LocalDescription!.Sdp, StringComparison.Ordinal);
    }

    [CoturnChromiumFact]
    public async Task Chromium_on_relay_only_talks_to_ours()
    {
        using var host = new RtcHost(new RtcHostOptions { Addresses = [IPAddress.Loopback] });
        using var ours = new RtcPeerConnection(new RtcConfiguration { IceServers = [coturn.Udp] }, host);
        await using var page = await chromium.OpenAsync(
            $$"""{ iceTransportPolicy: 'relay', iceServers: [{ urls: 'turn:127.0.0.1:{{coturn.Port}}', username: 'user', credential: 'secret' }] }""");
        var channel = ours.CreateDataChannel("echo");
        var inbox = channel.Inbox();
        await page.AnswerAsync(ours);
        await channel.OpenAsync();
        channel.Send([1, 2, 3]);
        Assert.Equal([1, 2, 3], (await inbox.NextAsync()).Bytes);
        Assert.Equal("relay", await page.GetAsync<string>(
            "(async () => { const all = await pc.getStats(); for (const s of all.values()) if (s.type === 'transport') return all.get(all.get(s.selectedCandidatePairId).localCandidateId).candidateType; })()"));
    }
}
