using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Peer;

// The mesh's decisions, carried out through the host: direct links by data channels, the rest relayed by truth.
public sealed partial class Participant
{
    /// <summary>Is a direct link to that peer open?</summary>
    public bool IsDirect(PeerId peer) => _attempts.TryGetValue(peer, out var attempt) && attempt.Open;

    // The mesh's own tables bound them: it asks for no more at a time, and a host answers each.
    private readonly Dictionary<uint, uint> _gossipToSign = [];
    private readonly Dictionary<uint, uint> _gossipToVerify = [];

    private void RelayEnvelope(PeerId peer, ReadOnlySpan<byte> envelope)
    {
        if (!TruthLive || EnvelopeCodec.TryRead(envelope, out var view) != VerifyError.None)
            return;
        var header = view.Header;
        var length = EnvelopeCodec.Write(_scratch, header.Kind, header.Sequence, view.Payload, header.Ttl, view.Sender, peer, view.Time, view.Signature);
        Stats.TruthBytesOut += length;
        _host.SendTruth(_scratch.AsSpan(0, length));
    }

    /// <summary>A class of its own, so that the mesh's callbacks are not part of the participant's public face.</summary>
    private sealed class MeshOutput(Participant owner) : IMeshOutput
    {
        public long NowMs { get; set; }

        public void Send(PeerId peer, ReadOnlySpan<byte> envelope, Reliability reliability)
        {
            if (owner.IsDirect(peer))
                owner._host.SendLink(peer, reliability == Reliability.Reliable ? LinkChannel.Reliable : LinkChannel.Reflex, envelope);
            else
                owner.RelayEnvelope(peer, envelope);
        }

        public void Connect(PeerId peer)
        {
            // A relay route from the first second; the mesh is told after this call, not inside it.
            owner._relaysToOpen.Add(peer);
            owner.Dial(peer);
        }

        public void Disconnect(PeerId peer, DisconnectReason reason) => owner.HangUp(peer);

        public ReadOnlySpan<byte> GossipKey => owner.PublicKey.Span;

        public void SignGossip(uint request, ReadOnlySpan<byte> bytes)
        {
            var own = owner.NextRequest();
            owner._gossipToSign[own] = request;
            owner._host.Sign(own, bytes);
        }

        public void VerifyGossip(uint request, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> bytes)
        {
            var own = owner.NextRequest();
            owner._gossipToVerify[own] = request;
            owner._host.Verify(own, publicKey, signature, bytes);
        }

        public Verdict Judge(in GossipMessage message) => Verdict.Accept;

        public void DeliverGossip(in GossipMessage message) => owner.Stats.GossipDelivered++;

        public void DeliverReflex(PeerId from, uint sequence, ReadOnlySpan<byte> state) => owner.ReceiveReflex(from, sequence, state, NowMs);

        public void DeliverDirect(PeerId from, Kind kind, uint sequence, ReadOnlySpan<byte> payload)
        {
            if (kind == Kind.Checkpoint)
                owner.ReceiveCheckpoint(from, payload);
            else
                owner.Stats.UnexpectedKinds++;
        }

        public void DeliverRouted(PeerId sender, PeerId via, Kind kind, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> envelope)
        {
            if (kind == Kind.Signal && EnvelopeCodec.TryRead(envelope, out var view) == VerifyError.None)
                owner.ReceiveRoutedSignal(sender, payload, view.Signature, NowMs);
            else
                owner.Stats.UnexpectedKinds++;
        }

        public void MemberJoined(PeerId peer, string name)
        {
            if (owner.FindNeighbour(peer) is { } neighbour)
                neighbour.Name = name;
        }

        public void MemberLeft(PeerId peer)
        {
        }

        public void LinkChanged(PeerId peer, LinkKind? kind)
        {
        }

        public void StateChanged(string key)
        {
        }
    }
}
