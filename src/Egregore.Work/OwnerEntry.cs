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

    /// <summary>Whether it says anything of how the owner stands: it may have been only tried.</summary>
    public bool HasHistory => Accepted != 0 || Late != 0 || Wrong != 0 || Trust.Evidence is not { Right: 0, Wrong: 0 };
}

/// <summary>An owner of helpers: trust, balance and bans, kept when its helpers leave.</summary>
internal sealed class OwnerEntry(PeerId id, int account)
{
    public PeerId Id { get; } = id;

    public int Account { get; } = account;

    public KernelRecord?[] Kernels = [];

    /// <summary>The kernels of <see cref="Kernels"/>.</summary>
    public KernelHash[] KernelHashes = [];

    /// <summary>Records that were kept of kernels that are not known now.</summary>
    public List<(KernelHash Kernel, KernelRecord Record)>? Orphans;
    public int Connections;
    public int Failures;
    public long FailedAtUs;
    public long BannedUntilUs;
    public string Reason = "";

    /// <summary>Leases in a row that ran out of the helper that left last.</summary>
    public int Stalls;

    /// <summary>Among those who left, by when.</summary>
    public OwnerEntry? OlderGone, NewerGone;

    /// <summary>Its simulated results that may still be audited.</summary>
    public TaskEntry? OpenFirst;

    public bool IsBanned(long nowUs) => BannedUntilUs > nowUs;

    /// <summary>Fuel a microsecond in the mean of the kernels that it has answered; 0: none.</summary>
    public double FuelPerUs()
    {
        var (sum, count) = (0.0, 0);
        foreach (var record in Kernels)
        {
            if (record is { Capability.Count: > 0 })
                (sum, count) = (sum + record.Capability.FuelPerUs, count + 1);
        }

        return count == 0 ? 0 : sum / count;
    }

    public KernelRecord Record(KernelEntry kernel) => RecordOrNull(kernel) ?? Set(kernel, new KernelRecord());

    public KernelRecord Set(KernelEntry kernel, KernelRecord record)
    {
        if (kernel.Index >= Kernels.Length)
        {
            Array.Resize(ref Kernels, kernel.Index + 1);
            Array.Resize(ref KernelHashes, kernel.Index + 1);
        }

        KernelHashes[kernel.Index] = kernel.Hash;
        return Kernels[kernel.Index] = record;
    }

    public KernelRecord? RecordOrNull(KernelEntry kernel) => kernel.Index < Kernels.Length ? Kernels[kernel.Index] : null;
}
