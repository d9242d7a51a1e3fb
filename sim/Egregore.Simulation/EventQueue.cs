namespace Egregore.Simulation;

internal enum EventKind : byte
{
    /// <summary>An envelope arrives.</summary>
    Arrive,

    /// <summary>A node's timer.</summary>
    Wake,

    /// <summary>An offer reaches the peer that is dialled.</summary>
    Offer,

    /// <summary>The answer reaches the dialler.</summary>
    Answer,

    /// <summary>A direct link opens at both ends.</summary>
    Open,

    /// <summary>The dialler tries again, or gives up.</summary>
    Redial,

    /// <summary>The other end closed.</summary>
    Closed,

    /// <summary>A relayed link opens at the dialler.</summary>
    OpenRelay,
}

internal struct SimulationEvent
{
    public long AtUs;
    public long Order;
    public EventKind Kind;
    public bool Relayed;
    public int Peer;
    public int From;
    public long Argument;
    public byte[]? Buffer;
    public int Length;
}

/// <summary>A binary heap in total order: by time, then by insertion.</summary>
internal sealed class EventQueue
{
    private SimulationEvent[] _heap = new SimulationEvent[4096];
    private long _order;

    public int Count { get; private set; }

    public void Add(in SimulationEvent added) => Insert(added, _order++);

    /// <summary>Puts back what was taken too early, in its old place.</summary>
    public void Return(in SimulationEvent taken) => Insert(taken, taken.Order);

    private void Insert(in SimulationEvent added, long order)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, _heap.Length * 2);
        var at = Count++;
        while (at > 0)
        {
            var parent = (at - 1) >> 2;
            if (_heap[parent].AtUs < added.AtUs || (_heap[parent].AtUs == added.AtUs && _heap[parent].Order < order))
                break;
            _heap[at] = _heap[parent];
            at = parent;
        }

        _heap[at] = added;
        _heap[at].Order = order;
    }

    public bool TryTake(out SimulationEvent taken)
    {
        if (Count == 0)
        {
            taken = default;
            return false;
        }

        taken = _heap[0];
        var last = _heap[--Count];
        _heap[Count].Buffer = null;
        var at = 0;
        while (true)
        {
            var first = (at << 2) + 1;
            if (first >= Count)
                break;
            var best = first;
            var end = Math.Min(first + 4, Count);
            for (var child = first + 1; child < end; child++)
            {
                if (Before(_heap[child], _heap[best]))
                    best = child;
            }

            if (!Before(_heap[best], last))
                break;
            _heap[at] = _heap[best];
            at = best;
        }

        _heap[at] = last;
        return true;
    }

    private static bool Before(in SimulationEvent a, in SimulationEvent b) => a.AtUs != b.AtUs ? a.AtUs < b.AtUs : a.Order < b.Order;
}
