using System.Net;
using System.Net.Sockets;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Tests.Interop;

/// <summary>Our TURN client against coturn, and browsers through it.</summary>
public sealed class CoturnTests(CoturnFixture coturn, ChromiumFixture chromium, FirefoxFixture firefox)
    : IClassFixture<CoturnFixture>, IClassFixture<ChromiumFixture>, IClassFixture<FirefoxFixture>
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

    /// <summary>RFC 8489 section 10: a server that has had enough names another.</summary>
    [CoturnTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_redirect_is_followed_and_a_circle_of_them_ends(bool toCoturn)
    {
        using var redirector = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        redirector.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)redirector.LocalEndPoint!).Port;
        using var ended = new CancellationTokenSource();
        var redirecting = RedirectAsync(redirector, toCoturn ? coturn.Port : port, ended.Token);
        using var host = Peers.LoopbackHost();
        using var connection = new RtcPeerConnection(
            new RtcConfiguration { IceServers = [CoturnFixture.Server($"turn:127.0.0.1:{port}")], IceTransportPolicy = RtcIceTransportPolicy.Relay }, host);
        connection.CreateDataChannel("x");
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.IceCandidate += candidate => _ = candidate is null && done.TrySetResult();
        connection.SetLocalDescription();
        await done.Task.WaitAsync(Peers.Patience);
        await ended.CancelAsync();
        var requests = await redirecting;
        if (toCoturn)
        {
            Assert.Equal(1, requests);
            Assert.Contains("typ relay", connection.LocalDescription!.Sdp, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(4, requests);
        Assert.DoesNotContain("typ relay", connection.LocalDescription!.Sdp, StringComparison.Ordinal);
        Assert.Contains("too often", Assert.Single(connection.GetStats().ServerErrors), StringComparison.Ordinal);
    }

    private static async Task<int> RedirectAsync(Socket socket, int toPort, CancellationToken ended)
    {
        var requests = 0;
        var buffer = new byte[1500];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), ended);
                requests++;
                var answer = new byte[128];
                var length = Answer(answer, TransactionId.Read(buffer.AsSpan(8)), toPort);
                await socket.SendToAsync(answer.AsMemory(0, length), SocketFlags.None, received.RemoteEndPoint, ended);
            }
        }
        catch (OperationCanceledException)
        {
            return requests;
        }

        static int Answer(byte[] answer, TransactionId id, int port)
        {
            var writer = new StunWriter(answer, StunClass.Error, StunMethod.Allocate, id);
            writer.AddError(300, "Try Alternate");
            writer.Add(StunAttribute.AlternateServer, [0, 1, (byte)(port >> 8), (byte)port, 127, 0, 0, 1]);
            return writer.Length;
        }
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
    public Task Chromium_on_relay_only_talks_to_ours() => RelayOnlyAsync(configuration => chromium.OpenAsync(configuration));

    [CoturnFirefoxFact]
    public Task Firefox_on_relay_only_talks_to_ours() => RelayOnlyAsync(configuration => firefox.OpenAsync(configuration));

    private async Task RelayOnlyAsync(Func<string, Task<BrowserPeer>> open)
    {
        using var host = new RtcHost(new RtcHostOptions { Addresses = [IPAddress.Loopback] });
        using var ours = new RtcPeerConnection(new RtcConfiguration { IceServers = [coturn.Udp] }, host);
        await using var page = await open(
            $$"""{ iceTransportPolicy: 'relay', iceServers: [{ urls: 'turn:127.0.0.1:{{coturn.Port}}', username: 'user', credential: 'secret' }] }""");
        var channel = ours.CreateDataChannel("echo");
        var inbox = channel.Inbox();
        await page.AnswerAsync(ours);
        await channel.OpenAsync();
        channel.Send([1, 2, 3]);
        Assert.Equal([1, 2, 3], (await inbox.NextAsync()).Bytes);
        Assert.Equal("relay", await page.GetAsync<string>(
            "async () => { const all = await pc.getStats(); for (const s of all.values()) if (s.type === 'candidate-pair' && s.state === 'succeeded') return all.get(s.localCandidateId).candidateType; }"));
    }
}
