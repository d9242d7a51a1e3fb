using System.Globalization;

namespace Egregore.Wire.Generator.Schema;

/// <summary>Gives every name its declaration, every field its id, default and offset, and refuses what FlatBuffers refuses.</summary>
internal sealed class SchemaResolver
{
    private static readonly string[] Reserved =
        ["Schema", "SizeMax", "Write", "WriteTable", "SizeMaxOf", "TryRead", "Verify", "Read", "SizeBytes", "Alignment", "ToRecord", "Vector", "EqualityContract",
         "Equals", "GetHashCode", "GetType", "ToString", "MemberwiseClone", "Deconstruct", "PrintMembers", "Clone"];

    private readonly SchemaFile _file;
    private readonly Dictionary<string, Declaration> _byName = [];

    private SchemaResolver(SchemaFile file) => _file = file;

    public static SchemaFile Resolve(SchemaFile file)
    {
        var resolver = new SchemaResolver(file);
        resolver.Run();
        return file;
    }

    private void Run()
    {
        foreach (Declaration declaration in _file.Declarations)
        {
            if (Scalar.Find(declaration.Name) is not null || declaration.Name == "string" || _byName.ContainsKey(declaration.FullName))
            {
                throw Invalid(declaration.Position, $"the name {declaration.FullName} is taken");
            }
            _byName.Add(declaration.FullName, declaration);
        }
        foreach (TableDeclaration table in _file.Declarations.OfType<TableDeclaration>())
        {
            if (_byName.ContainsKey(table.FullName + "View"))
            {
                throw Invalid(_byName[table.FullName + "View"].Position, $"the name {table.Name}View is that of the reader of table {table.Name}");
            }
        }
        foreach (EnumDeclaration declaration in _file.Declarations.OfType<EnumDeclaration>())
        {
            ResolveEnum(declaration);
        }
        foreach (UnionDeclaration declaration in _file.Declarations.OfType<UnionDeclaration>())
        {
            ResolveUnion(declaration);
        }
        foreach (StructDeclaration declaration in _file.Declarations.OfType<StructDeclaration>())
        {
            ResolveFields(declaration, declaration.Fields);
        }
        foreach (StructDeclaration declaration in _file.Declarations.OfType<StructDeclaration>())
        {
            LayOut(declaration, []);
        }
        foreach (TableDeclaration declaration in _file.Declarations.OfType<TableDeclaration>())
        {
            ResolveFields(declaration, declaration.Fields);
            AssignIds(declaration);
        }
        if (_file.Root is { } root)
        {
            ResolveType(root, _file.RootNamespace);
            if (root.Kind != TypeKind.Table)
            {
                throw Invalid(root.Position, "the root type is a table");
            }
        }
    }

    private static void ResolveEnum(EnumDeclaration declaration)
    {
        if (declaration.Values.Count == 0)
        {
            throw Invalid(declaration.Position, $"enum {declaration.Name} has no values");
        }
        var names = new HashSet<string>();
        decimal next = 0;
        bool first = true;
        decimal last = 0;
        foreach (EnumValue value in declaration.Values)
        {
            if (value.Text is not null)
            {
                next = Defaults.ParseInteger(value.Text, value.Position);
            }
            value.Value = declaration.IsFlags ? Shift(next, declaration, value.Position) : next;
            Defaults.CheckRange(value.Value, declaration.Underlying, value.Position);
            if (!names.Add(value.Name))
            {
                throw Invalid(value.Position, $"{declaration.Name}.{value.Name} is named twice");
            }
            if (!first && next <= last)
            {
                throw Invalid(value.Position, $"the values of enum {declaration.Name} must rise");
            }
            first = false;
            last = next;
            next++;
        }
    }

    private static decimal Shift(decimal bit, EnumDeclaration declaration, SchemaPosition position)
    {
        if (declaration.Underlying.IsSigned)
        {
            throw Invalid(position, "bit_flags want an unsigned type");
        }
        if (bit < 0 || bit >= declaration.Underlying.Size * 8)
        {
            throw Invalid(position, $"bit {bit} does not fit in {declaration.Underlying.Name}");
        }
        return 1UL << (int)bit;
    }

    private void ResolveUnion(UnionDeclaration declaration)
    {
        var names = new HashSet<string>();
        int next = 1;
        foreach (UnionMember member in declaration.Members)
        {
            ResolveType(member.Type, declaration.Namespace);
            if (member.Type.Kind != TypeKind.Table)
            {
                throw new SchemaException(SchemaErrorKind.Unsupported, member.Position, "not supported: a union member that is not a table");
            }
            decimal tag = member.TagText is null ? next : Defaults.ParseInteger(member.TagText, member.Position);
            if (tag < next || tag > 255)
            {
                throw Invalid(member.Position, $"the tags of union {declaration.Name} must rise from 1 to at most 255");
            }
            if (member.Name == "None" || member.Name == "Value" || member.Name == "Type" || !names.Add(member.Name))
            {
                throw Invalid(member.Position, $"the member name {member.Name} is taken");
            }
            member.Tag = (int)tag;
            next = member.Tag + 1;
        }
        if (declaration.Members.Count == 0)
        {
            throw Invalid(declaration.Position, $"union {declaration.Name} has no members");
        }
    }

    private void ResolveFields(Declaration owner, List<Field> fields)
    {
        var names = new HashSet<string>();
        foreach (Field field in fields)
        {
            ResolveType(field.Type, owner.Namespace);
            field.Property = Names.Property(field.Name);
            if (field.Property == owner.Name || field.Property == owner.Name + "View" || Reserved.Contains(field.Property))
            {
                field.Property += "Value";
            }
            if (!names.Add(field.Property))
            {
                throw Invalid(field.Position, $"{owner.Name} has two fields named {field.Property} in C#");
            }
            Defaults.Resolve(field, owner is StructDeclaration);
        }
    }

    private void ResolveType(TypeReference type, string space)
    {
        if (type.Kind == TypeKind.Vector)
        {
            ResolveType(type.Element!, space);
            if (type.Element!.Kind == TypeKind.Union)
            {
                throw new SchemaException(SchemaErrorKind.Unsupported, type.Position, "not supported: a vector of unions, wrap the union in a table");
            }
            return;
        }
        if (Scalar.Find(type.Name) is { } scalar)
        {
            type.Kind = TypeKind.Scalar;
            type.Scalar = scalar;
            return;
        }
        if (type.Name == "string")
        {
            type.Kind = TypeKind.Text;
            return;
        }
        for (string at = space; ; at = at.Contains('.') ? at.Substring(0, at.LastIndexOf('.')) : "")
        {
            if (_byName.TryGetValue(at.Length == 0 ? type.Name : at + "." + type.Name, out Declaration? found))
            {
                type.Declaration = found;
                type.Kind = found switch
                {
                    EnumDeclaration => TypeKind.Enum,
                    StructDeclaration => TypeKind.Struct,
                    UnionDeclaration => TypeKind.Union,
                    _ => TypeKind.Table,
                };
                return;
            }
            if (at.Length == 0)
            {
                throw new SchemaException(SchemaErrorKind.UnknownType, type.Position, $"no type is named '{type.Name}'");
            }
        }
    }

    private static void LayOut(StructDeclaration declaration, HashSet<StructDeclaration> outer)
    {
        if (declaration.IsLaidOut)
        {
            return;
        }
        if (!outer.Add(declaration))
        {
            throw Invalid(declaration.Position, $"struct {declaration.Name} holds itself");
        }
        if (declaration.Fields.Count == 0)
        {
            throw Invalid(declaration.Position, $"struct {declaration.Name} has no fields");
        }
        int offset = 0;
        foreach (Field field in declaration.Fields)
        {
            if (field.Type.Kind is not (TypeKind.Scalar or TypeKind.Enum or TypeKind.Struct))
            {
                throw Invalid(field.Position, $"a struct holds scalars, enums and structs, not {field.Type.Text}");
            }
            if (field.Type.Declaration is StructDeclaration inner)
            {
                LayOut(inner, outer);
                declaration.HasPadding |= inner.HasPadding;
            }
            int aligned = Align(offset, field.Type.Alignment);
            declaration.HasPadding |= aligned != offset;
            field.Offset = aligned;
            offset = aligned + field.Type.InlineSize;
            declaration.Alignment = Math.Max(declaration.Alignment, field.Type.Alignment);
        }
        declaration.Size = Align(offset, declaration.Alignment);
        declaration.HasPadding |= declaration.Size != offset;
        declaration.IsLaidOut = true;
        outer.Remove(declaration);
    }

    private static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    private static void AssignIds(TableDeclaration table)
    {
        int named = table.Fields.Count(f => f.Attributes.ContainsKey("id"));
        if (named != 0 && named != table.Fields.Count)
        {
            Field missing = table.Fields.First(f => !f.Attributes.ContainsKey("id"));
            throw Invalid(missing.Position, $"either all fields of {table.Name} have an id or none");
        }
        if (named != 0)
        {
            foreach (Field field in table.Fields)
            {
                SchemaAttribute id = field.Attributes["id"];
                field.Id = (int)Math.Min(65536, Math.Max(-1, Defaults.ParseInteger(id.Value ?? "", id.Position)));
            }
            table.Fields = [.. table.Fields.OrderBy(f => f.Id)];
        }
        int next = 0;
        foreach (Field field in table.Fields)
        {
            // A union takes two slots: its type's, hidden, and its own.
            int expected = next + (field.Type.Kind == TypeKind.Union ? 1 : 0);
            if (named == 0)
            {
                field.Id = expected;
            }
            else if (field.Id != expected)
            {
                throw Invalid(field.Attributes["id"].Position, $"the ids of {table.Name} must run from 0 without gaps: {expected} was expected, not {field.Id}");
            }
            next = expected + 1;
        }
        table.Slots = next;
        if (next > 1024)
        {
            throw Invalid(table.Position, $"table {table.Name} has more than 1024 fields");
        }
    }

    private static SchemaException Invalid(SchemaPosition position, string message) => new(SchemaErrorKind.Invalid, position, message);
}

/// <summary>Names in C#.</summary>
internal static class Names
{
    /// <summary><c>last_transaction</c> becomes <c>LastTransaction</c>.</summary>
    public static string Property(string name)
    {
        var parts = name.Split('_').Where(p => p.Length != 0).Select(p => char.ToUpper(p[0], CultureInfo.InvariantCulture) + p.Substring(1));
        string joined = string.Concat(parts);
        return joined.Length == 0 || char.IsDigit(joined[0]) ? "_" + joined : joined;
    }
}
