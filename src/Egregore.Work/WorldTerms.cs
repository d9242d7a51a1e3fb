namespace Egregore.Work;

/// <summary>What a world has agreed to.</summary>
public sealed record WorldTerms
{
    /// <summary>Share of the helpers when worlds compete, relative to others; 1 to 1,000. Default 1.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Pay in thousandths of a kernel's own price; 0 to 1,000,000. Default 1,000.</summary>
    public int PricePermille { get; init; } = 1_000;

    /// <summary>How far below zero the world's balance may go, in millionths of a credit; further tasks are refused. Default: without end.</summary>
    public long OverdraftMax { get; init; } = long.MaxValue;
}
