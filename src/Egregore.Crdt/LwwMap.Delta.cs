using System.Buffers.Binary;

namespace Egregore.Crdt;

/// <remarks>What a map sends.</remarks>
public sealed partial class LwwMap
{
    /// <summary>Local writes not yet taken by <see cref="TakeDelta(Span{byte}, out bool)"/>: where and which.</summary>
    private readonly List<(int Slot, ulong Counter)> localWrites = [];
    private bool localSlotsKnown = true;
    private ulong taken;
    private ulong baseTime;

    byte IDeltaItems.Kind => KindMap;

    /// <summary>Whether there are local writes that no <see cref="TakeDelta(Span{byte}, out bool)"/> has taken.</summary>
    public bool HasDelta => table.Seen[0] > taken;

    /// <summary>This replica's own writes since the last call, at most <see cref="CrdtLimits.DeltaBytesMax"/>, to send to every peer. Empty: there are none.</summary>
    public byte[] TakeDelta()
    {
        if (!HasDelta) return [];
        GatherLocal();
        byte[] bytes = new byte[Math.Min(limits.DeltaBytesMax, builder.SizeMax(this, withCut: false))];
        return bytes[..WriteLocal(bytes, out _)];
    }

    /// <summary>As <see cref="TakeDelta()"/>, into the caller's buffer; allocates nothing. Returns the bytes written, 0: there are none.</summary>
    /// <param name="destination">Room for at least one write and 128 bytes; what does not fit is left for the next call.</param>
    /// <param name="more">There are more to take.</param>
    public int TakeDelta(Span<byte> destination, out bool more)
    {
        more = false;
        if (!HasDelta) return 0;
        GatherLocal();
        return WriteLocal(destination, out more);
    }

    /// <summary>All that is newer than a vector: the answer of anti-entropy.</summary>
    /// <param name="since">What the asking peer covers.</param>
    /// <param name="bytesMax">
    /// The most bytes to write; room for the head (60 bytes for each replica known) and one entry at least. What does not fit is left
    /// out, and the peer asks again with its new vector.
    /// </param>
    /// <param name="more">Something was left out.</param>
    public byte[] DeltaSince(VersionVector since, int bytesMax, out bool more)
    {
        builder.Begin();
        Span<ulong> known = table.Count <= 256 ? stackalloc ulong[table.Count] : new ulong[table.Count];
        for (int i = 0; i < known.Length; i++) known[i] = since[table.Ids[i]];
        for (int slot = 0; slot < entryCount; slot++)
        {
            ref readonly Entry entry = ref entries[slot];
            if (entry.Counter > known[entry.Replica]) builder.Add(new DeltaItem(entry.Replica, entry.Counter, slot));
        }
        builder.AddRangesSince(since);
        bool withCut = table.CutTime != 0;
        byte[] bytes = new byte[Math.Min(bytesMax, builder.SizeMax(this, withCut))];
        return bytes[..builder.Write(this, bytes, withCut, sorted: false, out more)];
    }

    /// <summary>As the other, as much as <see cref="CrdtLimits.DeltaBytesMax"/> allows.</summary>
    public byte[] DeltaSince(VersionVector since) => DeltaSince(since, limits.DeltaBytesMax, out _);

    private void NoteLocal(int slot, ulong counter)
    {
        if (localWrites.Count > 2 * entryCount + 64)
        {
            // Nobody takes deltas, or one key is written again and again: the slots will be looked for when they are wanted.
            localWrites.Clear();
            localSlotsKnown = false;
        }
        if (localSlotsKnown) localWrites.Add((slot, counter));
    }

    private void ForgetLocalSlots()
    {
        localWrites.Clear();
        localSlotsKnown = !HasDelta;
    }

    private void GatherLocal()
    {
        builder.Begin();
        if (localSlotsKnown)
        {
            foreach ((int slot, ulong counter) in localWrites)
            {
                ref readonly Entry entry = ref entries[slot];
                if (entry.Replica == 0 && entry.Counter == counter && counter > taken) builder.Add(new DeltaItem(0, counter, slot));
            }
        }
        else
        {
            for (int slot = 0; slot < entryCount; slot++)
            {
                ref readonly Entry entry = ref entries[slot];
                if (entry.Replica == 0 && entry.Counter > taken) builder.Add(new DeltaItem(0, entry.Counter, slot));
            }
        }
        builder.AddRange(new DeltaRange(0, taken, table.Seen[0]));
    }

    private int WriteLocal(Span<byte> destination, out bool more)
    {
        int written = builder.Write(this, destination, withCut: false, sorted: localSlotsKnown, out more);
        taken = more ? builder.FirstLeftOut - 1 : table.Seen[0];
        if (!more)
        {
            localWrites.Clear();
            localSlotsKnown = true;
        }
        return written;
    }

    void IDeltaItems.NameReplicas(DeltaItem item, Span<int> position)
    {
        // An entry names only its writer.
    }

    int IDeltaItems.ItemSizeMax(DeltaItem item) =>
        2 + 8 + Varint.SizeMax + 4 + 4 + Utf8.GetMaxByteCount(entries[item.Slot].Key.Length) + Math.Max(0, entries[item.Slot].Length);

    int IDeltaItems.WriteItemsHead(Span<byte> destination, ReadOnlySpan<DeltaItem> items)
    {
        int at = Varint.Write(destination, (ulong)items.Length);
        if (items.Length == 0) return at;
        baseTime = 0;
        foreach (ref readonly DeltaItem item in items) baseTime = Math.Max(baseTime, entries[item.Slot].Time);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[at..], baseTime);
        return at + 8;
    }

    int IDeltaItems.WriteItem(Span<byte> destination, DeltaItem item, ReadOnlySpan<int> position)
    {
        ref readonly Entry entry = ref entries[item.Slot];
        int at = Varint.Write(destination, (ulong)position[item.Replica]);
        at += Varint.Write(destination[at..], item.Counter);
        at += Varint.Write(destination[at..], baseTime - entry.Time);
        int keyBytes = Utf8.GetByteCount(entry.Key);
        at += Varint.Write(destination[at..], (ulong)keyBytes);
        Utf8.GetBytes(entry.Key, destination[at..]);
        at += keyBytes;
        at += Varint.Write(destination[at..], (ulong)(entry.Length + 1));
        if (entry.Length <= 0) return at;
        entry.Buffer.AsSpan(0, entry.Length).CopyTo(destination[at..]);
        return at + entry.Length;
    }
}
