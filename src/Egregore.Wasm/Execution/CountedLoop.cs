using System.Reflection.Emit;
using Egregore.Wasm.Binary;
using OpCode = Egregore.Wasm.Binary.OpCode;

namespace Egregore.Wasm.Execution;

/// <summary>
/// An innermost loop that calls nothing and counts a local up to a limit that stays: <c>for (k = from; k &lt; limit; k += step)</c>, tested at its head or at its end. Whatever
/// address is a sum of such a counter, locals that stay and constants has an upper bound that is known before the loop, so one check there does for all its accesses.
/// </summary>
/// <remarks>
/// Reading the counter as unsigned, it is at most <c>limit + step - 1</c> wherever the loop stands, given <c>from &lt;= limit</c>: it grows once a pass at most, behind the test, and
/// every way back to the head passes the test. That the limit is no negative number and nothing wraps follows from the check itself, as a memory has less than 2^31 bytes.
/// </remarks>
internal sealed class CountedLoop
{
    private const int InstructionsMax = 256;
    private const int StepMax = 65_536;

    /// <summary>The bit count of a shift in an address at most: 16 bytes an element.</summary>
    private const int ShiftMax = 4;

    private const int DepthMax = 6;

    /// <summary>Different addresses checked before the loop at most; others are checked where they stand.</summary>
    private const int BoundsMax = 8;

    private readonly HashSet<uint> assigned;
    private readonly Variable[] locals;
    private readonly List<(Node Address, long End)> bounds = [];

    private CountedLoop(Variable[] locals, HashSet<uint> assigned, LoopTest test, long step)
    {
        this.locals = locals;
        this.assigned = assigned;
        Test = test;
        Step = step;
    }

    /// <summary>What ends it.</summary>
    public LoopTest Test { get; }

    /// <summary>What the counter grows by; at least 1.</summary>
    public long Step { get; }

    /// <summary>The offset of its first instruction.</summary>
    public int Start { get; init; }

    /// <summary>The check before it, which stands between its two copies.</summary>
    public Label Guard { get; init; }

    /// <summary>The instruction behind it.</summary>
    public Label Done { get; init; }

    /// <summary>The check is written; what is compiled now is the second copy.</summary>
    public bool IsChecked { get; set; }

    /// <summary>Addresses that can be checked before the loop, each with the highest offset behind an access to it.</summary>
    public IReadOnlyList<(Node Address, long End)> Bounds => bounds;

    /// <summary>The local that counts.</summary>
    public Variable Counter => locals[Test.Counter];

    /// <summary>Finds what counts in the loop whose first instruction a reader is before; null where nothing is found.</summary>
    public static CountedLoop? Find(InstructionReader reader, Variable[] locals, ILGenerator il)
    {
        int start = reader.Position;
        if (LoopShape.Read(reader, InstructionsMax) is not { } shape) return null;
        if (shape.FindTest() is not { } test) return null;
        return shape.StepOf(test.Counter) is { } step and >= 1 and <= StepMax && !(test.IsExact && !long.IsPow2(step))
            ? new CountedLoop(locals, shape.Assigned, test, step) { Start = start, Guard = il.DefineLabel(), Done = il.DefineLabel() }
            : null;
    }

    /// <summary>Whether an access is within what is checked before the loop; takes it into that check as long as that is not written.</summary>
    public bool IsBounded(Node address, long end)
    {
        if (!HasBound(address)) return false;
        for (int i = 0; i < bounds.Count; i++)
        {
            if (!IsSame(bounds[i].Address, address)) continue;
            if (IsChecked) return end <= bounds[i].End;
            bounds[i] = (address, Math.Max(end, bounds[i].End));
            return true;
        }

        if (IsChecked || bounds.Count == BoundsMax) return false;
        bounds.Add((address, end));
        return true;
    }

    /// <summary>Whether an address's own bound computes in 64 bits: <see cref="DepthMax"/> sums and shifts of 33 bits stay below.</summary>
    private bool HasBound(Node node) => node.Depth <= DepthMax && node switch
    {
        { Kind: NodeKind.Constant } => (int)node.Immediate >= 0,
        { Kind: NodeKind.Variable } => node.Variable == Counter || IsKept(node.Variable!),
        { Kind: NodeKind.Operator, Op: OpCode.I32Add } => HasBound(node.A!) && HasBound(node.B!),
        { Kind: NodeKind.Operator, Op: OpCode.I32Shl, B: { Kind: NodeKind.Constant, Immediate: >= 0 and <= ShiftMax } } => HasBound(node.A!),
        _ => false,
    };

    private bool IsKept(Variable variable)
    {
        int local = variable.IsTemporary ? -1 : Array.IndexOf(locals, variable);
        return local >= 0 && !assigned.Contains((uint)local);
    }

    private static bool IsSame(Node a, Node b) =>
        a.Kind == b.Kind && a.Op == b.Op && a.Variable == b.Variable && (a.Kind != NodeKind.Constant || a.Immediate == b.Immediate)
        && (a.Kind != NodeKind.Operator || (IsSame(a.A!, b.A!) && IsSame(a.B!, b.B!)));
}

/// <summary>The comparison that decides whether a loop goes on.</summary>
/// <param name="Counter">The local that is compared.</param>
/// <param name="LimitLocal">The local that holds the limit, or null.</param>
/// <param name="Limit">The limit where it is a constant; at least 0.</param>
/// <param name="Includes">It goes on at the limit itself.</param>
/// <param name="IsExact">It goes on anywhere but at the limit, which the counter has to hit.</param>
/// <param name="AtEnd">It is tested at the end, so that the first pass is not.</param>
internal sealed record LoopTest(uint Counter, uint? LimitLocal, int Limit, bool Includes, bool IsExact, bool AtEnd);
