namespace Egregore.Crdt;

/// <summary>
/// What a store knows of the replicas: a small index for each id, the counter up to which its writes are covered, and the cut up to
/// which removed entries were forgotten. Index 0 is the store's own.
/// </summary>
internal sealed class ReplicaTable
{
    private readonly Dictionary<ReplicaId, int> indexes = [];
    private readonly int replicasMax;
    private int[] order = [0];
    private readonly VersionVector guard = new();

    public ReplicaTable(ReplicaId own, int replicasMax)
    {
        this.replicasMax = replicasMax;
        Ids = new ReplicaId[4];
        Seen = new ulong[4];
        Cut = new ulong[4];
        Add(own);
    }

    public ReplicaId[] Ids { get; private set; }

    /// <summary>Writes 1 to this number are covered.</summary>
    public ulong[] Seen { get; private set; }

    /// <summary>The time up to which this store's own host had it forget, 0: never.</summary>
    public ulong GuardTime { get; private set; }

    /// <summary>The vector of the cut: what is missing here may have been forgotten up to there.</summary>
    public ulong[] Cut { get; private set; }

    public int Count { get; private set; }

    /// <summary>The time of the cut, 0: nothing was ever forgotten.</summary>
    public ulong CutTime { get; private set; }

    /// <summary>Was empty when a compacted peer began to fill it, and does not cover that peer's cut yet.</summary>
    public bool Joining { get; private set; }

    public int Find(ReplicaId id) => id == Ids[0] ? 0 : indexes.TryGetValue(id, out int index) ? index : -1;

    /// <summary>Whether nothing of any other replica was ever taken.</summary>
    public bool KnowsOnlyItself()
    {
        for (int i = 1; i < Count; i++)
        {
            if (Seen[i] != 0) return false;
        }
        return true;
    }

    public bool HasRoom(int more) => Count + more <= replicasMax;

    public int Add(ReplicaId id)
    {
        if (Count == Ids.Length)
        {
            int size = Count * 2;
            (ReplicaId[] ids, ulong[] seen, ulong[] cut) = (Ids, Seen, Cut);
            Array.Resize(ref ids, size);
            Array.Resize(ref seen, size);
            Array.Resize(ref cut, size);
            (Ids, Seen, Cut) = (ids, seen, cut);
        }
        Ids[Count] = id;
        indexes.Add(id, Count);
        return Count++;
    }

    /// <summary>Indexes in the order of ids.</summary>
    public ReadOnlySpan<int> Order()
    {
        if (order.Length != Count)
        {
            int[] sorted = new int[Count];
            for (int i = 0; i < sorted.Length; i++) sorted[i] = i;
            Array.Sort(sorted, (a, b) => Ids[a].CompareTo(Ids[b]));
            order = sorted;
        }
        return order;
    }

    public VersionVector Version() => ToVector(Seen);

    public VersionVector CutVector() => ToVector(Cut);

    public bool Covers(VersionVector vector)
    {
        for (int i = 0; i < vector.Count; i++)
        {
            int index = Find(vector.Replicas[i]);
            if (index < 0 || Seen[index] < vector.Counters[i]) return false;
        }
        return true;
    }

    /// <summary>Takes a later cut that this store was told by its own host.</summary>
    public void RaiseCut(HlcTimestamp time, VersionVector vector)
    {
        RaiseForgotten(time, vector);
        GuardTime = Math.Max(GuardTime, time.Value);
        guard.Merge(vector);
    }

    /// <summary>Begins to fill an empty store from a peer that has compacted.</summary>
    public void Join(HlcTimestamp time, VersionVector vector)
    {
        RaiseForgotten(time, vector);
        EndJoining();
    }

    /// <summary>A write that no member can still send after the cut: its sender was away.</summary>
    public bool IsStale(ReplicaId replica, ulong counter, ulong time) => time <= GuardTime && counter > guard[replica];

    public void EndJoining()
    {
        if (!Joining) return;
        for (int i = 0; i < Count; i++)
        {
            if (Seen[i] < Cut[i]) return;
        }
        Joining = false;
    }

    private void RaiseForgotten(HlcTimestamp time, VersionVector vector)
    {
        CutTime = Math.Max(CutTime, time.Value);
        for (int i = 0; i < vector.Count; i++)
        {
            int index = Find(vector.Replicas[i]);
            if (index < 0) index = Add(vector.Replicas[i]);
            Cut[index] = Math.Max(Cut[index], vector.Counters[i]);
            Joining |= Seen[index] < Cut[index];
        }
    }

    private VersionVector ToVector(ulong[] counters)
    {
        var vector = new VersionVector(Count);
        foreach (int index in Order()) vector.Raise(Ids[index], counters[index]);
        return vector;
    }
}
