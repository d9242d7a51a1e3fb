using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// Whom to link to: all while they fit, else the nearest, with hysteresis, and two random long links. Dials are started here; who has the lower id dials at once, the other waits a
/// moment for it, so that both sides do not dial at the same time.
/// </summary>
internal sealed class LinkChooser(MeshContext context)
{
    private readonly Member[] _nearest = new Member[context.Options.NearLinksWanted];
    private readonly List<Member> _dials = [];

    public int DialCount => _dials.Count;

    /// <summary>Once each <see cref="MeshOptions.MaintenanceMs"/>.</summary>
    public void Choose(long nowMs)
    {
        AdvanceDials(nowMs);
        var links = context.Links;
        if (context.Members.Count <= context.Options.LinksMax)
        {
            for (var i = 0; i < context.Members.Count; i++)
                TryDial(context.Members[i], false, nowMs);
            return;
        }

        var count = FindNearest(nowMs);
        var near = links.Count - links.LongCount + _dials.Count;
        for (var i = 0; i < count; i++)
        {
            var member = _nearest[i];
            if (member.Link is { Direct: true } || member.Dial != DialState.None)
                continue;

            // A relayed link has its place already and is only to be upgraded.
            if (member.Link is null && near >= context.Options.NearLinksWanted && !Replaces(member, nowMs))
                continue;
            if (TryDial(member, false, nowMs) && member.Link is null)
                near++;
        }

        if (links.LongCount + LongDials() < context.Options.LongLinksWanted && links.Count + _dials.Count < context.Options.LinksMax)
            DialLong(count, nowMs);
    }

    /// <summary>Would a new link to that peer be kept? With no room left it must be nearer than the farthest near link by the hysteresis.</summary>
    public bool Accepts(PeerId peer, long nowMs)
    {
        var member = context.Members.Find(peer);
        if (member is not null && nowMs < member.BannedUntilMs)
            return false;
        if (!context.Links.Full)
            return true;
        return member is not null && (member.Link is not null || Replaces(member, nowMs));
    }

    /// <summary>The near link that makes room for a nearer peer; null when none is far or old enough.</summary>
    public Link? Replaceable(Member candidate, long nowMs)
    {
        var worst = FarthestNear(nowMs);
        if (worst is null)
            return null;
        var distance = worst.Member.DistanceTo(context.Position);
        return candidate.DistanceTo(context.Position) < distance / 100 * context.Options.ReplaceBelowPercent ? worst : null;
    }

    /// <summary>A near link too many, the farthest; null when the near links are within their bound.</summary>
    public Link? Surplus(long nowMs) =>
        context.Members.Count > context.Options.LinksMax && context.Links.Count - context.Links.LongCount > context.Options.NearLinksMax ? FarthestNear(nowMs) : null;

    public void Dialled(Member member)
    {
        member.Dial = DialState.None;
        _dials.Remove(member);
    }

    public void Failed(Member member, long nowMs)
    {
        if (member.Dial == DialState.None)
            return;
        Dialled(member);
        var options = context.Options;
        var pause = Math.Min((long)options.RetryMs << Math.Min(member.Failures, 20), options.RetryMaxMs);
        member.Failures++;
        member.RetryMs = nowMs + pause + context.Random.Next((int)(pause / 4) + 1);
    }

    private bool Replaces(Member candidate, long nowMs) => Replaceable(candidate, nowMs) is not null;

    private Link? FarthestNear(long nowMs)
    {
        Link? farthest = null;
        foreach (var link in context.Links.All)
        {
            if (link.Long || nowMs - link.OpenedMs < context.Options.LinkAgeMinMs)
                continue;
            if (farthest is null || link.Member.DistanceTo(context.Position) > farthest.Member.DistanceTo(context.Position))
                farthest = link;
        }

        return farthest;
    }

    private int LongDials()
    {
        var count = 0;
        foreach (var member in _dials)
            count += member.DialLong ? 1 : 0;
        return count;
    }

    private static bool Eligible(Member member, long nowMs) => nowMs >= member.BannedUntilMs && (member.Link is { Direct: true } || member.Dial != DialState.None || nowMs >= member.RetryMs);

    private int FindNearest(long nowMs)
    {
        var count = 0;
        for (var i = 0; i < context.Members.Count; i++)
        {
            var member = context.Members[i];
            if (!member.HasPosition || !Eligible(member, nowMs))
                continue;
            var distance = member.DistanceTo(context.Position);
            var at = count;
            while (at > 0 && distance < _nearest[at - 1].DistanceTo(context.Position))
                at--;
            if (at == _nearest.Length)
                continue;
            var last = Math.Min(count, _nearest.Length - 1);
            Array.Copy(_nearest, at, _nearest, at + 1, last - at);
            _nearest[at] = member;
            count = Math.Min(count + 1, _nearest.Length);
        }

        return count;
    }

    private void DialLong(int nearestCount, long nowMs)
    {
        Member? chosen = null;
        var candidates = 0;
        for (var i = 0; i < context.Members.Count; i++)
        {
            var member = context.Members[i];
            if (member.Link is not null || member.Dial != DialState.None || !Eligible(member, nowMs) || Array.IndexOf(_nearest, member, 0, nearestCount) >= 0)
                continue;
            candidates++;
            if (context.Random.Next(candidates) == 0)
                chosen = member;
        }

        if (chosen is not null)
            TryDial(chosen, true, nowMs);
    }

    private bool TryDial(Member member, bool asLong, long nowMs)
    {
        if (member.Link is { Direct: true } || member.Dial != DialState.None || nowMs < member.RetryMs || nowMs < member.BannedUntilMs || _dials.Count >= context.Options.DialsMax)
            return false;
        member.DialLong = asLong;
        _dials.Add(member);
        if (MeshNode.OffersFirst(context.Self, member.Id))
        {
            Dial(member, nowMs);
        }
        else
        {
            member.Dial = DialState.Grace;
            member.DialDueMs = nowMs + context.Options.DialGraceMs;
        }

        return true;
    }

    private void Dial(Member member, long nowMs)
    {
        member.Dial = DialState.Dialing;
        member.DialDueMs = nowMs + context.Options.ConnectTimeoutMs;
        context.Output.Connect(member.Id);
    }

    private void AdvanceDials(long nowMs)
    {
        for (var i = _dials.Count - 1; i >= 0; i--)
        {
            var member = _dials[i];
            if (nowMs < member.DialDueMs)
                continue;
            if (member.Dial == DialState.Grace)
            {
                Dial(member, nowMs);
                continue;
            }

            Failed(member, nowMs);
            context.Output.Disconnect(member.Id, DisconnectReason.ConnectTimeout);
        }
    }
}
