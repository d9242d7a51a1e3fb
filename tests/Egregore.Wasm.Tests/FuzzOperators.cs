namespace Egregore.Wasm.Tests;

/// <summary>What follows an operator's code.</summary>
internal enum FuzzImmediate
{
    None,

    /// <summary>Alignment (at most <see cref="FuzzOperator.Bits"/>) and offset.</summary>
    Memory,

    /// <summary>The same, and a lane below 16 shifted right by the alignment.</summary>
    MemoryLane,

    /// <summary>A lane below <see cref="FuzzOperator.Bits"/>.</summary>
    Lane,

    /// <summary>Sixteen lanes below 32.</summary>
    Shuffle,
}

/// <summary>An operator without control flow: the operands and the result by letter (i I f F v), after the address for one that reads or writes memory.</summary>
/// <param name="Prefix">0, 0xFC or 0xFD.</param>
/// <param name="Code">The code after the prefix.</param>
/// <param name="Operands">From the bottom of the stack.</param>
/// <param name="Result">One letter; a space for none.</param>
/// <param name="Immediate">What follows.</param>
/// <param name="Bits">The bound of the immediate.</param>
/// <param name="Shape">f or F where a NaN in the v128 result may have any payload.</param>
internal sealed record FuzzOperator(int Prefix, int Code, string Operands, char Result, FuzzImmediate Immediate = FuzzImmediate.None, int Bits = 0, char Shape = ' ');

/// <summary>Every operator of WebAssembly 2.0 that is not control, variable, reference, table or bulk (specification 2.0, chapter 5.4).</summary>
internal static class FuzzOperators
{
    public static readonly IReadOnlyList<FuzzOperator> All = [.. Scalars(), .. Memory(), .. Vectors(), .. VectorMemory()];

    private static readonly Dictionary<char, FuzzOperator[]> ByResult = All.GroupBy(o => o.Result).ToDictionary(g => g.Key, g => g.ToArray());

    /// <summary>Those that leave a type; a space for the stores.</summary>
    public static FuzzOperator[] Giving(char type) => ByResult[type];

    private static IEnumerable<FuzzOperator> Range(int prefix, int first, int last, string operands, char result) =>
        Enumerable.Range(first, last - first + 1).Select(code => new FuzzOperator(prefix, code, operands, result));

    private static IEnumerable<FuzzOperator> Scalars() =>
    [
        .. Range(0, 0x45, 0x45, "i", 'i'), .. Range(0, 0x46, 0x4F, "ii", 'i'), .. Range(0, 0x50, 0x50, "I", 'i'), .. Range(0, 0x51, 0x5A, "II", 'i'),
        .. Range(0, 0x5B, 0x60, "ff", 'i'), .. Range(0, 0x61, 0x66, "FF", 'i'),
        .. Range(0, 0x67, 0x69, "i", 'i'), .. Range(0, 0x6A, 0x78, "ii", 'i'), .. Range(0, 0x79, 0x7B, "I", 'I'), .. Range(0, 0x7C, 0x8A, "II", 'I'),
        .. Range(0, 0x8B, 0x91, "f", 'f'), .. Range(0, 0x92, 0x98, "ff", 'f'), .. Range(0, 0x99, 0x9F, "F", 'F'), .. Range(0, 0xA0, 0xA6, "FF", 'F'),
        .. Range(0, 0xA7, 0xA7, "I", 'i'), .. Range(0, 0xA8, 0xA9, "f", 'i'), .. Range(0, 0xAA, 0xAB, "F", 'i'),
        .. Range(0, 0xAC, 0xAD, "i", 'I'), .. Range(0, 0xAE, 0xAF, "f", 'I'), .. Range(0, 0xB0, 0xB1, "F", 'I'),
        .. Range(0, 0xB2, 0xB3, "i", 'f'), .. Range(0, 0xB4, 0xB5, "I", 'f'), .. Range(0, 0xB6, 0xB6, "F", 'f'),
        .. Range(0, 0xB7, 0xB8, "i", 'F'), .. Range(0, 0xB9, 0xBA, "I", 'F'), .. Range(0, 0xBB, 0xBB, "f", 'F'),
        .. Range(0, 0xBC, 0xBC, "f", 'i'), .. Range(0, 0xBD, 0xBD, "F", 'I'), .. Range(0, 0xBE, 0xBE, "i", 'f'), .. Range(0, 0xBF, 0xBF, "I", 'F'),
        .. Range(0, 0xC0, 0xC1, "i", 'i'), .. Range(0, 0xC2, 0xC4, "I", 'I'),
        .. Range(0xFC, 0, 1, "f", 'i'), .. Range(0xFC, 2, 3, "F", 'i'), .. Range(0xFC, 4, 5, "f", 'I'), .. Range(0xFC, 6, 7, "F", 'I'),
    ];

    private static IEnumerable<FuzzOperator> Memory()
    {
        (int Code, string Operands, char Result, int Align)[] all =
        [
            (0x28, "i", 'i', 2), (0x29, "i", 'I', 3), (0x2A, "i", 'f', 2), (0x2B, "i", 'F', 3), (0x2C, "i", 'i', 0), (0x2D, "i", 'i', 0), (0x2E, "i", 'i', 1), (0x2F, "i", 'i', 1),
            (0x30, "i", 'I', 0), (0x31, "i", 'I', 0), (0x32, "i", 'I', 1), (0x33, "i", 'I', 1), (0x34, "i", 'I', 2), (0x35, "i", 'I', 2),
            (0x36, "ii", ' ', 2), (0x37, "iI", ' ', 3), (0x38, "if", ' ', 2), (0x39, "iF", ' ', 3), (0x3A, "ii", ' ', 0), (0x3B, "ii", ' ', 1), (0x3C, "iI", ' ', 0), (0x3D, "iI", ' ', 1), (0x3E, "iI", ' ', 2),
        ];
        return all.Select(o => new FuzzOperator(0, o.Code, o.Operands, o.Result, FuzzImmediate.Memory, o.Align));
    }

    private static IEnumerable<FuzzOperator> VectorMemory()
    {
        int[] loadAligns = [4, 3, 3, 3, 3, 3, 3, 0, 1, 2, 3];
        for (int code = 0; code < loadAligns.Length; code++) yield return new(0xFD, code, "i", 'v', FuzzImmediate.Memory, loadAligns[code]);
        yield return new(0xFD, 11, "iv", ' ', FuzzImmediate.Memory, 4);
        yield return new(0xFD, 92, "i", 'v', FuzzImmediate.Memory, 2);
        yield return new(0xFD, 93, "i", 'v', FuzzImmediate.Memory, 3);
        for (int align = 0; align < 4; align++)
        {
            yield return new(0xFD, 84 + align, "iv", 'v', FuzzImmediate.MemoryLane, align);
            yield return new(0xFD, 88 + align, "iv", ' ', FuzzImmediate.MemoryLane, align);
        }
    }

    private static IEnumerable<FuzzOperator> Vectors()
    {
        const int vector = 0xFD;
        yield return new(vector, 13, "vv", 'v', FuzzImmediate.Shuffle);
        yield return new(vector, 14, "vv", 'v');
        foreach ((int code, char from) in new[] { (15, 'i'), (16, 'i'), (17, 'i'), (18, 'I'), (19, 'f'), (20, 'F') }) yield return new(vector, code, $"{from}", 'v');
        foreach ((int code, char type, int lanes) in new[] { (21, 'i', 16), (22, 'i', 16), (24, 'i', 8), (25, 'i', 8), (27, 'i', 4), (29, 'I', 2), (31, 'f', 4), (33, 'F', 2) })
            yield return new(vector, code, "v", type, FuzzImmediate.Lane, lanes);
        foreach ((int code, char type, int lanes) in new[] { (23, 'i', 16), (26, 'i', 8), (28, 'i', 4), (30, 'I', 2), (32, 'f', 4), (34, 'F', 2) })
            yield return new(vector, code, $"v{type}", 'v', FuzzImmediate.Lane, lanes);
        foreach (int code in Codes("35-76 78-81 101-102 110-115 118-121 123 130 133-134 142-147 149-153 155-159 174 177 181-186 188-191 206 209 213-219 220-223"))
            yield return new(vector, code, "vv", 'v');
        foreach (int code in Codes("77 96-98 124-129 135-138 160-161 167-170 192-193 199-202 224-225 236-237 248-255")) yield return new(vector, code, "v", 'v');
        foreach (int code in Codes("83 99-100 131-132 163-164 195-196")) yield return new(vector, code, "v", 'i');
        foreach (int code in Codes("107-109 139-141 171-173 203-205")) yield return new(vector, code, "vi", 'v');
        foreach (int code in Codes("94 103-106 227")) yield return new(vector, code, "v", 'v', Shape: 'f');
        foreach (int code in Codes("228-235")) yield return new(vector, code, "vv", 'v', Shape: 'f');
        foreach (int code in Codes("95 116-117 122 148 239")) yield return new(vector, code, "v", 'v', Shape: 'F');
        foreach (int code in Codes("240-247")) yield return new(vector, code, "vv", 'v', Shape: 'F');
        yield return new(vector, 82, "vvv", 'v');
    }

    private static IEnumerable<int> Codes(string ranges)
    {
        foreach (string range in ranges.Split(' '))
        {
            string[] ends = range.Split('-');
            for (int code = int.Parse(ends[0]); code <= int.Parse(ends[^1]); code++) yield return code;
        }
    }
}
