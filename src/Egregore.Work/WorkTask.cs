using Egregore.Wire;

namespace Egregore.Work;

/// <summary>What a host submits. Only <see cref="Kernel"/>, <see cref="Shared"/> and <see cref="Input"/> reach a helper; the rest stays in the coordinator.</summary>
/// <remarks>The input is copied. It has to be rebuilt relative and nameless by the kernel's bindings before it comes here.</remarks>
public readonly ref struct WorkTask
{
    /// <summary>Which kernel; one that <see cref="WorkCoordinator.AddKernel"/> knows.</summary>
    public required KernelHash Kernel { get; init; }

    /// <summary>For which world; one that <see cref="WorkCoordinator.AddWorld"/> knows.</summary>
    public required WorldId World { get; init; }

    /// <summary>The kernel's input, without the shared block.</summary>
    public required ReadOnlySpan<byte> Input { get; init; }

    /// <summary>A block given to <see cref="WorkCoordinator.AddBlock"/>, which goes before the input; none: nothing does.</summary>
    public KernelHash Shared { get; init; }

    /// <summary>When an answer has to be there, in microseconds of the host's clock; 0: <see cref="WorkOptions.DeadlineUs"/> from now.</summary>
    public long DeadlineUs { get; init; }

    /// <summary>
    /// How long after <see cref="DeadlineUs"/> an answer is still worth having, microseconds; 0: not at all. Truth begins so much later, when helpers' leases have run out at the latest, and instead of
    /// failing at the deadline the task waits for truth's run, as long as truth has room for it and the class is not cosmetic. Helpers' leases end as always.
    /// </summary>
    public long LateUs { get; init; }

    /// <summary>Which goes first among waiting tasks of its world.</summary>
    public TaskPriority Priority { get; init; }

    /// <summary>How sure the result has to be; null: as the kernel's manifest says. The stricter of the two counts.</summary>
    public VerificationClass? Class { get; init; }

    /// <summary>Independent helpers whose answers have to agree, 1 to <see cref="WorkOptions.ReplicasMax"/>; 0 and 1: verification by trust decides alone.</summary>
    public int Replicas { get; init; }

    /// <summary>A repeat of a remembered (world, key) is answered with the same task and runs nothing; 0: no key.</summary>
    public UInt128 Key { get; init; }

    /// <summary>Who gains by the result: helpers of that owner are not asked. None: nobody in particular.</summary>
    public PeerId Beneficiary { get; init; }

    /// <summary>The host's own, given back with each settlement.</summary>
    public ulong Tag { get; init; }

    /// <summary>Fuel that the binding expects, for scheduling; 0: the measured mean of the kernel.</summary>
    public ulong FuelExpected { get; init; }
}
