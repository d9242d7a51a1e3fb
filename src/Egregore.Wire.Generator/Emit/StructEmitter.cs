using Egregore.Wire.Generator.Schema;

namespace Egregore.Wire.Generator.Emit;

/// <summary>Writes a struct as a blittable value with FlatBuffers' own layout.</summary>
internal static class StructEmitter
{
    private const string ByteSpan = "global::System.ReadOnlySpan<byte>";

    public static string Emit(StructDeclaration declaration)
    {
        CodeWriter code = CodeWriter.ForFile(declaration.Namespace);
        List<Field> fields = [.. declaration.Fields.Where(f => !f.IsDeprecated)];
        string parameters = string.Join(", ", fields.Select(f => $"{f.Type.CSharp} {f.Property}"));
        code.Summary(declaration.Documentation, $"Struct <c>{declaration.Name}</c> of the schema: {declaration.Size} bytes, aligned to {declaration.Alignment}.");
        code.Line($"[global::System.Runtime.InteropServices.StructLayout(global::System.Runtime.InteropServices.LayoutKind.Explicit, Size = {declaration.Size})]");
        code.Open($"public readonly partial record struct {declaration.Name}");
        code.Line("/// <summary>Its length in a buffer.</summary>");
        code.Line($"public const int SizeBytes = {declaration.Size};");
        code.Line();
        foreach (Field field in fields)
        {
            string stored = IsBool(field) ? "byte" : field.Type.CSharp;
            code.Line($"[global::System.Runtime.InteropServices.FieldOffset({field.Offset})]");
            code.Line($"private readonly {stored} _{field.Name};");
            code.Line();
        }
        code.Line("/// <summary>Of its fields' values.</summary>");
        code.Open($"public {declaration.Name}({parameters})");
        foreach (Field field in fields)
        {
            code.Line($"_{field.Name} = {(IsBool(field) ? $"(byte)({field.Property} ? 1 : 0)" : field.Property)};");
        }
        code.Close();
        foreach (Field field in fields)
        {
            code.Line();
            code.Summary(field.Documentation, $"Field <c>{field.Name}</c>.");
            string get = IsBool(field) ? $"_{field.Name} != 0" : $"_{field.Name}";
            string set = IsBool(field) ? "(byte)(value ? 1 : 0)" : "value";
            code.Line($"public {field.Type.CSharp} {field.Property} {{ get => {get}; init => _{field.Name} = {set}; }}");
        }
        code.Line();
        code.Line("/// <summary>Reads the first <see cref=\"SizeBytes\"/> bytes.</summary>");
        code.Line($"public static {declaration.Name} Read({ByteSpan} source) => global::Egregore.Wire.FlatReader.Read<{declaration.Name}>(source);");
        code.Line();
        code.Line("/// <summary>Writes <see cref=\"SizeBytes\"/> bytes; padding is zero.</summary>");
        code.Open("public void Write(global::System.Span<byte> destination)");
        code.Line($"destination = destination.Slice(0, {declaration.Size});");
        if (declaration.HasPadding || fields.Count != declaration.Fields.Count)
        {
            code.Line("destination.Clear();");
        }
        foreach (Field field in fields)
        {
            string at = $"destination.Slice({field.Offset}, {field.Type.InlineSize})";
            code.Line(field.Type.Kind == TypeKind.Struct
                ? $"{field.Property}.Write({at});"
                : $"global::System.Runtime.InteropServices.MemoryMarshal.Write({at}, {(IsBool(field) ? $"(byte)({field.Property} ? 1 : 0)" : $"_{field.Name}")});");
        }
        code.Close();
        code.Line();
        code.Line("/// <summary>Field by field; padding does not count.</summary>");
        code.Line($"public bool Equals({declaration.Name} other) => {string.Join(" && ", fields.Select(f => Equality(f)))};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Open("public override int GetHashCode()");
        code.Line("var hash = new global::System.HashCode();");
        foreach (Field field in fields)
        {
            code.Line($"hash.Add({field.Property});");
        }
        code.Line("return hash.ToHashCode();");
        code.Close();
        code.Close();
        return code.ToString();
    }

    private static string Equality(Field field) => field.Type.Kind == TypeKind.Struct || field.Type.Scalar is { IsReal: true }
        ? $"{field.Property}.Equals(other.{field.Property})"
        : $"{field.Property} == other.{field.Property}";

    private static bool IsBool(Field field) => field.Type.Scalar is { IsBool: true };
}
