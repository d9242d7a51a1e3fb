using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Mesh.Tests;

public sealed class ReflexAndRouteTests
{
    [Fact]
    public void Five_nearest_get_every_state_the_rest_one_to_five_a_second()
    {
        var node = Crowd();
        for (uint tick = 0; tick < 100; tick++)
            node.Node.SendReflex(tick, new byte[24], Mesh.StartMs + 5_000 + (tick * 50));
        for (ulong i = 2; i <= 13; i++)
        {
            var got = node.Of(Kind.Reflex, new PeerId(i, 1)).Count;
            if (i < 7)
                Assert.Equal(100, got);
            else
                Assert.InRange(got, 5, 25);
        }

        Assert.True(node.Of(Kind.Reflex, new PeerId(7, 1)).Count > node.Of(Kind.Reflex, new PeerId(13, 1)).Count);
        Assert.InRange(node.Of(Kind.Reflex)[0].Length, 24, 56);
    }

    [Fact]
    public void Sending_and_receiving_states_does_not_allocate()
    {
        var node = Crowd();
        node.Record = false;
        var state = new byte[24];
        var envelope = Wired.Envelope(Kind.Reflex, state);
        Turn(1, 200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Turn(200, 2_200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Turn(uint from, uint to)
        {
            for (var tick = from; tick < to; tick++)
            {
                var now = Mesh.StartMs + 5_000 + (tick * 50);
                node.Node.SendReflex(tick, state, now);

                // The same again is late: dropped before the host, which records in a list.
                node.Node.Receive(new PeerId(2, 1), envelope, now);
            }
        }
    }

    [Fact]
    public void Late_and_repeated_states_are_dropped()
    {
        var node = new Wired(1);
        var peer = new PeerId(2, 1);
        node.Node.LinkOpened(peer, LinkKind.Direct, Mesh.StartMs);
        foreach (var sequence in new uint[] { 5, 4, 6, 6, uint.MaxValue, 7 })
            node.Node.Receive(peer, Wired.Envelope(Kind.Reflex, new byte[8], sequence), Mesh.StartMs);
        Assert.Equal([5, 6, 7], node.Reflexes.Select(r => r.Sequence));
    }

    [Fact]
    public void Messages_for_hosts_pass_reserved_kinds_do_not()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        Assert.Equal(SendResult.Sent, a.Node.Send(b.Id, Kind.Checkpoint, 1, new byte[40], Reliability.Reliable));
        Assert.Equal(SendResult.Sent, a.Node.SendToAll(Kind.Action, 1, new byte[40], Reliability.Reliable));
        Assert.Equal(SendResult.Reserved, a.Node.Send(b.Id, Kind.Heartbeat, 1, [], Reliability.Reliable));
        Assert.Equal(SendResult.NoLink, a.Node.Send(new PeerId(7, 7), Kind.Action, 1, [], Reliability.Reliable));
        mesh.Deliver();
        Assert.Equal([Kind.Checkpoint, Kind.Action], b.Direct);
    }

    [Fact]
    public void A_signal_reaches_a_peer_without_a_link_through_neighbours()
    {
        var mesh = new Mesh();
        var line = Enumerable.Range(1, 5).Select(i => mesh.Add((ulong)i)).ToArray();
        for (var i = 1; i < line.Length; i++)
            mesh.Link(line[i - 1], line[i]);
        mesh.Deliver();
        Assert.Equal(SendResult.Sent, line[0].Node.SendRouted(line[3].Id, [1, 2, 3]));
        mesh.Deliver();
        var (sender, via, payload) = Assert.Single(line[3].Routed);
        Assert.Equal((line[0].Id, line[2].Id), (sender, via));
        Assert.Equal([1, 2, 3], payload);

        // Four links are one too many.
        line[0].Node.SendRouted(line[4].Id, [1]);
        mesh.Deliver();
        Assert.Empty(line[4].Routed);
    }

    [Fact]
    public void The_first_relay_refuses_a_sender_that_the_link_did_not_authenticate()
    {
        var mesh = new Mesh();
        var (a, b) = (mesh.Add(1), mesh.Add(2));
        mesh.Link(a, b);
        var forged = Wired.Envelope(Kind.Signal, new byte[4], 1, ttl: 3, sender: new PeerId(9, 9), target: b.Id);
        Assert.Equal(ReceiveResult.Forged, b.Node.Receive(a.Id, forged, mesh.NowMs));
        var heartbeat = Wired.Envelope(Kind.Heartbeat, new Heartbeat(), sender: new PeerId(9, 9));
        Assert.Equal(ReceiveResult.Forged, b.Node.Receive(a.Id, heartbeat, mesh.NowMs));
        Assert.Empty(b.Routed);
    }

    private static Wired Crowd()
    {
        var node = new Wired(1);
        for (ulong i = 2; i <= 13; i++)
        {
            node.Node.AddKnownPeer(new PeerId(i, 1), "", new MeshPosition((int)i * 2560, 0, 0), Mesh.StartMs);
            node.Node.LinkOpened(new PeerId(i, 1), LinkKind.Direct, Mesh.StartMs);
        }

        node.Sent.Clear();
        return node;
    }
}
