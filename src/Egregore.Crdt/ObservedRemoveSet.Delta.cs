using System.Runtime.InteropServices;

namespace Egregore.Crdt;

/// <remarks>
/// What a set sends and receives. A delta is its head (see <see cref="DeltaHeader"/>), then:
/// <code>
/// items     v   count
/// each item, by rising dot (replica, counter):
///   replica   v
///   counter   v   1 to CounterMax
///   element   v   length, then the codec's bytes
///   targets   v   0: an addition; else the count of what a removal removes, then
///     replica v   strictly rising
///     counter v   this addition and those before it
/// </code>
/// </remarks>
public sealed partial class ObservedRemoveSet<T>
{
    private const int ItemSizeMin = 4;

    private struct Incoming
    {
        public T Value;
        public int Replica;
        public ulong Counter;
        public int TargetsStart;
        public int TargetsCount;
    }

    private readonly List<Incoming> incoming = [];
    private readonly List<Dot> incomingTargets = [];
    private long mergedCount;
    private long gapCount;
    private long refusedCount;
    private long appliedCount;
    private long knownCount;

    byte IDeltaItems.Kind => KindSet;

    /// <summary>What was received so far.</summary>
    public MergeCounters Counters => new(mergedCount, gapCount, refusedCount, appliedCount, knownCount);

    /// <summary>Whether there are local writes that no <see cref="TakeDelta"/> has taken.</summary>
    public bool HasDelta => table.Seen[0] > taken;

    /// <summary>This replica's own writes since the last call, at most <see cref="CrdtLimits.DeltaBytesMax"/>, to send to every peer. Empty: there are none.</summary>
    public byte[] TakeDelta()
    {
        if (!HasDelta) return [];
        builder.Begin();
        ulong[] known = new ulong[table.Count];
        Array.Fill(known, ulong.MaxValue);
        known[0] = taken;
        Gather(known);
        builder.AddRange(new DeltaRange(0, taken, table.Seen[0]));
        byte[] bytes = new byte[Math.Min(limits.DeltaBytesMax, builder.SizeMax(this, withCut: false))];
        int written = builder.Write(this, bytes, withCut: false, sorted: false, out bool more);
        taken = more ? builder.FirstLeftOut - 1 : table.Seen[0];
        return bytes[..written];
    }

    /// <summary>All that is newer than a vector: the answer of anti-entropy.</summary>
    /// <param name="since">What the asking peer covers.</param>
    /// <param name="bytesMax">
    /// The most bytes to write; room for the head (60 bytes for each replica known) and one item at least. What does not fit is left
    /// out, and the peer asks again with its new vector.
    /// </param>
    /// <param name="more">Something was left out.</param>
    public byte[] DeltaSince(VersionVector since, int bytesMax, out bool more)
    {
        builder.Begin();
        ulong[] known = new ulong[table.Count];
        for (int i = 0; i < known.Length; i++) known[i] = since[table.Ids[i]];
        Gather(known);
        builder.AddRangesSince(since);
        bool withCut = table.CutTime != 0;
        byte[] bytes = new byte[Math.Min(bytesMax, builder.SizeMax(this, withCut))];
        return bytes[..builder.Write(this, bytes, withCut, sorted: false, out more)];
    }

    /// <summary>As the other, as much as <see cref="CrdtLimits.DeltaBytesMax"/> allows.</summary>
    public byte[] DeltaSince(VersionVector since) => DeltaSince(since, limits.DeltaBytesMax, out _);

    /// <summary>Takes a delta from anyone: verified whole, then applied; or refused with a reason and nothing changed.</summary>
    /// <param name="delta">The bytes; not kept.</param>
    public MergeResult Merge(ReadOnlySpan<byte> delta)
    {
        MergeResult result = Check(delta, out bool joins);
        if (result != MergeResult.Merged)
        {
            refusedCount++;
            return result;
        }
        mergedCount++;
        header.AddReplicas(table);
        if (joins) table.Join(header.CutTime, header.CutVector);
        foreach (ref readonly Incoming item in CollectionsMarshal.AsSpan(incoming)) Apply(in item);
        if (header.ApplyRanges(table)) return MergeResult.Merged;
        gapCount++;
        return MergeResult.MergedWithGap;
    }

    private MergeResult Check(ReadOnlySpan<byte> delta, out bool joins)
    {
        joins = false;
        if (delta.Length > limits.DeltaBytesMax) return MergeResult.TooLarge;
        var reader = new ByteReader(delta);
        MergeResult result = header.TryRead(ref reader, KindSet, limits.ReplicasMax);
        if (result == MergeResult.Merged) result = ReadItems(ref reader, delta);
        if (result != MergeResult.Merged) return result;
        if (reader.Remaining != 0) return MergeResult.TrailingBytes;
        result = header.FindReplicas(table);
        if (result != MergeResult.Merged) return result;
        int more = 0;
        foreach (ref readonly Incoming item in CollectionsMarshal.AsSpan(incoming))
        {
            result = header.CheckDot(table, item.Replica, item.Counter, ulong.MaxValue);
            if (result != MergeResult.Merged) return result;
            for (int i = 0; i < item.TargetsCount; i++)
            {
                Dot target = incomingTargets[item.TargetsStart + i];
                if (header.Local(target.Replica) == 0 && target.Counter > table.Seen[0]) return MergeResult.OwnWritesUnknown;
            }
            int local = header.Local(item.Replica);
            if (local < 0 || item.Counter > table.Seen[local]) more += 1 + item.TargetsCount;
        }
        joins = header.IsAhead(table);
        if (joins && (!table.KnowsOnlyItself() || header.CutVector[Replica] != 0)) return MergeResult.BehindCompaction;
        return dotCount + more <= limits.EntriesMax ? MergeResult.Merged : MergeResult.EntriesFull;
    }

    private MergeResult ReadItems(ref ByteReader reader, ReadOnlySpan<byte> delta)
    {
        incoming.Clear();
        incomingTargets.Clear();
        if (!reader.TryVarint(out ulong count)) return MergeResult.Truncated;
        if (count > (ulong)reader.Remaining / ItemSizeMin) return MergeResult.Truncated;
        int previousReplica = -1;
        ulong previousCounter = 0;
        for (ulong i = 0; i < count; i++)
        {
            if (!TryReadDot(ref reader, out ulong replica, out ulong counter, out MergeResult error)) return error;
            if ((int)replica < previousReplica || ((int)replica == previousReplica && counter <= previousCounter)) return MergeResult.DotInvalid;
            previousReplica = (int)replica;
            previousCounter = counter;
            if (!reader.TryVarint(out ulong length)) return MergeResult.Truncated;
            if (length > (ulong)limits.KeyBytesMax) return MergeResult.KeyInvalid;
            if (!reader.TrySkip(length, out int start)) return MergeResult.Truncated;
            if (!codec.TryRead(delta.Slice(start, (int)length), out T value)) return MergeResult.KeyInvalid;
            MergeResult result = ReadTargets(ref reader, out int targets);
            if (result != MergeResult.Merged) return result;
            incoming.Add(new Incoming
            {
                Value = value,
                Replica = previousReplica,
                Counter = counter,
                TargetsStart = incomingTargets.Count - targets,
                TargetsCount = targets
            });
        }
        return MergeResult.Merged;
    }

    private MergeResult ReadTargets(ref ByteReader reader, out int count)
    {
        count = 0;
        if (!reader.TryVarint(out ulong targets)) return MergeResult.Truncated;
        if (targets > (ulong)header.ReplicaCount) return MergeResult.DotInvalid;
        int previous = -1;
        for (; count < (int)targets; count++)
        {
            if (!TryReadDot(ref reader, out ulong replica, out ulong counter, out MergeResult error)) return error;
            if ((int)replica <= previous) return MergeResult.DotInvalid;
            previous = (int)replica;
            incomingTargets.Add(new Dot(previous, counter));
        }
        return MergeResult.Merged;
    }

    private bool TryReadDot(ref ByteReader reader, out ulong replica, out ulong counter, out MergeResult error)
    {
        counter = 0;
        error = MergeResult.Truncated;
        if (!reader.TryVarint(out replica) || !reader.TryVarint(out counter)) return false;
        error = MergeResult.DotInvalid;
        return replica < (ulong)header.ReplicaCount && counter is not 0 and <= VersionVector.CounterMax;
    }

    private void Apply(in Incoming item)
    {
        int replica = header.Local(item.Replica);
        if (item.Counter <= table.Seen[replica])
        {
            knownCount++;
            return;
        }
        Element element = SlotOf(item.Value);
        bool changed;
        if (item.TargetsCount == 0) changed = PutAddition(element, new Dot(replica, item.Counter));
        else
        {
            Span<Dot> targets = CollectionsMarshal.AsSpan(incomingTargets).Slice(item.TargetsStart, item.TargetsCount);
            foreach (ref Dot target in targets) target.Replica = header.Local(target.Replica);
            changed = PutRemoval(element, replica, item.Counter, targets);
        }
        if (changed) appliedCount++;
        else knownCount++;
    }

    /// <summary>Adds every write above what is known of its replica.</summary>
    private void Gather(ReadOnlySpan<ulong> known)
    {
        for (int slot = 0; slot < elements.Count; slot++)
        {
            foreach (Dot addition in elements[slot].Additions)
            {
                if (addition.Counter > known[addition.Replica]) builder.Add(new DeltaItem(addition.Replica, addition.Counter, slot));
            }
            foreach (Removal removal in elements[slot].Removals)
            {
                if (removal.Counter > known[removal.Replica]) builder.Add(new DeltaItem(removal.Replica, removal.Counter, slot));
            }
        }
    }

    void IDeltaItems.NameReplicas(DeltaItem item, Span<int> position)
    {
        if (FindRemoval(item) is not { } removal) return;
        foreach (Dot target in removal.Targets) position[target.Replica] = 0;
    }

    int IDeltaItems.ItemSizeMax(DeltaItem item)
    {
        int size = 3 + 9 + 3 + codec.Size(elements[item.Slot].Value) + 3;
        // Each target may name a replica that the head would not need otherwise.
        return FindRemoval(item) is { } removal ? size + removal.Targets.Count * (3 + 9 + ReplicaId.SizeBytes) : size;
    }

    int IDeltaItems.WriteItemsHead(Span<byte> destination, ReadOnlySpan<DeltaItem> items) => Varint.Write(destination, (ulong)items.Length);

    int IDeltaItems.WriteItem(Span<byte> destination, DeltaItem item, ReadOnlySpan<int> position)
    {
        T value = elements[item.Slot].Value;
        int at = Varint.Write(destination, (ulong)position[item.Replica]);
        at += Varint.Write(destination[at..], item.Counter);
        int size = codec.Size(value);
        at += Varint.Write(destination[at..], (ulong)size);
        codec.Write(value, destination.Slice(at, size));
        at += size;
        if (FindRemoval(item) is not { } removal) return at + Varint.Write(destination[at..], 0);
        at += Varint.Write(destination[at..], (ulong)removal.Targets.Count);
        removal.Targets.Sort((a, b) => table.Ids[a.Replica].CompareTo(table.Ids[b.Replica]));
        foreach (Dot target in removal.Targets)
        {
            at += Varint.Write(destination[at..], (ulong)position[target.Replica]);
            at += Varint.Write(destination[at..], target.Counter);
        }
        return at;
    }

    private Removal? FindRemoval(DeltaItem item) =>
        elements[item.Slot].Removals.Find(r => r.Replica == item.Replica && r.Counter == item.Counter);
}
