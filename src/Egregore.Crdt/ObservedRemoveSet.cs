using System.Runtime.InteropServices;

namespace Egregore.Crdt;

/// <summary>
/// A replicated set: a removal takes away the additions that its replica had seen, so an addition made at the same time elsewhere stays.
/// </summary>
/// <remarks>
/// Each addition and each removal is a numbered write (a dot). Of one replica's additions of an element the last stands for all, and a
/// removal names, for each replica, the addition up to which it removes; so states merge by maxima. Removals stay until
/// <see cref="Compact"/>. Not for concurrent use.
/// Sources: Shapiro et al. 2011; Bieniusa et al.: An Optimized Conflict-free Replicated Set (INRIA RR-8083, 2012).
/// </remarks>
/// <typeparam name="T">The elements: compared by their own equality, which their codec keeps.</typeparam>
public sealed partial class ObservedRemoveSet<T> : IDeltaItems
    where T : notnull
{
    private const byte KindSet = (byte)'S';

    private record struct Dot(int Replica, ulong Counter);

    private sealed class Removal
    {
        public int Replica;
        public ulong Counter;
        public readonly List<Dot> Targets = [];
    }

    private sealed class Element(T value)
    {
        public readonly T Value = value;
        public readonly List<Dot> Additions = [];
        public readonly List<Removal> Removals = [];
    }

    private readonly IElementCodec<T> codec;
    private readonly CrdtLimits limits;
    private readonly ReplicaTable table;
    private readonly DeltaHeader header = new();
    private readonly DeltaBuilder builder;
    private readonly Dictionary<T, int> slots = [];
    private readonly List<Element> elements = [];
    private int dotCount;
    private ulong taken;

    /// <summary>Makes an empty replica.</summary>
    /// <param name="replica">Who writes here.</param>
    /// <param name="codec">How elements become bytes, at most <see cref="CrdtLimits.KeyBytesMax"/> each.</param>
    /// <param name="limits">The bounds; <see cref="CrdtLimits.EntriesMax"/> counts additions, removals and what they remove.</param>
    public ObservedRemoveSet(ReplicaId replica, IElementCodec<T> codec, CrdtLimits? limits = null)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(replica, default);
        this.codec = codec;
        this.limits = limits ?? CrdtLimits.Default;
        table = new ReplicaTable(replica, this.limits.ReplicasMax);
        builder = new DeltaBuilder(table);
    }

    /// <summary>This replica.</summary>
    public ReplicaId Replica => table.Ids[0];

    /// <summary>Elements in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Additions, removals and removed additions held: what <see cref="CrdtLimits.EntriesMax"/> bounds.</summary>
    public int DotCount => dotCount;

    /// <summary>What is covered; a copy. Sent to a peer, it asks for the rest.</summary>
    public VersionVector Version => table.Version();

    /// <summary>Whether an element is in the set.</summary>
    public bool Contains(T element) => slots.TryGetValue(element, out int slot) && elements[slot].Additions.Count > 0;

    /// <summary>The elements, in the order of their encoded bytes. Sorts: O(n log n).</summary>
    public T[] Items()
    {
        var found = new List<(byte[] Bytes, T Value)>(Count);
        foreach (Element element in elements)
        {
            if (element.Additions.Count == 0) continue;
            byte[] bytes = new byte[codec.Size(element.Value)];
            codec.Write(element.Value, bytes);
            found.Add((bytes, element.Value));
        }
        found.Sort((a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes));
        return [.. found.Select(f => f.Value)];
    }

    /// <summary>Adds an element; one that is there is added anew, so that a removal made meanwhile elsewhere does not take it away.</summary>
    public WriteResult Add(T element)
    {
        int size = codec.Size(element);
        if (size < 0 || size > limits.KeyBytesMax) return WriteResult.KeyInvalid;
        if (dotCount >= limits.EntriesMax) return WriteResult.Full;
        PutAddition(SlotOf(element), new Dot(0, ++table.Seen[0]));
        return WriteResult.Written;
    }

    /// <summary>Removes what this replica has seen added of an element.</summary>
    public WriteResult Remove(T element)
    {
        if (!slots.TryGetValue(element, out int slot) || elements[slot].Additions.Count == 0) return WriteResult.NothingThere;
        if (dotCount >= limits.EntriesMax) return WriteResult.Full;
        PutRemoval(elements[slot], 0, ++table.Seen[0], [.. elements[slot].Additions]);
        return WriteResult.Written;
    }

    /// <summary>Forgets the removals that every member has seen. False: this replica does not cover the cut yet.</summary>
    /// <param name="cut">From a <see cref="StabilityTracker"/> that knows all members.</param>
    public bool Compact(StableCut cut)
    {
        if (!table.Covers(cut.Vector)) return false;
        table.RaiseCut(cut.Time, cut.Vector);
        for (int slot = elements.Count - 1; slot >= 0; slot--)
        {
            Element element = elements[slot];
            for (int i = element.Removals.Count - 1; i >= 0; i--)
            {
                Removal removal = element.Removals[i];
                if (!IsForgettable(removal)) continue;
                if (removal.Replica == 0) taken = Math.Max(taken, removal.Counter);
                dotCount -= 1 + removal.Targets.Count;
                element.Removals.RemoveAt(i);
            }
            if (element.Additions.Count + element.Removals.Count > 0) continue;
            slots.Remove(element.Value);
            int last = elements.Count - 1;
            if (slot != last)
            {
                elements[slot] = elements[last];
                slots[elements[slot].Value] = slot;
            }
            elements.RemoveAt(last);
        }
        return true;
    }

    private bool IsForgettable(Removal removal)
    {
        if (removal.Counter > table.Cut[removal.Replica]) return false;
        foreach (Dot target in removal.Targets)
        {
            if (target.Counter > table.Cut[target.Replica]) return false;
        }
        return true;
    }

    private Element SlotOf(T value)
    {
        if (slots.TryGetValue(value, out int slot)) return elements[slot];
        slots.Add(value, elements.Count);
        var element = new Element(value);
        elements.Add(element);
        return element;
    }

    private bool PutAddition(Element element, Dot dot)
    {
        foreach (Removal removal in element.Removals)
        {
            if (Covers(removal.Targets, dot)) return false;
        }
        int before = element.Additions.Count;
        bool changed = Raise(element.Additions, dot);
        dotCount += element.Additions.Count - before;
        if (before == 0) Count++;
        return changed;
    }

    private bool PutRemoval(Element element, int replica, ulong counter, ReadOnlySpan<Dot> targets)
    {
        Removal? removal = element.Removals.Find(r => r.Replica == replica);
        if (removal is not null && removal.Counter >= counter) return false;
        if (removal is null)
        {
            removal = new Removal { Replica = replica };
            element.Removals.Add(removal);
            dotCount++;
        }
        removal.Counter = counter;
        dotCount -= removal.Targets.Count;
        foreach (Dot target in targets) Raise(removal.Targets, target);
        dotCount += removal.Targets.Count;
        int before = element.Additions.Count;
        element.Additions.RemoveAll(dot => Covers(removal.Targets, dot));
        dotCount -= before - element.Additions.Count;
        if (before > 0 && element.Additions.Count == 0) Count--;
        return true;
    }

    private static bool Covers(List<Dot> dots, Dot dot)
    {
        foreach (Dot other in dots)
        {
            if (other.Replica == dot.Replica) return other.Counter >= dot.Counter;
        }
        return false;
    }

    private static bool Raise(List<Dot> dots, Dot dot)
    {
        foreach (ref Dot other in CollectionsMarshal.AsSpan(dots))
        {
            if (other.Replica != dot.Replica) continue;
            if (other.Counter >= dot.Counter) return false;
            other.Counter = dot.Counter;
            return true;
        }
        dots.Add(dot);
        return true;
    }
}
