using System.Text;

namespace Egregore.Wasm.Tests;

/// <summary>Writes modules for tests: sections from what was added, indices in the order of adding.</summary>
internal sealed class WasmWriter
{
    private readonly List<byte[]> types = [];
    private readonly List<byte[]> imports = [];
    private readonly List<byte[]> functions = [];
    private readonly List<byte[]> tables = [];
    private readonly List<byte[]> memories = [];
    private readonly List<byte[]> globals = [];
    private readonly List<byte[]> exports = [];
    private readonly List<byte[]> elements = [];
    private readonly List<byte[]> data = [];
    private readonly List<byte[]> bodies = [];
    private readonly List<(int Index, string Name)> names = [];
    private int importedFunctions;
    private int start = -1;

    public const byte I32 = 0x7F;
    public const byte I64 = 0x7E;
    public const byte F32 = 0x7D;
    public const byte F64 = 0x7C;
    public const byte V128 = 0x7B;
    public const byte FuncRef = 0x70;
    public const byte ExternRef = 0x6F;
    public const byte End = 0x0B;

    public static byte[] U(uint value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    public static byte[] S(long value)
    {
        var bytes = new List<byte>();
        while (true)
        {
            byte next = (byte)(value & 0x7F);
            value >>= 7;
            if ((value == 0 && (next & 0x40) == 0) || (value == -1 && (next & 0x40) != 0))
            {
                bytes.Add(next);
                return [.. bytes];
            }

            bytes.Add((byte)(next | 0x80));
        }
    }

    public static byte[] Const(int value) => [0x41, .. S(value)];

    public static byte[] Get(int local) => [0x20, .. U((uint)local)];

    public static byte[] Call(int function) => [0x10, .. U((uint)function)];

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    public int Type(byte[] parameters, byte[] results)
    {
        types.Add([0x60, .. Vector(parameters), .. Vector(results)]);
        return types.Count - 1;
    }

    public int ImportFunc(string module, string name, int type)
    {
        imports.Add([.. Name(module), .. Name(name), 0, .. U((uint)type)]);
        return importedFunctions++;
    }

    public void Import(string module, string name, byte kind, byte[] type) => imports.Add([.. Name(module), .. Name(name), kind, .. type]);

    /// <summary>Adds a function; its body stands without the closing end.</summary>
    public int Func(int type, string? export, byte[] body, params (uint Count, byte Type)[] locals)
    {
        functions.Add(U((uint)type));
        byte[] code = [.. U((uint)locals.Length), .. locals.SelectMany(group => (byte[])[.. U(group.Count), group.Type]), .. body, End];
        bodies.Add([.. U((uint)code.Length), .. code]);
        int index = importedFunctions + functions.Count - 1;
        if (export is not null) Export(export, 0, index);
        return index;
    }

    /// <summary>Adds a function of a type of its own.</summary>
    public int Func(byte[] parameters, byte[] results, string? export, byte[] body, params (uint Count, byte Type)[] locals) =>
        Func(Type(parameters, results), export, body, locals);

    public void Memory(uint minimum, uint? maximum = null) =>
        memories.Add(maximum is { } max ? [1, .. U(minimum), .. U(max)] : [0, .. U(minimum)]);

    public void Table(byte type, uint minimum, uint? maximum = null) =>
        tables.Add(maximum is { } max ? [type, 1, .. U(minimum), .. U(max)] : [type, 0, .. U(minimum)]);

    public void Global(byte type, bool mutable, byte[] initial) => globals.Add([type, (byte)(mutable ? 1 : 0), .. initial, End]);

    public void Export(string name, byte kind, int index) => exports.Add([.. Name(name), kind, .. U((uint)index)]);

    public void Elements(int offset, params int[] items) =>
        elements.Add([0, .. Const(offset), End, .. U((uint)items.Length), .. items.SelectMany(item => U((uint)item))]);

    public void Data(int offset, byte[] bytes) => data.Add([0, .. Const(offset), End, .. U((uint)bytes.Length), .. bytes]);

    public void Start(int function) => start = function;

    public void NameOf(int function, string name) => names.Add((function, name));

    public byte[] Build()
    {
        var module = new List<byte> { 0, 0x61, 0x73, 0x6D, 1, 0, 0, 0 };
        Section(module, 1, types);
        Section(module, 2, imports);
        Section(module, 3, functions);
        Section(module, 4, tables);
        Section(module, 5, memories);
        Section(module, 6, globals);
        Section(module, 7, exports);
        if (start >= 0) module.AddRange([8, .. Sized(U((uint)start))]);
        Section(module, 9, elements);
        Section(module, 10, bodies);
        Section(module, 11, data);
        if (names.Count > 0)
        {
            byte[] map = [.. U((uint)names.Count), .. names.SelectMany(name => (byte[])[.. U((uint)name.Index), .. Name(name.Name)])];
            module.AddRange([0, .. Sized([.. Name("name"), 0, .. Sized(Name("test")), 1, .. Sized(map)])]);
        }

        return [.. module];
    }

    private static byte[] Name(string name) => Sized(Encoding.UTF8.GetBytes(name));

    private static byte[] Sized(byte[] bytes) => [.. U((uint)bytes.Length), .. bytes];

    private static byte[] Vector(byte[] items) => Sized(items);

    private static void Section(List<byte> module, byte id, List<byte[]> items)
    {
        if (items.Count == 0) return;
        module.Add(id);
        module.AddRange(Sized([.. U((uint)items.Count), .. items.SelectMany(item => item)]));
    }
}
