namespace Egregore.Work;

/// <summary>A world whose tasks are computed, as the host numbers them. Never sent to a helper.</summary>
/// <param name="Value">The host's number.</param>
public readonly record struct WorldId(uint Value);
