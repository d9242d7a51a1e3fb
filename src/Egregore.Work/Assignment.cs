namespace Egregore.Work;

/// <summary>A lease on one task, to be sent to a helper: all that it learns. Its spans are valid during the call alone.</summary>
public readonly ref struct Assignment
{
    /// <summary>Fencing token.</summary>
    public ulong Lease { get; init; }

    /// <summary>The kernel.</summary>
    public KernelHash Kernel { get; init; }

    /// <summary>The block before the input; none: nothing.</summary>
    public KernelHash Shared { get; init; }

    /// <summary>That block's bytes where the helper is not known to hold it.</summary>
    public ReadOnlySpan<byte> SharedBytes { get; init; }

    /// <summary>The input.</summary>
    public ReadOnlySpan<byte> Input { get; init; }

    /// <summary>Time from receipt, milliseconds, at least 1.</summary>
    public uint RunMs { get; init; }

    /// <summary>Fuel that it may use.</summary>
    public ulong Fuel { get; init; }

    /// <summary>Bytes of output that are taken.</summary>
    public uint OutputMax { get; init; }
}

/// <summary>A run that truth does itself. Its spans are valid during the call alone.</summary>
public readonly ref struct LocalRun
{
    /// <summary>To be given back with <see cref="WorkCoordinator.CompleteLocal"/> or <see cref="WorkCoordinator.FailLocal"/>.</summary>
    public ulong Token { get; init; }

    /// <summary>The kernel.</summary>
    public KernelHash Kernel { get; init; }

    /// <summary>The block before the input.</summary>
    public ReadOnlySpan<byte> Shared { get; init; }

    /// <summary>The input.</summary>
    public ReadOnlySpan<byte> Input { get; init; }

    /// <summary>Fuel that it may use.</summary>
    public ulong Fuel { get; init; }

    /// <summary>Bytes of output.</summary>
    public int OutputMax { get; init; }

    /// <summary>Whether the answer itself is wanted now (true), or a check of one that is there (false).</summary>
    public bool Urgent { get; init; }
}
