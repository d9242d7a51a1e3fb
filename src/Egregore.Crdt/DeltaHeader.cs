using System.Buffers.Binary;

namespace Egregore.Crdt;

/// <summary>Writes <c>From + 1</c> to <c>To</c> of a replica, each of them in the delta or overtaken by what its reader has or will be told.</summary>
internal readonly record struct DeltaRange(int Replica, ulong From, ulong To);

/// <summary>
/// The head of every delta, and the rules by which a store takes it. One per store, used again for every delta.
/// <code>
/// kind      1   'M' or 'S'
/// version   1   1
/// flags     1   bit 0: a cut is given
/// cut time  8   little-endian, above 0; only with the flag
/// replicas  v   count, then 16 bytes each, strictly rising; later fields name them by position
/// ranges    v   count, then replica v, from v, length v; replicas strictly rising
/// cut       v   count, then replica v, counter v; strictly rising; only with the flag
/// </code>
/// </summary>
internal sealed class DeltaHeader
{
    public const byte FormatVersion = 1;
    private const byte FlagCut = 1;

    private ReplicaId[] ids = new ReplicaId[4];
    private int[] local = new int[4];
    private DeltaRange[] ranges = new DeltaRange[4];
    private int idCount;
    private int rangeCount;
    private ulong cutTime;
    private bool hasCut;
    private VersionVector cut = new();

    public int ReplicaCount => idCount;

    /// <summary>The store's own index of a replica of the delta; after <see cref="AddReplicas"/>.</summary>
    public int Local(int replica) => local[replica];

    public ReplicaId Id(int replica) => ids[replica];

    public MergeResult TryRead(ref ByteReader reader, byte kind, int replicasMax)
    {
        if (!reader.TryByte(out byte actualKind) || !reader.TryByte(out byte version)) return MergeResult.Truncated;
        if (actualKind != kind || version != FormatVersion) return MergeResult.UnknownFormat;
        if (!reader.TryByte(out byte flags)) return MergeResult.Truncated;
        if (flags > FlagCut) return MergeResult.UnknownFormat;
        hasCut = (flags & FlagCut) != 0;
        cutTime = 0;
        if (hasCut && !reader.TryUInt64(out cutTime)) return MergeResult.Truncated;
        if (hasCut && cutTime == 0) return MergeResult.RangesInvalid;
        MergeResult result = TryReadReplicas(ref reader, replicasMax);
        if (result == MergeResult.Merged) result = TryReadRanges(ref reader);
        if (result == MergeResult.Merged && hasCut) result = TryReadCut(ref reader);
        return result;
    }

    private MergeResult TryReadReplicas(ref ByteReader reader, int replicasMax)
    {
        if (!reader.TryVarint(out ulong count)) return MergeResult.Truncated;
        if (count > (ulong)replicasMax) return MergeResult.ReplicasInvalid;
        if (count * ReplicaId.SizeBytes > (ulong)reader.Remaining) return MergeResult.Truncated;
        idCount = (int)count;
        if (ids.Length < idCount)
        {
            ids = new ReplicaId[idCount];
            local = new int[idCount];
            ranges = new DeltaRange[idCount];
        }
        ReplicaId previous = default;
        for (int i = 0; i < idCount; i++)
        {
            if (!reader.TryReplica(out ReplicaId id)) return MergeResult.Truncated;
            if (id <= previous) return MergeResult.ReplicasInvalid;
            ids[i] = previous = id;
        }
        return MergeResult.Merged;
    }

    private MergeResult TryReadRanges(ref ByteReader reader)
    {
        if (!reader.TryVarint(out ulong count)) return MergeResult.Truncated;
        if (count > (ulong)idCount) return MergeResult.RangesInvalid;
        rangeCount = (int)count;
        int previous = -1;
        for (int i = 0; i < rangeCount; i++)
        {
            if (!reader.TryVarint(out ulong replica) || !reader.TryVarint(out ulong from) || !reader.TryVarint(out ulong length)) return MergeResult.Truncated;
            if (replica >= (ulong)idCount || (int)replica <= previous || length == 0) return MergeResult.RangesInvalid;
            if (from > VersionVector.CounterMax || length > VersionVector.CounterMax - from) return MergeResult.RangesInvalid;
            previous = (int)replica;
            ranges[i] = new DeltaRange(previous, from, from + length);
        }
        return MergeResult.Merged;
    }

    private MergeResult TryReadCut(ref ByteReader reader)
    {
        if (!reader.TryVarint(out ulong count)) return MergeResult.Truncated;
        if (count > (ulong)idCount) return MergeResult.RangesInvalid;
        cut = new VersionVector((int)count);
        int previous = -1;
        for (int i = 0; i < (int)count; i++)
        {
            if (!reader.TryVarint(out ulong replica) || !reader.TryVarint(out ulong counter)) return MergeResult.Truncated;
            if (replica >= (ulong)idCount || (int)replica <= previous || counter is 0 or > VersionVector.CounterMax) return MergeResult.RangesInvalid;
            previous = (int)replica;
            cut.Raise(ids[previous], counter);
        }
        return MergeResult.Merged;
    }

    /// <summary>Finds the replicas in the store's table, and says whether those not there fit.</summary>
    public MergeResult FindReplicas(ReplicaTable table)
    {
        int unknown = 0;
        for (int i = 0; i < idCount; i++)
        {
            local[i] = table.Find(ids[i]);
            if (local[i] < 0) unknown++;
        }
        if (!table.HasRoom(unknown)) return MergeResult.ReplicasFull;
        for (int i = 0; i < rangeCount; i++)
        {
            if (local[ranges[i].Replica] == 0 && ranges[i].To > table.Seen[0]) return MergeResult.OwnWritesUnknown;
        }
        return MergeResult.Merged;
    }

    /// <summary>What is wrong with one of the delta's writes, if anything; <see cref="FindReplicas"/> came first.</summary>
    /// <param name="table">The store's table.</param>
    /// <param name="replica">The writer, by its place in the delta.</param>
    /// <param name="counter">The number of the write.</param>
    /// <param name="time">When it was written; the greatest number where the kind of store has no times.</param>
    public MergeResult CheckDot(ReplicaTable table, int replica, ulong counter, ulong time)
    {
        if (local[replica] == 0 && counter > table.Seen[0]) return MergeResult.OwnWritesUnknown;
        if (table.IsStale(ids[replica], counter, time)) return MergeResult.SenderBehindCompaction;
        // A store that is being filled cannot tell an old write that stands from one whose removal was forgotten: only those who forgot can.
        bool forgotten = table.Joining && cutTime < table.CutTime && local[replica] >= 0 && counter <= table.Cut[local[replica]];
        return forgotten ? MergeResult.SenderBehindCompaction : MergeResult.Merged;
    }

    /// <summary>Whether the sender has forgotten what this store never saw.</summary>
    public bool IsAhead(ReplicaTable table) => hasCut && cutTime > table.CutTime && !table.Covers(cut);

    public HlcTimestamp CutTime => new(cutTime);

    public VersionVector CutVector => cut;

    public void AddReplicas(ReplicaTable table)
    {
        for (int i = 0; i < idCount; i++)
        {
            if (local[i] < 0) local[i] = table.Add(ids[i]);
        }
    }

    /// <summary>Raises the store's counters by the ranges that join what it has. False: at least one did not.</summary>
    public bool ApplyRanges(ReplicaTable table)
    {
        bool whole = true;
        for (int i = 0; i < rangeCount; i++)
        {
            ref readonly DeltaRange range = ref ranges[i];
            ref ulong seen = ref table.Seen[local[range.Replica]];
            if (seen < range.From) whole = false;
            else if (seen < range.To) seen = range.To;
        }
        table.EndJoining();
        return whole;
    }

    /// <summary>The most bytes that <see cref="Write"/> needs for that many replicas.</summary>
    public static int SizeMax(int replicas) => 3 + 4 * Varint.SizeMax + replicas * (ReplicaId.SizeBytes + 3 * 3 + 3 * 9);

    /// <summary>Writes a head. Ranges name the store's own indexes, in the order of ids.</summary>
    /// <param name="destination">At least <see cref="SizeMax"/> bytes.</param>
    /// <param name="kind">The kind of store.</param>
    /// <param name="table">The store's table.</param>
    /// <param name="used">The store's indexes to put into the delta's table, in the order of ids.</param>
    /// <param name="position">For each of the store's indexes its place in <paramref name="used"/>.</param>
    /// <param name="ranges">In the order of ids.</param>
    /// <param name="withCut">Whether the cut goes along.</param>
    public static int Write(
        Span<byte> destination, byte kind, ReplicaTable table, ReadOnlySpan<int> used, ReadOnlySpan<int> position, ReadOnlySpan<DeltaRange> ranges, bool withCut)
    {
        destination[0] = kind;
        destination[1] = FormatVersion;
        destination[2] = withCut ? FlagCut : (byte)0;
        int at = 3;
        if (withCut)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[at..], table.CutTime);
            at += 8;
        }
        at += Varint.Write(destination[at..], (ulong)used.Length);
        foreach (int index in used)
        {
            table.Ids[index].Write(destination[at..]);
            at += ReplicaId.SizeBytes;
        }
        at += Varint.Write(destination[at..], (ulong)ranges.Length);
        foreach (ref readonly DeltaRange range in ranges)
        {
            at += Varint.Write(destination[at..], (ulong)position[range.Replica]);
            at += Varint.Write(destination[at..], range.From);
            at += Varint.Write(destination[at..], range.To - range.From);
        }
        return withCut ? at + WriteCut(destination[at..], table, used, position) : at;
    }

    private static int WriteCut(Span<byte> destination, ReplicaTable table, ReadOnlySpan<int> used, ReadOnlySpan<int> position)
    {
        int count = 0;
        foreach (int index in used)
        {
            if (table.Cut[index] != 0) count++;
        }
        int at = Varint.Write(destination, (ulong)count);
        foreach (int index in used)
        {
            if (table.Cut[index] == 0) continue;
            at += Varint.Write(destination[at..], (ulong)position[index]);
            at += Varint.Write(destination[at..], table.Cut[index]);
        }
        return at;
    }
}
