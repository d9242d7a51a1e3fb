using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Execution;

/// <summary>What evaluating an expression touches; what may not change places says <see cref="Effects.Conflict"/>.</summary>
[Flags]
internal enum Effect : byte
{
    /// <summary>Constants, variables and what is computed from them.</summary>
    None = 0,

    /// <summary>It reads memory, and traps outside it.</summary>
    Load = 1,

    /// <summary>It reads a global, a table or a size.</summary>
    State = 2,

    /// <summary>It may trap.</summary>
    Trap = 4,

    /// <summary>It may do anything.</summary>
    Call = 8,
}

/// <summary>Rules of the order of evaluation.</summary>
internal static class Effects
{
    /// <summary>Whether what is evaluated now may not overtake what was to be evaluated before it.</summary>
    public static bool Conflict(Effect now, Effect before) =>
        ((now & Effect.Call) != 0 && before != 0)
        || ((before & Effect.Call) != 0 && now != 0)
        || ((now & Effect.Trap) != 0 && (before & (Effect.Trap | Effect.Load)) != 0)
        || ((before & Effect.Trap) != 0 && (now & Effect.Load) != 0);
}

/// <summary>What a node is.</summary>
internal enum NodeKind : byte
{
    Constant,
    Variable,
    Operator,
    Call,
}

/// <summary>
/// An expression that is not emitted yet. The compiler keeps the operand stack as a stack of these, so that each is emitted where it is used and IL's own stack
/// is empty between statements.
/// </summary>
internal sealed class Node
{
    public NodeKind Kind;
    public OpCode Op;
    public ValueType Type;
    public Effect Effect;

    /// <summary>How deep the expression is; deep ones are cut, since the just-in-time compiler walks them by recursion.</summary>
    public int Depth;

    /// <summary>The variables read: bit n stands for all whose number is n modulo 64.</summary>
    public ulong Reads;

    public Node? A;
    public Node? B;

    /// <summary>The arguments of a call.</summary>
    public Node[]? Arguments;

    /// <summary>A constant's bits, an access's offset, or an index.</summary>
    public long Immediate;

    /// <summary>The high half of a vector's bits, or a lane.</summary>
    public long Immediate2;

    public Variable? Variable;

    public bool IsZero => Kind == NodeKind.Constant && Immediate == 0;
}

/// <summary>A local variable or an argument in IL.</summary>
internal sealed class Variable
{
    public required ValueType Type { get; init; }

    /// <summary>Its index among IL's arguments or locals.</summary>
    public required int Index { get; init; }

    public required bool IsArgument { get; init; }

    /// <summary>Its bit in <see cref="Node.Reads"/>.</summary>
    public required ulong Bit { get; init; }

    /// <summary>Made by the compiler for one value, to be used again when that was read.</summary>
    public bool IsTemporary { get; init; }
}
