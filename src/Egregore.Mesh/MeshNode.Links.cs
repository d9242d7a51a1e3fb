using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>Links: opening, closing, heartbeats, who pushes to whom.</summary>
public sealed partial class MeshNode
{
    /// <summary>When both dial at once, the offer of the lower id stands and the other side drops its own.</summary>
    public static bool OffersFirst(PeerId self, PeerId other) => self < other;

    /// <summary>Links open.</summary>
    public int LinkCount => _context.Links.Count;

    /// <summary>Is a link of that kind (any when null) open?</summary>
    public bool IsLinked(PeerId peer, LinkKind? kind = null) =>
        _context.Links.Find(peer) is { } link && (kind is null || (kind == LinkKind.Direct ? link.Direct : link.Relay));

    /// <summary>Would a link dialled by that peer be kept? Asked by the host before it answers an offer.</summary>
    public bool AcceptsLink(PeerId from, long nowMs) => from != Self && !from.IsNone && _chooser.Accepts(from, nowMs);

    /// <summary>A link opened, dialled by either side. A direct one upgrades a relay. The host opens Relay on the first envelope that truth relays from a peer.</summary>
    /// <returns>False when there is no room or the peer is banned: the host closes it.</returns>
    public bool LinkOpened(PeerId peer, LinkKind kind, long nowMs)
    {
        if (!AcceptsLink(peer, nowMs))
            return false;
        var member = _context.Members.Meet(peer, "", nowMs);
        var link = member.Link;
        if (link is null)
        {
            if (_context.Links.Full)
            {
                // AcceptsLink found one.
                _context.Stats.LinksReplaced++;
                Close(_chooser.Replaceable(member, nowMs)!, DisconnectReason.Replaced, nowMs);
            }

            link = _context.Links.Add(peer, nowMs);
            link.Member = member;
            member.Link = link;
            link.LongMine = member.Dial != DialState.None && member.DialLong;
            _gossip.LinkOpened(link);
        }

        if (kind == LinkKind.Direct)
        {
            link.Direct = true;
            member.Failures = 0;
            _chooser.Dialled(member);
        }
        else
        {
            link.Relay = true;
        }

        _context.Send(link, _context.Encode(Kind.PeerJoin, Announcement()), Reliability.Reliable);
        ChoosePushers(nowMs);
        SendHeartbeat(link, nowMs);
        _heartbeatDueMs = Math.Min(_heartbeatDueMs, link.NextHeartbeatMs);
        _state.LinkOpened(nowMs);
        RankLinks();
        _context.Output.LinkChanged(peer, link.Kind);
        return true;
    }

    /// <summary>A link closed at the host's side. Where the relay stays, the link falls back to it.</summary>
    public void LinkClosed(PeerId peer, LinkKind kind, long nowMs)
    {
        if (_context.Links.Find(peer) is not { } link)
            return;
        if (kind == LinkKind.Direct)
            link.Direct = false;
        else
            link.Relay = false;
        if (link.Direct || link.Relay)
        {
            ChoosePushers(nowMs);
            _context.Output.LinkChanged(peer, link.Kind);
        }
        else
        {
            Forget(link, nowMs);
        }
    }

    /// <summary>A dial asked for by <see cref="IMeshOutput.Connect"/> failed. It is repeated later; a relay stays meanwhile.</summary>
    /// <param name="peer">The peer dialled.</param>
    /// <param name="nowMs">The host's clock.</param>
    /// <param name="refused">The peer answered that it has no room: a relay to it is given up as well.</param>
    public void ConnectFailed(PeerId peer, long nowMs, bool refused = false)
    {
        if (_context.Members.Find(peer) is not { } member)
            return;
        _chooser.Failed(member, nowMs);
        if (refused && member.Link is { Direct: false } link)
            Close(link, DisconnectReason.Full, nowMs);
    }

    /// <summary>Copies the links' figures, in order of opening; returns how many.</summary>
    public int CopyLinks(Span<LinkStats> destination)
    {
        var count = Math.Min(destination.Length, _context.Links.Count);
        for (var i = 0; i < count; i++)
        {
            var link = _context.Links.All[i];
            destination[i] = new LinkStats(
                link.Peer, link.Kind, link.Clock.RttMs, link.Clock.JitterMs, link.LossPercent, link.Clock.OffsetMs,
                link.BytesIn, link.BytesOut, link.MessagesIn, link.MessagesOut, link.Invalid, link.Long, link.OpenedMs);
        }

        return count;
    }

    private void Close(Link link, DisconnectReason reason, long nowMs)
    {
        Forget(link, nowMs);
        _context.Output.Disconnect(link.Peer, reason);
    }

    private void Forget(Link link, long nowMs)
    {
        if (link.MayPush)
        {
            _context.PusherClosed(nowMs);
            _pushersDueMs = Math.Min(_pushersDueMs, nowMs + Options.PushLostMs);
        }

        link.Direct = link.Relay = false;
        link.Member.Link = null;
        _context.Links.Remove(link);
        _gossip.LinkClosed(link);
        ChoosePushers(nowMs);
        RankLinks();
        _context.Output.LinkChanged(link.Peer, null);
    }

    private void CloseSilent(long nowMs)
    {
        for (var i = _context.Links.Count - 1; i >= 0; i--)
        {
            var link = _context.Links.All[i];
            if (nowMs - link.HeardMs <= Options.LinkTimeoutMs)
                continue;
            _context.Stats.LinksTimedOut++;
            Close(link, DisconnectReason.Timeout, nowMs);
        }
    }

    /// <summary>
    /// Keeps up to <see cref="MeshOptions.EagerLinks"/> links that push to us: long ones first, because they reach other parts of the mesh, direct before relayed. One that is to be
    /// replaced counts until nothing of it can be on its way any more: more pushers than that, for a moment, would be more copies.
    /// </summary>
    private void ChoosePushers(long nowMs)
    {
        var links = _context.Links.All;
        var count = _context.ClosedPushers(nowMs);
        foreach (var link in links)
            count += link.MayPush ? 1 : 0;
        while (true)
        {
            Link? best = null;
            Link? worst = null;
            var ties = 0;
            foreach (var link in links)
            {
                if (link.PushedFrom)
                {
                    if (worst is null || Worth(link) < Worth(worst))
                        worst = link;
                }
                else if (link.MayPush)
                {
                    continue;
                }
                else if (best is null || Worth(link) > Worth(best))
                {
                    best = link;
                    ties = 1;
                }
                else if (Worth(link) == Worth(best) && _context.Random.Next(++ties) == 0)
                {
                    best = link;
                }
            }

            if (best is null)
                return;
            if (count < Options.EagerLinks)
            {
                count++;
            }
            else if (worst is not null && Worth(best) > Worth(worst))
            {
                worst.StopPush(nowMs);
                SendHeartbeat(worst, nowMs);
                return;
            }
            else
            {
                return;
            }

            best.PushedFrom = true;
            WriteHeartbeat(best, 0, 0, 0, nowMs);
        }
    }

    /// <summary>Where nothing of a former pusher can be on its way any more, another takes its place.</summary>
    private void ReplacePushers(long nowMs)
    {
        _pushersDueMs = long.MaxValue;
        foreach (var link in _context.Links.All)
        {
            if (!link.HasStopped(nowMs, Options.PushLostMs, out var dueMs))
                _pushersDueMs = Math.Min(_pushersDueMs, dueMs);
        }

        ChoosePushers(nowMs);
        _pushersDueMs = Math.Min(_pushersDueMs, _context.ClosedPushersDueMs);
    }

    private static int Worth(Link link) => (link.Direct ? 2 : 0) + (link.Long ? 1 : 0);

    private void SendHeartbeats(long nowMs)
    {
        _heartbeatDueMs = long.MaxValue;
        foreach (var link in _context.Links.All)
        {
            if (nowMs >= link.NextHeartbeatMs)
            {
                SendHeartbeat(link, nowMs);
                Introduce(link);
            }

            _heartbeatDueMs = Math.Min(_heartbeatDueMs, link.NextHeartbeatMs);
        }
    }

    private void SendHeartbeat(Link link, long nowMs)
    {
        if (link.HeartbeatOpen)
            link.CountHeartbeat(lost: true);
        link.HeartbeatOpen = true;
        link.HeartbeatSentMs = nowMs;

        // Spread over the period, so that links do not beat together.
        link.NextHeartbeatMs = nowMs + Options.HeartbeatMs - _context.Random.Next((Options.HeartbeatMs / 10) + 1);
        WriteHeartbeat(link, ++link.HeartbeatId, 0, 0, nowMs);
    }

    /// <summary>A request has an id, an answer names it, a notice of changed flags has neither and is not answered.</summary>
    private void WriteHeartbeat(Link link, uint id, uint replyTo, long receivedMs, long nowMs)
    {
        var heartbeat = new Heartbeat
        {
            Id = id, Sent = (ulong)nowMs, ReplyTo = replyTo, Received = (ulong)receivedMs,
            X = Position.X, Y = Position.Y, Z = Position.Z, Links = (byte)LinkCount, Flags = link.Flags,
        };
        _context.Send(link, _context.Encode(Kind.Heartbeat, heartbeat), Reliability.Unreliable);
    }

    private ReceiveResult ReceiveHeartbeat(Link link, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (HeartbeatView.TryRead(payload, out var view) != VerifyError.None)
            return ReceiveResult.Malformed;
        link.Member.Position = new MeshPosition(view.X, view.Y, view.Z);
        link.Member.HasPosition = true;
        var wasLong = link.Long;
        link.PushTo = (view.Flags & Link.FlagPush) != 0;
        link.LongTheirs = (view.Flags & Link.FlagLong) != 0;
        if (link.Long != wasLong)
            ChoosePushers(nowMs);
        if (view.ReplyTo == 0)
        {
            if (view.Id != 0)
                WriteHeartbeat(link, 0, view.Id, nowMs, nowMs);
        }
        else if (link.HeartbeatOpen && view.ReplyTo == link.HeartbeatId)
        {
            link.HeartbeatOpen = false;
            link.CountHeartbeat(lost: false);
            link.Confirmed(link.HeartbeatSentMs, nowMs);
            _pushersDueMs = Math.Min(_pushersDueMs, nowMs + Options.PushLostMs);
            link.Clock.Add(link.HeartbeatSentMs, (long)view.Received, (long)view.Sent, nowMs);
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>
    /// Tells a neighbour of some of our other neighbours, those nearest to it first, in turns: how members are found when truth is gone, and how routes are known
    /// (after Vicinity: Voulgaris, van Steen 2005).
    /// </summary>
    private void Introduce(Link to)
    {
        var links = _context.Links.All;
        var others = links.Length - 1;
        if (others == 0)
            return;
        Span<byte> rank = stackalloc byte[32];
        var used = 0;
        foreach (var link in links)
        {
            if (link == to)
                continue;
            var at = used++;
            var distance = link.Member.DistanceTo(to.Member.Position);
            while (at > 0 && distance < links[rank[at - 1]].Member.DistanceTo(to.Member.Position))
            {
                rank[at] = rank[at - 1];
                at--;
            }

            rank[at] = (byte)IndexOf(links, link);
        }

        for (var i = 0; i < Math.Min(Options.IntroductionsPerHeartbeat, others); i++)
        {
            var member = links[rank[to.IntroductionCursor++ % others]].Member;
            if (!member.HasPosition)
                continue;
            var join = new PeerJoin { Peer = member.Id, Name = member.Name, X = member.Position.X, Y = member.Position.Y, Z = member.Position.Z };
            _context.Send(to, _context.Encode(Kind.PeerJoin, join), Reliability.Unreliable);
        }
    }

    private static int IndexOf(ReadOnlySpan<Link> links, Link link)
    {
        for (var i = 0; i < links.Length; i++)
        {
            if (links[i] == link)
                return i;
        }

        return -1;
    }
}
