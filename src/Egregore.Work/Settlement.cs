namespace Egregore.Work;

/// <summary>What a task came to.</summary>
public enum TaskOutcome : byte
{
    /// <summary>There is an answer that holds its invariants. Critical: it may be shown, and is not to be kept. Otherwise it is committed. One of the others follows.</summary>
    Provisional,

    /// <summary>The answer stands. The last word.</summary>
    Verified,

    /// <summary>The provisional answer was wrong; this settlement carries the right one. The last word.</summary>
    RolledBack,

    /// <summary>There is no answer that may be kept; a provisional one is to be taken back. The last word.</summary>
    Failed,
}

/// <summary>Why there is no answer.</summary>
public enum TaskFailure : byte
{
    /// <summary>There is one.</summary>
    None,

    /// <summary>Nobody answered in time, and truth had no room.</summary>
    DeadlineMissed,

    /// <summary>Shed, to keep what matters more.</summary>
    Overloaded,

    /// <summary>Answers differ and nobody could decide.</summary>
    Undecided,

    /// <summary>Truth's own run of the kernel trapped, or refused the input.</summary>
    KernelRefused,

    /// <summary>The host took it back.</summary>
    Cancelled,
}

/// <summary>What an answer rests on.</summary>
public enum VerifiedBy : byte
{
    /// <summary>Nothing yet but its invariants.</summary>
    None,

    /// <summary>Truth computed the same.</summary>
    Truth,

    /// <summary>Independent helpers computed the same.</summary>
    Replication,

    /// <summary>Its invariants, and a trusted helper that was not sampled this time nor caught within the window.</summary>
    Trust,
}

/// <summary>What became of a task; its spans are valid during the call alone.</summary>
public readonly ref struct Settlement
{
    /// <summary>Which task.</summary>
    public TaskId Task { get; init; }

    /// <summary>The host's own, from the submit.</summary>
    public ulong Tag { get; init; }

    /// <summary>Its world.</summary>
    public WorldId World { get; init; }

    /// <summary>Its kernel.</summary>
    public KernelHash Kernel { get; init; }

    /// <summary>Its class.</summary>
    public VerificationClass Class { get; init; }

    /// <summary>What it came to.</summary>
    public TaskOutcome Outcome { get; init; }

    /// <summary>What the answer rests on.</summary>
    public VerifiedBy By { get; init; }

    /// <summary>Why there is none.</summary>
    public TaskFailure Failure { get; init; }

    /// <summary>Who gave the answer.</summary>
    public FailoverLevel Level { get; init; }

    /// <summary>
    /// The kernel's output. Empty where it failed, and where a provisional answer of a simulated or cosmetic task is verified: what was given then stands.
    /// </summary>
    public ReadOnlySpan<byte> Output { get; init; }

    /// <summary>Fuel of the answer.</summary>
    public ulong Fuel { get; init; }

    /// <summary>From the submit, microseconds.</summary>
    public long ElapsedUs { get; init; }

    /// <summary>Whether another settlement of the task follows.</summary>
    public bool IsFinal => Outcome != TaskOutcome.Provisional;
}
