namespace Egregore.Wire.Generator.Schema;

/// <summary>
/// Reads the FlatBuffers schema language (https://flatbuffers.dev/grammar): namespaces, enums, structs, tables, unions, attributes.
/// What the generator does not do ends the reading at the very token, see docs/wire.md.
/// </summary>
internal sealed class SchemaParser
{
    private readonly List<Token> _tokens;
    private readonly SchemaFile _file = new();
    private readonly HashSet<string> _userAttributes = [];
    private string _namespace = "";
    private int _next;

    private SchemaParser(string text) => _tokens = new SchemaLexer(text).Read();

    private Token Current => _tokens[_next];

    public static SchemaFile Parse(string text)
    {
        var parser = new SchemaParser(text);
        parser.ReadFile();
        return parser._file;
    }

    private void ReadFile()
    {
        while (true)
        {
            List<string> documentation = ReadDocumentation();
            Token start = Current;
            if (start.Kind == TokenKind.End)
            {
                return;
            }
            switch (start.Text)
            {
                case "namespace":
                    _next++;
                    _namespace = Current.Is(";") ? "" : ReadDottedName();
                    Expect(";");
                    break;
                case "enum":
                    ReadEnum(documentation);
                    break;
                case "union":
                    ReadUnion(documentation);
                    break;
                case "struct":
                    ReadStruct(documentation);
                    break;
                case "table":
                    ReadTable(documentation);
                    break;
                case "attribute":
                    _next++;
                    _userAttributes.Add(Take(TokenKind.Text, TokenKind.Identifier).Text);
                    Expect(";");
                    break;
                case "root_type":
                    _next++;
                    _file.Root = new TypeReference { Position = Current.Position, Name = ReadDottedName() };
                    _file.RootNamespace = _namespace;
                    Expect(";");
                    break;
                case "include":
                case "native_include":
                    throw Unsupported(start, "include: a schema file stands alone");
                case "rpc_service":
                    throw Unsupported(start, "rpc_service: messages are named by their envelope's kind");
                case "file_identifier":
                case "file_extension":
                    throw Unsupported(start, start.Text + ": buffers carry no identifier");
                default:
                    throw new SchemaException(SchemaErrorKind.Syntax, start.Position, $"a declaration was expected, not '{start.Text}'");
            }
        }
    }

    private void ReadEnum(List<string> documentation)
    {
        EnumDeclaration declaration = Begin<EnumDeclaration>(documentation);
        if (!Current.Is(":"))
        {
            throw new SchemaException(SchemaErrorKind.Syntax, Current.Position, $"enum {declaration.Name} must name its type, as in 'enum {declaration.Name} : ubyte'");
        }
        Expect(":");
        Token underlying = Take(TokenKind.Identifier);
        declaration.UnderlyingName = underlying.Text;
        Scalar? scalar = Scalar.Find(underlying.Text);
        if (scalar is null || scalar.IsReal || scalar.IsBool)
        {
            throw new SchemaException(SchemaErrorKind.Invalid, underlying.Position, $"an enum is of an integer type, not '{underlying.Text}'");
        }
        declaration.Underlying = scalar;
        declaration.Attributes = ReadAttributes("bit_flags");
        Expect("{");
        while (true)
        {
            List<string> valueDocumentation = ReadDocumentation();
            if (Current.Is("}"))
            {
                break;
            }
            Token name = Take(TokenKind.Identifier);
            var value = new EnumValue { Name = name.Text, Position = name.Position, Documentation = valueDocumentation };
            if (Current.Is("="))
            {
                _next++;
                value.Text = Take(TokenKind.Number, TokenKind.Identifier).Text;
            }
            declaration.Values.Add(value);
            if (!Current.Is(","))
            {
                ReadDocumentation();
                break;
            }
            _next++;
        }
        Expect("}");
    }

    private void ReadUnion(List<string> documentation)
    {
        UnionDeclaration declaration = Begin<UnionDeclaration>(documentation);
        declaration.Attributes = ReadAttributes();
        Expect("{");
        while (true)
        {
            ReadDocumentation();
            if (Current.Is("}"))
            {
                break;
            }
            SchemaPosition position = Current.Position;
            string name = ReadDottedName();
            var member = new UnionMember { Position = position, Type = new TypeReference { Name = name, Position = position } };
            member.Name = name.Replace('.', '_');
            if (Current.Is(":"))
            {
                _next++;
                member.Name = name;
                member.Type = new TypeReference { Position = Current.Position, Name = ReadDottedName() };
            }
            if (Current.Is("="))
            {
                _next++;
                member.TagText = Take(TokenKind.Number).Text;
            }
            declaration.Members.Add(member);
            if (!Current.Is(","))
            {
                ReadDocumentation();
                break;
            }
            _next++;
        }
        Expect("}");
    }

    private void ReadStruct(List<string> documentation)
    {
        StructDeclaration declaration = Begin<StructDeclaration>(documentation);
        declaration.Attributes = ReadAttributes();
        ReadFields(declaration.Fields, "deprecated");
    }

    private void ReadTable(List<string> documentation)
    {
        TableDeclaration declaration = Begin<TableDeclaration>(documentation);
        declaration.Attributes = ReadAttributes("original_order");
        ReadFields(declaration.Fields, "deprecated", "required", "id");
    }

    private void ReadFields(List<Field> fields, params string[] attributes)
    {
        Expect("{");
        while (true)
        {
            List<string> documentation = ReadDocumentation();
            if (Current.Is("}"))
            {
                break;
            }
            Token name = Take(TokenKind.Identifier);
            var field = new Field { Name = name.Text, Position = name.Position, Documentation = documentation };
            Expect(":");
            field.Type = ReadType();
            if (Current.Is("="))
            {
                _next++;
                field.DefaultPosition = Current.Position;
                if (Current.Is("["))
                {
                    throw Unsupported(Current, "a default for a vector");
                }
                field.DefaultText = Current.Kind == TokenKind.Identifier ? ReadDottedName() : Take(TokenKind.Number, TokenKind.Text).Text;
            }
            field.Attributes = ReadAttributes(attributes);
            Expect(";");
            fields.Add(field);
        }
        Expect("}");
    }

    private TypeReference ReadType()
    {
        SchemaPosition position = Current.Position;
        if (!Current.Is("["))
        {
            return new TypeReference { Position = position, Name = ReadDottedName() };
        }
        _next++;
        if (Current.Is("["))
        {
            throw Unsupported(Current, "a vector of vectors: wrap the inner one in a table");
        }
        var element = new TypeReference { Position = Current.Position, Name = ReadDottedName() };
        if (Current.Is(":"))
        {
            throw Unsupported(Current, "a fixed-size array: name its elements, or use a vector");
        }
        Expect("]");
        return new TypeReference { Position = position, Kind = TypeKind.Vector, Element = element };
    }

    private Dictionary<string, SchemaAttribute> ReadAttributes(params string[] known)
    {
        var attributes = new Dictionary<string, SchemaAttribute>();
        if (!Current.Is("("))
        {
            return attributes;
        }
        _next++;
        while (!Current.Is(")"))
        {
            Token name = Take(TokenKind.Identifier, TokenKind.Text);
            string? value = null;
            if (Current.Is(":"))
            {
                _next++;
                value = Take(TokenKind.Number, TokenKind.Text, TokenKind.Identifier).Text;
            }
            if (!known.Contains(name.Text) && !_userAttributes.Contains(name.Text))
            {
                throw Unsupported(name, $"the attribute '{name.Text}' here");
            }
            attributes[name.Text] = new SchemaAttribute(value, name.Position);
            if (!Current.Is(","))
            {
                break;
            }
            _next++;
        }
        Expect(")");
        return attributes;
    }

    private T Begin<T>(List<string> documentation)
        where T : Declaration, new()
    {
        _next++;
        Token name = Take(TokenKind.Identifier);
        var declaration = new T { Name = name.Text, Namespace = _namespace, Position = name.Position, Documentation = documentation };
        _file.Declarations.Add(declaration);
        return declaration;
    }

    private List<string> ReadDocumentation()
    {
        var lines = new List<string>();
        while (Current.Kind == TokenKind.Documentation)
        {
            lines.Add(Current.Text);
            _next++;
        }
        return lines;
    }

    private string ReadDottedName()
    {
        string name = Take(TokenKind.Identifier).Text;
        while (Current.Is("."))
        {
            _next++;
            name += "." + Take(TokenKind.Identifier).Text;
        }
        return name;
    }

    private Token Take(params TokenKind[] kinds)
    {
        Token token = Current;
        if (!kinds.Contains(token.Kind))
        {
            throw new SchemaException(SchemaErrorKind.Syntax, token.Position, $"'{token.Text}' was not expected here");
        }
        _next++;
        return token;
    }

    private void Expect(string symbol)
    {
        if (!Current.Is(symbol))
        {
            throw new SchemaException(SchemaErrorKind.Syntax, Current.Position, $"'{symbol}' was expected, not '{Current.Text}'");
        }
        _next++;
    }

    private static SchemaException Unsupported(Token token, string what) =>
        new(SchemaErrorKind.Unsupported, token.Position, "not supported: " + what);
}
