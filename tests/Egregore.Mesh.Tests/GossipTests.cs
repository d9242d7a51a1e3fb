using System.Text;
using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Mesh.Tests;

public sealed class GossipTests
{
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("hello");

    [Fact]
    public void Push_crosses_three_links_and_announcements_go_on_behind_it()
    {
        var mesh = new Mesh();
        var line = Enumerable.Range(1, 6).Select(i => mesh.Add((ulong)i)).ToArray();
        for (var i = 1; i < line.Length; i++)
            mesh.Link(line[i - 1], line[i]);
        mesh.Run(200);
        Assert.Equal(SendResult.Sent, line[0].Node.Publish(1, Body, mesh.NowMs));
        mesh.Deliver();
        Assert.Equal([0, 1, 1, 1, 0, 0], line.Select(n => n.Gossip.Count));
        mesh.Run(100);
        Assert.Equal([0, 1, 1, 1, 1, 1], line.Select(n => n.Gossip.Count));
        Assert.Equal(Body, line[5].Gossip[0].Body);
        Assert.Equal(line[0].Id, line[5].Gossip[0].Origin);
    }

    [Fact]
    public void A_message_is_delivered_once_however_often_it_comes()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        mesh.Deliver();
        a.Node.Publish(1, Body, mesh.NowMs);
        var envelope = Assert.Single(a.Of(Kind.Gossip));
        Assert.Equal(ReceiveResult.Accepted, b.Node.Receive(a.Id, envelope, mesh.NowMs));
        Assert.Equal(ReceiveResult.Ignored, b.Node.Receive(a.Id, envelope, mesh.NowMs));
        Assert.Single(b.Gossip);
        Assert.Equal(2, b.Node.Stats.GossipCopies);
    }

    [Fact]
    public void The_cache_of_seen_ids_keeps_its_bound()
    {
        var options = new MeshOptions { SeenMax = 32, StoreBytesMax = 4_096 };
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1, options), mesh.Add(2, options));
        mesh.Link(a, b);
        for (var i = 0; i < 500; i++)
        {
            a.Node.Publish(1, new byte[i % 300], mesh.NowMs);
            mesh.Run(5);
        }

        Assert.Equal(500, b.Gossip.Count);
        Assert.Equal(32, b.Node.SeenCount);
        Assert.InRange(b.Node.StoreBytes, 1, 4_096 + 512);
    }

    [Fact]
    public void An_announced_message_is_asked_for_after_a_moment_and_then_of_the_next_announcer()
    {
        var node = new Wired(1);
        PeerId first = new(2, 1), second = new(3, 1);
        node.Node.LinkOpened(first, LinkKind.Direct, Mesh.StartMs);
        node.Node.LinkOpened(second, LinkKind.Direct, Mesh.StartMs);
        var have = Wired.Envelope(Kind.GossipHave, new GossipIds { Ids = [new GossipId(new PeerId(9, 9), 7)] });
        var now = Mesh.StartMs + 100;
        Assert.Equal(ReceiveResult.Accepted, node.Node.Receive(first, have, now));
        Assert.Equal(ReceiveResult.Accepted, node.Node.Receive(second, have, now));
        Assert.Empty(node.Of(Kind.GossipWant));
        Assert.True(node.Node.NextDueMs <= now + node.Node.Options.WantDelayMs);
        node.Node.Tick(now + node.Node.Options.WantDelayMs);
        Assert.Single(node.Of(Kind.GossipWant));
        node.Node.Tick(now + node.Node.Options.WantDelayMs + node.Node.Options.WantRetryMs);
        Assert.Single(node.Of(Kind.GossipWant, first));
        Assert.Single(node.Of(Kind.GossipWant, second));
        for (var i = 0; i < 20; i++)
            node.Node.Tick(now += 200);
        Assert.Equal(0, node.Node.WantCount);
        Assert.Equal(1, node.Node.Stats.GossipMissed);
    }

    [Fact]
    public void No_more_copies_are_asked_for_than_may_come_with_those_under_way()
    {
        // Two links may push, the publisher is a third: one request fits under four copies.
        var node = new Wired(1, new MeshOptions { EagerLinks = 2 });
        PeerId[] links = [.. Enumerable.Range(2, 6).Select(i => new PeerId((ulong)i, 1))];
        foreach (var link in links)
            node.Node.LinkOpened(link, LinkKind.Direct, Mesh.StartMs);
        var pushers = links.Where(link => node.Of(Kind.Heartbeat, link).Any(WantsPush)).ToArray();
        var others = links.Except(pushers).ToArray();
        Assert.Equal(2, pushers.Length);
        var now = Mesh.StartMs + 100;
        var have = Wired.Envelope(Kind.GossipHave, new GossipIds { Ids = [new GossipId(others[0], 7)] });
        node.Node.Receive(others[1], have, now);
        node.Node.Receive(others[2], have, now);
        node.Node.Receive(others[3], have, now);
        for (var i = 0; i < 80; i++)
            node.Node.Tick(now += 10);
        Assert.Single(node.Of(Kind.GossipWant));

        // Who announces does not push: room for one more.
        node.Node.Receive(pushers[0], have, now);
        node.Node.Tick(now += 1);
        Assert.Equal(2, node.Of(Kind.GossipWant).Count);

        // What did not come within a second will not come.
        for (var i = 0; i < 102; i++)
            node.Node.Tick(now += 10);
        Assert.Equal(3, node.Of(Kind.GossipWant).Count);

        static bool WantsPush(byte[] envelope) =>
            EnvelopeCodec.TryRead(envelope, out var view) == VerifyError.None && HeartbeatView.TryRead(view.Payload, out var heartbeat) == VerifyError.None && (heartbeat.Flags & 1) != 0;
    }

    [Fact]
    public void A_link_that_has_not_answered_is_told_by_announcement()
    {
        var node = new Wired(1);
        PeerId other = new(2, 1);
        node.Node.LinkOpened(other, LinkKind.Direct, Mesh.StartMs);
        Assert.Equal(SendResult.Sent, node.Node.Publish(1, Body, Mesh.StartMs));
        Assert.Empty(node.Of(Kind.Gossip));
        node.Node.Tick(Mesh.StartMs + node.Node.Options.AnnounceDelayMs);
        Assert.Single(node.Of(Kind.GossipHave, other));
    }

    [Fact]
    public void An_altered_message_is_known_by_its_id()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        mesh.Deliver();
        a.Node.Publish(1, Body, mesh.NowMs);
        EnvelopeCodec.TryRead(a.Of(Kind.Gossip)[0], out var view);
        Gossip.TryRead(view.Payload, out var gossip);
        var altered = Wired.Envelope(Kind.Gossip, gossip! with { Body = Encoding.UTF8.GetBytes("hellO") }, 3, view.Time);
        Assert.Equal(ReceiveResult.Forged, b.Node.Receive(a.Id, altered, mesh.NowMs));
        var renamed = Wired.Envelope(Kind.Gossip, gossip! with { Origin = new PeerId(8, 8) }, 3, view.Time);
        Assert.Equal(ReceiveResult.Forged, b.Node.Receive(a.Id, renamed, mesh.NowMs));
        var later = Wired.Envelope(Kind.Gossip, gossip!, 3, (ulong)(mesh.NowMs + 100_000) << 16);
        Assert.Equal(ReceiveResult.BadTime, b.Node.Receive(a.Id, later, mesh.NowMs));
        var farther = Wired.Envelope(Kind.Gossip, gossip!, 200, view.Time);
        Assert.Equal(ReceiveResult.Malformed, b.Node.Receive(a.Id, farther, mesh.NowMs));
        Assert.Empty(b.Gossip);
    }

    [Fact]
    public void What_the_host_rejects_is_not_passed_on_and_not_judged_twice()
    {
        var mesh = new Mesh();
        var (a, b, c) = (mesh.Add(1), mesh.Add(2), mesh.Add(3));
        mesh.Link(a, b);
        mesh.Link(b, c);
        mesh.Run(50);
        b.Verdict = Verdict.Reject;
        a.Node.Publish(1, Body, mesh.NowMs);
        mesh.Run(3_000);
        Assert.Empty(b.Gossip);
        Assert.Empty(c.Gossip);
        Assert.Equal(1, b.Node.Stats.Received(ReceiveResult.Rejected));
    }

    [Fact]
    public void Reserved_topics_and_large_bodies_are_refused()
    {
        var node = new Wired(1);
        Assert.Equal(SendResult.Reserved, node.Node.Publish(20, Body, Mesh.StartMs));
        Assert.Equal(SendResult.TooLarge, node.Node.Publish(1, new byte[17_000], Mesh.StartMs));
        Assert.Equal(SendResult.TooLarge, node.Node.ShareContent("x", new byte[17_000], Mesh.StartMs));
        Assert.Equal(SendResult.NoLink, node.Node.Publish(1, Body, Mesh.StartMs));
        Assert.Equal(SendResult.Refused, node.Node.SetState("", Body, Mesh.StartMs));
        Assert.Equal(SendResult.TooLarge, node.Node.SetState("k", new byte[5_000], Mesh.StartMs));
    }

    [Fact]
    public void Content_is_shared_with_its_table_as_body()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        mesh.Deliver();
        a.Node.ShareContent("map/1", Body, mesh.NowMs);
        mesh.Deliver();
        var (_, topic, body) = Assert.Single(b.Gossip);
        Assert.Equal((byte)Kind.ContentShare, topic);
        ContentShare.TryRead(body, out var share);
        Assert.Equal("map/1", share!.Id);
    }

    [Fact]
    public void A_late_link_hears_of_recent_messages()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        a.Node.Publish(1, Body, mesh.NowMs);
        mesh.Link(a, b);
        mesh.Run(2_500);
        Assert.Single(b.Gossip);
    }
}
