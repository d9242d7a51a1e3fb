using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Execution;

/// <summary>The instructions of an innermost loop that calls nothing, as far as counting and branching go; see <see cref="CountedLoop"/>.</summary>
internal sealed class LoopShape
{
    private readonly List<Step> steps = [];

    /// <summary>The last step that assigns a local.</summary>
    private readonly Dictionary<uint, int> lastAssigned = [];

    private readonly HashSet<uint> assignedTwice = [];

    /// <summary>Steps that branch to the loop's head.</summary>
    private readonly List<int> repeats = [];

    private LoopShape()
    {
    }

    /// <summary>Locals that the loop assigns.</summary>
    public HashSet<uint> Assigned { get; } = [];

    /// <summary>Reads a loop's instructions up to its end; null where it holds another loop, a call, or too many.</summary>
    public static LoopShape? Read(InstructionReader reader, int instructionsMax)
    {
        var shape = new LoopShape();
        int depth = 0;
        while (shape.steps.Count < instructionsMax)
        {
            reader.Read();
            if (reader.Op is OpCode.Loop or OpCode.Call or OpCode.CallIndirect or OpCode.BrTable or OpCode.MemoryGrow) return null;
            if (reader.Op == OpCode.End && depth-- == 0) return shape;
            shape.Add(new Step(reader.Op, reader.Index, reader.Constant, reader.Op == OpCode.Else ? depth - 1 : depth));
            if (reader.Op is OpCode.Block or OpCode.If) depth++;
        }

        return null;
    }

    /// <summary>The first test that every way back to the head passes.</summary>
    public LoopTest? FindTest()
    {
        for (int i = 0; i < steps.Count; i++)
        {
            Step step = steps[i];
            if (step.Depth == 0 && step.Op is OpCode.If or OpCode.BrIf && TestAt(i) is { } test && Grows(test, i)) return test;
            if (repeats.Contains(i)) return null;
        }

        return null;
    }

    /// <summary>What is added to a local, where the loop assigns it in one place and there as <c>k = k + constant</c>.</summary>
    public long? StepOf(uint local) => GrowthOf(local) is { } place ? ConstantBefore(place) : null;

    private void Add(Step step)
    {
        int place = steps.Count;
        steps.Add(step);
        if (step.Op is OpCode.LocalSet or OpCode.LocalTee)
        {
            if (!Assigned.Add(step.Index)) assignedTwice.Add(step.Index);
            lastAssigned[step.Index] = place;
        }
        else if (step.Op is OpCode.Br or OpCode.BrIf && step.Index == (uint)step.Depth)
        {
            repeats.Add(place);
        }
    }

    private int? GrowthOf(uint local) =>
        lastAssigned.TryGetValue(local, out int place) && !assignedTwice.Contains(local) && place >= 3 && steps[place - 1].Op == OpCode.I32Add
        && (IsGet(place - 2, local) ? steps[place - 3].Op == OpCode.I32Const : IsGet(place - 3, local) && steps[place - 2].Op == OpCode.I32Const)
            ? place
            : null;

    private long ConstantBefore(int place) => steps[place - 2].Op == OpCode.I32Const ? steps[place - 2].Constant : steps[place - 3].Constant;

    private bool IsGet(int place, uint local) => steps[place].Op == OpCode.LocalGet && steps[place].Index == local;

    /// <summary>A comparison before the branch or <c>if</c> at a place, as what makes the loop go on.</summary>
    private LoopTest? TestAt(int place)
    {
        bool repeats = steps[place].Op == OpCode.BrIf && steps[place].Index == 0;
        bool goesOn = steps[place].Op == OpCode.If || repeats;
        int at = place - 1;
        for (; at >= 0 && steps[at].Op == OpCode.I32Eqz; at--) goesOn = !goesOn;
        if (at < 2) return null;
        OpCode op = steps[at].Op;
        Step first = steps[at - 2];
        Step second = steps[at - 1];
        if (!goesOn)
        {
            if (Inverse(op) is not { } inverse) return null;
            op = inverse;
        }

        if (op is OpCode.I32GtS or OpCode.I32GtU or OpCode.I32GeS or OpCode.I32GeU)
        {
            // limit > k
            (first, second) = (second, first);
            op = op is OpCode.I32GtS or OpCode.I32GtU ? OpCode.I32LtS : OpCode.I32LeS;
        }

        bool isExact = op == OpCode.I32Ne;
        if (!isExact && op is not (OpCode.I32LtS or OpCode.I32LtU or OpCode.I32LeS or OpCode.I32LeU)) return null;
        if (isExact && !repeats) return null;
        if (first.Op is not (OpCode.LocalGet or OpCode.LocalTee) || second.Op is not (OpCode.LocalGet or OpCode.I32Const)) return null;
        bool constant = second.Op == OpCode.I32Const;
        if (constant ? (int)second.Constant < 0 : Assigned.Contains(second.Index)) return null;
        return new LoopTest(first.Index, constant ? null : second.Index, constant ? (int)second.Constant : 0, op is OpCode.I32LeS or OpCode.I32LeU, isExact, repeats);
    }

    private static OpCode? Inverse(OpCode op) => op switch
    {
        OpCode.I32LtS => OpCode.I32GeS,
        OpCode.I32LtU => OpCode.I32GeU,
        OpCode.I32GtS => OpCode.I32LeS,
        OpCode.I32GtU => OpCode.I32LeU,
        OpCode.I32LeS => OpCode.I32GtS,
        OpCode.I32LeU => OpCode.I32GtU,
        OpCode.I32GeS => OpCode.I32LtS,
        OpCode.I32GeU => OpCode.I32LtU,
        OpCode.I32Eq => OpCode.I32Ne,
        _ => null,
    };

    /// <summary>Whether the counter grows, and the loop repeats, only where the test at a place lets it; at the end: only by that test, and once a pass.</summary>
    private bool Grows(LoopTest test, int place)
    {
        if (GrowthOf(test.Counter) is not { } growth) return false;
        if (test.AtEnd) return repeats.Count == 1 && growth < place && steps[growth].Depth == 0;
        int end = steps.Count;
        if (steps[place].Op == OpCode.If)
        {
            for (end = place + 1; steps[end].Depth > 0 || steps[end].Op is not (OpCode.End or OpCode.Else); end++)
            {
            }
        }

        return growth > place && growth < end && repeats.TrueForAll(repeat => repeat > place && repeat < end);
    }

    /// <summary>An instruction.</summary>
    /// <param name="Op">What it does.</param>
    /// <param name="Index">Its local or label.</param>
    /// <param name="Constant">Its constant.</param>
    /// <param name="Depth">Blocks of the loop that it stands in; an <c>end</c> or <c>else</c> stands outside its own.</param>
    private readonly record struct Step(OpCode Op, uint Index, long Constant, int Depth);
}
