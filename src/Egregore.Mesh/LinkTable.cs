using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>The open links, in order of opening; each has a slot that gossip's masks name.</summary>
internal sealed class LinkTable(int max)
{
    private readonly Link[] _links = new Link[max];
    private readonly Dictionary<PeerId, Link> _byPeer = new(max);
    private uint _slots;

    public int Count { get; private set; }

    public bool Full => Count == _links.Length;

    public ReadOnlySpan<Link> All => _links.AsSpan(0, Count);

    public Link? Find(PeerId peer) => _byPeer.GetValueOrDefault(peer);

    public Link? BySlot(int slot)
    {
        foreach (var link in All)
        {
            if (link.Slot == slot)
                return link;
        }

        return null;
    }

    public Link Add(PeerId peer, long nowMs)
    {
        if (Full)
            throw new InvalidOperationException("links are full");
        var slot = System.Numerics.BitOperations.TrailingZeroCount(~_slots);
        _slots |= 1u << slot;
        var link = new Link(peer, slot, nowMs);
        _links[Count++] = link;
        _byPeer.Add(peer, link);
        return link;
    }

    public void Remove(Link link)
    {
        var at = Array.IndexOf(_links, link, 0, Count);
        Array.Copy(_links, at + 1, _links, at, Count - at - 1);
        _links[--Count] = null!;
        _byPeer.Remove(link.Peer);
        _slots &= ~link.Bit;
    }

    public int LongCount
    {
        get
        {
            var count = 0;
            foreach (var link in All)
                count += link.Long ? 1 : 0;
            return count;
        }
    }
}
