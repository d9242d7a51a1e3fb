namespace Egregore.World;

/// <summary>What a check of one reflex state against the one before it says.</summary>
public enum VerdictKind : byte
{
    /// <summary>The rules allow the step.</summary>
    Accept = 0,

    /// <summary>The rules forbid the step; the reason says which.</summary>
    Reject = 1,

    /// <summary>Cannot be judged (a gap, a late state, terrain not known here); never held against a peer.</summary>
    Ignore = 2,
}

/// <summary>A verdict and, for a rejection, its reason.</summary>
public readonly record struct Verdict(VerdictKind Kind, string Reason)
{
    /// <summary>The rules allow the step.</summary>
    public static Verdict Accept { get; } = new(VerdictKind.Accept, "");

    /// <summary>Cannot be judged here.</summary>
    public static Verdict Ignore { get; } = new(VerdictKind.Ignore, "");

    /// <summary>The rules forbid the step.</summary>
    /// <param name="reason">A constant text that names the rule: verdicts are on a hot path and do not format.</param>
    public static Verdict Reject(string reason) => new(VerdictKind.Reject, reason);
}

/// <summary>A position in 1/256 block, the unit of all movement.</summary>
public readonly record struct ReflexPosition(int X, int Y, int Z);

/// <summary>
/// The rules of a game's reflex states (position, aim: what its owner decides and every neighbour re-runs). States are the game's own
/// fixed-size struct as raw bytes. Implementations are pure, allocate nothing and use integers only, so that truth, peers and tabs agree.
/// </summary>
public interface IReflexRules
{
    /// <summary>Bytes of one state; constant.</summary>
    int StateSizeBytes { get; }

    /// <summary>Movement ticks a second.</summary>
    int TickRateHz { get; }

    /// <summary>Where a state is. <paramref name="state"/> has <see cref="StateSizeBytes"/> bytes, of any content.</summary>
    ReflexPosition Position(ReadOnlySpan<byte> state);

    /// <summary>Whether <paramref name="next"/> may follow <paramref name="previous"/>. The bytes are a stranger's: any content is met with a verdict.</summary>
    /// <param name="previous">The last state judged.</param>
    /// <param name="next">The state to judge.</param>
    /// <param name="ticks">Movement ticks from one to the other, at least 1: states get lost, and truth sees a thinned stream.</param>
    /// <param name="world">The tables as this node knows them (truth's own, or a client's cache).</param>
    Verdict Check(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> next, int ticks, Database world);
}
