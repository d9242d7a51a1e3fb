using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Egregore.Wire.Tests.Oracle;

/// <summary>The JSON that flatc prints for a value, built from the object form by reflection, without the code under test.</summary>
internal static class FlatcJson
{
    public static JsonObject OfTable(object table)
    {
        Type type = table.GetType();
        var schema = (TableSchema)type.GetProperty("Schema")!.GetValue(null)!;
        object defaults = Activator.CreateInstance(type)!;
        var json = new JsonObject();
        foreach ((FieldSchema field, PropertyInfo property) in schema.Fields.Where(f => !f.Deprecated).Zip(RandomValues.Properties(type)))
        {
            object? value = property.GetValue(table);
            bool isDefault = value is null || (!field.Required && (Equals(value, property.GetValue(defaults)) || IsEmpty(value)));
            if (isDefault)
            {
                continue;
            }
            if (value!.GetType().GetProperty("Type") is { } tag && value.GetType().GetProperty("Value") is { } member)
            {
                json[field.Name + "_type"] = NameOf(tag.GetValue(value)!);
                value = member.GetValue(value)!;
            }
            json[field.Name] = Of(value);
        }
        return json;
    }

    private static bool IsEmpty(object value) => value switch
    {
        string text => text.Length == 0,
        ReadOnlyMemory<byte> bytes => bytes.IsEmpty,
        IEnumerable vector => !vector.Cast<object>().Any(),
        _ => false,
    };

    private static JsonNode Of(object value) => value switch
    {
        bool flag => JsonValue.Create(flag),
        string text => JsonValue.Create(text),
        ReadOnlyMemory<byte> bytes => new JsonArray([.. bytes.ToArray().Select(b => Number(b))]),
        Enum name => NameOf(name),
        IEnumerable vector => new JsonArray([.. vector.Cast<object>().Select(Of)]),
        IConvertible number => Number(number),
        _ when value.GetType().IsValueType => OfStruct(value),
        _ => OfTable(value),
    };

    private static JsonObject OfStruct(object value)
    {
        var json = new JsonObject();
        foreach (PropertyInfo property in RandomValues.Properties(value.GetType()))
        {
            json[JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)] = Of(property.GetValue(value)!);
        }
        return json;
    }

    private static JsonValue Number(IConvertible number) => number is float or double
        ? JsonValue.Create(number.ToDouble(CultureInfo.InvariantCulture))
        : JsonValue.Create(number.ToDecimal(CultureInfo.InvariantCulture));

    private static JsonValue NameOf(object value)
    {
        string text = value.ToString()!;
        bool isNumber = char.IsDigit(text[0]) || text[0] == '-';
        // Flags are printed as their names with blanks between; none at all is the number 0.
        return isNumber ? JsonValue.Create(decimal.Parse(text, CultureInfo.InvariantCulture)) : JsonValue.Create(text.Replace(", ", " ", StringComparison.Ordinal));
    }
}
