namespace Egregore.Sandbox;

/// <summary>What strangers' kernels may cost a host.</summary>
public sealed record SandboxOptions
{
    /// <summary>Bytes of a kernel's metered module.</summary>
    public int ModuleBytesMax { get; init; } = 8 << 20;

    /// <summary>Kernels held at one time; the one that was used longest ago goes when another comes.</summary>
    public int KernelsMax { get; init; } = 64;

    /// <summary>Pages of 64 KiB that a run's memory may have.</summary>
    public int MemoryPagesMax { get; init; } = 1_024;

    /// <summary>Entries of a run's tables together.</summary>
    public int TableEntriesMax { get; init; } = 100_000;

    /// <summary>Calls inside one another, the meter's count. Far below what any engine bears.</summary>
    public int CallDepthMax { get; init; } = 1_000;

    /// <summary>Time that the compilation of one kernel may take in all.</summary>
    public TimeSpan CompileTimeMax { get; init; } = TimeSpan.FromSeconds(20);
}
