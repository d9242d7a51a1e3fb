using Egregore.Wire;

namespace Egregore.Peer;

/// <summary>
/// What a participant decides, carried out by its host: sockets, peer connections and keys are the host's. Called only from inside a call to the participant, on the
/// host's own thread. Spans are valid until the method returns. A host must not call back into the participant from here.
/// </summary>
public interface IParticipantHost
{
    /// <summary>Send one message to truth over the open socket.</summary>
    void SendTruth(ReadOnlySpan<byte> message);

    /// <summary>Send one message to a peer over its open direct link.</summary>
    void SendLink(PeerId peer, LinkChannel channel, ReadOnlySpan<byte> message);

    /// <summary>Make an offer for a direct link. Local descriptions and candidates come back through <see cref="Participant.LocalSignal"/>.</summary>
    /// <param name="peer">Whom to dial.</param>
    /// <param name="connection">Tells this attempt from earlier ones; returned with every local signal.</param>
    void Dial(PeerId peer, uint connection);

    /// <summary>A remote description or candidate. An offer starts an attempt of its own; <see cref="SignalType.Bye"/> ends one.</summary>
    void RemoteSignal(PeerId peer, uint connection, SignalType type, string data, string mid);

    /// <summary>Close the peer connection, open or not.</summary>
    void HangUp(PeerId peer);

    /// <summary>Sign with the participant's key; the answer comes through <see cref="Participant.Signed"/>.</summary>
    void Sign(uint request, ReadOnlySpan<byte> bytes);

    /// <summary>Verify a signature; the answer comes through <see cref="Participant.Verified"/>.</summary>
    void Verify(uint request, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> bytes);
}

/// <summary>The two data channels of a direct link.</summary>
public enum LinkChannel : byte
{
    /// <summary>Ordered, retransmitted.</summary>
    Reliable = 0,

    /// <summary>Unordered, never retransmitted.</summary>
    Reflex = 1,
}
