using System.Globalization;

namespace Egregore.Wire.Generator.Schema;

/// <summary>The default values of fields, checked against their types and written as C#.</summary>
internal static class Defaults
{
    public static void Resolve(Field field, bool inStruct)
    {
        if (field.DefaultText is not null && inStruct)
        {
            throw Invalid(field.DefaultPosition, "a field of a struct has no default");
        }
        if (field.IsRequired && field.Type.Kind is TypeKind.Scalar or TypeKind.Enum)
        {
            throw Invalid(field.Attributes["required"].Position, "a scalar is never required: its default stands in for it");
        }
        switch (field.Type.Kind)
        {
            case TypeKind.Scalar when field.DefaultText == "null":
            case TypeKind.Enum when field.DefaultText == "null":
                field.IsOptional = true;
                field.DefaultCSharp = "default(" + field.Type.CSharp + ")";
                break;
            case TypeKind.Scalar:
                field.DefaultCSharp = OfScalar(field.DefaultText ?? "0", field.Type.Scalar!, field.DefaultPosition);
                break;
            case TypeKind.Enum:
                field.DefaultCSharp = OfEnum(field, (EnumDeclaration)field.Type.Declaration!, inStruct);
                break;
            default:
                if (field.DefaultText is not null)
                {
                    throw new SchemaException(SchemaErrorKind.Unsupported, field.DefaultPosition, $"not supported: a default for a field of type {field.Type.Text}");
                }
                break;
        }
    }

    public static decimal ParseInteger(string text, SchemaPosition position)
    {
        bool negative = text.StartsWith("-", StringComparison.Ordinal);
        string digits = text.TrimStart('-', '+');
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && ulong.TryParse(digits.Substring(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong hex))
        {
            return negative ? -(decimal)hex : hex;
        }
        if (decimal.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out decimal value) && text.Length - digits.Length <= 1)
        {
            return negative ? -value : value;
        }
        throw Invalid(position, $"'{text}' is not an integer");
    }

    public static void CheckRange(decimal value, Scalar scalar, SchemaPosition position)
    {
        int bits = scalar.Size * 8;
        decimal max = scalar.IsSigned ? ulong.MaxValue >> (65 - bits) : ulong.MaxValue >> (64 - bits);
        decimal min = scalar.IsSigned ? -max - 1 : 0;
        if (value < min || value > max)
        {
            throw Invalid(position, $"{value} does not fit in {scalar.Name}");
        }
    }

    private static string OfScalar(string text, Scalar scalar, SchemaPosition position)
    {
        if (scalar.IsBool)
        {
            return text switch
            {
                "true" or "1" => "true",
                "false" or "0" => "false",
                _ => throw Invalid(position, $"'{text}' is not a bool"),
            };
        }
        if (scalar.IsReal)
        {
            return OfReal(text, scalar, position);
        }
        decimal value = ParseInteger(text, position);
        CheckRange(value, scalar, position);
        return InCSharp(value, scalar);
    }

    private static string OfReal(string text, Scalar scalar, SchemaPosition position)
    {
        string name = scalar.CSharp;
        switch (text)
        {
            case "nan" or "+nan" or "-nan":
                return name + ".NaN";
            case "inf" or "+inf" or "infinity" or "+infinity":
                return name + ".PositiveInfinity";
            case "-inf" or "-infinity":
                return name + ".NegativeInfinity";
            default:
                if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
                {
                    throw Invalid(position, $"'{text}' is not a number");
                }
                string number = text.TrimStart('+');
                number = number.EndsWith(".", StringComparison.Ordinal) ? number + "0" : number;
                return number + (name == "float" ? "f" : "d");
        }
    }

    private static string OfEnum(Field field, EnumDeclaration declaration, bool inStruct)
    {
        decimal value = 0;
        if (field.DefaultText is { } text)
        {
            string name = text.StartsWith(declaration.Name + ".", StringComparison.Ordinal) ? text.Substring(declaration.Name.Length + 1) : text;
            value = declaration.Values.FirstOrDefault(v => v.Name == name)?.Value ?? ParseEnumNumber(text, declaration, field.DefaultPosition);
            CheckRange(value, declaration.Underlying, field.DefaultPosition);
        }
        if (!inStruct && !declaration.IsFlags && declaration.Values.All(v => v.Value != value))
        {
            throw Invalid(field.Position, $"the default {value} of {field.Name} is not one of the values of enum {declaration.Name}");
        }
        return $"(({declaration.CSharp}){InCSharp(value, declaration.Underlying)})";
    }

    private static decimal ParseEnumNumber(string text, EnumDeclaration declaration, SchemaPosition position) =>
        char.IsLetter(text[0]) || text[0] == '_' ? throw Invalid(position, $"enum {declaration.Name} has no value '{text}'") : ParseInteger(text, position);

    public static string InCSharp(decimal value, Scalar scalar)
    {
        string digits = value.ToString(CultureInfo.InvariantCulture);
        string literal = scalar.CSharp switch
        {
            "uint" => digits + "u",
            "ulong" => digits + "ul",
            "long" => value == long.MinValue ? "long.MinValue" : digits + "L",
            _ => digits,
        };
        return value < 0 ? "(" + literal + ")" : literal;
    }

    private static SchemaException Invalid(SchemaPosition position, string message) => new(SchemaErrorKind.Invalid, position, message);
}
