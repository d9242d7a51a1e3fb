using Egregore.Wire;
using Egregore.Work.Verification;

namespace Egregore.Work;

internal enum LocalState : byte
{
    None,
    Waiting,
    Running,
    Done,
    Unavailable,
}

/// <summary>One answer that holds its invariants, not judged yet.</summary>
internal struct Answer
{
    public OwnerEntry Owner;
    public HelperEntry Helper;
    public uint HelperGeneration;
    public ulong Lease;
    public KernelHash Hash;
    public ulong Fuel;
    public FailoverLevel Level;

    /// <summary>The helper says that the kernel trapped: no output.</summary>
    public bool Trapped;

    /// <summary>Which law it breaks that right answers hardly ever break; it is not used before truth has said the same.</summary>
    public string? Doubt;
    public byte[]? Output;
    public int OutputLength;

    public readonly bool Same(in Answer other) => Trapped == other.Trapped && Hash == other.Hash && Fuel == other.Fuel;
}

/// <summary>One task, pooled. Its timer is the next time at which something is to be decided.</summary>
internal sealed class TaskEntry(int slot) : Timed
{
    public const int CopiesMax = 12;

    public int Slot { get; } = slot;

    public uint Generation;
    public bool Live;
    public KernelEntry Kernel = null!;
    public WorldEntry? World;
    public VerificationClass Class;
    public TaskPriority Priority;
    public PeerId Beneficiary;
    public ulong Tag;
    public int Quorum;
    public double FuelExpected;
    public long LateUs;
    public long SubmittedUs, ScheduleByUs, RunByUs, DeadlineUs;

    public byte[] Input = [];
    public int InputLength;
    public BlockEntry? Shared;
    public Ringer? Ringer;

    /// <summary>Everybody who was asked: owner, address range and cluster.</summary>
    public readonly (PeerId Owner, ulong Range, ulong Cluster)[] AskedWho = new (PeerId, ulong, ulong)[CopiesMax];
    public int AskedCount;

    public readonly LeaseEntry?[] Leases = new LeaseEntry?[CopiesMax];
    public int LeaseCount;
    public int CopiesWanted;

    public readonly Answer[] Answers = new Answer[CopiesMax];
    public int AnswerCount;

    /// <summary>Which answer was given to the host; -1: none.</summary>
    public int Committed;
    public bool Audited;
    public bool Suspect;
    public bool Disputed;

    /// <summary>Truth is to check it, not another helper.</summary>
    public bool TruthWanted;
    public int Hedges;
    public long AnsweredUs;

    public LocalState Local;
    public bool LocalUrgent;
    public ulong LocalToken;

    public bool Waits;
    public TaskEntry? WaitBefore, WaitAfter;
    public TaskEntry? CosmeticBefore, CosmeticAfter;
    public OwnerEntry? OpenOwner;
    public TaskEntry? OpenBefore, OpenAfter;

    public TaskId Id => new(Slot, Generation);

    public bool HasAnswer => Committed >= 0;

    public ReadOnlySpan<byte> InputBytes => Input.AsSpan(0, InputLength);

    public ReadOnlySpan<byte> SharedBytes => Shared is null ? default : Shared.Bytes;
}
