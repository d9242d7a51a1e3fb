namespace Egregore.Work;

/// <summary>What an <see cref="IInvariant"/> found.</summary>
/// <param name="Holds">Whether the answer may be right.</param>
/// <param name="Reason">What is broken and where, for the helper's own view; null when it holds.</param>
public readonly record struct InvariantVerdict(bool Holds, string? Reason)
{
    /// <summary>The answer may be right.</summary>
    public static InvariantVerdict Held { get; } = new(true, null);

    /// <summary>The answer is wrong.</summary>
    /// <param name="reason">What is broken and where; a constant or short text.</param>
    public static InvariantVerdict Broken(string reason) => new(false, reason);
}
