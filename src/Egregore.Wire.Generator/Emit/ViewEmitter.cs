using Egregore.Wire.Generator.Schema;

namespace Egregore.Wire.Generator.Emit;

/// <summary>Writes a table's zero-copy reader and its verifier.</summary>
internal static class ViewEmitter
{
    private const string Wire = "global::Egregore.Wire.";
    private const string Bytes = "global::System.ReadOnlySpan<byte>";
    private const string Error = Wire + "VerifyError";

    public static string Emit(TableDeclaration table)
    {
        string view = table.Name + "View";
        CodeWriter code = CodeWriter.ForFile(table.Namespace);
        code.Line($"/// <summary>Reads a verified <see cref=\"{table.Name}\"/> in place; the default value has no fields.</summary>");
        code.Open($"public readonly ref struct {view}");
        code.Line($"private readonly {Wire}FlatTableReader _table;");
        code.Line();
        code.Line("/// <summary>A face of a table that was verified as this one.</summary>");
        code.Line($"public {view}({Wire}FlatTableReader table) => _table = table;");
        foreach (Field field in table.Fields.Where(f => !f.IsDeprecated))
        {
            code.Line();
            EmitProperty(code, field);
        }
        code.Line();
        code.Line("/// <summary>Verifies a whole buffer within the default limits; the view is only to be used when there is no error.</summary>");
        code.Line($"public static {Error} TryRead({Bytes} buffer, out {view} view) => TryRead(buffer, {Wire}VerifyLimits.Default, out view);");
        code.Line();
        code.Line("/// <summary>Verifies a whole buffer; the view is only to be used when there is no error.</summary>");
        code.Open($"public static {Error} TryRead({Bytes} buffer, {Wire}VerifyLimits limits, out {view} view)");
        code.Line($"{Error} error = {Wire}FlatVerifier.Begin(buffer, limits, out var verifier, out int root);");
        code.Line("if (error == 0)");
        code.Line("{");
        code.Line("    error = Verify(ref verifier, root);");
        code.Line("}");
        code.Line($"view = error == 0 ? new {view}(new {Wire}FlatTableReader(buffer, root)) : default;");
        code.Line("return error;");
        code.Close();
        code.Line();
        code.Line("/// <summary>Verifies the table at a position and everything it refers to.</summary>");
        code.Open($"public static {Error} Verify(ref {Wire}FlatVerifier verifier, int position)");
        code.Line($"{Error} error = verifier.EnterTable(position, out var table);");
        foreach (Field field in table.Fields.Where(f => !f.IsDeprecated))
        {
            EmitCheck(code, field);
        }
        code.Line("verifier.LeaveTable();");
        code.Line("return error;");
        code.Close();
        code.Line();
        code.Line("/// <summary>A copy that outlives the buffer.</summary>");
        code.Line($"public {table.Name} ToRecord() => {table.Name}.From(this);");
        code.Line();
        code.Line("/// <summary>A vector of these tables, in place.</summary>");
        code.Open("public readonly ref struct Vector");
        code.Line($"private readonly {Wire}FlatOffsetVector _offsets;");
        code.Line();
        code.Line("/// <summary>Over the tables' offsets.</summary>");
        code.Line($"public Vector({Wire}FlatOffsetVector offsets) => _offsets = offsets;");
        code.Line();
        code.Line("/// <summary>How many tables there are.</summary>");
        code.Line("public int Count => _offsets.Count;");
        code.Line();
        code.Line("/// <summary>One table.</summary>");
        code.Line($"public {view} this[int index] => new {view}(_offsets.Table(index));");
        code.Close();
        code.Close();
        return code.ToString();
    }

    private static void EmitProperty(CodeWriter code, Field field)
    {
        TypeReference type = field.Type;
        string name = field.Property;
        if (type.Kind is not (TypeKind.Scalar or TypeKind.Enum) && !field.IsRequired)
        {
            code.Line($"/// <summary>Whether <c>{field.Name}</c> is present.</summary>");
            code.Line($"public bool Has{name} => _table.Has({field.Id});");
            code.Line();
        }
        code.Summary(field.Documentation, $"Field <c>{field.Name}</c>.");
        switch (type.Kind)
        {
            case TypeKind.Scalar or TypeKind.Enum when field.IsOptional:
                code.Line($"public {type.CSharp}? {name} => _table.Has({field.Id}) ? {Get(field)} : null;");
                break;
            case TypeKind.Scalar or TypeKind.Enum or TypeKind.Struct:
                code.Line($"public {type.CSharp} {name} => {Get(field)};");
                break;
            case TypeKind.Text:
                code.Line($"public string {name} => _table.GetString({field.Id});");
                code.Line();
                code.Line($"/// <summary>Field <c>{field.Name}</c> as UTF-8, in place.</summary>");
                code.Line($"public {Bytes} {name}Utf8 => _table.GetBytes({field.Id});");
                break;
            case TypeKind.Table:
                code.Line($"public {type.CSharp}View {name} => new {type.CSharp}View(_table.GetTable({field.Id}));");
                break;
            case TypeKind.Union:
                UnionEmitter.EmitViewProperties(code, field);
                break;
            case TypeKind.Vector when type.IsBytes:
                code.Line($"public {Bytes} {name} => _table.GetBytes({field.Id});");
                break;
            case TypeKind.Vector:
                EmitVectorProperty(code, field);
                break;
        }
    }

    private static void EmitVectorProperty(CodeWriter code, Field field)
    {
        TypeReference element = field.Type.Element!;
        (string type, string value) = element.Kind switch
        {
            TypeKind.Text => (Wire + "FlatStringVector", $"_table.GetStrings({field.Id})"),
            TypeKind.Table => (element.CSharp + "View.Vector", $"new {element.CSharp}View.Vector(_table.GetOffsets({field.Id}))"),
            _ when element.Scalar is { IsBool: true } => (Wire + "FlatBoolVector", $"new {Wire}FlatBoolVector(_table.GetBytes({field.Id}))"),
            _ => ($"{Wire}FlatVector<{element.CSharp}>", $"_table.GetVector<{element.CSharp}>({field.Id})"),
        };
        code.Line($"public {type} {field.Property} => {value};");
    }

    private static string Get(Field field) => field.Type.Kind switch
    {
        TypeKind.Struct => $"_table.Get<{field.Type.CSharp}>({field.Id})",
        _ when field.Type.Scalar is { IsBool: true } => $"_table.GetBool({field.Id}, {field.DefaultCSharp})",
        _ => $"_table.Get<{field.Type.CSharp}>({field.Id}, {field.DefaultCSharp})",
    };

    private static void EmitCheck(CodeWriter code, Field field)
    {
        TypeReference type = field.Type;
        string required = field.IsRequired ? "true" : "false";
        string start = $"table, {field.Id}, ";
        switch (type.Kind)
        {
            case TypeKind.Scalar or TypeKind.Enum or TypeKind.Struct:
                Step(code, $"{Wire}FlatVerifier.Inline({start}{type.InlineSize}, {type.Alignment}, {required})");
                break;
            case TypeKind.Text:
                Step(code, $"verifier.StringField({start}{required})");
                break;
            case TypeKind.Vector when type.Element!.Kind == TypeKind.Text:
                Step(code, $"verifier.StringVectorField({start}{required})");
                break;
            case TypeKind.Vector when type.Element!.Kind == TypeKind.Table:
                code.Open("if (error == 0)");
                code.Line($"error = verifier.OffsetVectorField({start}{required}, out int first, out int count);");
                code.Open("for (int i = 0; i < count && error == 0; i++)");
                code.Line("error = verifier.Follow(first + (4 * i), out int target);");
                Step(code, $"{type.Element.CSharp}View.Verify(ref verifier, target)");
                code.Close();
                code.Close();
                break;
            case TypeKind.Vector:
                Step(code, $"verifier.VectorField({start}{required}, {type.Element!.InlineSize}, {type.Element.Alignment})");
                break;
            case TypeKind.Table:
                code.Open("if (error == 0)");
                code.Line($"error = verifier.Reference({start}{required}, out int target);");
                code.Open("if (error == 0 && target != 0)");
                code.Line($"error = {type.CSharp}View.Verify(ref verifier, target);");
                code.Close();
                code.Close();
                break;
            case TypeKind.Union:
                UnionEmitter.EmitCheck(code, field);
                break;
        }
    }

    private static void Step(CodeWriter code, string expression)
    {
        code.Open("if (error == 0)");
        code.Line($"error = {expression};");
        code.Close();
    }
}
