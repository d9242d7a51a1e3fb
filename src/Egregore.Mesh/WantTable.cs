using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>An announced message that has not arrived.</summary>
internal struct Want
{
    public GossipId Id;
    public long DueMs;

    /// <summary>Slots of links that announced it.</summary>
    public uint Announcers;

    /// <summary>Of these, asked in this round.</summary>
    public uint Asked;
    public int Tries;

    /// <summary>Requests that may still be answered.</summary>
    public int Open;

    /// <summary>When it was asked for last, or first announced.</summary>
    public long WaitsSinceMs;

    /// <summary>Waits because as many copies as may come are on their way.</summary>
    public bool Held;
}

/// <summary>Announced ids that are waited for, at most <see cref="MeshOptions.WantsMax"/>, in no particular but a fixed order.</summary>
internal sealed class WantTable(int max, ulong key)
{
    private readonly Want[] _wants = new Want[max];
    private readonly Dictionary<GossipId, int> _byId = new(new GossipIdComparer(key));

    public int Count { get; private set; }

    public bool Full => Count == _wants.Length;

    public ref Want this[int index] => ref _wants[index];

    public int Find(GossipId id) => _byId.TryGetValue(id, out var index) ? index : -1;

    public int Add(GossipId id, long dueMs, long nowMs)
    {
        _wants[Count] = new Want { Id = id, DueMs = dueMs, WaitsSinceMs = nowMs };
        _byId.Add(id, Count);
        return Count++;
    }

    public void Remove(int index)
    {
        _byId.Remove(_wants[index].Id);
        Count--;
        if (index == Count)
            return;
        _wants[index] = _wants[Count];
        _byId[_wants[index].Id] = index;
    }

    public void ClearSlot(uint bit)
    {
        for (var i = 0; i < Count; i++)
        {
            _wants[i].Announcers &= ~bit;
            _wants[i].Asked &= ~bit;
        }
    }
}
