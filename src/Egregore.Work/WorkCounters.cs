namespace Egregore.Work;

/// <summary>What a coordinator has done so far; all of them rise only.</summary>
public sealed class WorkCounters
{
    /// <summary>Tasks taken.</summary>
    public long Submitted { get; internal set; }

    /// <summary>Repeats of remembered keys.</summary>
    public long Repeated { get; internal set; }

    /// <summary>Submits refused for a bound.</summary>
    public long Refused { get; internal set; }

    /// <summary>Waiting cosmetic tasks shed.</summary>
    public long Shed { get; internal set; }

    /// <summary>Leases given out.</summary>
    public long Leases { get; internal set; }

    /// <summary>Of them to hedge.</summary>
    public long Hedges { get; internal set; }

    /// <summary>Of them to verify.</summary>
    public long Audits { get; internal set; }

    /// <summary>Of them ringers.</summary>
    public long Ringers { get; internal set; }

    /// <summary>Truth's own runs because nobody else would be in time.</summary>
    public long LocalAnswers { get; internal set; }

    /// <summary>Truth's own runs to verify.</summary>
    public long LocalAudits { get; internal set; }

    /// <summary>Answers that hold their invariants.</summary>
    public long Answers { get; internal set; }

    /// <summary>Answers under leases that ran out, were taken back, or never were.</summary>
    public long AnswersRefused { get; internal set; }

    /// <summary>Leases that ran out.</summary>
    public long Late { get; internal set; }

    /// <summary>Leases taken back.</summary>
    public long Cancelled { get; internal set; }

    /// <summary>Answers found wrong.</summary>
    public long Wrong { get; internal set; }

    /// <summary>Forgeries.</summary>
    public long Forged { get; internal set; }

    /// <summary>Bans.</summary>
    public long Bans { get; internal set; }

    /// <summary>Tasks verified, by truth.</summary>
    public long VerifiedByTruth { get; internal set; }

    /// <summary>Tasks verified, by replication.</summary>
    public long VerifiedByReplication { get; internal set; }

    /// <summary>Tasks verified, by trust.</summary>
    public long VerifiedByTrust { get; internal set; }

    /// <summary>Provisional results taken back for the right one.</summary>
    public long RolledBack { get; internal set; }

    /// <summary>Tasks without a result.</summary>
    public long Failed { get; internal set; }

    /// <summary>Audits for which there was nobody within <see cref="WorkOptions.AuditUs"/>; the answer was believed as one that was not sampled.</summary>
    public long AuditsMissed { get; internal set; }

    /// <summary>Fuel that was paid.</summary>
    public ulong FuelPaid { get; internal set; }

    /// <summary>Answers by level of failover.</summary>
    public long[] ByLevel { get; } = new long[4];

    /// <summary>Parked credits over a helper's bound, not counted.</summary>
    public long CreditsRefused { get; internal set; }
}
