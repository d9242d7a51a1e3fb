using System.Text;
using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Mesh.Tests;

/// <summary>Gossip among hosts that have keys.</summary>
public sealed class SignatureTests : IDisposable
{
    private const long Now = Mesh.StartMs + 1_000;
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("hello");
    private static readonly PeerId First = new(2, 1), Second = new(3, 1);

    private readonly EcdsaP256 _key = EcdsaP256.Create();
    private readonly EcdsaP256 _originKey = EcdsaP256.Create();
    private readonly Wired _node;
    private readonly byte[] _message;

    public SignatureTests()
    {
        _node = new Wired(_key, new MeshOptions { VerifyPendingMax = 2, SignPendingMax = 2 });
        foreach (var link in new[] { First, Second })
        {
            _node.Node.LinkOpened(link, LinkKind.Direct, Mesh.StartMs);
            Open(_node, link);
        }

        _message = Publish(_originKey, Body);
    }

    public void Dispose()
    {
        _key.Dispose();
        _originKey.Dispose();
    }

    [Fact]
    public void A_message_leaves_when_it_is_signed_and_is_delivered_and_passed_on_when_it_is_verified()
    {
        Assert.Equal(ReceiveResult.Accepted, _node.Node.Receive(First, _message, Now));
        Assert.Equal(ReceiveResult.Ignored, _node.Node.Receive(Second, _message, Now));
        _node.Node.Tick(Now + 20);
        Assert.Empty(_node.Gossip);
        Assert.Empty(_node.Of(Kind.Gossip));
        Assert.Empty(_node.Of(Kind.GossipHave));
        _node.Settle(Now + 20);
        var (origin, _, body) = Assert.Single(_node.Gossip);
        Assert.Equal(_originKey.Peer, origin);
        Assert.Equal(Body, body);

        // Both links have it, so nobody is told; a third that asks is served the signature with it.
        PeerId third = new(4, 1);
        _node.Node.LinkOpened(third, LinkKind.Direct, Now + 20);
        EnvelopeCodec.TryRead(_message, out var view);
        Gossip.TryRead(view.Payload, out var gossip);
        _node.Node.Receive(third, Wired.Envelope(Kind.GossipWant, new GossipIds { Ids = [new GossipId(gossip!.Origin, gossip.Id)] }), Now + 30);
        EnvelopeCodec.TryRead(Assert.Single(_node.Of(Kind.Gossip, third)), out var served);
        Assert.Equal(view.Signature.ToArray(), served.Signature.ToArray());
        Assert.Equal(ReceiveResult.Ignored, _node.Node.Receive(Second, _message, Now + 40));
        Assert.Single(_node.Gossip);
    }

    [Fact]
    public void In_anothers_name_or_unsigned_nothing_is_taken()
    {
        EnvelopeCodec.TryRead(_message, out var view);
        Gossip.TryRead(view.Payload, out var gossip);
        Assert.Equal(ReceiveResult.Forged, _node.Node.Receive(First, Wired.Envelope(Kind.Gossip, gossip!, 2, view.Time), Now));
        using var other = EcdsaP256.Create();
        var stranger = Signed(gossip! with { PublicKey = other.PublicKey }, view.Time, view.Signature.ToArray());
        Assert.Equal(ReceiveResult.Forged, _node.Node.Receive(First, stranger, Now));

        // The key is the origin's, the signature is not: known after verifying, and counted against who brought it.
        var wrong = Signed(gossip!, view.Time, other.Sign(Body));
        Assert.Equal(ReceiveResult.Accepted, _node.Node.Receive(First, wrong, Now));
        _node.Settle(Now);
        Assert.Equal(3, _node.Node.Stats.Received(ReceiveResult.Forged));
        Assert.Empty(_node.Gossip);
        Assert.Equal(ReceiveResult.Accepted, _node.Node.Receive(Second, _message, Now));
        _node.Settle(Now);
        Assert.Single(_node.Gossip);
    }

    [Fact]
    public void A_forged_copy_that_comes_first_does_not_keep_the_true_one_out()
    {
        EnvelopeCodec.TryRead(_message, out var view);
        Gossip.TryRead(view.Payload, out var gossip);
        _node.Node.Receive(First, Signed(gossip!, view.Time, new byte[64]), Now);
        Assert.Equal(ReceiveResult.Ignored, _node.Node.Receive(Second, _message, Now));
        _node.Settle(Now + 1);
        _node.Node.Tick(Now + 2);
        Assert.Single(_node.Of(Kind.GossipWant, Second));
        Assert.Empty(_node.Of(Kind.GossipWant, First));
        Assert.Equal(ReceiveResult.Accepted, _node.Node.Receive(Second, _message, Now + 60));
        _node.Settle(Now + 60);
        Assert.Single(_node.Gossip);
    }

    [Fact]
    public void What_waits_for_cryptography_is_bounded_and_a_silent_host_does_not_block_it_for_ever()
    {
        for (var i = 0; i < 5; i++)
            _node.Node.Receive(First, Publish(_originKey, [(byte)i]), Now);
        Assert.Equal(2, _node.ToVerify.Count);
        Assert.Equal(3, _node.Node.Stats.GossipUnverified);
        Assert.Equal(3, _node.Node.WantCount);
        _node.Node.Receive(First, Publish(_originKey, [77]), Now + _node.Node.Options.CryptoTimeoutMs);
        Assert.Equal(3, _node.ToVerify.Count);

        Assert.Equal(SendResult.Sent, _node.Node.Publish(1, [1], Now));
        Assert.Equal(SendResult.Sent, _node.Node.Publish(1, [2], Now));
        Assert.Equal(SendResult.Refused, _node.Node.Publish(1, [3], Now));
        Assert.Equal(SendResult.Sent, _node.Node.Publish(1, [3], Now + _node.Node.Options.CryptoTimeoutMs));
        Assert.Equal(2, _node.Node.Stats.GossipUnsigned);
        _node.Node.GossipSigned(_node.ToSign[^1].Request, [], Now);
        Assert.Equal(3, _node.Node.Stats.GossipUnsigned);
        Assert.Empty(_node.Of(Kind.Gossip));
    }

    private static byte[] Publish(EcdsaP256 key, byte[] body)
    {
        var origin = new Wired(key);
        PeerId any = new(9, 9);
        origin.Node.LinkOpened(any, LinkKind.Direct, Mesh.StartMs);
        Open(origin, any);
        Assert.Equal(SendResult.Sent, origin.Node.Publish(1, body, Now));
        Assert.Empty(origin.Of(Kind.Gossip));
        origin.Settle(Now);
        return Assert.Single(origin.Of(Kind.Gossip));
    }

    /// <summary>The other side answers the heartbeat of the opening.</summary>
    private static void Open(Wired node, PeerId link)
    {
        EnvelopeCodec.TryRead(node.Of(Kind.Heartbeat, link)[^1], out var view);
        HeartbeatView.TryRead(view.Payload, out var heartbeat);
        node.Node.Receive(link, Wired.Envelope(Kind.Heartbeat, new Heartbeat { ReplyTo = heartbeat.Id, Sent = (ulong)Mesh.StartMs, Received = (ulong)Mesh.StartMs }), Mesh.StartMs + 40);
    }

    private static byte[] Signed(Gossip gossip, ulong time, byte[] signature)
    {
        var payload = gossip.ToArray();
        var buffer = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        return buffer[..EnvelopeCodec.Write(buffer, Kind.Gossip, 1, payload, 3, time: time, signature: signature)];
    }
}
