using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Mesh.Tests;

public sealed class LinkTests
{
    [Fact]
    public void The_lower_id_dials_at_once_the_other_waits_for_it()
    {
        var low = new Wired(1);
        var high = new Wired(2);
        low.Node.AddKnownPeer(high.Id, "high", default, Mesh.StartMs);
        high.Node.AddKnownPeer(low.Id, "low", default, Mesh.StartMs);
        low.Node.Tick(Mesh.StartMs + 1_000);
        high.Node.Tick(Mesh.StartMs + 1_000);
        Assert.Equal([high.Id], low.Connects);
        Assert.Empty(high.Connects);
        high.Node.Tick(Mesh.StartMs + 2_000);
        Assert.Empty(high.Connects);
        high.Node.Tick(Mesh.StartMs + 3_000);
        Assert.Equal([low.Id], high.Connects);
        Assert.True(MeshNode.OffersFirst(low.Id, high.Id));
        Assert.False(MeshNode.OffersFirst(high.Id, low.Id));
    }

    [Fact]
    public void A_failed_dial_is_repeated_after_pauses_that_double_up_to_the_bound()
    {
        var node = new Wired(1);
        var peer = new PeerId(2, 2);
        node.Node.AddKnownPeer(peer, "", default, Mesh.StartMs);
        var dials = new List<long>();
        for (var now = Mesh.StartMs; now < Mesh.StartMs + 120_000; now += 100)
        {
            node.Node.AddKnownPeer(peer, "", default, now);
            node.Node.Tick(now);
            if (node.Connects.Count == 0)
                continue;
            dials.Add(now);
            node.Connects.Clear();
            node.Node.ConnectFailed(peer, now);
        }

        Assert.InRange(dials.Count, 6, 12);
        var pauses = dials.Zip(dials.Skip(1), (a, b) => b - a).ToArray();
        Assert.InRange(pauses[0], 1_000, 2_500);
        Assert.InRange(pauses[^1], 15_000, 21_000);
    }

    [Fact]
    public void A_silent_link_is_closed_after_thirty_seconds_and_not_before()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        mesh.Run(60_000, 50);
        Assert.Equal(1, a.Node.LinkCount);
        mesh.Cut(a, b);
        mesh.Run(24_000, 50);
        Assert.Equal(1, a.Node.LinkCount);
        mesh.Run(8_000, 50);
        Assert.Equal(0, a.Node.LinkCount);
        Assert.Contains((b.Id, DisconnectReason.Timeout), a.Disconnects);
        Assert.Equal(1, a.Node.Stats.LinksTimedOut);
    }

    [Fact]
    public void A_relay_is_upgraded_by_a_direct_link_and_takes_over_again_when_that_closes()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b, LinkKind.Relay);
        mesh.Run(2_000);
        Assert.Equal(LinkKind.Relay, Assert.Single(a.Links()).Kind);
        Assert.Contains(b.Id, a.Connects);
        mesh.Link(a, b);
        Assert.Equal(LinkKind.Direct, Assert.Single(a.Links()).Kind);
        a.Node.LinkClosed(b.Id, LinkKind.Direct, mesh.NowMs);
        Assert.Equal(LinkKind.Relay, Assert.Single(a.Links()).Kind);
        a.Node.LinkClosed(b.Id, LinkKind.Relay, mesh.NowMs);
        Assert.Equal(0, a.Node.LinkCount);
    }

    [Fact]
    public void A_dial_that_times_out_is_abandoned_and_the_relay_stays_a_refused_one_takes_the_relay_with_it()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b, LinkKind.Relay);
        mesh.Run(12_000, 50);
        Assert.Contains((b.Id, DisconnectReason.ConnectTimeout), a.Disconnects);
        Assert.True(a.Node.IsLinked(b.Id, LinkKind.Relay));
        mesh.Run(3_000, 50);
        Assert.Equal(2, a.Connects.Count);
        a.Node.ConnectFailed(b.Id, mesh.NowMs, refused: true);
        Assert.False(a.Node.IsLinked(b.Id));
        Assert.Contains((b.Id, DisconnectReason.Full), a.Disconnects);
    }

    [Fact]
    public void Clocks_are_compared_over_heartbeats_and_the_median_moves_ours()
    {
        var mesh = new Mesh();
        var a = mesh.Add(1);
        var peers = new[] { mesh.Add(2, clockOffsetMs: 500), mesh.Add(3, clockOffsetMs: 500), mesh.Add(4, clockOffsetMs: 90_000_000) };
        foreach (var peer in peers)
            mesh.Link(a, peer);
        mesh.Run(6_000);
        Assert.Equal(500, a.Links()[0].ClockOffsetMs);
        Assert.Equal(90_000_000, a.Links()[2].ClockOffsetMs);
        Assert.Equal(mesh.NowMs + 500, a.Node.MeshTimeMs(mesh.NowMs));
        Assert.InRange(a.Links()[0].RttMs, 0, 5);
        Assert.Equal(0, a.Links()[0].LossPercent);
    }

    [Fact]
    public void Up_to_twelve_members_are_all_dialled_beyond_it_the_nearest()
    {
        var few = new Wired(1);
        for (ulong i = 2; i <= 13; i++)
            few.Node.AddKnownPeer(new PeerId(i, 1), "", default, Mesh.StartMs);
        Assert.Equal(12, Dialled(few).Count);

        var many = new Wired(1);
        for (ulong i = 2; i <= 60; i++)
            many.Node.AddKnownPeer(new PeerId(i, 1), "", new MeshPosition((int)i * 2560, 0, 0), Mesh.StartMs);
        var dialled = Dialled(many);
        for (ulong i = 2; i <= 9; i++)
            Assert.Contains(new PeerId(i, 1), dialled);
        Assert.Equal(10, dialled.Count);
    }

    [Fact]
    public void A_nearer_peer_replaces_a_link_only_when_much_nearer_and_the_link_is_old_enough()
    {
        var node = new Wired(1);
        for (ulong i = 2; i <= 13; i++)
        {
            node.Node.AddKnownPeer(new PeerId(i, 1), "", At(100 + (int)i), Mesh.StartMs);
            Assert.True(node.Node.LinkOpened(new PeerId(i, 1), LinkKind.Direct, Mesh.StartMs));
        }

        PeerId slightly = new(50, 1), much = new(51, 1);
        node.Node.AddKnownPeer(slightly, "", At(95), Mesh.StartMs);
        node.Node.AddKnownPeer(much, "", At(20), Mesh.StartMs);
        Assert.False(node.Node.AcceptsLink(much, Mesh.StartMs + 5_000));
        Assert.False(node.Node.AcceptsLink(slightly, Mesh.StartMs + 15_000));
        Assert.True(node.Node.AcceptsLink(much, Mesh.StartMs + 15_000));
        Assert.True(node.Node.LinkOpened(much, LinkKind.Direct, Mesh.StartMs + 15_000));
        Assert.Equal(12, node.Node.LinkCount);
        Assert.Contains((new PeerId(13, 1), DisconnectReason.Replaced), node.Disconnects);

        static MeshPosition At(int blocks) => new(blocks * 256, 0, 0);
    }

    [Fact]
    public void Neighbours_introduce_each_other_so_that_members_are_found_without_truth()
    {
        var mesh = new Mesh();
        var (a, b, c) = (mesh.Add(1), mesh.Add(2), mesh.Add(3));
        mesh.Link(a, b);
        mesh.Link(b, c);
        mesh.Run(6_000);
        Assert.Contains(c.Id, a.Joined);
        Assert.Contains(c.Id, a.Connects);
    }

    [Fact]
    public void Who_says_goodbye_is_forgotten_and_nobody_can_say_it_for_another()
    {
        var mesh = new Mesh();
        var (a, b, c) = (mesh.Add(1), mesh.Add(2), mesh.Add(3));
        mesh.Link(a, b);
        mesh.Link(a, c);
        var forged = Wired.Envelope(Kind.PeerLeave, new PeerLeave { Peer = c.Id });
        Assert.Equal(ReceiveResult.Forged, a.Node.Receive(b.Id, forged, mesh.NowMs));
        Assert.Equal(2, a.Node.LinkCount);
        c.Node.Leave(mesh.NowMs);
        mesh.Deliver();
        Assert.Equal(1, a.Node.LinkCount);
        Assert.Contains(c.Id, a.Left);
    }

    [Fact]
    public void Options_that_contradict_each_other_are_refused_by_name()
    {
        var error = Assert.Throws<ArgumentException>(() => new Wired(1, new MeshOptions { LinksMax = 40 }));
        Assert.Contains(nameof(MeshOptions.LinksMax), error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Wired(1, new MeshOptions { HeartbeatMs = 40_000 }));
    }

    private static HashSet<PeerId> Dialled(Wired wired)
    {
        var dialled = new HashSet<PeerId>();
        for (var now = Mesh.StartMs; now < Mesh.StartMs + 20_000; now += 250)
        {
            wired.Node.Tick(now);
            foreach (var peer in wired.Connects)
            {
                dialled.Add(peer);
                wired.Node.LinkOpened(peer, LinkKind.Direct, now);
            }

            wired.Connects.Clear();
        }

        return dialled;
    }
}
