using Egregore.Wire;
using Egregore.Work.Scheduling;
using Egregore.Work.Verification;

namespace Egregore.Work;

/// <summary>What is remembered of one (owner, kernel).</summary>
internal sealed class KernelRecord
{
    public TrustPosterior Trust;
    public Capability Capability;

    /// <summary>Checked right answers since the last wrong one.</summary>
    public int ChecksInRow;
    public uint Accepted;
    public uint Late;
    public uint Wrong;
}

/// <summary>An owner of helpers: trust, balance and bans, kept when its helpers leave.</summary>
internal sealed class OwnerEntry(PeerId id, int account)
{
    public PeerId Id { get; } = id;

    public int Account { get; } = account;

    public KernelRecord?[] Kernels = [];
    public int Connections;
    public int Failures;
    public long FailedAtUs;
    public long BannedUntilUs;
    public string Reason = "";

    /// <summary>Among those who left, by when.</summary>
    public OwnerEntry? OlderGone, NewerGone;

    /// <summary>Its simulated results that may still be audited.</summary>
    public TaskEntry? OpenFirst;

    public bool IsBanned(long nowUs) => BannedUntilUs > nowUs;

    public KernelRecord Record(KernelEntry kernel)
    {
        if (kernel.Index >= Kernels.Length)
            Array.Resize(ref Kernels, kernel.Index + 1);
        return Kernels[kernel.Index] ??= new KernelRecord();
    }

    public KernelRecord? RecordOrNull(KernelEntry kernel) => kernel.Index < Kernels.Length ? Kernels[kernel.Index] : null;
}
