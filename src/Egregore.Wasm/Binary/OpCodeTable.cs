namespace Egregore.Wasm.Binary;

/// <summary>What the validator and the compiler know about the instructions whose types do not depend on where they stand.</summary>
internal static partial class OpCodeTable
{
    private const int PrefixedBase = 256;

    private static readonly OpCodeInfo?[] Infos;

    // In a constructor, which runs after the fields of every file: the order of the files is the compiler's, and the rows have to be there.
    static OpCodeTable() => Infos = Build();

    /// <summary>A dense index of an instruction: one-byte numbers first, then those behind 0xFC, then behind 0xFD.</summary>
    public static int IndexOf(OpCode op) => (int)op < PrefixedBase ? (int)op : (((int)op >> 8) - 0xFC + 1) * PrefixedBase + ((int)op & 0xFF);

    /// <summary>The row of an instruction, or null where its types depend on its context.</summary>
    public static OpCodeInfo? Of(OpCode op) => Infos[IndexOf(op)];

    private static OpCodeInfo?[] Build()
    {
        var infos = new OpCodeInfo?[3 * PrefixedBase];
        foreach ((OpCode op, string signature, int align) in Rows)
        {
            int colon = signature.IndexOf(':', StringComparison.Ordinal);
            infos[IndexOf(op)] = new OpCodeInfo
            {
                Operands = [.. signature.Take(colon).Select(TypeOf)],
                Result = colon + 1 < signature.Length ? TypeOf(signature[colon + 1]) : 0,
                AlignmentExponent = align,
            };
        }

        return infos;
    }

    private static ValueType TypeOf(char letter) => letter switch
    {
        'i' => ValueType.I32,
        'l' => ValueType.I64,
        'f' => ValueType.F32,
        'd' => ValueType.F64,
        'v' => ValueType.V128,
        _ => throw new ArgumentOutOfRangeException(nameof(letter)),
    };
}

/// <summary>The types of an instruction.</summary>
internal sealed class OpCodeInfo
{
    /// <summary>What it takes, the lowest of the stack first.</summary>
    public required ValueType[] Operands { get; init; }

    /// <summary>What it leaves, or 0.</summary>
    public required ValueType Result { get; init; }

    /// <summary>The exponent of an access's natural alignment (its width in bytes is 2 to that), or -1.</summary>
    public required int AlignmentExponent { get; init; }
}
