using System.Text;

namespace Egregore.Crdt;

/// <summary>What became of a local write.</summary>
public enum WriteResult : byte
{
    /// <summary>Written.</summary>
    Written,

    /// <summary>There was nothing to remove.</summary>
    NothingThere,

    /// <summary>The key (or element) is empty, too long or not encodable as UTF-8.</summary>
    KeyInvalid,

    /// <summary>The value is larger than <see cref="CrdtLimits.ValueBytesMax"/>.</summary>
    ValueTooLarge,

    /// <summary>The store holds <see cref="CrdtLimits.EntriesMax"/> entries.</summary>
    Full
}

/// <summary>
/// A replicated map from text to bytes: of two writes to a key the later wins, and the higher replica where times are equal. Replicas that
/// have merged the same deltas, in whatever order and however often, hold the same.
/// </summary>
/// <remarks>
/// Deltas are bytes, described in docs/crdt.md; what comes from a peer is verified whole before anything changes. A removed key stays as a mark until
/// <see cref="Compact"/>. Values are handed out as spans over the map's own buffers, valid until the next change. Merging allocates
/// only for new keys, new replicas and values that outgrow their buffer. Not for concurrent use.
/// Sources: Shapiro, Preguiça, Baquero, Zawirski: Conflict-free Replicated Data Types (SSS 2011); Almeida, Shoker, Baquero: Delta State
/// Replicated Data Types (JPDC 2018).
/// </remarks>
public sealed partial class LwwMap : IDeltaItems
{
    private const byte KindMap = (byte)'M';

    private struct Entry
    {
        public string Key;
        public ulong Time;
        public ulong Counter;
        public int Replica;
        public int Length; // of the value; -1: removed
        public byte[] Buffer;
    }

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly HybridLogicalClock clock;
    private readonly CrdtLimits limits;
    private readonly ReplicaTable table;
    private readonly DeltaHeader header = new();
    private readonly DeltaBuilder builder;
    private readonly Dictionary<string, int> slots = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> slotsByText;
    private Entry[] entries = [];
    private int entryCount;

    /// <summary>Makes an empty replica.</summary>
    /// <param name="clock">Stamps this replica's writes and names it; may be shared among stores of one node.</param>
    /// <param name="limits">The bounds; all replicas use the same.</param>
    public LwwMap(HybridLogicalClock clock, CrdtLimits? limits = null)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(clock.Replica, default);
        this.clock = clock;
        this.limits = limits ?? CrdtLimits.Default;
        table = new ReplicaTable(clock.Replica, this.limits.ReplicasMax);
        builder = new DeltaBuilder(table);
        slotsByText = slots.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>This replica.</summary>
    public ReplicaId Replica => clock.Replica;

    /// <summary>Keys with a value.</summary>
    public int Count { get; private set; }

    /// <summary>Keys removed and not yet forgotten.</summary>
    public int RemovedCount => entryCount - Count;

    /// <summary>Rises whenever a value appears, changes or goes.</summary>
    public ulong Revision { get; private set; }

    /// <summary>What is covered; a copy. Sent to a peer, it asks for the rest.</summary>
    public VersionVector Version => table.Version();

    /// <summary>The cut up to which removed keys may have been forgotten, here or by the peer that filled this map; null: none.</summary>
    public StableCut? Compacted => table.CutTime == 0 ? null : new StableCut(new(table.CutTime), table.CutVector());

    /// <summary>Called with each key whose value appeared, changed or went by a merge, while the merge runs; must not change the map.</summary>
    public Action<string>? Changed { get; set; }

    /// <summary>The value of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Valid until the map changes.</param>
    public bool TryGet(string key, out ReadOnlySpan<byte> value)
    {
        if (slots.TryGetValue(key, out int slot) && entries[slot].Length >= 0)
        {
            value = entries[slot].Buffer.AsSpan(0, entries[slot].Length);
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>Who wrote the value of a key (or removed it) and when; null: nothing is known of it.</summary>
    public (HlcTimestamp Time, ReplicaId Writer)? WriteOf(string key) =>
        slots.TryGetValue(key, out int slot) ? (new(entries[slot].Time), table.Ids[entries[slot].Replica]) : null;

    /// <summary>The keys that have a value, in ordinal order. Sorts: O(n log n).</summary>
    public string[] Keys()
    {
        var keys = new List<string>(Count);
        for (int i = 0; i < entryCount; i++)
        {
            if (entries[i].Length >= 0) keys.Add(entries[i].Key);
        }
        keys.Sort(StringComparer.Ordinal);
        return [.. keys];
    }

    /// <summary>Writes a value.</summary>
    /// <param name="key">1 to <see cref="CrdtLimits.KeyBytesMax"/> bytes in UTF-8.</param>
    /// <param name="value">Copied.</param>
    /// <param name="nowMs">The host's time in milliseconds since the Unix epoch.</param>
    public WriteResult Set(string key, ReadOnlySpan<byte> value, long nowMs)
    {
        if (value.Length > limits.ValueBytesMax) return WriteResult.ValueTooLarge;
        if (!slots.TryGetValue(key, out int slot))
        {
            if (!IsKey(key)) return WriteResult.KeyInvalid;
            if (entryCount >= limits.EntriesMax) return WriteResult.Full;
            slot = -1;
        }
        HlcTimestamp time = clock.Now(nowMs);
        if (slot < 0) slot = AddSlot(key);
        ref Entry entry = ref entries[slot];
        Stamp(ref entry, slot, time);
        PutValue(ref entry, value);
        return WriteResult.Written;
    }

    /// <summary>Removes a key's value; the mark of it stays until it is compacted.</summary>
    public WriteResult Remove(string key, long nowMs)
    {
        if (!slots.TryGetValue(key, out int slot) || entries[slot].Length < 0) return WriteResult.NothingThere;
        ref Entry entry = ref entries[slot];
        Stamp(ref entry, slot, clock.Now(nowMs));
        PutRemoved(ref entry);
        return WriteResult.Written;
    }

    /// <summary>
    /// Forgets the removed keys that every member of the store has seen removed. False: this replica does not cover the cut yet, and
    /// nothing changed.
    /// </summary>
    /// <param name="cut">From a <see cref="StabilityTracker"/> that knows all members.</param>
    public bool Compact(StableCut cut)
    {
        if (!table.Covers(cut.Vector)) return false;
        table.RaiseCut(cut.Time, cut.Vector);
        ForgetRemoved();
        return true;
    }

    private bool IsKey(string key)
    {
        if (key.Length == 0 || key.Length > limits.KeyBytesMax) return false;
        Span<byte> bytes = stackalloc byte[Math.Min(limits.KeyBytesMax, 1024)];
        byte[]? large = bytes.Length < limits.KeyBytesMax ? new byte[limits.KeyBytesMax] : null;
        return System.Text.Unicode.Utf8.FromUtf16(key, large ?? bytes, out int read, out _, replaceInvalidSequences: false)
            == System.Buffers.OperationStatus.Done && read == key.Length;
    }

    private void Stamp(ref Entry entry, int slot, HlcTimestamp time)
    {
        // The clock follows every time that was merged, so the new time is above the entry's.
        if (time.Value <= entry.Time) throw new InvalidOperationException("The clock is behind an entry of its own map.");
        entry.Time = time.Value;
        entry.Replica = 0;
        entry.Counter = ++table.Seen[0];
        NoteLocal(slot, entry.Counter);
    }

    private void PutValue(ref Entry entry, ReadOnlySpan<byte> value)
    {
        if (entry.Length < 0) Count++;
        if (entry.Buffer.Length < value.Length || entry.Buffer.Length > 2 * value.Length + 64) entry.Buffer = new byte[value.Length];
        value.CopyTo(entry.Buffer);
        entry.Length = value.Length;
        Revision++;
    }

    private void PutRemoved(ref Entry entry)
    {
        if (entry.Length >= 0)
        {
            Count--;
            Revision++;
        }
        entry.Length = -1;
        entry.Buffer = [];
    }

    private int AddSlot(string key)
    {
        if (entryCount == entries.Length) Array.Resize(ref entries, Math.Max(8, entryCount * 2));
        slots.Add(key, entryCount);
        entries[entryCount] = new Entry { Key = key, Length = -1, Buffer = [] };
        return entryCount++;
    }

    private void ForgetRemoved()
    {
        for (int slot = entryCount - 1; slot >= 0; slot--)
        {
            if (entries[slot].Length >= 0 || entries[slot].Time > table.GuardTime) continue;
            // A removal that went out by anti-entropy alone leaves a gap for those who only take deltas, and they will ask.
            if (entries[slot].Replica == 0) taken = Math.Max(taken, entries[slot].Counter);
            slots.Remove(entries[slot].Key);
            int last = --entryCount;
            if (slot != last)
            {
                entries[slot] = entries[last];
                slots[entries[slot].Key] = slot;
            }
            entries[last] = default;
        }
        ForgetLocalSlots();
    }
}
