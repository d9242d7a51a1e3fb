using System.Net;
using System.Net.WebSockets;
using System.Buffers.Text;
using Egregore.Server.Tests.Support;
using Egregore.Wire;

namespace Egregore.Server.Tests;

public sealed class SessionTests
{
    [Fact]
    public async Task A_peer_with_a_key_gets_a_ticket_a_session_and_the_worlds_settings()
    {
        await using var server = await TestServer.StartAsync(o => o with { World = "here", Seed = 99, IceServers = ["stun:127.0.0.1:3478"] });
        await using var client = await TestClient.JoinAsync(server);
        Assert.Equal(client.Key.Id, client.Welcome.Peer);
        Assert.Equal(("here", "line/1", 99UL, (byte)20, false), (client.Welcome.World, client.Welcome.Game, client.Welcome.Seed, client.Welcome.TickRateHz, client.Welcome.Resumed));
        Assert.Equal("stun:127.0.0.1:3478", Assert.Single(client.Welcome.IceServers));
        Assert.NotEqual(0UL, client.Welcome.Session);
    }

    [Fact]
    public async Task A_forged_signature_gets_no_ticket()
    {
        await using var server = await TestServer.StartAsync();
        var client = new TestClient();
        using var other = new TestKey();
        var challenge = await client.ChallengeAsync(server);
        using var forged = await client.TicketAsync(server, challenge, other.Sign(Base64Url.DecodeFromChars(challenge)));
        Assert.Equal(HttpStatusCode.Unauthorized, forged.StatusCode);
        Assert.Contains("signature does not match", await forged.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // A challenge for another's key, or one that was not given here, is none either.
        var others = await new TestClient(other).ChallengeAsync(server);
        using var stolen = await client.TicketAsync(server, others, client.Key.Sign(Base64Url.DecodeFromChars(others)));
        Assert.Equal(HttpStatusCode.Unauthorized, stolen.StatusCode);
        using var garbage = await client.TicketAsync(server, "AAAA", new byte[64]);
        Assert.Equal(HttpStatusCode.BadRequest, garbage.StatusCode);
    }

    [Fact]
    public async Task A_challenge_works_once()
    {
        await using var server = await TestServer.StartAsync();
        var client = new TestClient();
        var challenge = await client.ChallengeAsync(server);
        var signature = client.Key.Sign(Base64Url.DecodeFromChars(challenge));
        using var first = await client.TicketAsync(server, challenge, signature);
        using var second = await client.TicketAsync(server, challenge, signature);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
    }

    [Fact]
    public async Task A_replayed_ticket_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = new TestClient();
        var hello = new Hello { Ticket = await client.TicketAsync(server) };
        await client.ConnectAsync(server);
        await client.SendAsync(Kind.Hello, hello);
        await client.ReceiveAsync(Kind.Welcome);

        await using var thief = new TestClient();
        await thief.ConnectAsync(server);
        await thief.SendAsync(Kind.Hello, hello);
        Assert.Equal(RefusalCode.Replayed, (await thief.ReceiveUntilClosedAsync()).Code);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, thief.CloseStatus);
        await client.PingAsync(1);
    }

    [Fact]
    public async Task An_expired_ticket_and_an_expired_challenge_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = new TestClient();
        var hello = new Hello { Ticket = await client.TicketAsync(server) };
        var challenge = await client.ChallengeAsync(server);
        server.Time.Advance(TimeSpan.FromSeconds(31));
        using var late = await client.TicketAsync(server, challenge, client.Key.Sign(Base64Url.DecodeFromChars(challenge)));
        Assert.Equal(HttpStatusCode.Unauthorized, late.StatusCode);
        await client.ConnectAsync(server);
        await client.SendAsync(Kind.Hello, hello);
        Assert.Equal(RefusalCode.Unauthenticated, (await client.ReceiveUntilClosedAsync()).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not-a-ticket")]
    [InlineData("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_is_no_ticket_is_refused(string ticket)
    {
        await using var server = await TestServer.StartAsync();
        await using var client = new TestClient();
        await client.ConnectAsync(server);
        await client.SendAsync(Kind.Hello, new Hello { Ticket = ticket });
        Assert.NotEqual(RefusalCode.None, (await client.ReceiveUntilClosedAsync()).Code);
    }

    [Fact]
    public async Task Nothing_is_taken_before_the_hello_and_nobody_waits_for_it_for_ever()
    {
        await using var server = await TestServer.StartAsync();
        await using var early = new TestClient();
        await early.ConnectAsync(server);
        await early.ActAsync(1, "set-mark", []);
        Assert.Equal(RefusalCode.Unauthenticated, (await early.ReceiveUntilClosedAsync()).Code);

        await using var silent = new TestClient();
        await silent.ConnectAsync(server);
        server.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(RefusalCode.Unauthenticated, (await silent.ReceiveUntilClosedAsync()).Code);
    }

    [Fact]
    public async Task Another_version_of_the_game_is_told_so()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = new TestClient();
        await client.ConnectAsync(server);
        await client.SendAsync(Kind.Hello, new Hello { Ticket = await client.TicketAsync(server), Game = "line/2" });
        var refusal = await client.ReceiveUntilClosedAsync();
        Assert.Equal(RefusalCode.VersionMismatch, refusal.Code);
        Assert.Contains("line/1", refusal.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_is_resumed_by_its_peer_and_by_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        await using var watcher = await TestClient.JoinAsync(server);
        var first = await TestClient.JoinAsync(server);
        await first.SendAsync(Kind.Subscribe, new Subscribe { Id = 1, TableName = "marks" });
        await first.ReceiveAsync(Kind.Delta, r => r.As<Delta>().Initial == 1);
        first.Abort();

        await watcher.ActAsync(1, "set-mark", new SetMark { Id = 5, Text = "while away" }.ToArray());
        Assert.Equal(RefusalCode.None, (await watcher.ReceiveAsync(Kind.ActionResult)).As<ActionResult>().Code);

        await using var thief = await TestClient.JoinAsync(server, session: first.Welcome.Session);
        Assert.False(thief.Welcome.Resumed);
        Assert.NotEqual(first.Welcome.Session, thief.Welcome.Session);

        await using var second = await TestClient.JoinAsync(server, first.Key, first.Welcome.Session, lastTransaction: first.Welcome.Transaction);
        Assert.True(second.Welcome.Resumed);
        Assert.Equal(first.Welcome.Session, second.Welcome.Session);
        var delta = (await second.ReceiveAsync(Kind.Delta)).As<Delta>();
        Assert.Equal("marks", Assert.Single(delta.Tables).Name);
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_session_that_nobody_resumes_ends()
    {
        await using var server = await TestServer.StartAsync();
        var first = await TestClient.JoinAsync(server);
        first.Abort();
        await server.WaitAsync(report => report.Stats.Connections == 0);
        server.Time.Advance(TimeSpan.FromSeconds(31));
        await server.WaitAsync(report => report.Stats.Sessions == 0);
        await using var second = await TestClient.JoinAsync(server, first.Key, first.Welcome.Session);
        Assert.False(second.Welcome.Resumed);
        await first.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_connects_again_takes_the_place_of_the_connection_before(bool pipes)
    {
        await using var server = await TestServer.StartAsync(pipes: pipes);
        await using var first = await TestClient.JoinAsync(server);
        await using var second = await TestClient.JoinAsync(server, first.Key, first.Welcome.Session);
        Assert.True(second.Welcome.Resumed);
        await first.ReceiveUntilClosedAsync();
        await second.PingAsync(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sessions_are_told_when_the_server_goes_down(bool pipes)
    {
        var server = await TestServer.StartAsync(pipes: pipes);
        await using var client = await TestClient.JoinAsync(server);
        var closed = client.ReceiveUntilClosedAsync();
        await server.DisposeAsync();
        Assert.Contains("going down", (await closed).Text, StringComparison.Ordinal);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
    }
}
