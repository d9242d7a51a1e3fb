using System.Text;
using Egregore.Wire.Generator.Schema;

namespace Egregore.Wire.Generator.Emit;

/// <summary>64-bit FNV-1a over a table's fields, and over every declaration they refer to, each once in order of first mention.</summary>
internal static class SchemaHash
{
    public static ulong Of(TableDeclaration table)
    {
        var text = new StringBuilder();
        var seen = new HashSet<Declaration>();
        Describe(table, text, seen);
        ulong hash = 14695981039346656037;
        foreach (byte value in Encoding.UTF8.GetBytes(text.ToString()))
        {
            hash = unchecked((hash ^ value) * 1099511628211);
        }
        return hash;
    }

    private static void Describe(Declaration declaration, StringBuilder text, HashSet<Declaration> seen)
    {
        if (!seen.Add(declaration))
        {
            return;
        }
        List<Field> fields = [];
        switch (declaration)
        {
            case TableDeclaration table:
                text.Append("table ").Append(table.FullName).Append('\n');
                fields = table.Fields;
                break;
            case StructDeclaration value:
                text.Append("struct ").Append(value.FullName).Append('\n');
                fields = value.Fields;
                break;
            case EnumDeclaration value:
                text.Append("enum ").Append(value.FullName).Append(':').Append(value.Underlying.Name).Append('\n');
                break;
            case UnionDeclaration union:
                text.Append("union ").Append(union.FullName).Append('\n');
                foreach (UnionMember member in union.Members)
                {
                    text.Append(member.Tag).Append(' ').Append(member.Type.Text).Append('\n');
                }
                break;
        }
        foreach (Field field in fields)
        {
            text.Append(field.Id).Append(' ').Append(field.Offset).Append(' ').Append(field.Name).Append(':').Append(field.Type.Text)
                .Append('=').Append(field.DefaultCSharp).Append(field.IsOptional ? " null" : "").Append(field.IsRequired ? " required" : "").Append('\n');
        }
        foreach (TypeReference type in fields.Select(f => f.Type.Element ?? f.Type))
        {
            if (type.Declaration is not null)
            {
                Describe(type.Declaration, text, seen);
            }
        }
        if (declaration is UnionDeclaration members)
        {
            foreach (UnionMember member in members.Members)
            {
                Describe(member.Table, text, seen);
            }
        }
    }
}
