namespace Egregore.Wasm.Binary;

/// <summary>
/// Decodes a module (specification, section 5.5). Every count is held against its limit and against the bytes left before anything is allocated for it. Function
/// bodies are cut out but not read: the validator does that.
/// </summary>
internal ref partial struct ModuleReader
{
    private const uint Magic = 0x6D736100;
    private const uint Version = 1;

    private readonly StoreLimits limits;
    private readonly ModuleDefinition module;
    private readonly List<TableType> tables = [];
    private readonly List<MemoryType> memories = [];
    private readonly List<GlobalType> globals = [];
    private ByteReader reader;
    private int[] declaredTypes = [];

    private ModuleReader(byte[] bytes, StoreLimits limits)
    {
        this.limits = limits;
        module = new ModuleDefinition { Bytes = bytes };
        reader = new ByteReader(bytes, 0, bytes.Length);
    }

    /// <summary>Decodes the bytes, which are kept.</summary>
    /// <exception cref="MalformedModuleException">They are not a module.</exception>
    /// <exception cref="LimitException">A count is over its limit.</exception>
    public static ModuleDefinition Read(byte[] bytes, StoreLimits limits)
    {
        if (bytes.Length > limits.ModuleBytesMax) throw new LimitException(nameof(StoreLimits.ModuleBytesMax), limits.ModuleBytesMax);
        var reader = new ModuleReader(bytes, limits);
        reader.ReadAll();
        return reader.module;
    }

    private void ReadAll()
    {
        if (reader.Left < 4 || reader.Fixed32() != Magic) ByteReader.Malformed("magic header not detected", 0);
        if (reader.Left < 4 || reader.Fixed32() != Version) ByteReader.Malformed("unknown binary version", 4);
        int end = reader.End;
        int lastOrder = 0;
        while (reader.Position < end)
        {
            int start = reader.Position;
            byte id = reader.Byte();
            if (id > 12) ByteReader.Malformed("malformed section id", start);
            uint size = reader.U32();
            if (size > (uint)(end - reader.Position)) ByteReader.Malformed("length out of bounds", reader.Position);
            var contents = new Slice(reader.Position, reader.Position + (int)size);
            if (id != 0)
            {
                int order = OrderOf(id);
                if (order <= lastOrder) ByteReader.Malformed("unexpected content after last section", start);
                lastOrder = order;
            }

            module.Sections.Add(new SectionSlice(id, start, contents));
            reader = new ByteReader(module.Bytes, contents.Start, contents.End);
            ReadSection(id);
            if (!reader.AtEnd) reader.Malformed("section size mismatch");
            reader = new ByteReader(module.Bytes, contents.End, end);
        }

        Finish();
    }

    /// <summary>The data count section (12) stands before the code section (10).</summary>
    private static int OrderOf(byte id) => id switch
    {
        12 => 10,
        10 => 11,
        11 => 12,
        _ => id,
    };

    private void ReadSection(byte id)
    {
        switch (id)
        {
            case 0: ReadCustom(); break;
            case 1: ReadTypes(); break;
            case 2: ReadImports(); break;
            case 3: ReadFunctions(); break;
            case 4: ReadTables(); break;
            case 5: ReadMemories(); break;
            case 6: ReadGlobals(); break;
            case 7: ReadExports(); break;
            case 8: module.Start = ReadIndex(); break;
            case 9: ReadElements(); break;
            case 10: ReadCode(); break;
            case 11: ReadData(); break;
            default: module.DataCount = ReadIndex(); break;
        }
    }

    private void Finish()
    {
        if (declaredTypes.Length != module.Bodies.Length) reader.Malformed("function and code section have inconsistent lengths");
        if (module.DataCount >= 0 && module.DataCount != module.Data.Length) reader.Malformed("data count and data section have inconsistent lengths");
        var types = new int[module.ImportedFunctions + declaredTypes.Length];
        module.FunctionTypes.CopyTo(types, 0);
        declaredTypes.CopyTo(types, module.ImportedFunctions);
        module.FunctionTypes = types;
        module.Tables = [.. tables];
        module.Memories = [.. memories];
        module.Globals = [.. globals];
    }

    /// <summary>An index; one that does not fit is kept as the largest, which nothing has.</summary>
    private int ReadIndex() => (int)Math.Min(reader.U32(), int.MaxValue);

    private void ReadCustom()
    {
        string name = reader.Name();
        if (module.CustomSections.Count >= limits.CustomSectionsMax)
            throw new LimitException(nameof(StoreLimits.CustomSectionsMax), limits.CustomSectionsMax, reader.Position);
        module.CustomSections.Add(new CustomSection(name, module.Bytes.AsMemory(reader.Position, reader.Left)));
        reader.Position = reader.End;
    }

    private void ReadTypes()
    {
        var types = new FuncType[reader.Count(nameof(StoreLimits.TypesMax), limits.TypesMax)];
        for (int i = 0; i < types.Length; i++)
        {
            if (reader.Byte() != 0x60) ByteReader.Malformed("integer representation too long", reader.Position - 1);
            ValueType[] parameters = ReadValueTypes();
            types[i] = new FuncType(parameters, ReadValueTypes());
        }

        module.Types = types;
    }

    private ValueType[] ReadValueTypes()
    {
        var types = new ValueType[reader.Count(nameof(StoreLimits.TypeValuesMax), limits.TypeValuesMax)];
        for (int i = 0; i < types.Length; i++) types[i] = reader.ValueType();
        return types;
    }

    private void ReadImports()
    {
        var imports = new ModuleImport[reader.Count(nameof(StoreLimits.ImportsMax), limits.ImportsMax)];
        var functions = new List<int>();
        for (int i = 0; i < imports.Length; i++)
        {
            string from = reader.Name();
            string name = reader.Name();
            int at = reader.Position;
            byte kind = reader.Byte();
            FuncType? func = null;
            TableType? table = null;
            MemoryType? memory = null;
            GlobalType? global = null;
            switch (kind)
            {
                case 0:
                    int type = ReadTypeIndex();
                    functions.Add(type);
                    func = module.Types[type];
                    break;
                case 1:
                    tables.Add(table = ReadTableType());
                    break;
                case 2:
                    memories.Add(memory = ReadMemoryType());
                    break;
                case 3:
                    globals.Add(global = ReadGlobalType());
                    break;
                default:
                    ByteReader.Malformed("malformed import kind", at);
                    break;
            }

            imports[i] = new ModuleImport(from, name, (ExternalKind)kind, func, table, memory, global);
        }

        module.Imports = imports;
        module.FunctionTypes = [.. functions];
        module.ImportedFunctions = functions.Count;
        module.ImportedTables = tables.Count;
        module.ImportedMemories = memories.Count;
        module.ImportedGlobals = globals.Count;
    }

    private int ReadTypeIndex()
    {
        int at = reader.Position;
        uint index = reader.U32();
        if (index >= (uint)module.Types.Length) throw new InvalidModuleException("unknown type", at);
        return (int)index;
    }

    private (uint Minimum, uint? Maximum) ReadLimits()
    {
        int at = reader.Position;
        byte flag = reader.Byte();
        if (flag > 1) ByteReader.Malformed(flag >= 0x80 ? "integer representation too long" : "integer too large", at);
        uint minimum = reader.U32();
        uint? maximum = flag == 1 ? reader.U32() : null;
        return (minimum, maximum);
    }

    private TableType ReadTableType()
    {
        int at = reader.Position;
        ValueType element = reader.ReferenceType();
        (uint minimum, uint? maximum) = ReadLimits();
        if (minimum > maximum) throw new InvalidModuleException("size minimum must not be greater than maximum", at);
        return new TableType(element, minimum, maximum);
    }

    private MemoryType ReadMemoryType()
    {
        const uint PagesMax = 65_536;
        int at = reader.Position;
        (uint minimum, uint? maximum) = ReadLimits();
        if (minimum > PagesMax || maximum > PagesMax) throw new InvalidModuleException("memory size must be at most 65536 pages (4GiB)", at);
        if (minimum > maximum) throw new InvalidModuleException("size minimum must not be greater than maximum", at);
        return new MemoryType(minimum, maximum);
    }

    private GlobalType ReadGlobalType()
    {
        ValueType type = reader.ValueType();
        byte mutable = reader.Byte();
        if (mutable > 1) ByteReader.Malformed("malformed mutability", reader.Position - 1);
        return new GlobalType(type, mutable == 1);
    }

    /// <summary>Finds the end of a constant expression; whether it is one the validator says.</summary>
    private Slice ReadExpression()
    {
        int start = reader.Position;
        var instructions = new InstructionReader(module.Bytes, start, reader.End);
        for (int depth = 1; depth > 0;)
        {
            instructions.Read();
            if (instructions.Op is OpCode.Block or OpCode.Loop or OpCode.If) depth++;
            if (instructions.Op == OpCode.End) depth--;
        }

        reader.Position = instructions.Position;
        return new Slice(start, reader.Position);
    }
}
