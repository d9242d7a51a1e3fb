namespace Egregore.Server;

/// <summary>What is wrong with an option, in words that name it, what it is and what it may be.</summary>
internal static class OptionBounds
{
    /// <summary>Null where the value is within its bounds, both included.</summary>
    public static string? Range(int value, int min, int max, string name) => value < min || value > max ? $"{name} is {value}; it must be {min} to {max}" : null;
}
