using System.Globalization;
using System.Runtime.Intrinsics;
using Egregore.Wasm;
using WasmType = Egregore.Wasm.ValueType;

namespace Egregore.Cli.Commands;

/// <summary>Types and values as the text format names them.</summary>
internal static class WasmText
{
    public static string Of(WasmType type) => type.ToString().ToLowerInvariant();

    public static string Of(ExternalKind kind) => kind.ToString().ToLowerInvariant();

    public static string Of(FuncType type) => $"({List(type.Parameters)}) -> ({List(type.Results)})";

    public static string Of(TableType type) => $"{type.Minimum}..{Bound(type.Maximum)} {Of(type.Element)}";

    public static string Of(MemoryType type) => $"{type.Minimum}..{Bound(type.Maximum)} pages of 65536 bytes";

    public static string Of(GlobalType type) => type.Mutable ? $"mut {Of(type.Type)}" : Of(type.Type);

    public static string Of(ModuleImport import) => import switch
    {
        { Func: { } func } => Of(func),
        { Table: { } table } => Of(table),
        { Memory: { } memory } => Of(memory),
        { Global: { } global } => Of(global),
        _ => "",
    };

    /// <summary>A result as text: numbers in decimal, a float with as many digits as tell it from its neighbours, a vector as 32 hexadecimal digits, lane 0 first.</summary>
    public static string Of(Value value, WasmType type) => type switch
    {
        WasmType.I32 => value.I32.ToString(CultureInfo.InvariantCulture),
        WasmType.I64 => value.I64.ToString(CultureInfo.InvariantCulture),
        WasmType.F32 => float.IsNaN(value.F32) ? $"nan:0x{value.F32Bits:x8}" : value.F32.ToString("R", CultureInfo.InvariantCulture),
        WasmType.F64 => double.IsNaN(value.F64) ? $"nan:0x{value.F64Bits:x16}" : value.F64.ToString("R", CultureInfo.InvariantCulture),
        WasmType.V128 => Hex(value.V128),
        _ => value.Extern is null ? "null" : Of(type),
    };

    /// <summary>An argument from text: integers signed or unsigned in decimal or 0x hexadecimal, floats as C# reads them, a vector as 32 hexadecimal digits, <c>null</c>.</summary>
    public static bool TryParse(string text, WasmType type, out Value value)
    {
        value = default;
        switch (type)
        {
            case WasmType.I32 when TryInteger(text, 32, out var bits):
                value = Value.FromI32((int)bits);
                return true;
            case WasmType.I64 when TryInteger(text, 64, out var bits):
                value = Value.FromI64(bits);
                return true;
            case WasmType.F32 when float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var single):
                value = Value.FromF32(single);
                return true;
            case WasmType.F64 when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number):
                value = Value.FromF64(number);
                return true;
            case WasmType.V128 when text.Length == 32 && text.All(char.IsAsciiHexDigit):
                value = Value.FromV128(Vector128.Create(Convert.FromHexString(text)));
                return true;
            case WasmType.FuncRef or WasmType.ExternRef:
                return text == "null";
            default:
                return false;
        }
    }

    private static bool TryInteger(string text, int size, out long bits)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bits) && text.Length <= 2 + size / 4;
        if (!Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            bits = 0;
            return false;
        }

        bits = unchecked((long)number);
        return number >= -(Int128.One << (size - 1)) && number < Int128.One << size;
    }

    private static string Hex(Vector128<byte> vector)
    {
        Span<byte> bytes = stackalloc byte[16];
        vector.CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private static string List(ReadOnlySpan<WasmType> types)
    {
        var names = new string[types.Length];
        for (var i = 0; i < types.Length; i++)
            names[i] = Of(types[i]);
        return string.Join(", ", names);
    }

    private static string Bound(uint? maximum) => maximum?.ToString(CultureInfo.InvariantCulture) ?? "";
}
