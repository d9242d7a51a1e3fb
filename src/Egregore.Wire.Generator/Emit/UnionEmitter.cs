using Egregore.Wire.Generator.Schema;

namespace Egregore.Wire.Generator.Emit;

/// <summary>
/// Writes a union: an enum of tags, a record for the object form with one factory a member, and the parts that tables embed.
/// On the wire it is a <c>ubyte</c> tag in the slot before the member's offset.
/// </summary>
internal static class UnionEmitter
{
    public static string Emit(UnionDeclaration union)
    {
        CodeWriter code = CodeWriter.ForFile(union.Namespace);
        code.Line($"/// <summary>Which member a <see cref=\"{union.Name}\"/> holds.</summary>");
        code.Open($"public enum {union.Name}Type : byte");
        code.Line("/// <summary>No member.</summary>");
        code.Line("None = 0,");
        foreach (UnionMember member in union.Members)
        {
            code.Line($"/// <summary>A <see cref=\"{member.Table.CSharp}\"/>.</summary>");
            code.Line($"{member.Name} = {member.Tag},");
        }
        code.Close();
        code.Line();
        code.Summary(union.Documentation, $"Union <c>{union.Name}</c> of the schema: one of its members.");
        code.Open($"public sealed record {union.Name}");
        code.Open($"private {union.Name}({union.Name}Type type, object value)");
        code.Line("Type = type;");
        code.Line("Value = value;");
        code.Close();
        code.Line();
        code.Line("/// <summary>Which member it is.</summary>");
        code.Line($"public {union.Name}Type Type {{ get; }}");
        code.Line();
        code.Line("/// <summary>The member.</summary>");
        code.Line("public object Value { get; }");
        foreach (UnionMember member in union.Members)
        {
            code.Line();
            code.Line($"/// <summary>Holds a <see cref=\"{member.Table.CSharp}\"/>.</summary>");
            code.Line($"public static {union.Name} {member.Name}({member.Table.CSharp} value) => new({union.Name}Type.{member.Name}, value);");
        }
        code.Line();
        code.Line("/// <summary>The member's part of a size bound.</summary>");
        code.Open("internal int SizeMaxOf()");
        Switch(code, union, m => $"return (({m.Table.CSharp})Value).SizeMaxOf();", "return 0;");
        code.Close();
        code.Line();
        code.Line("/// <summary>Writes the member; gives its position.</summary>");
        code.Open("internal int WriteTable(ref global::Egregore.Wire.FlatWriter writer)");
        Switch(code, union, m => $"return {m.Table.CSharp}.WriteTable(ref writer, ({m.Table.CSharp})Value);", "throw new global::System.InvalidOperationException();");
        code.Close();
        code.Close();
        return code.ToString();

        static void Switch(CodeWriter code, UnionDeclaration union, Func<UnionMember, string> body, string otherwise)
        {
            code.Open("switch (Type)");
            foreach (UnionMember member in union.Members)
            {
                code.Line($"case {union.Name}Type.{member.Name}:");
                code.Line("    " + body(member));
            }
            code.Line("default:");
            code.Line("    " + otherwise);
            code.Close();
        }
    }

    /// <summary>The tag, and one reader a member.</summary>
    public static void EmitViewProperties(CodeWriter code, Field field)
    {
        var union = (UnionDeclaration)field.Type.Declaration!;
        code.Line($"public {union.CSharp}Type {field.Property}Type => ({union.CSharp}Type)_table.Get<byte>({field.Id - 1});");
        foreach (UnionMember member in union.Members)
        {
            code.Line();
            code.Line($"/// <summary>Field <c>{field.Name}</c> when its tag is <c>{member.Name}</c>, without fields otherwise.</summary>");
            string view = member.Table.CSharp + "View";
            code.Line($"public {view} {field.Property}As{member.Name} => {field.Property}Type == {union.CSharp}Type.{member.Name} ? new {view}(_table.GetTable({field.Id})) : default;");
        }
    }

    /// <summary>The object form's value from a view.</summary>
    public static string FromView(Field field)
    {
        var union = (UnionDeclaration)field.Type.Declaration!;
        string arms = string.Concat(union.Members.Select(m =>
            $"{union.CSharp}Type.{m.Name} => {union.CSharp}.{m.Name}({m.Table.CSharp}.From(view.{field.Property}As{m.Name})), "));
        return $"view.{field.Property}Type switch {{ {arms}_ => null }}";
    }

    public static void EmitCheck(CodeWriter code, Field field)
    {
        var union = (UnionDeclaration)field.Type.Declaration!;
        code.Open("if (error == 0)");
        code.Line($"error = verifier.UnionField(table, {field.Id}, {(field.IsRequired ? "true" : "false")}, out byte tag, out int target);");
        code.Open("if (error == 0 && target != 0)");
        code.Open("switch (tag)");
        foreach (UnionMember member in union.Members)
        {
            code.Line($"case {member.Tag}:");
            code.Line($"    error = {member.Table.CSharp}View.Verify(ref verifier, target);");
            code.Line("    break;");
        }
        code.Line("default:");
        code.Line("    error = global::Egregore.Wire.VerifyError.UnknownUnionType;");
        code.Line("    break;");
        code.Close();
        code.Close();
        code.Close();
    }
}
