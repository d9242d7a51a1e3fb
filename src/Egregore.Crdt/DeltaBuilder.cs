using System.Runtime.InteropServices;

namespace Egregore.Crdt;

/// <summary>One write that goes into a delta: its dot, and where the store keeps it.</summary>
internal readonly record struct DeltaItem(int Replica, ulong Counter, int Slot);

/// <summary>How a store writes its items.</summary>
internal interface IDeltaItems
{
    byte Kind { get; }

    /// <summary>The most bytes that an item needs.</summary>
    int ItemSizeMax(DeltaItem item);

    /// <summary>Sets the position of each replica that an item names besides its own to 0.</summary>
    void NameReplicas(DeltaItem item, Span<int> position);

    /// <summary>Writes what stands before the items (at most 32 bytes).</summary>
    int WriteItemsHead(Span<byte> destination, ReadOnlySpan<DeltaItem> items);

    /// <summary>Writes an item; <paramref name="position"/> gives each replica's place in the delta's table.</summary>
    int WriteItem(Span<byte> destination, DeltaItem item, ReadOnlySpan<int> position);
}

/// <summary>
/// Puts a delta together: items in the order of their dots, as many as fit, and the ranges that those make true. One per store.
/// </summary>
internal sealed class DeltaBuilder(ReplicaTable table)
{
    private const int ItemsHeadSizeMax = 32;

    private readonly List<DeltaItem> items = [];
    private readonly List<DeltaRange> ranges = [];
    private int[] rank = [];
    private int[] position = [];
    private int[] used = [];

    /// <summary>The counter of the first item that the last <see cref="Write"/> left out.</summary>
    public ulong FirstLeftOut { get; private set; }

    public void Begin()
    {
        items.Clear();
        ranges.Clear();
    }

    public void Add(DeltaItem item) => items.Add(item);

    /// <summary>Adds the ranges of all that is newer than a vector.</summary>
    public void AddRangesSince(VersionVector since)
    {
        foreach (int index in table.Order())
        {
            ulong from = since[table.Ids[index]];
            if (table.Seen[index] > from) ranges.Add(new DeltaRange(index, from, table.Seen[index]));
        }
    }

    public void AddRange(DeltaRange range) => ranges.Add(range);

    /// <summary>The most bytes that <see cref="Write"/> needs for everything added.</summary>
    public int SizeMax<TStore>(TStore store, bool withCut) where TStore : class, IDeltaItems
    {
        int size = HeadSizeMax(withCut);
        foreach (DeltaItem item in items) size += store.ItemSizeMax(item);
        return size;
    }

    /// <summary>Writes the delta, as much of it as fits.</summary>
    /// <param name="store">The store.</param>
    /// <param name="destination">Room for the head and at least one item.</param>
    /// <param name="withCut">Whether the cut's vector goes along.</param>
    /// <param name="sorted">The items are in the order of their dots already.</param>
    /// <param name="more">Items were left out.</param>
    /// <returns>Bytes written.</returns>
    public int Write<TStore>(TStore store, Span<byte> destination, bool withCut, bool sorted, out bool more) where TStore : class, IDeltaItems
    {
        RankReplicas();
        if (!sorted) items.Sort(Compare);
        int budget = destination.Length - HeadSizeMax(withCut);
        int chosen = 0;
        while (chosen < items.Count && (budget -= store.ItemSizeMax(items[chosen])) >= 0) chosen++;
        if (budget < 0 && chosen == 0) throw new ArgumentException("Too small for the head of a delta and its first write.", nameof(destination));
        more = chosen < items.Count;
        FirstLeftOut = more ? items[chosen].Counter : 0;
        if (more) CutRanges(items[chosen]);
        ReadOnlySpan<DeltaItem> taken = CollectionsMarshal.AsSpan(items)[..chosen];
        ReadOnlySpan<DeltaRange> kept = CollectionsMarshal.AsSpan(ranges);
        ReadOnlySpan<int> named = NameReplicas(store, taken, kept, withCut);
        int at = DeltaHeader.Write(destination, store.Kind, table, named, position, kept, withCut);
        at += store.WriteItemsHead(destination[at..], taken);
        foreach (DeltaItem item in taken) at += store.WriteItem(destination[at..], item, position);
        return at;
    }

    private int HeadSizeMax(bool withCut) =>
        DeltaHeader.SizeMax(withCut ? table.Count : Math.Min(table.Count, items.Count + ranges.Count)) + ItemsHeadSizeMax;

    private int Compare(DeltaItem a, DeltaItem b) =>
        a.Replica != b.Replica ? rank[a.Replica].CompareTo(rank[b.Replica]) : a.Counter.CompareTo(b.Counter);

    private void RankReplicas()
    {
        if (rank.Length == table.Count) return;
        rank = new int[table.Count];
        position = new int[table.Count];
        used = new int[table.Count];
        ReadOnlySpan<int> order = table.Order();
        for (int i = 0; i < order.Length; i++) rank[order[i]] = i;
    }

    private void CutRanges(DeltaItem first)
    {
        for (int i = ranges.Count - 1; i >= 0; i--)
        {
            DeltaRange range = ranges[i];
            int side = rank[range.Replica].CompareTo(rank[first.Replica]);
            if (side < 0) break;
            if (side == 0) range = range with { To = Math.Min(range.To, first.Counter - 1) };
            if (side > 0 || range.To <= range.From) ranges.RemoveAt(i);
            else ranges[i] = range;
        }
    }

    private ReadOnlySpan<int> NameReplicas<TStore>(TStore store, ReadOnlySpan<DeltaItem> taken, ReadOnlySpan<DeltaRange> kept, bool withCut)
        where TStore : class, IDeltaItems
    {
        Array.Fill(position, -1);
        foreach (ref readonly DeltaItem item in taken)
        {
            position[item.Replica] = 0;
            store.NameReplicas(item, position);
        }
        foreach (ref readonly DeltaRange range in kept) position[range.Replica] = 0;
        int count = 0;
        foreach (int index in table.Order())
        {
            if (position[index] < 0 && !(withCut && table.Cut[index] != 0)) continue;
            position[index] = count;
            used[count++] = index;
        }
        return used.AsSpan(0, count);
    }
}
