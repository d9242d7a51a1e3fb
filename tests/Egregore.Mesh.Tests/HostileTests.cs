using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Mesh.Tests;

public sealed class HostileTests
{
    private static readonly PeerId Peer = new(2, 1);

    [Fact]
    public void Without_a_link_nothing_is_taken()
    {
        var node = new Wired(1);
        Assert.Equal(ReceiveResult.UnknownLink, node.Node.Receive(Peer, Wired.Envelope(Kind.Reflex, new byte[8]), Mesh.StartMs));
        Assert.Equal(1, node.Node.Stats.Received(ReceiveResult.UnknownLink));
    }

    [Fact]
    public void Each_bound_has_its_reason()
    {
        var node = Linked();
        Assert.Equal(ReceiveResult.TooLarge, node.Node.Receive(Peer, new byte[40_000], Mesh.StartMs));
        Assert.Equal(ReceiveResult.Malformed, node.Node.Receive(Peer, [1, 2, 3], Mesh.StartMs));
        Assert.Equal(ReceiveResult.TooLarge, node.Node.Receive(Peer, Wired.Envelope(Kind.Reflex, new byte[300]), Mesh.StartMs));
        Assert.Equal(ReceiveResult.UnexpectedKind, node.Node.Receive(Peer, Wired.Envelope(Kind.Welcome, []), Mesh.StartMs));
        var ids = new GossipIds { Ids = [.. Enumerable.Range(0, 65).Select(i => new GossipId(Peer, (ulong)i))] };
        Assert.Equal(ReceiveResult.TooLarge, node.Node.Receive(Peer, Wired.Envelope(Kind.GossipHave, ids), Mesh.StartMs));
        Assert.Equal(ReceiveResult.TooLarge, node.Node.Receive(Peer, Wired.Envelope(Kind.GossipWant, ids), Mesh.StartMs));
        Assert.Equal(ReceiveResult.Malformed, node.Node.Receive(Peer, Wired.Envelope(Kind.Gossip, []), Mesh.StartMs));
        Assert.Equal(ReceiveResult.Malformed, node.Node.Receive(Peer, Wired.Envelope(Kind.StateSync, new StateSync { Items = new byte[10] }), Mesh.StartMs));
    }

    [Fact]
    public void A_batch_holds_no_batch()
    {
        var node = Linked();
        var inner = Batch(Wired.Envelope(Kind.Reflex, new byte[8]));
        Assert.Equal(ReceiveResult.Accepted, node.Node.Receive(Peer, inner, Mesh.StartMs));
        Assert.Single(node.Reflexes);
        Assert.Equal(ReceiveResult.UnexpectedKind, node.Node.Receive(Peer, Batch(inner), Mesh.StartMs));
    }

    [Fact]
    public void Who_sends_too_much_nonsense_is_closed_and_not_taken_back_for_a_while()
    {
        var node = Linked();
        for (var i = 0; i < 20; i++)
            node.Node.Receive(Peer, [1, 2, 3], Mesh.StartMs);
        Assert.Equal(0, node.Node.LinkCount);
        Assert.Contains((Peer, DisconnectReason.Misbehaving), node.Disconnects);
        Assert.False(node.Node.AcceptsLink(Peer, Mesh.StartMs + 30_000));
        Assert.True(node.Node.AcceptsLink(Peer, Mesh.StartMs + 61_000));
    }

    [Fact]
    public void A_flood_is_dropped_and_honest_bursts_do_not_cost_the_link()
    {
        var node = Linked();
        var envelope = Wired.Envelope(Kind.GossipHave, new GossipIds());
        var taken = 0;
        for (var i = 0; i < 5_000; i++)
            taken += node.Node.Receive(Peer, envelope, Mesh.StartMs) == ReceiveResult.Accepted ? 1 : 0;
        Assert.Equal(2_000, taken);
        Assert.Equal(3_000, node.Node.Stats.Received(ReceiveResult.RateLimited));
        Assert.Equal(1, node.Node.LinkCount);
    }

    [Fact]
    public void Invented_members_and_ids_keep_within_their_bounds()
    {
        var options = new MeshOptions { MembersMax = 100, WantsMax = 50 };
        var node = Linked(options);
        var now = Mesh.StartMs;
        for (ulong i = 0; i < 5_000; i++)
        {
            now += 20;
            node.Node.Receive(Peer, Wired.Envelope(Kind.PeerJoin, new PeerJoin { Peer = new PeerId(i + 100, 5), X = int.MinValue, Z = int.MaxValue }), now);
            node.Node.Receive(Peer, Wired.Envelope(Kind.GossipHave, new GossipIds { Ids = [new GossipId(new PeerId(i, 6), i)] }), now);
            node.Node.Tick(now);
            Assert.InRange(node.Node.MemberCount, 1, 100);
            Assert.InRange(node.Node.WantCount, 0, 50);
        }

        Assert.True(node.Node.IsLinked(Peer));
        Assert.True(node.Connects.Count < 5_000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_and_mutated_envelopes_harm_nobody(int seed)
    {
        var random = new Random(seed);
        var mesh = new Mesh();
        var options = new MeshOptions { InvalidMax = int.MaxValue, LinkMessagesPerSecond = 1_000_000, LinkBytesPerSecond = int.MaxValue / 4 };
        var (a, b) = (mesh.Add(1, options), mesh.Add(2, options));
        mesh.Link(a, b);
        b.Node.SetState("k", new byte[20], mesh.NowMs);
        b.Node.Publish(1, new byte[50], mesh.NowMs);
        b.Node.SendReflex(1, new byte[24], mesh.NowMs);
        b.Node.SendRouted(a.Id, new byte[9]);
        b.Node.Tick(mesh.NowMs + 6_000);
        var corpus = b.Sent.Select(s => s.Envelope).ToArray();
        var now = mesh.NowMs;
        for (var i = 0; i < 20_000; i++)
        {
            byte[] bytes;
            if (random.Next(4) == 0)
            {
                bytes = new byte[random.Next(200)];
                random.NextBytes(bytes);
            }
            else
            {
                bytes = (byte[])corpus[random.Next(corpus.Length)].Clone();
                for (var flips = random.Next(1, 6); flips > 0; flips--)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                if (random.Next(5) == 0)
                    bytes = bytes[..random.Next(bytes.Length)];
            }

            a.Record = false;
            a.Node.Receive(b.Id, bytes, now);
            if (i % 50 == 0)
                a.Node.Tick(now += 7);
        }

        Assert.InRange(a.Node.SeenCount, 0, options.SeenMax);
        Assert.InRange(a.Node.WantCount, 0, options.WantsMax);
        Assert.InRange(a.Node.MemberCount, 0, options.MembersMax);
    }

    private static Wired Linked(MeshOptions? options = null)
    {
        var node = new Wired(1, options);
        node.Node.LinkOpened(Peer, LinkKind.Direct, Mesh.StartMs);
        return node;
    }

    private static byte[] Batch(byte[] inner)
    {
        var writer = new BatchWriter(new byte[1_000]);
        Assert.True(writer.TryAdd(inner));
        return Wired.Envelope(Kind.Batch, writer.Written.ToArray());
    }
}
