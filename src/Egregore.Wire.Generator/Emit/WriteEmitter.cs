using Egregore.Wire.Generator.Schema;

namespace Egregore.Wire.Generator.Emit;

/// <summary>Writes the code that writes a table: inline fields by falling alignment, then what they refer to, by id.</summary>
internal static class WriteEmitter
{
    private const string Wire = "global::Egregore.Wire.";

    public static void Emit(CodeWriter code, TableDeclaration table, List<Field> fields)
    {
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Open("public int Write(global::System.Span<byte> destination)");
        code.Line($"var writer = new {Wire}FlatWriter(destination);");
        code.Line("writer.Patch(0, WriteTable(ref writer, this));");
        code.Line("return writer.Length;");
        code.Close();
        code.Line();
        code.Line("/// <summary>Writes the table behind what is written; gives its position.</summary>");
        code.Open($"internal static int WriteTable(ref {Wire}FlatWriter writer, {table.Name} value)");
        code.Line("int slots = 0;");
        foreach (Field field in fields)
        {
            code.Line($"bool has{field.Property} = {RecordEmitter.Presence(field, "value")};");
            code.Line($"slots = has{field.Property} ? {field.Id + 1} : slots;");
        }
        string wide = string.Join(" || ", fields.Where(f => f.Type.Alignment == 8).Select(f => "has" + f.Property));
        code.Line($"int table = writer.BeginTable(slots, {(wide.Length == 0 ? "false" : wide)});");
        foreach (Field field in fields.OrderByDescending(f => f.Type.Alignment).ThenBy(f => f.Id))
        {
            EmitInline(code, field);
        }
        foreach (Field field in fields.Where(f => f.Type.Kind == TypeKind.Union))
        {
            code.Open($"if (has{field.Property})");
            code.Line($"writer.Add(table, slots, {field.Id - 1}, (byte)value.{field.Property}!.Type);");
            code.Close();
        }
        code.Line("writer.EndTable(table, slots);");
        foreach (Field field in fields.Where(IsReference))
        {
            code.Open($"if (has{field.Property})");
            EmitReferred(code, field);
            code.Close();
        }
        code.Line("return table;");
        code.Close();
    }

    private static bool IsReference(Field field) => field.Type.Kind is TypeKind.Text or TypeKind.Table or TypeKind.Union or TypeKind.Vector;

    private static void EmitInline(CodeWriter code, Field field)
    {
        string name = field.Property;
        if (IsReference(field))
        {
            code.Line($"int at{name} = has{name} ? writer.AddOffset(table, slots, {field.Id}) : 0;");
            return;
        }
        code.Open($"if (has{name})");
        if (field.Type.Kind == TypeKind.Struct)
        {
            string value = field.IsRequired ? $"value.{name}" : $"value.{name}.GetValueOrDefault()";
            code.Line($"{value}.Write(writer.Slot(table, slots, {field.Id}, {field.Type.InlineSize}));");
        }
        else
        {
            string value = field.IsOptional ? $"value.{name}.GetValueOrDefault()" : $"value.{name}";
            string written = field.Type.Scalar is { IsBool: true } ? $"(byte)({value} ? 1 : 0)" : value;
            code.Line($"writer.Add(table, slots, {field.Id}, {written});");
        }
        code.Close();
    }

    private static void EmitReferred(CodeWriter code, Field field)
    {
        string name = field.Property;
        TypeReference type = field.Type;
        switch (type.Kind)
        {
            case TypeKind.Text:
                code.Line($"writer.String(at{name}, value.{name});");
                break;
            case TypeKind.Table:
                code.Line($"writer.Patch(at{name}, {type.CSharp}.WriteTable(ref writer, value.{name}!));");
                break;
            case TypeKind.Union:
                code.Line($"writer.Patch(at{name}, value.{name}!.WriteTable(ref writer));");
                break;
            case TypeKind.Vector when type.IsBytes:
                code.Line($"writer.Bytes(at{name}, value.{name}.Span);");
                break;
            case TypeKind.Vector when type.Element!.Kind == TypeKind.Text:
                code.Line($"writer.Strings(at{name}, value.{name}.AsSpan());");
                break;
            case TypeKind.Vector when type.Element!.Kind == TypeKind.Table:
                code.Line($"int element = writer.OffsetVector(at{name}, value.{name}.AsSpan().Length);");
                code.Open($"foreach (var item in value.{name}.AsSpan())");
                code.Line($"writer.Patch(element, {type.Element.CSharp}.WriteTable(ref writer, item));");
                code.Line("element += 4;");
                code.Close();
                break;
            case TypeKind.Vector when type.Element!.Kind == TypeKind.Struct:
                int size = type.Element.InlineSize;
                code.Line($"var room = writer.Vector(at{name}, value.{name}.AsSpan().Length, {size}, {type.Element.Alignment});");
                code.Open($"foreach (var item in value.{name}.AsSpan())");
                code.Line("item.Write(room);");
                code.Line($"room = room.Slice({size});");
                code.Close();
                break;
            default:
                code.Line($"writer.Values(at{name}, value.{name}.AsSpan());");
                break;
        }
    }
}
