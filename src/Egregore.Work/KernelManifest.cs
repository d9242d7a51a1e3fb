namespace Egregore.Work;

/// <summary>What the coordinator knows of a kernel: its name, its bounds, its price and how its answers are checked.</summary>
public sealed record KernelManifest
{
    /// <summary>SHA-256 of the metered module.</summary>
    public required KernelHash Hash { get; init; }

    /// <summary>Its name for people, such as "physics": lower case, digits and dashes, at most 32 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Rises when its results change.</summary>
    public int Version { get; init; } = 1;

    /// <summary>How sure a result has to be, unless a task asks for more.</summary>
    public VerificationClass Class { get; init; } = VerificationClass.Simulated;

    /// <summary>Fuel that one run may use.</summary>
    public ulong FuelMax { get; init; } = 2_000_000_000;

    /// <summary>Bytes of shared block and input together.</summary>
    public int InputBytesMax { get; init; } = 256 * 1024;

    /// <summary>Bytes of output.</summary>
    public int OutputBytesMax { get; init; } = 256 * 1024;

    /// <summary>Pages of 64 KiB that its memory may have.</summary>
    public int MemoryPagesMax { get; init; } = 1024;

    /// <summary>Pay for a million units of fuel, in millionths of a credit.</summary>
    public long PricePerMegafuel { get; init; } = 1_000;

    /// <summary>What must hold for every right answer; null: nothing is known, and results are only compared.</summary>
    public IInvariant? Invariant { get; init; }
}
