namespace Egregore.Wire.Generator.Schema;

/// <summary>A scalar type of FlatBuffers and what it is in C#.</summary>
internal sealed class Scalar(string name, string alias, string csharp, int size, bool signed, bool real)
{
    public static readonly Scalar[] All =
    [
        new("bool", "bool", "bool", 1, false, false),
        new("byte", "int8", "sbyte", 1, true, false),
        new("ubyte", "uint8", "byte", 1, false, false),
        new("short", "int16", "short", 2, true, false),
        new("ushort", "uint16", "ushort", 2, false, false),
        new("int", "int32", "int", 4, true, false),
        new("uint", "uint32", "uint", 4, false, false),
        new("float", "float32", "float", 4, true, true),
        new("long", "int64", "long", 8, true, false),
        new("ulong", "uint64", "ulong", 8, false, false),
        new("double", "float64", "double", 8, true, true),
    ];

    public string Name { get; } = name;

    public string CSharp { get; } = csharp;

    public int Size { get; } = size;

    public bool IsSigned { get; } = signed;

    public bool IsReal { get; } = real;

    public bool IsBool => Name == "bool";

    public static Scalar? Find(string name) => All.FirstOrDefault(s => s.Name == name || s.Matches(name));

    private bool Matches(string name) => alias == name;
}

internal abstract class Declaration
{
    public string Name { get; set; } = "";

    public string Namespace { get; set; } = "";

    public SchemaPosition Position { get; set; }

    public List<string> Documentation { get; set; } = [];

    public Dictionary<string, SchemaAttribute> Attributes { get; set; } = [];

    public string FullName => Namespace.Length == 0 ? Name : Namespace + "." + Name;

    /// <summary>The name as generated code writes it.</summary>
    public string CSharp => "global::" + FullName;
}

internal sealed class SchemaAttribute(string? value, SchemaPosition position)
{
    public string? Value { get; } = value;

    public SchemaPosition Position { get; } = position;
}

internal sealed class EnumDeclaration : Declaration
{
    public string UnderlyingName { get; set; } = "";

    public Scalar Underlying { get; set; } = Scalar.All[2];

    public List<EnumValue> Values { get; } = [];

    public bool IsFlags => Attributes.ContainsKey("bit_flags");
}

internal sealed class EnumValue
{
    public string Name { get; set; } = "";

    public string? Text { get; set; }

    public decimal Value { get; set; }

    public SchemaPosition Position { get; set; }

    public List<string> Documentation { get; set; } = [];
}

/// <summary>A union: a hidden <c>ubyte</c> enum with one value a member table, and the member itself.</summary>
internal sealed class UnionDeclaration : Declaration
{
    public List<UnionMember> Members { get; } = [];
}

internal sealed class UnionMember
{
    public string Name { get; set; } = "";

    public TypeReference Type { get; set; } = new();

    public int Tag { get; set; }

    public string? TagText { get; set; }

    public SchemaPosition Position { get; set; }

    public TableDeclaration Table => (TableDeclaration)Type.Declaration!;
}

internal sealed class StructDeclaration : Declaration
{
    public List<Field> Fields { get; } = [];

    public int Size { get; set; }

    public int Alignment { get; set; }

    public bool HasPadding { get; set; }

    public bool IsLaidOut { get; set; }
}

internal sealed class TableDeclaration : Declaration
{
    /// <summary>In the order of ids.</summary>
    public List<Field> Fields { get; set; } = [];

    /// <summary>How many vtable slots the schema names.</summary>
    public int Slots { get; set; }
}

internal enum TypeKind
{
    Scalar,
    Enum,
    Struct,
    Table,
    Union,
    Text,
    Vector,
}

internal sealed class TypeReference
{
    public string Name { get; set; } = "";

    public SchemaPosition Position { get; set; }

    public TypeKind Kind { get; set; }

    public Scalar? Scalar { get; set; }

    public Declaration? Declaration { get; set; }

    /// <summary>What a vector holds.</summary>
    public TypeReference? Element { get; set; }

    public bool IsBytes => Kind == TypeKind.Vector && Element!.Kind == TypeKind.Scalar && Element.Scalar!.Name == "ubyte";

    /// <summary>Bytes it takes where it stands: a scalar's or struct's own, an offset's otherwise.</summary>
    public int InlineSize => Kind switch
    {
        TypeKind.Scalar => Scalar!.Size,
        TypeKind.Enum => ((EnumDeclaration)Declaration!).Underlying.Size,
        TypeKind.Struct => ((StructDeclaration)Declaration!).Size,
        _ => 4,
    };

    public int Alignment => Kind == TypeKind.Struct ? ((StructDeclaration)Declaration!).Alignment : InlineSize;

    /// <summary>The value type's name in C#, for kinds that stand inline.</summary>
    public string CSharp => Kind switch
    {
        TypeKind.Scalar => Scalar!.CSharp,
        TypeKind.Text => "string",
        _ => Declaration!.CSharp,
    };

    /// <summary>As the schema writes it, with full names.</summary>
    public string Text => Kind switch
    {
        TypeKind.Scalar => Scalar!.Name,
        TypeKind.Text => "string",
        TypeKind.Vector => "[" + Element!.Text + "]",
        _ => Declaration!.FullName,
    };
}

internal sealed class Field
{
    public string Name { get; set; } = "";

    /// <summary>The name of the C# property.</summary>
    public string Property { get; set; } = "";

    public TypeReference Type { get; set; } = new();

    public SchemaPosition Position { get; set; }

    public List<string> Documentation { get; set; } = [];

    public Dictionary<string, SchemaAttribute> Attributes { get; set; } = [];

    public string? DefaultText { get; set; }

    public SchemaPosition DefaultPosition { get; set; }

    /// <summary>The default as a C# expression; for scalars and enums.</summary>
    public string DefaultCSharp { get; set; } = "";

    public int Id { get; set; }

    /// <summary>Offset within a struct.</summary>
    public int Offset { get; set; }

    /// <summary>A scalar with <c>= null</c>: absent and default differ.</summary>
    public bool IsOptional { get; set; }

    public bool IsRequired => Attributes.ContainsKey("required");

    public bool IsDeprecated => Attributes.ContainsKey("deprecated");
}

/// <summary>One schema file, read and resolved.</summary>
internal sealed class SchemaFile
{
    public List<Declaration> Declarations { get; } = [];

    public TypeReference? Root { get; set; }

    public string RootNamespace { get; set; } = "";
}
