using Egregore.Server.Tests.Support;
using Egregore.Wire;

namespace Egregore.Server.Tests;

public sealed class RelayTests
{
    [Fact]
    public async Task A_signal_reaches_its_target_with_the_sender_that_truth_authenticated()
    {
        await using var server = await TestServer.StartAsync();
        await using var caller = await TestClient.JoinAsync(server);
        await using var callee = await TestClient.JoinAsync(server);
        await using var victim = await TestClient.JoinAsync(server);
        var signal = new Signal { Type = SignalType.Offer, Connection = 3, Data = "v=0", Mid = "0" };
        // It says to be somebody else: nobody believes it.
        await caller.SendAsync(Kind.Signal, signal, target: callee.Key.Id, sender: victim.Key.Id);
        var received = await callee.ReceiveAsync(Kind.Signal);
        Assert.Equal(caller.Key.Id, received.Sender);
        Assert.Equal(callee.Key.Id, received.Target);
        Assert.Equal(signal, received.As<Signal>());
    }

    [Theory]
    [InlineData(Kind.Reflex)]
    [InlineData(Kind.Gossip)]
    [InlineData(Kind.Heartbeat)]
    [InlineData(Kind.Checkpoint)]
    public async Task What_peers_say_to_each_other_is_passed_on_without_being_read(Kind kind)
    {
        await using var server = await TestServer.StartAsync();
        await using var from = await TestClient.JoinAsync(server);
        await using var to = await TestClient.JoinAsync(server);
        byte[] payload = [255, 254, 1, 2, 3];
        await from.SendAsync(kind, payload, target: to.Key.Id, sequence: 77);
        var received = await to.ReceiveAsync(kind);
        Assert.Equal(payload, received.Payload);
        Assert.Equal((77u, from.Key.Id), (received.Sequence, received.Sender));
    }

    [Theory]
    [InlineData(Kind.Delta)]
    [InlineData(Kind.ActionResult)]
    [InlineData(Kind.Welcome)]
    [InlineData(Kind.Refusal)]
    [InlineData(Kind.Room)]
    [InlineData(Kind.Neighbours)]
    [InlineData(Kind.Batch)]
    public async Task What_only_truth_may_say_is_not_passed_on(Kind kind)
    {
        await using var server = await TestServer.StartAsync();
        await using var from = await TestClient.JoinAsync(server);
        await using var to = await TestClient.JoinAsync(server);
        await from.SendAsync(kind, [1, 2, 3], target: to.Key.Id);
        Assert.Equal(RefusalCode.Forbidden, (await from.ReceiveAsync(Kind.Refusal)).As<Refusal>().Code);
        await to.SendAsync(Kind.Ping, new Ping { Id = 4 });
        Assert.Equal(Kind.Pong, (await to.ReceiveAsync())!.Kind);
    }

    [Fact]
    public async Task Whom_nobody_knows_is_no_target()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        using var stranger = new TestKey();
        await client.SendAsync(Kind.Signal, new Signal(), target: stranger.Id);
        Assert.Equal(RefusalCode.UnknownTarget, (await client.ReceiveAsync(Kind.Refusal)).As<Refusal>().Code);
    }

    [Fact]
    public async Task Links_that_peers_report_are_the_graph_of_the_dashboard()
    {
        await using var server = await TestServer.StartAsync(o => o with { Authority = Authority.Hybrid });
        await using var first = await TestClient.JoinAsync(server, name: "first");
        await using var second = await TestClient.JoinAsync(server, name: "second");
        await first.SendAsync(Kind.MeshReport, new MeshReport { Links = [new MeshLink(second.Key.Id, 1000, 30, LinkType.Direct)] });
        await second.SendAsync(Kind.MeshReport, new MeshReport { Links = [new MeshLink(first.Key.Id, 3000, 50, LinkType.Direct)] });
        var report = await server.WaitAsync(report => report.Mesh.Links.Count == 1 && report.Mesh.Links[0].RttMs == 40);
        Assert.Equal(("direct", 2000), (report.Mesh.Links[0].Kind, report.Mesh.Links[0].BytesPerSecond));
        Assert.Equal(["first", "second"], report.Mesh.Nodes.Select(node => node.Name).Order());
    }
}
