using Egregore.Wire.Generator.Schema;

namespace Egregore.Wire.Generator.Emit;

/// <summary>Writes a table's object form: properties, equality, schema, reading and writing.</summary>
internal static class RecordEmitter
{
    private const string Wire = "global::Egregore.Wire.";
    private const string Bytes = "global::System.ReadOnlySpan<byte>";
    private const string Immutable = "global::System.Collections.Immutable.ImmutableArray";

    public static string Emit(TableDeclaration table)
    {
        List<Field> fields = [.. table.Fields.Where(f => !f.IsDeprecated)];
        CodeWriter code = CodeWriter.ForFile(table.Namespace);
        code.Summary(table.Documentation, $"Table <c>{table.Name}</c> of the schema, in its object form.");
        code.Open($"public sealed partial record {table.Name} : {Wire}IFlatTable<{table.Name}>");
        EmitSchema(code, table);
        foreach (Field field in fields)
        {
            code.Line();
            code.Summary(field.Documentation, $"Field <c>{field.Name}</c>.");
            code.Line(Property(field));
        }
        EmitReading(code, table, fields);
        EmitSize(code, table, fields);
        WriteEmitter.Emit(code, table, fields);
        EmitEquality(code, table, fields);
        code.Close();
        return code.ToString();
    }

    /// <summary>Whether a C# expression for the field's presence is needed, and which.</summary>
    public static string Presence(Field field, string value)
    {
        string property = $"{value}.{field.Property}";
        return field.Type.Kind switch
        {
            _ when field.IsRequired => "true",
            TypeKind.Scalar or TypeKind.Enum when field.IsOptional => $"{property} is not null",
            TypeKind.Scalar when field.Type.Scalar!.IsReal => $"!{Wire}FlatWriter.IsSame({property}, {field.DefaultCSharp})",
            TypeKind.Scalar or TypeKind.Enum => $"{property} != {field.DefaultCSharp}",
            TypeKind.Struct or TypeKind.Table or TypeKind.Union => $"{property} is not null",
            TypeKind.Text => $"{property}.Length != 0",
            TypeKind.Vector when field.Type.IsBytes => $"!{property}.IsEmpty",
            _ => $"!{property}.IsDefaultOrEmpty",
        };
    }

    private static string Property(Field field)
    {
        TypeReference type = field.Type;
        string required = field.IsRequired ? "required " : "";
        (string name, string initial) = type.Kind switch
        {
            TypeKind.Scalar or TypeKind.Enum when field.IsOptional => (type.CSharp + "?", ""),
            TypeKind.Scalar or TypeKind.Enum => (type.CSharp, $" = {field.DefaultCSharp};"),
            TypeKind.Text => ("string", " = \"\";"),
            TypeKind.Vector when type.IsBytes => ("global::System.ReadOnlyMemory<byte>", ""),
            TypeKind.Vector => ($"{Immutable}<{type.Element!.CSharp}>", $" = {Immutable}<{type.Element.CSharp}>.Empty;"),
            _ => (type.CSharp + (field.IsRequired ? "" : "?"), ""),
        };
        return $"public {required}{name} {field.Property} {{ get; init; }}{(field.IsRequired ? "" : initial)}";
    }

    private static void EmitSchema(CodeWriter code, TableDeclaration table)
    {
        code.Line("/// <inheritdoc/>");
        code.Line($"public static {Wire}TableSchema Schema {{ get; }} = new(");
        code.Line($"    {CodeWriter.Quote(table.FullName)},");
        code.Line("    [");
        foreach (Field field in table.Fields)
        {
            string flags = $"{(field.IsRequired ? "true" : "false")}, {(field.IsDeprecated ? "true" : "false")}";
            code.Line($"        new({field.Id}, {CodeWriter.Quote(field.Name)}, {CodeWriter.Quote(field.Type.Text)}, {CodeWriter.Quote(field.DefaultText ?? "")}, {flags}),");
        }
        code.Line("    ],");
        code.Line($"    0x{SchemaHash.Of(table):x16}ul);");
    }

    private static void EmitReading(CodeWriter code, TableDeclaration table, List<Field> fields)
    {
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public static {Wire}VerifyError TryRead({Bytes} buffer, out {table.Name}? value) => TryRead(buffer, {Wire}VerifyLimits.Default, out value);");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Open($"public static {Wire}VerifyError TryRead({Bytes} buffer, {Wire}VerifyLimits limits, out {table.Name}? value)");
        code.Line($"{Wire}VerifyError error = {table.Name}View.TryRead(buffer, limits, out var view);");
        code.Line("value = error == 0 ? From(view) : null;");
        code.Line("return error;");
        code.Close();
        code.Line();
        code.Line("/// <summary>Copies a verified view.</summary>");
        code.Open($"public static {table.Name} From({table.Name}View view)");
        foreach (Field field in fields.Where(IsTableVector))
        {
            string element = field.Type.Element!.CSharp;
            code.Line($"var of{field.Property} = {Immutable}.CreateBuilder<{element}>(view.{field.Property}.Count);");
            code.Open($"for (int i = 0; i < view.{field.Property}.Count; i++)");
            code.Line($"of{field.Property}.Add({element}.From(view.{field.Property}[i]));");
            code.Close();
        }
        code.Open($"return new {table.Name}");
        foreach (Field field in fields)
        {
            code.Line($"{field.Property} = {Copy(field)},");
        }
        code.Close("};");
        code.Close();
    }

    private static bool IsTableVector(Field field) => field.Type.Kind == TypeKind.Vector && field.Type.Element!.Kind == TypeKind.Table;

    private static string Copy(Field field) => field.Type.Kind switch
    {
        TypeKind.Struct when !field.IsRequired => $"view.Has{field.Property} ? view.{field.Property} : null",
        TypeKind.Table when !field.IsRequired => $"view.Has{field.Property} ? {field.Type.CSharp}.From(view.{field.Property}) : null",
        TypeKind.Table => $"{field.Type.CSharp}.From(view.{field.Property})",
        TypeKind.Union => $"{UnionEmitter.FromView(field)}{(field.IsRequired ? "!" : "")}",
        TypeKind.Vector when field.Type.IsBytes => $"view.{field.Property}.ToArray()",
        TypeKind.Vector when IsTableVector(field) => $"of{field.Property}.MoveToImmutable()",
        TypeKind.Vector => $"view.{field.Property}.ToImmutableArray()",
        _ => $"view.{field.Property}",
    };

    private static void EmitSize(CodeWriter code, TableDeclaration table, List<Field> fields)
    {
        int inline = fields.Sum(f => f.Type.InlineSize + (f.Type.Kind == TypeKind.Union ? 1 : 0));
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public int SizeMax => {Wire}FlatSize.Root + SizeMaxOf();");
        code.Line();
        code.Line("/// <summary>The table's part of a size bound.</summary>");
        code.Open("internal int SizeMaxOf()");
        code.Line($"int size = {Wire}FlatSize.Table({table.Slots}, {inline});");
        foreach (Field field in fields)
        {
            string name = field.Property;
            string? part = field.Type.Kind switch
            {
                TypeKind.Text => $"{Wire}FlatSize.Text({name})",
                TypeKind.Table or TypeKind.Union => field.IsRequired ? $"{name}.SizeMaxOf()" : $"({name} is null ? 0 : {name}.SizeMaxOf())",
                TypeKind.Vector when field.Type.IsBytes => $"{Wire}FlatSize.Vector({name}.Length, 1)",
                TypeKind.Vector when field.Type.Element!.Kind == TypeKind.Text => $"{Wire}FlatSize.Texts({Span(name)})",
                TypeKind.Vector => $"{Wire}FlatSize.Vector({Span(name)}.Length, {field.Type.Element!.InlineSize})",
                _ => null,
            };
            if (part is not null)
            {
                code.Line($"size = checked(size + {part});");
            }
            if (IsTableVector(field))
            {
                code.Open($"foreach (var item in {Span(name)})");
                code.Line("size = checked(size + item.SizeMaxOf());");
                code.Close();
            }
        }
        code.Line("return size;");
        code.Close();

        static string Span(string name) => $"{name}.AsSpan()";
    }

    private static void EmitEquality(CodeWriter code, TableDeclaration table, List<Field> fields)
    {
        code.Line();
        code.Line("/// <summary>By value, what vectors hold included.</summary>");
        code.Open($"public bool Equals({table.Name}? other)");
        code.Line("if (other is null)");
        code.Line("{");
        code.Line("    return false;");
        code.Line("}");
        string all = string.Join(" && ", fields.Select(Equality));
        code.Line($"return {(all.Length == 0 ? "true" : all)};");
        code.Close();
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Open("public override int GetHashCode()");
        code.Line("var hash = new global::System.HashCode();");
        foreach (Field field in fields)
        {
            if (field.Type.IsBytes)
            {
                code.Line($"hash.AddBytes({field.Property}.Span);");
            }
            else if (field.Type.Kind == TypeKind.Vector)
            {
                code.Open($"foreach (var item in {field.Property}.AsSpan())");
                code.Line("hash.Add(item);");
                code.Close();
            }
            else
            {
                code.Line($"hash.Add({field.Property});");
            }
        }
        code.Line("return hash.ToHashCode();");
        code.Close();
    }

    private static string Equality(Field field)
    {
        string name = field.Property;
        return field.Type.Kind switch
        {
            TypeKind.Vector when field.Type.IsBytes => $"global::System.MemoryExtensions.SequenceEqual({name}.Span, other.{name}.Span)",
            TypeKind.Vector => $"global::System.MemoryExtensions.SequenceEqual({name}.AsSpan(), other.{name}.AsSpan())",
            TypeKind.Scalar when field.Type.Scalar!.IsReal => $"{name}.Equals(other.{name})",
            _ => $"{name} == other.{name}",
        };
    }
}
