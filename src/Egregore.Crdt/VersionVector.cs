namespace Egregore.Crdt;

/// <summary>What a vector's bytes lack, when they cannot be read.</summary>
public enum VectorError : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The bytes end early, go on after the last entry, or hold a number that is not in its shortest form.</summary>
    Length,

    /// <summary>More replicas than the reader's bound.</summary>
    TooManyReplicas,

    /// <summary>Replicas do not rise strictly.</summary>
    OutOfOrder,

    /// <summary>A counter is 0 or above <see cref="VersionVector.CounterMax"/>.</summary>
    Counter
}

/// <summary>For each replica, the number of its last write that is known without a gap: writes 1 to that number are covered.</summary>
/// <remarks>Kept in the order of replicas, so that encodings are canonical. Not for concurrent use.</remarks>
public sealed class VersionVector : IEquatable<VersionVector>
{
    /// <summary>The highest counter; a higher one is refused when read.</summary>
    public const ulong CounterMax = (1UL << 56) - 1;

    private ReplicaId[] replicas;
    private ulong[] counters;

    /// <summary>Makes an empty vector.</summary>
    public VersionVector(int capacity = 0)
    {
        replicas = capacity == 0 ? [] : new ReplicaId[capacity];
        counters = capacity == 0 ? [] : new ulong[capacity];
    }

    /// <summary>Replicas with a counter above 0.</summary>
    public int Count { get; private set; }

    /// <summary>Replicas, rising; beside <see cref="Counters"/>.</summary>
    public ReadOnlySpan<ReplicaId> Replicas => replicas.AsSpan(0, Count);

    /// <summary>Counters, beside <see cref="Replicas"/>.</summary>
    public ReadOnlySpan<ulong> Counters => counters.AsSpan(0, Count);

    /// <summary>The counter of a replica, 0 when it is not there.</summary>
    public ulong this[ReplicaId replica]
    {
        get
        {
            int at = Replicas.BinarySearch(replica);
            return at < 0 ? 0 : counters[at];
        }
    }

    /// <summary>Sets a replica's counter to at least <paramref name="counter"/>.</summary>
    public void Raise(ReplicaId replica, ulong counter)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(counter, CounterMax);
        if (counter == 0) return;
        int at = Replicas.BinarySearch(replica);
        if (at >= 0)
        {
            counters[at] = Math.Max(counters[at], counter);
            return;
        }
        at = ~at;
        if (Count == replicas.Length)
        {
            Array.Resize(ref replicas, Math.Max(4, Count * 2));
            Array.Resize(ref counters, replicas.Length);
        }
        replicas.AsSpan(at, Count - at).CopyTo(replicas.AsSpan(at + 1));
        counters.AsSpan(at, Count - at).CopyTo(counters.AsSpan(at + 1));
        replicas[at] = replica;
        counters[at] = counter;
        Count++;
    }

    /// <summary>Raises every counter to the other's: the least upper bound.</summary>
    public void Merge(VersionVector other)
    {
        for (int i = 0; i < other.Count; i++) Raise(other.replicas[i], other.counters[i]);
    }

    /// <summary>Whether every write that <paramref name="other"/> covers is covered here.</summary>
    public bool Covers(VersionVector other)
    {
        int at = 0;
        for (int i = 0; i < other.Count; i++)
        {
            while (at < Count && replicas[at] < other.replicas[i]) at++;
            if (at == Count || replicas[at] != other.replicas[i] || counters[at] < other.counters[i]) return false;
        }
        return true;
    }

    /// <summary>A copy that shares nothing.</summary>
    public VersionVector Clone()
    {
        var copy = new VersionVector(Count) { Count = Count };
        Replicas.CopyTo(copy.replicas);
        Counters.CopyTo(copy.counters);
        return copy;
    }

    /// <summary>The most bytes that <see cref="Write"/> needs.</summary>
    public int SizeMax => Varint.SizeMax + Count * (ReplicaId.SizeBytes + Varint.SizeMax);

    /// <summary>Writes the number of replicas, then for each its 16 bytes and its counter. Returns the bytes written.</summary>
    public int Write(Span<byte> destination)
    {
        int at = Varint.Write(destination, (ulong)Count);
        for (int i = 0; i < Count; i++)
        {
            replicas[i].Write(destination[at..]);
            at += ReplicaId.SizeBytes;
            at += Varint.Write(destination[at..], counters[i]);
        }
        return at;
    }

    /// <summary>Reads bytes that came from anyone.</summary>
    /// <param name="source">The vector and nothing else.</param>
    /// <param name="vector">The vector, or an empty one.</param>
    /// <param name="replicasMax">More replicas are refused.</param>
    public static VectorError TryRead(ReadOnlySpan<byte> source, out VersionVector vector, int replicasMax = CrdtLimits.ReplicasMaxDefault)
    {
        vector = new VersionVector();
        var reader = new ByteReader(source);
        if (!reader.TryVarint(out ulong count)) return VectorError.Length;
        if (count > (ulong)replicasMax) return VectorError.TooManyReplicas;
        if (count * (ReplicaId.SizeBytes + 1) > (ulong)reader.Remaining) return VectorError.Length;
        var read = new VersionVector((int)count) { Count = (int)count };
        for (int i = 0; i < (int)count; i++)
        {
            if (!reader.TryReplica(out read.replicas[i])) return VectorError.Length;
            if (i > 0 && read.replicas[i] <= read.replicas[i - 1]) return VectorError.OutOfOrder;
            if (!reader.TryVarint(out ulong counter)) return VectorError.Length;
            if (counter is 0 or > CounterMax) return VectorError.Counter;
            read.counters[i] = counter;
        }
        if (reader.Remaining != 0) return VectorError.Length;
        vector = read;
        return VectorError.None;
    }

    /// <inheritdoc/>
    public bool Equals(VersionVector? other) =>
        other is not null && Replicas.SequenceEqual(other.Replicas) && Counters.SequenceEqual(other.Counters);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VersionVector);

    /// <inheritdoc/>
    public override int GetHashCode() => Count == 0 ? 0 : HashCode.Combine(Count, replicas[0], counters[0]);
}
