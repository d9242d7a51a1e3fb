using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>The pull side: announcements received, requests sent and served.</summary>
internal sealed partial class GossipEngine
{
    private const int TriesMax = 8;

    private readonly WantTable _wants;
    private long _wantsDueMs = long.MaxValue;

    public ReceiveResult ReceiveHave(Link link, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (GossipIdsView.TryRead(payload, out var view) != VerifyError.None)
            return ReceiveResult.Malformed;
        var ids = view.Ids;
        if (ids.Count > _context.Options.IdsPerMessageMax)
            return ReceiveResult.TooLarge;
        for (var i = 0; i < ids.Count; i++)
        {
            var id = ids[i];
            var index = _cache.Find(id);
            if (index >= 0)
            {
                _cache[index].HeldBy |= link.Bit;
                continue;
            }

            if (IsBeingVerified(id, link.Bit))
                continue;
            var want = _wants.Find(id);
            if (want < 0)
            {
                if (_wants.Full || id.Origin == _context.Self)
                {
                    _context.Stats.GossipMissed++;
                    continue;
                }

                want = _wants.Add(id, nowMs + _context.Options.WantDelayMs, nowMs);
                _wantsDueMs = Math.Min(_wantsDueMs, _wants[want].DueMs);
            }

            ref var waited = ref _wants[want];
            waited.Announcers |= link.Bit;
            if (waited.Held && link.MayPush)
            {
                // It announces, so it will not push: there is room for a request.
                waited.Held = false;
                waited.DueMs = nowMs;
                _wantsDueMs = Math.Min(_wantsDueMs, nowMs);
            }
        }

        return ReceiveResult.Accepted;
    }

    public ReceiveResult ReceiveWant(Link link, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (GossipIdsView.TryRead(payload, out var view) != VerifyError.None)
            return ReceiveResult.Malformed;
        var ids = view.Ids;
        if (ids.Count > _context.Options.IdsPerMessageMax)
            return ReceiveResult.TooLarge;
        for (var i = 0; i < ids.Count; i++)
        {
            var index = _cache.Find(ids[i]);
            if (index < 0 || _cache[index].Envelope is null)
                continue;
            ref var entry = ref _cache[index];
            if (!link.Served.TryTake(nowMs, _context.Options.ServedBytesPerSecond, entry.Length))
                return ReceiveResult.RateLimited;
            _context.Send(link, entry.Envelope.AsSpan(0, entry.Length), Reliability.Reliable);
            _context.Stats.GossipServed++;
            entry.HeldBy |= link.Bit;
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>Asks for what is due: each id of the announcer with the least round trip that was not asked yet, ids for one link in one message.</summary>
    private void Ask(long nowMs)
    {
        _wantsDueMs = long.MaxValue;
        foreach (var link in _context.Links.All)
        {
            var count = 0;
            for (var i = 0; i < _wants.Count && count < _ids.Length; i++)
            {
                ref var want = ref _wants[i];
                if (want.DueMs > nowMs || Choose(ref want, nowMs) != link)
                    continue;
                want.Asked |= link.Bit;
                want.Tries++;
                want.Open = nowMs - want.WaitsSinceMs >= _context.Options.WantLostMs ? 1 : want.Open + 1;
                want.WaitsSinceMs = nowMs;
                want.DueMs = nowMs + PatienceMs(link);
                _ids[count++] = want.Id;
            }

            _context.Stats.GossipWanted += count;
            SendIds(link, Kind.GossipWant, _ids.AsSpan(0, count));
        }

        for (var i = _wants.Count - 1; i >= 0; i--)
        {
            ref var want = ref _wants[i];
            if (want.DueMs <= nowMs && (want.Announcers == 0 || want.Tries >= TriesMax))
            {
                _context.Stats.GossipMissed++;
                _wants.Remove(i);
            }
            else
            {
                if (want.DueMs <= nowMs && Room(want, nowMs) <= 0)
                {
                    want.Held = true;
                    want.DueMs = want.WaitsSinceMs + _context.Options.WantLostMs;
                }

                _wantsDueMs = Math.Min(_wantsDueMs, Math.Max(want.DueMs, nowMs + 1));
            }
        }
    }

    /// <summary>
    /// How many more copies may be asked for: <see cref="MeshOptions.CopiesMax"/> without those that may come by themselves (from links that push to us and did not announce, and from
    /// the publisher, which pushes to all) and without open requests. What did not come within <see cref="MeshOptions.WantLostMs"/> will not come any more.
    /// </summary>
    private int Room(in Want want, long nowMs)
    {
        if (nowMs - want.WaitsSinceMs >= _context.Options.WantLostMs)
            return 1;
        var room = _context.Options.CopiesMax - want.Open - _context.ClosedPushers(nowMs);
        foreach (var link in _context.Links.All)
        {
            if ((link.MayPush || link.Peer == want.Id.Origin) && (want.Announcers & link.Bit) == 0)
                room--;
        }

        return room;
    }

    private Link? Choose(ref Want want, long nowMs)
    {
        if (want.Tries >= TriesMax || Room(want, nowMs) <= 0)
            return null;
        if ((want.Announcers & ~want.Asked) == 0)
            want.Asked = 0;
        Link? best = null;
        foreach (var link in _context.Links.All)
        {
            if ((want.Announcers & ~want.Asked & link.Bit) == 0)
                continue;
            if (best is null || Cost(link) < Cost(best))
                best = link;
        }

        return best;
    }

    /// <summary>How long the link's answer may take before the next announcer is asked: its round trip and a quarter. Asking too early costs one copy.</summary>
    private int PatienceMs(Link link)
    {
        var most = _context.Options.WantRetryMs;
        return link.Clock.HasSample ? Math.Min(most, (link.Clock.RttMs * 5 / 4) + RetryMarginMs) : most;
    }

    private const int RetryMarginMs = 5;

    private static int Cost(Link link) => (link.Direct ? 0 : 1 << 20) + (link.Clock.HasSample ? link.Clock.RttMs : 1 << 16);
}
