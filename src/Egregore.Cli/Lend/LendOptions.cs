using Egregore.Wire;

namespace Egregore.Cli.Lend;

/// <summary>What a person lends, and to whom.</summary>
internal sealed record LendOptions
{
    /// <summary>The server's address.</summary>
    public required Uri Url { get; init; }

    /// <summary>What the server's pages may show, at most 32 characters.</summary>
    public string Name { get; init; } = "";

    public HelperTier Tier { get; init; }

    /// <summary>For a tier that needs one; never printed.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Tasks at the same time, 1 to 64.</summary>
    public int Cores { get; init; } = 1;

    /// <summary>Memory of all workers together, in bytes.</summary>
    public long MemoryBytes { get; init; } = 1L << 30;

    /// <summary>The share of the time that each worker runs, 0.1 to 1.</summary>
    public double Share { get; init; } = 1;

    /// <summary>How a worker is started, for its share of the memory and its pages.</summary>
    public required Func<System.Diagnostics.ProcessStartInfo> Worker { get; init; }

    /// <summary>Bytes of one worker.</summary>
    public long WorkerBytes => MemoryBytes / Cores;
}
