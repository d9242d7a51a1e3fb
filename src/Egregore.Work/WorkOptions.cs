namespace Egregore.Work;

/// <summary>Bounds and times of a coordinator. Times are microseconds. Out-of-range values are refused when the coordinator is made.</summary>
public sealed record WorkOptions
{
    /// <summary>Time for a task whose submit names none. Default 200 ms.</summary>
    public long DeadlineUs { get; init; } = 200_000;

    /// <summary>Furthest deadline that is taken. Default 60 s.</summary>
    public long DeadlineMaxUs { get; init; } = 60_000_000;

    /// <summary>Share of a task's time in which a helper has to be found, thousandths; then the next level is asked. Default 150 (30 of 200 ms).</summary>
    public int SchedulePermille { get; init; } = 150;

    /// <summary>Share of a task's time kept for validation, thousandths; leases end before it. Default 100 (20 of 200 ms).</summary>
    public int ValidatePermille { get; init; } = 100;

    /// <summary>Within this time from its answer a provisional result is audited. Default 1 s.</summary>
    public long AuditUs { get; init; } = 1_000_000;

    /// <summary>Simulated results that were not sampled stay open for so long: if their helper is caught meanwhile, they are audited too. Default 500 ms.</summary>
    public long WindowUs { get; init; } = 500_000;

    /// <summary>Helpers connected. Default 16,384.</summary>
    public int HelpersMax { get; init; } = 16_384;

    /// <summary>Parked credits of one helper. Default 64.</summary>
    public int CreditsMax { get; init; } = 64;

    /// <summary>Shared blocks that one helper is remembered to hold. Default 64.</summary>
    public int HeldMax { get; init; } = 64;

    /// <summary>Tasks known at one time: waiting, running, provisional. Default 65,536.</summary>
    public int TasksMax { get; init; } = 65_536;

    /// <summary>Tasks that wait for a helper. Default 8,192.</summary>
    public int WaitingMax { get; init; } = 8_192;

    /// <summary>Bytes of the inputs and outputs kept. Default 256 MiB.</summary>
    public long BytesMax { get; init; } = 256L << 20;

    /// <summary>Idempotency keys remembered, the oldest are forgotten. Default 65,536.</summary>
    public int ReplaysMax { get; init; } = 65_536;

    /// <summary>Worlds. Default 256.</summary>
    public int WorldsMax { get; init; } = 256;

    /// <summary>Kernels. Default 64.</summary>
    public int KernelsMax { get; init; } = 64;

    /// <summary>Shared blocks; those that no task uses make room. Default 1,024.</summary>
    public int BlocksMax { get; init; } = 1_024;

    /// <summary>Bytes of shared blocks. Default 64 MiB.</summary>
    public long BlockBytesMax { get; init; } = 64L << 20;

    /// <summary>Owners whose trust is remembered; those who left longest ago are forgotten, banned ones last. Default 65,536.</summary>
    public int OwnersMax { get; init; } = 65_536;

    /// <summary>Accounts of the ledger; an owner without one is not admitted when it is full. Default 1,048,576.</summary>
    public int AccountsMax { get; init; } = 1 << 20;

    /// <summary>Lines of the ledger kept for export, the oldest go. Default 65,536. Balances are kept whole.</summary>
    public int LedgerLinesMax { get; init; } = 65_536;

    /// <summary>Copies of one task, 1 to 8. Default 6.</summary>
    public int ReplicasMax { get; init; } = 6;

    /// <summary>Runs of truth's own at one time; 0: truth never computes. Default 2.</summary>
    public int LocalRunsMax { get; init; } = 2;

    /// <summary>Runs that wait for truth, urgent ones and audits each. Default 512.</summary>
    public int LocalWaitingMax { get; init; } = 512;

    /// <summary>Fuel per microsecond that truth is taken to run until it is measured. Default 300.</summary>
    public double LocalFuelPerUs { get; init; } = 300;

    /// <summary>Random candidates looked at for each lease, twice at most. Default 12.</summary>
    public int Candidates { get; init; } = 12;

    /// <summary>Waiting tasks looked at when a helper has a free slot. Default 8.</summary>
    public int LookAhead { get; init; } = 8;

    /// <summary>Extra leases by hedging, thousandths of all leases. Default 30.</summary>
    public int HedgePermille { get; init; } = 30;

    /// <summary>Latency of a helper that is not measured yet. Default 60 ms.</summary>
    public long LatencyGuessUs { get; init; } = 60_000;

    /// <summary>Time to send a byte of a block that a helper does not hold, nanoseconds, for scheduling. Default 400 (20 Mbit/s).</summary>
    public int SendNsPerByte { get; init; } = 400;

    /// <summary>Least share of a trusted helper's results that are checked again, thousandths, at least 50. Default 50.</summary>
    public int SampleFloorPermille { get; init; } = 50;

    /// <summary>Share checked again for each unit of distrust (1 - mean of the posterior). Default 3.</summary>
    public double SamplePerDistrust { get; init; } = 3;

    /// <summary>Right answers in a row, checked, until a (helper, kernel) is no longer new and doubled. Default 10.</summary>
    public int NewChecks { get; init; } = 10;

    /// <summary>Share of audits that truth runs itself while it has room; the others are compared by replication. Thousandths. Default 200.</summary>
    public int TruthAuditPermille { get; init; } = 200;

    /// <summary>Share of agreements by replication that truth runs again, against those who agree on a lie. Thousandths. Default 100.</summary>
    public int AgreementCheckPermille { get; init; } = 100;

    /// <summary>
    /// Independent helpers whose agreement verifies a critical result; 0: truth's own run alone does, so that no collusion can pass. Default 0.
    /// </summary>
    public int CriticalQuorum { get; init; }

    /// <summary>Share of leases that carry a ringer (a task whose answer truth knows), thousandths. Default 5.</summary>
    public int RingerPermille { get; init; } = 5;

    /// <summary>Ringers kept for each kernel. Default 64.</summary>
    public int RingersMax { get; init; } = 64;

    /// <summary>Half-life of evidence for and against a helper. Default 7 days.</summary>
    public long TrustHalfLifeUs { get; init; } = 7L * 24 * 3_600 * 1_000_000;

    /// <summary>Evidence against a helper that answers late, in failures of the posterior. Default 0.1.</summary>
    public double LatePenalty { get; init; } = 0.1;

    /// <summary>Evidence against a helper that answers wrong. Default 5.</summary>
    public double WrongPenalty { get; init; } = 5;

    /// <summary>Evidence against a helper that forges: another's lease, a wrong hash, what is not its to ask. Default 20.</summary>
    public double ForgedPenalty { get; init; } = 20;

    /// <summary>Failed validations after which a helper is banned: more than this. Default 3.</summary>
    public int FailuresMax { get; init; } = 3;

    /// <summary>How long a ban lasts. Default one hour.</summary>
    public long BanUs { get; init; } = 3_600_000_000;

    /// <summary>Leases in a row that ran out until the helper rests; its rest doubles from 1 s to a minute. Default 3.</summary>
    public int StallsMax { get; init; } = 3;

    internal void Check()
    {
        Require(DeadlineUs is >= 1_000 && DeadlineUs <= DeadlineMaxUs && DeadlineMaxUs <= 3_600_000_000, nameof(DeadlineUs));
        Require(SchedulePermille is >= 0 and <= 500 && ValidatePermille is >= 0 and <= 500, nameof(SchedulePermille));
        Require(AuditUs is >= 1_000 and <= 60_000_000 && WindowUs >= 0 && WindowUs <= AuditUs, nameof(AuditUs));
        Require(HelpersMax is >= 1 and <= 1 << 20 && CreditsMax is >= 1 and <= 1_024 && HeldMax is >= 0 and <= 256, nameof(HelpersMax));
        Require(TasksMax is >= 1 and <= 1 << 20 && WaitingMax >= 1 && WaitingMax <= TasksMax && BytesMax >= 1, nameof(TasksMax));
        Require(ReplaysMax is >= 1 and <= 1 << 24 && WorldsMax is >= 1 and <= 65_536 && KernelsMax is >= 1 and <= 1_024, nameof(ReplaysMax));
        Require(BlocksMax is >= 1 and <= 1 << 20 && BlockBytesMax >= 1 && OwnersMax >= HelpersMax && LedgerLinesMax is >= 1 and <= 1 << 26 && AccountsMax >= 2, nameof(BlocksMax));
        Require(ReplicasMax is >= 1 and <= 8 && CriticalQuorum >= 0 && CriticalQuorum <= ReplicasMax && CriticalQuorum != 1, nameof(ReplicasMax));
        Require(LocalRunsMax is >= 0 and <= 1_024 && LocalWaitingMax is >= 1 and <= 1 << 20 && LocalFuelPerUs > 0, nameof(LocalRunsMax));
        Require(Candidates is >= 1 and <= 64 && LookAhead is >= 1 and <= 1_024 && HedgePermille is >= 0 and <= 1_000, nameof(Candidates));
        Require(SampleFloorPermille is >= 50 and <= 1_000 && SamplePerDistrust >= 0 && NewChecks is >= 1 and <= 10_000, nameof(SampleFloorPermille));
        Require(TruthAuditPermille is >= 0 and <= 1_000 && AgreementCheckPermille is >= 0 and <= 1_000 && RingerPermille is >= 0 and <= 1_000, nameof(TruthAuditPermille));
        Require(RingersMax is >= 0 and <= 65_536 && TrustHalfLifeUs >= 1 && BanUs >= 1 && FailuresMax >= 0 && StallsMax >= 1, nameof(RingersMax));
        Require(LatePenalty >= 0 && LatePenalty < WrongPenalty && WrongPenalty < ForgedPenalty && ForgedPenalty <= 1_000_000, nameof(LatePenalty));
        Require(LatencyGuessUs >= 0 && SendNsPerByte >= 0, nameof(LatencyGuessUs));
    }

    private static void Require(bool holds, string name)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, "The option, or one that goes with it, is out of range");
    }
}
