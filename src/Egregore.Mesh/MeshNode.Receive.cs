using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>Everything from links comes in here.</summary>
public sealed partial class MeshNode
{
    /// <summary>Takes one envelope, or a batch, from the authenticated peer at the other end of a link.</summary>
    /// <returns>What became of it; of a batch, the first result that was not taken.</returns>
    public ReceiveResult Receive(PeerId from, ReadOnlySpan<byte> envelope, long nowMs)
    {
        if (_context.Links.Find(from) is not { } link)
        {
            Stats.Count(ReceiveResult.UnknownLink);
            return ReceiveResult.UnknownLink;
        }

        link.BytesIn += envelope.Length;
        Stats.BytesIn += envelope.Length;
        if (!link.Bytes.TryTake(nowMs, Options.LinkBytesPerSecond, envelope.Length))
            return Refuse(link, ReceiveResult.RateLimited, nowMs);
        return Take(link, envelope, inBatch: false, nowMs);
    }

    private ReceiveResult Take(Link link, ReadOnlySpan<byte> raw, bool inBatch, long nowMs)
    {
        link.MessagesIn++;
        if (!link.Messages.TryTake(nowMs, Options.LinkMessagesPerSecond, 1))
            return Refuse(link, ReceiveResult.RateLimited, nowMs);
        if (raw.Length > Options.EnvelopeBytesMax)
            return Refuse(link, ReceiveResult.TooLarge, nowMs);
        if (EnvelopeCodec.TryRead(raw, out var envelope) != VerifyError.None)
            return Refuse(link, ReceiveResult.Malformed, nowMs);
        link.HeardMs = nowMs;
        link.Member.HeardMs = nowMs;
        if (envelope.Header.Kind == Kind.Batch)
            return inBatch ? Refuse(link, ReceiveResult.UnexpectedKind, nowMs) : TakeBatch(link, envelope.Payload, nowMs);

        var result = Dispatch(link, envelope, raw, nowMs);
        if (result is ReceiveResult.Accepted or ReceiveResult.Ignored)
        {
            Stats.Count(result);
            return result;
        }

        return Refuse(link, result, nowMs);
    }

    private ReceiveResult TakeBatch(Link link, ReadOnlySpan<byte> payload, long nowMs)
    {
        var result = ReceiveResult.Accepted;
        var reader = new BatchReader(payload);
        while (reader.TryNext(out var inner))
        {
            var one = Take(link, inner, inBatch: true, nowMs);
            result = result == ReceiveResult.Accepted ? one : result;
            if (!link.Direct && !link.Relay)
                return result;
        }

        return reader.Error == VerifyError.None ? result : Refuse(link, ReceiveResult.Malformed, nowMs);
    }

    private ReceiveResult Dispatch(Link link, in EnvelopeView envelope, ReadOnlySpan<byte> raw, long nowMs)
    {
        var kind = envelope.Header.Kind;
        if (kind == Kind.Signal && envelope.HasTarget)
            return _router.Receive(link, envelope, raw, nowMs);
        if (envelope.HasSender && envelope.Sender != link.Peer)
            return ReceiveResult.Forged;
        if (envelope.HasTarget && envelope.Target != Self)
            return ReceiveResult.Ignored;

        switch (kind)
        {
            case Kind.Reflex:
                return ReceiveReflex(link, envelope, nowMs);
            case Kind.Gossip:
                return _gossip.Receive(link, envelope, raw, nowMs);
            case Kind.GossipHave:
                return _gossip.ReceiveHave(link, envelope.Payload, nowMs);
            case Kind.GossipWant:
                return _gossip.ReceiveWant(link, envelope.Payload, nowMs);
            case Kind.Heartbeat:
                return ReceiveHeartbeat(link, envelope.Payload, nowMs);
            case Kind.StateSync:
                return _state.Receive(link, envelope.Payload, nowMs);
            case Kind.PeerJoin:
                return ReceiveJoin(link, envelope.Payload, nowMs);
            case Kind.PeerLeave:
                return ReceiveLeave(link, envelope.Payload, nowMs);
            case Kind.Checkpoint or Kind.Signal or Kind.Action or Kind.ActionResult or Kind.Subscribe or Kind.Delta or Kind.ContentShare:
                _context.Output.DeliverDirect(link.Peer, kind, envelope.Header.Sequence, envelope.Payload);
                return ReceiveResult.Accepted;
            default:
                return ReceiveResult.UnexpectedKind;
        }
    }

    private ReceiveResult ReceiveJoin(Link link, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (PeerJoinView.TryRead(payload, out var view) != VerifyError.None)
            return ReceiveResult.Malformed;
        if (view.NameUtf8.Length > 4 * NameLengthMax)
            return ReceiveResult.TooLarge;
        if (view.Peer == Self)
            return ReceiveResult.Ignored;
        if (!link.Introduced.TryTake(nowMs, IntroductionsPerSecond, 1))
            return ReceiveResult.RateLimited;
        Hear(view, link, nowMs);
        return ReceiveResult.Accepted;
    }

    /// <summary>PeerJoin messages a second that one link may bring.</summary>
    private const int IntroductionsPerSecond = 32;

    /// <summary>What is said of a peer that we are not linked to is a hint; of a linked peer only its own link tells.</summary>
    private void Hear(in PeerJoinView view, Link from, long nowMs)
    {
        if (view.Peer.IsNone || view.Peer == Self)
            return;
        var own = view.Peer == from.Peer;
        var member = _context.Members.Find(view.Peer);
        if (member?.Link is not null && !own)
        {
            member.IntroducedBy = from.Peer;
            return;
        }

        member = Meet(view, nowMs);
        if (!own)
            member.IntroducedBy = from.Peer;
    }

    /// <summary>Who joined says so by gossip; the origin is a claim, so it is a hint as well.</summary>
    private void HearGossiped(in PeerJoinView view, Link? from, long nowMs)
    {
        if (_context.Members.Find(view.Peer) is { Link: not null })
            return;
        if (from is null || from.Introduced.TryTake(nowMs, IntroductionsPerSecond, 1))
            Meet(view, nowMs);
    }

    /// <summary>A goodbye by gossip is a claim: it only removes a peer that we have no link to, and who is there will be introduced again.</summary>
    private void HearLeft(PeerId peer)
    {
        if (_context.Members.Find(peer) is { Link: null, Dial: DialState.None } member)
            _context.Members.Forget(member);
    }

    private Member Meet(in PeerJoinView view, long nowMs)
    {
        var member = _context.Members.Meet(view.Peer, Trim(view.Name), nowMs);
        member.Position = new MeshPosition(view.X, view.Y, view.Z);
        member.HasPosition = true;
        return member;
    }

    private ReceiveResult ReceiveLeave(Link link, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (PeerLeaveView.TryRead(payload, out var view) != VerifyError.None)
            return ReceiveResult.Malformed;
        if (view.Peer != link.Peer)
            return ReceiveResult.Forged;
        var member = link.Member;
        Close(link, DisconnectReason.Leaving, nowMs);
        _chooser.Dialled(member);
        _context.Members.Forget(member);
        return ReceiveResult.Accepted;
    }

    private ReceiveResult Refuse(Link link, ReceiveResult result, long nowMs)
    {
        Stats.Count(result);
        var misbehaves = link.Penalize(nowMs, Options.InvalidMax);

        // Over a rate: dropped and counted. A flood that goes on is cheap to drop, and an honest burst must not cost the link.
        if (misbehaves && result != ReceiveResult.RateLimited && link.Member.Link == link)
        {
            link.Member.BannedUntilMs = nowMs + Options.BanMs;
            Close(link, DisconnectReason.Misbehaving, nowMs);
        }

        return result;
    }

    /// <summary>Built-in topics are handled here, the game's go to the host.</summary>
    private sealed class Handler(MeshNode node) : GossipHandler
    {
        public override Verdict Judge(in GossipMessage message)
        {
            switch ((Kind)message.Topic)
            {
                case Kind.PeerJoin:
                    return PeerJoinView.TryRead(message.Body, out var join) != VerifyError.None || join.Peer != message.Origin || join.NameUtf8.Length > 4 * NameLengthMax
                        ? Verdict.Reject
                        : Verdict.Accept;
                case Kind.PeerLeave:
                    return PeerLeaveView.TryRead(message.Body, out var leave) != VerifyError.None || leave.Peer != message.Origin ? Verdict.Reject : Verdict.Accept;
                case Kind.ContentShare:
                    return ContentShareView.TryRead(message.Body, out _) != VerifyError.None ? Verdict.Reject : node._context.Output.Judge(message);
                case Kind.StateSync:
                    return Verdict.Accept;
                default:
                    return IsReserved(message.Topic) ? Verdict.Reject : node._context.Output.Judge(message);
            }
        }

        public override void Deliver(in GossipMessage message, Link? link, long nowMs)
        {
            switch ((Kind)message.Topic)
            {
                case Kind.PeerJoin:
                    PeerJoinView.TryRead(message.Body, out var join);
                    node.HearGossiped(join, link, nowMs);
                    break;
                case Kind.PeerLeave:
                    node.HearLeft(message.Origin);
                    break;
                case Kind.StateSync:
                    if (node._state.MergeGossip(message.Body, nowMs) == Crdt.MergeResult.MergedWithGap && link is not null)
                        node._state.Pull(link, nowMs);
                    break;
                default:
                    node._context.Output.DeliverGossip(message);
                    break;
            }
        }
    }
}
