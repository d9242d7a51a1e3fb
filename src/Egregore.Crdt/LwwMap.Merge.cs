using System.Buffers;
using System.Text.Unicode;

namespace Egregore.Crdt;

/// <remarks>
/// What a map receives. A delta is its head (see <see cref="DeltaHeader"/>), then:
/// <code>
/// entries   v   count
/// time      8   little-endian; the latest time among the entries; only when there are any
/// each entry, by rising dot (replica, counter):
///   replica   v
///   counter   v   1 to CounterMax
///   age       v   the delta's time less the entry's
///   key       v   length, then UTF-8
///   value     v   length + 1, then the bytes; 0: removed
/// </code>
/// </remarks>
public sealed partial class LwwMap
{
    private const int EntrySizeMin = 6;

    private struct Incoming
    {
        public ulong Counter;
        public ulong Time;
        public int Replica;
        public int KeyStart;
        public int KeyLength;
        public int ValueStart;
        public int ValueLength;
    }

    private Incoming[] incoming = new Incoming[4];
    private char[] keyChars = [];
    private long mergedCount;
    private long gapCount;
    private long refusedCount;
    private long appliedCount;
    private long knownCount;

    /// <summary>What was received so far.</summary>
    public MergeCounters Counters => new(mergedCount, gapCount, refusedCount, appliedCount, knownCount);

    /// <summary>Takes a delta from anyone: verified whole, then applied; or refused with a reason and nothing changed.</summary>
    /// <param name="delta">The bytes; not kept.</param>
    /// <param name="nowMs">The host's time in milliseconds since the Unix epoch, for the bound on skew.</param>
    public MergeResult Merge(ReadOnlySpan<byte> delta, long nowMs)
    {
        MergeResult result = Check(delta, nowMs, out int count, out ulong latest, out bool joins);
        if (result != MergeResult.Merged)
        {
            refusedCount++;
            return result;
        }
        mergedCount++;
        header.AddReplicas(table);
        if (joins)
        {
            table.Join(header.CutTime, header.CutVector);
            clock.TryReceive(header.CutTime, nowMs);
        }
        for (int i = 0; i < count; i++) Apply(delta, in incoming[i]);
        if (latest != 0) clock.TryReceive(new(latest), nowMs);
        if (header.ApplyRanges(table)) return MergeResult.Merged;
        gapCount++;
        return MergeResult.MergedWithGap;
    }

    private MergeResult Check(ReadOnlySpan<byte> delta, long nowMs, out int count, out ulong latest, out bool joins)
    {
        count = 0;
        latest = 0;
        joins = false;
        if (delta.Length > limits.DeltaBytesMax) return MergeResult.TooLarge;
        var reader = new ByteReader(delta);
        MergeResult result = header.TryRead(ref reader, KindMap, limits.ReplicasMax);
        if (result == MergeResult.Merged) result = ReadEntries(ref reader, delta, out count, out latest);
        if (result != MergeResult.Merged) return result;
        if (reader.Remaining != 0) return MergeResult.TrailingBytes;
        if (latest != 0 && !clock.Accepts(new(latest), nowMs)) return MergeResult.TimeTooFarAhead;
        result = header.FindReplicas(table);
        if (result != MergeResult.Merged) return result;
        for (int i = 0; i < count; i++)
        {
            ref readonly Incoming entry = ref incoming[i];
            result = header.CheckDot(table, entry.Replica, entry.Counter, entry.Time);
            if (result != MergeResult.Merged) return result;
        }
        joins = header.IsAhead(table);
        if (joins)
        {
            if (!IsFresh(header.CutTime)) return MergeResult.BehindCompaction;
            if (!clock.Accepts(header.CutTime, nowMs)) return MergeResult.TimeTooFarAhead;
        }
        return entryCount + count <= limits.EntriesMax || entryCount + NewKeys(delta, count) <= limits.EntriesMax ? MergeResult.Merged : MergeResult.EntriesFull;
    }

    private MergeResult ReadEntries(ref ByteReader reader, ReadOnlySpan<byte> delta, out int count, out ulong latest)
    {
        count = 0;
        latest = 0;
        if (!reader.TryVarint(out ulong entriesCount)) return MergeResult.Truncated;
        if (entriesCount == 0) return MergeResult.Merged;
        if (entriesCount > (ulong)reader.Remaining / EntrySizeMin) return MergeResult.Truncated;
        if (!reader.TryUInt64(out latest)) return MergeResult.Truncated;
        if (incoming.Length < (int)entriesCount) incoming = new Incoming[Math.Max((int)entriesCount, incoming.Length * 2)];
        ulong youngest = ulong.MaxValue;
        int previousReplica = -1;
        ulong previousCounter = 0;
        for (; count < (int)entriesCount; count++)
        {
            if (!reader.TryVarint(out ulong replica) || !reader.TryVarint(out ulong counter) || !reader.TryVarint(out ulong age)) return MergeResult.Truncated;
            if (replica >= (ulong)header.ReplicaCount || counter is 0 or > VersionVector.CounterMax) return MergeResult.DotInvalid;
            if ((int)replica < previousReplica || ((int)replica == previousReplica && counter <= previousCounter)) return MergeResult.DotInvalid;
            if (age >= latest) return MergeResult.TimeInvalid;
            if (!reader.TryVarint(out ulong keyLength)) return MergeResult.Truncated;
            if (keyLength == 0 || keyLength > (ulong)limits.KeyBytesMax) return MergeResult.KeyInvalid;
            if (!reader.TrySkip(keyLength, out int keyStart)) return MergeResult.Truncated;
            if (!System.Text.Unicode.Utf8.IsValid(delta.Slice(keyStart, (int)keyLength))) return MergeResult.KeyInvalid;
            if (!reader.TryVarint(out ulong valueLength)) return MergeResult.Truncated;
            if (valueLength > (ulong)limits.ValueBytesMax + 1) return MergeResult.ValueTooLarge;
            if (!reader.TrySkip(valueLength == 0 ? 0 : valueLength - 1, out int valueStart)) return MergeResult.Truncated;
            youngest = Math.Min(youngest, age);
            previousReplica = (int)replica;
            previousCounter = counter;
            ref Incoming entry = ref incoming[count];
            entry.Replica = previousReplica;
            entry.Counter = counter;
            entry.Time = latest - age;
            entry.KeyStart = keyStart;
            entry.KeyLength = (int)keyLength;
            entry.ValueStart = valueStart;
            entry.ValueLength = (int)valueLength - 1;
        }
        return youngest == 0 ? MergeResult.Merged : MergeResult.TimeInvalid;
    }

    private int NewKeys(ReadOnlySpan<byte> delta, int count)
    {
        int added = 0;
        for (int i = 0; i < count; i++)
        {
            if (!slotsByText.ContainsKey(ReadKey(delta, in incoming[i]))) added++;
        }
        return added;
    }

    private ReadOnlySpan<char> ReadKey(ReadOnlySpan<byte> delta, in Incoming entry)
    {
        if (keyChars.Length == 0) keyChars = new char[limits.KeyBytesMax];
        OperationStatus status = System.Text.Unicode.Utf8.ToUtf16(delta.Slice(entry.KeyStart, entry.KeyLength), keyChars, out _, out int written);
        return status == OperationStatus.Done ? keyChars.AsSpan(0, written) : throw new InvalidOperationException("A key was not verified.");
    }

    private void Apply(ReadOnlySpan<byte> delta, in Incoming incomingEntry)
    {
        int replica = header.Local(incomingEntry.Replica);
        if (incomingEntry.Counter <= table.Seen[replica])
        {
            knownCount++;
            return;
        }
        ReadOnlySpan<char> key = ReadKey(delta, in incomingEntry);
        if (!slotsByText.TryGetValue(key, out int slot)) slot = AddSlot(key.ToString());
        ref Entry entry = ref entries[slot];
        if (!Wins(in incomingEntry, replica, in entry))
        {
            knownCount++;
            return;
        }
        bool visible = incomingEntry.ValueLength >= 0 || entry.Length >= 0;
        entry.Time = incomingEntry.Time;
        entry.Counter = incomingEntry.Counter;
        entry.Replica = replica;
        if (incomingEntry.ValueLength >= 0) PutValue(ref entry, delta.Slice(incomingEntry.ValueStart, incomingEntry.ValueLength));
        else PutRemoved(ref entry);
        appliedCount++;
        if (visible) Changed?.Invoke(entry.Key);
    }

    private bool Wins(in Incoming incomingEntry, int replica, in Entry entry)
    {
        if (incomingEntry.Time != entry.Time) return incomingEntry.Time > entry.Time;
        // One writer never stamps two writes alike; should a liar do so, the higher counter stands everywhere.
        return replica != entry.Replica ? table.Ids[replica] > table.Ids[entry.Replica] : incomingEntry.Counter > entry.Counter;
    }

    /// <summary>Whether the map holds nothing but this replica's own writes, all of them after a time: it can be filled from there.</summary>
    private bool IsFresh(HlcTimestamp after)
    {
        if (!table.KnowsOnlyItself()) return false;
        for (int slot = 0; slot < entryCount; slot++)
        {
            if (entries[slot].Replica != 0 || entries[slot].Time <= after.Value) return false;
        }
        return true;
    }
}
