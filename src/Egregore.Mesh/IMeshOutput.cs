using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// What a node decides, carried out by its host. Called only from inside a call to the node, on the host's own thread.
/// Spans are valid until the method returns. A host must not call back into the node from here, except for <see cref="MeshNode.Stats"/> and other getters.
/// </summary>
public interface IMeshOutput
{
    /// <summary>Send one envelope to a linked peer, over the direct channel when there is one, else through truth.</summary>
    void Send(PeerId peer, ReadOnlySpan<byte> envelope, Reliability reliability);

    /// <summary>
    /// Open a direct link to a peer. The host answers with <see cref="MeshNode.LinkOpened"/> or <see cref="MeshNode.ConnectFailed"/>. Signaling goes through truth, or by
    /// <see cref="MeshNode.SendRouted"/> when truth is gone; until the direct link opens the host offers truth's relay with <c>LinkOpened(peer, LinkKind.Relay)</c>.
    /// </summary>
    void Connect(PeerId peer);

    /// <summary>Close the links to a peer and abandon a dial (for <see cref="DisconnectReason.ConnectTimeout"/> the dial alone). The node has forgotten the link already; <see cref="MeshNode.LinkClosed"/> afterwards does nothing.</summary>
    void Disconnect(PeerId peer, DisconnectReason reason);

    /// <summary>
    /// The raw P-256 point, 65 bytes, that this peer's id is the hash of. With a key, what this node publishes is signed by <see cref="SignGossip"/>, and only what its origin signed is
    /// taken. Empty (the default): a host without keys, among such hosts; origins are claims then.
    /// </summary>
    ReadOnlySpan<byte> GossipKey => default;

    /// <summary>Sign a message of our own; the answer comes through <see cref="MeshNode.GossipSigned"/>.</summary>
    void SignGossip(uint request, ReadOnlySpan<byte> bytes)
    {
    }

    /// <summary>Verify an origin's signature; the key is known to be its own. The answer comes through <see cref="MeshNode.GossipVerified"/>.</summary>
    void VerifyGossip(uint request, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> bytes)
    {
    }

    /// <summary>Judge a gossip message before it is delivered and forwarded. Called once for each message; must be cheap.</summary>
    Verdict Judge(in GossipMessage message);

    /// <summary>A gossip message arrived for the first time and was accepted. Never called for the node's own messages.</summary>
    void DeliverGossip(in GossipMessage message);

    /// <summary>A reflex state of the peer at the other end of a link. Newer than the last one by sequence; late and repeated ones are dropped before.</summary>
    void DeliverReflex(PeerId from, uint sequence, ReadOnlySpan<byte> state);

    /// <summary>A message for the host itself from a linked peer (checkpoint, signal, action, action result, subscribe, delta).</summary>
    void DeliverDirect(PeerId from, Kind kind, uint sequence, ReadOnlySpan<byte> payload);

    /// <summary>
    /// A routed message reached its target. Only <paramref name="via"/> is authenticated; <paramref name="sender"/> is what the first relay authenticated, as far as relays are honest:
    /// verify what the payload claims (<paramref name="envelope"/> carries the signature, if any).
    /// </summary>
    void DeliverRouted(PeerId sender, PeerId via, Kind kind, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> envelope);

    /// <summary>A peer became a member.</summary>
    void MemberJoined(PeerId peer, string name);

    /// <summary>A member left or was forgotten.</summary>
    void MemberLeft(PeerId peer);

    /// <summary>The node's view of a link changed: opened, upgraded, downgraded or closed (<paramref name="kind"/> null).</summary>
    void LinkChanged(PeerId peer, LinkKind? kind);

    /// <summary>A key of the shared state changed by another peer's write. Read it with <see cref="MeshNode.TryGetState"/>, after this call returned.</summary>
    void StateChanged(string key);
}

/// <summary>A host's judgement of a gossip message (gossipsub v1.1's three results).</summary>
public enum Verdict : byte
{
    /// <summary>Deliver and forward.</summary>
    Accept = 0,

    /// <summary>Provably wrong: dropped, counted against the link that brought it.</summary>
    Reject = 1,

    /// <summary>Lost, late, unknown: dropped, held against nobody.</summary>
    Ignore = 2,
}

/// <summary>One gossip message as received. (<see cref="Origin"/>, <see cref="Id"/>) names it; the id is a hash of origin, topic, time and body, so no relay can alter them unseen.</summary>
/// <remarks>The origin has signed it where the host has keys (<see cref="IMeshOutput.GossipKey"/>), else it is a claim. Lives until the call that hands it out returns.</remarks>
public readonly ref struct GossipMessage
{
    /// <summary>Who says to have published it.</summary>
    public PeerId Origin { get; init; }

    /// <summary>First 8 bytes, big-endian, of SHA-256 over origin, topic, time and body.</summary>
    public ulong Id { get; init; }

    /// <summary>20 to 39: a kind of the wire whose table is the body (see docs/mesh.md); others are the game's.</summary>
    public byte Topic { get; init; }

    /// <summary>The publisher's hybrid logical time.</summary>
    public ulong Time { get; init; }

    /// <summary>The peer at the other end of the link that brought it.</summary>
    public PeerId From { get; init; }

    /// <summary>The message's content.</summary>
    public ReadOnlySpan<byte> Body { get; init; }

    /// <summary>The whole envelope, with its signature if it has one.</summary>
    public ReadOnlySpan<byte> Envelope { get; init; }
}
