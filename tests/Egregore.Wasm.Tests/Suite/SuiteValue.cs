using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace Egregore.Wasm.Tests.Suite;

/// <summary>The suite's values: floats by their bits, or as a class of NaN; vectors by lanes; references by a number.</summary>
internal static class SuiteValue
{
    public static Value Parse(JsonElement element)
    {
        string type = element.GetProperty("type").GetString()!;
        if (type == "v128") return Value.FromV128(Vector(element));
        string text = element.GetProperty("value").GetString()!;
        return type switch
        {
            "i32" or "f32" => Value.FromF32Bits(uint.Parse(text, CultureInfo.InvariantCulture)),
            "i64" or "f64" => Value.FromF64Bits(ulong.Parse(text, CultureInfo.InvariantCulture)),
            _ => text == "null" ? default : Value.FromExtern(int.Parse(text, CultureInfo.InvariantCulture)),
        };
    }

    public static bool Matches(JsonElement expected, ValueType type, Value value)
    {
        string wanted = expected.GetProperty("type").GetString()!;
        if (!string.Equals(wanted, type.ToString(), StringComparison.OrdinalIgnoreCase)) return false;
        if (type == ValueType.V128)
        {
            (string lane, string[] texts) = Lanes(expected);
            int bits = int.Parse(lane.AsSpan(1), CultureInfo.InvariantCulture);
            for (int i = 0; i < texts.Length; i++)
            {
                if (!Scalar(lane, texts[i], LaneAt(value.V128, bits, i))) return false;
            }

            return true;
        }

        string? text = expected.TryGetProperty("value", out JsonElement element) ? element.GetString() : null;
        return type switch
        {
            ValueType.FuncRef => text is null ? value.Func is not null : text == "null" && value.Func is null,
            ValueType.ExternRef => text == "null" ? value.Extern is null : Equals(value.Extern, int.Parse(text!, CultureInfo.InvariantCulture)),
            _ => Scalar(wanted, text!, type is ValueType.I32 or ValueType.F32 ? value.F32Bits : value.F64Bits),
        };
    }

    public static string Print(ValueType type, Value value) => type switch
    {
        ValueType.I32 or ValueType.F32 => $"{value.F32Bits} ({value.F32})",
        ValueType.I64 or ValueType.F64 => $"{value.F64Bits} ({value.F64})",
        ValueType.V128 => value.V128.ToString(),
        _ => value.Extern?.ToString() ?? "null",
    };

    /// <summary>A canonical NaN has only the highest bit of its payload; an arithmetic one has that bit and any others; the sign is free.</summary>
    private static bool Scalar(string type, string text, ulong bits) => text switch
    {
        "nan:canonical" => type == "f32" ? (bits & 0x7FFFFFFF) == 0x7FC00000 : (bits & 0x7FFFFFFFFFFFFFFF) == 0x7FF8000000000000,
        "nan:arithmetic" => type == "f32" ? (bits & 0x7FC00000) == 0x7FC00000 : (bits & 0x7FF8000000000000) == 0x7FF8000000000000,
        _ => ulong.Parse(text, CultureInfo.InvariantCulture) == bits,
    };

    private static (string Type, string[] Texts) Lanes(JsonElement element) =>
        (element.GetProperty("lane_type").GetString()!, [.. element.GetProperty("value").EnumerateArray().Select(lane => lane.GetString()!)]);

    private static Vector128<byte> Vector(JsonElement element)
    {
        (string lane, string[] texts) = Lanes(element);
        int bytes = int.Parse(lane.AsSpan(1), CultureInfo.InvariantCulture) / 8;
        Span<byte> vector = stackalloc byte[16];
        for (int i = 0; i < texts.Length; i++)
        {
            ulong bits = ulong.Parse(texts[i], CultureInfo.InvariantCulture);
            for (int j = 0; j < bytes; j++) vector[(i * bytes) + j] = (byte)(bits >> (8 * j));
        }

        return Vector128.Create<byte>(vector);
    }

    private static ulong LaneAt(Vector128<byte> vector, int bits, int lane) => bits switch
    {
        8 => vector[lane],
        16 => vector.AsUInt16()[lane],
        32 => vector.AsUInt32()[lane],
        _ => vector.AsUInt64()[lane],
    };
}
