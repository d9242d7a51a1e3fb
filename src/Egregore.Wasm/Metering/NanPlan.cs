using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Metering;

/// <summary>
/// Which instructions of one function need their NaN made canonical: those that may compute one whose bits the specification leaves open, but for a result that only feeds
/// operators which do not look at a NaN's bits (arithmetic, whose own result is looked after, comparisons, truncations).
/// </summary>
/// <remarks>Values are followed on the operand stack through straight code; whatever is still there where control forks, joins or calls is made canonical.</remarks>
internal sealed class NanPlan
{
    private readonly HashSet<int> needed = [];
    private readonly List<(int Start, NanShape Shape)> stack = [];

    /// <summary>Whether the instruction at an offset is followed by the correction.</summary>
    public bool Needs(int start) => needed.Contains(start);

    /// <summary>Reads a valid function's instructions.</summary>
    public void Read(ReadOnlySpan<byte> module, Slice code)
    {
        needed.Clear();
        stack.Clear();
        var instructions = new InstructionReader(module, code.Start, code.End);
        while (!instructions.AtEnd)
        {
            instructions.Read();
            switch (instructions.Op)
            {
                case OpCode.Drop:
                    Take();
                    break;
                case OpCode.LocalGet or OpCode.GlobalGet:
                    stack.Add(default);
                    break;
                case OpCode.LocalSet or OpCode.GlobalSet:
                    Need(Take());
                    break;
                case OpCode.LocalTee:
                    Need(Take());
                    stack.Add(default);
                    break;
                default:
                    Step(instructions.Op, instructions.Start);
                    break;
            }
        }
    }

    /// <summary>The lanes of the NaN that an operator may compute.</summary>
    public static NanShape Computes(OpCode op) => op switch
    {
        >= OpCode.F32Ceil and <= OpCode.F32Max or OpCode.F32DemoteF64 => NanShape.F32,
        >= OpCode.F64Ceil and <= OpCode.F64Max or OpCode.F64PromoteF32 => NanShape.F64,
        >= OpCode.F32x4Ceil and <= OpCode.F32x4Nearest or >= OpCode.F32x4Sqrt and <= OpCode.F32x4Max or OpCode.F32x4DemoteF64x2Zero => NanShape.F32x4,
        OpCode.F64x2Ceil or OpCode.F64x2Floor or OpCode.F64x2Trunc or OpCode.F64x2Nearest => NanShape.F64x2,
        >= OpCode.F64x2Sqrt and <= OpCode.F64x2Max or OpCode.F64x2PromoteLowF32x4 => NanShape.F64x2,
        _ => NanShape.None,
    };

    private static bool Ignores(OpCode op, NanShape shape) => shape switch
    {
        NanShape.F32 => op is >= OpCode.F32Eq and <= OpCode.F32Ge or >= OpCode.F32Ceil and <= OpCode.F32Max or OpCode.F64PromoteF32
            or OpCode.I32TruncF32S or OpCode.I32TruncF32U or OpCode.I64TruncF32S or OpCode.I64TruncF32U
            or OpCode.I32TruncSatF32S or OpCode.I32TruncSatF32U or OpCode.I64TruncSatF32S or OpCode.I64TruncSatF32U,
        NanShape.F64 => op is >= OpCode.F64Eq and <= OpCode.F64Ge or >= OpCode.F64Ceil and <= OpCode.F64Max or OpCode.F32DemoteF64
            or OpCode.I32TruncF64S or OpCode.I32TruncF64U or OpCode.I64TruncF64S or OpCode.I64TruncF64U
            or OpCode.I32TruncSatF64S or OpCode.I32TruncSatF64U or OpCode.I64TruncSatF64S or OpCode.I64TruncSatF64U,
        NanShape.F32x4 => op is >= OpCode.F32x4Eq and <= OpCode.F32x4Ge or OpCode.I32x4TruncSatF32x4S or OpCode.I32x4TruncSatF32x4U or OpCode.F64x2PromoteLowF32x4
            || (op != OpCode.F32x4DemoteF64x2Zero && Computes(op) == NanShape.F32x4),
        NanShape.F64x2 => op is >= OpCode.F64x2Eq and <= OpCode.F64x2Ge or OpCode.I32x4TruncSatF64x2SZero or OpCode.I32x4TruncSatF64x2UZero or OpCode.F32x4DemoteF64x2Zero
            || (op != OpCode.F64x2PromoteLowF32x4 && Computes(op) == NanShape.F64x2),
        _ => true,
    };

    private void Step(OpCode op, int start)
    {
        if (OpCodeTable.Of(op) is not { } info)
        {
            foreach ((int Start, NanShape Shape) value in stack) Need(value);
            stack.Clear();
            return;
        }

        for (int i = 0; i < info.Operands.Length; i++)
        {
            (int Start, NanShape Shape) value = Take();
            if (!Ignores(op, value.Shape)) Need(value);
        }

        if (info.Result != 0) stack.Add((start, Computes(op)));
    }

    private (int Start, NanShape Shape) Take()
    {
        if (stack.Count == 0) return default;
        (int Start, NanShape Shape) value = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private void Need((int Start, NanShape Shape) value)
    {
        if (value.Shape != NanShape.None) needed.Add(value.Start);
    }
}

/// <summary>The type of a value whose NaN is open, by lane.</summary>
internal enum NanShape : byte
{
    None,
    F32,
    F64,
    F32x4,
    F64x2,
}
