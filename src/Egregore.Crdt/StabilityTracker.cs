namespace Egregore.Crdt;

/// <summary>
/// A point that every member of a store has passed: each covers <see cref="Vector"/>, and every write of a time up to
/// <see cref="Time"/> is in it. Removed entries up to there can be forgotten.
/// </summary>
/// <param name="Time">No write of this time or before is still to come.</param>
/// <param name="Vector">What all members cover.</param>
public sealed record StableCut(HlcTimestamp Time, VersionVector Vector);

/// <summary>
/// Finds stable cuts from what the members of a store report: their vector and a clock that their later writes will be above.
/// </summary>
/// <remarks>
/// A candidate is made of one report of each member: the least of the clocks, each member's own counter, and of those who left the
/// highest that a member knows. It is stable once every member has reported a vector that covers it. Members are all replicas that hold the store's state or may write to it; one that went
/// away for good is taken out by <see cref="Leave"/>, and must come back as a new one (see docs/crdt.md).
/// </remarks>
public sealed class StabilityTracker
{
    private sealed class Member
    {
        public VersionVector? Vector;
        public HlcTimestamp Clock;
    }

    private readonly SortedDictionary<ReplicaId, Member> members = [];
    private readonly int membersMax;
    private StableCut? candidate;

    /// <summary>Makes a tracker without members.</summary>
    /// <param name="membersMax">More members are refused.</param>
    public StabilityTracker(int membersMax = CrdtLimits.ReplicasMaxDefault) => this.membersMax = membersMax;

    /// <summary>The last stable cut found, if any.</summary>
    public StableCut? Stable { get; private set; }

    /// <summary>Members.</summary>
    public int Count => members.Count;

    /// <summary>Adds a member, before it gets any state. False: it is one already, or there are too many.</summary>
    public bool Join(ReplicaId replica)
    {
        if (members.Count >= membersMax || !members.TryAdd(replica, new Member())) return false;
        candidate = null;
        return true;
    }

    /// <summary>Takes a member out, with all that it reported. False: it was none.</summary>
    public bool Leave(ReplicaId replica)
    {
        if (!members.Remove(replica)) return false;
        candidate = null;
        return true;
    }

    /// <summary>Takes a member's report. False: not a member, or older than its last one.</summary>
    /// <param name="replica">The member.</param>
    /// <param name="vector">What it covers; kept as a copy.</param>
    /// <param name="clock">All its later writes are above this (<see cref="HybridLogicalClock.Observe"/>, before the vector was taken).</param>
    public bool Report(ReplicaId replica, VersionVector vector, HlcTimestamp clock)
    {
        if (!members.TryGetValue(replica, out Member? member)) return false;
        if (member.Vector is not null && (clock < member.Clock || !vector.Covers(member.Vector))) return false;
        member.Vector = vector.Clone();
        member.Clock = clock;
        if (candidate is not null && members.Values.All(m => m.Vector is not null && m.Vector.Covers(candidate.Vector)))
        {
            Stable = candidate;
            candidate = null;
        }
        candidate ??= Candidate();
        return true;
    }

    private StableCut? Candidate()
    {
        var vector = new VersionVector(members.Count);
        ulong time = ulong.MaxValue;
        foreach ((ReplicaId replica, Member member) in members)
        {
            if (member.Vector is null) return null;
            vector.Raise(replica, member.Vector[replica]);
            ReadOnlySpan<ReplicaId> known = member.Vector.Replicas;
            for (int i = 0; i < known.Length; i++)
            {
                if (!members.ContainsKey(known[i])) vector.Raise(known[i], member.Vector.Counters[i]);
            }
            time = Math.Min(time, member.Clock.Value);
        }
        return members.Count == 0 || (Stable is not null && time <= Stable.Time.Value) ? null : new StableCut(new(time), vector);
    }
}
