namespace Egregore.Work;

/// <summary>What an <see cref="IInvariant"/> found.</summary>
/// <param name="Holds">Whether the answer is plausible.</param>
/// <param name="Reason">What is broken and where, for the helper's own view; null when it holds.</param>
/// <param name="IsProof">Whether what is broken proves the answer wrong; if not, it is not used, and truth's own run decides whether it was.</param>
public readonly record struct InvariantVerdict(bool Holds, string? Reason, bool IsProof = true)
{
    /// <summary>The answer may be right.</summary>
    public static InvariantVerdict Held { get; } = new(true, null);

    /// <summary>The answer is wrong.</summary>
    /// <param name="reason">What is broken and where; a constant or short text.</param>
    public static InvariantVerdict Broken(string reason) => new(false, reason);

    /// <summary>The answer is hardly right: a law that the kernel keeps nearly always.</summary>
    /// <param name="reason">What is broken and where; a constant or short text.</param>
    public static InvariantVerdict Doubted(string reason) => new(false, reason, IsProof: false);
}
