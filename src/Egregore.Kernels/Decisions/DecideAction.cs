namespace Egregore.Kernels.Decisions;

/// <summary>Something that a character may do.</summary>
/// <param name="FirstConsideration">Index of its first consideration.</param>
/// <param name="Considerations">How many, at most 16; none: its score is its weight.</param>
/// <param name="Weight">Its score where every consideration is 1; at least 0, finite.</param>
public readonly record struct DecideAction(ushort FirstConsideration, ushort Considerations, float Weight);

/// <summary>What speaks for an action: a fact between two bounds, bent by the cubic ((a t + b) t + c) t + d and held between 0 and 1. All numbers are finite.</summary>
/// <param name="Fact">Index of the fact.</param>
/// <param name="Low">Where t is 0.</param>
/// <param name="High">Where t is 1; above <paramref name="Low"/>.</param>
/// <param name="A">Of t³.</param>
/// <param name="B">Of t².</param>
/// <param name="C">Of t.</param>
/// <param name="D">The constant.</param>
public readonly record struct DecideConsideration(int Fact, float Low, float High, float A, float B, float C, float D);
