namespace Egregore.Wasm.Binary;

/// <content>The sections from functions on.</content>
internal ref partial struct ModuleReader
{
    private void ReadFunctions()
    {
        int at = reader.Position;
        declaredTypes = new int[reader.Count(nameof(StoreLimits.FunctionsMax), limits.FunctionsMax)];
        if (declaredTypes.Length + module.ImportedFunctions > limits.FunctionsMax)
            throw new LimitException(nameof(StoreLimits.FunctionsMax), limits.FunctionsMax, at);
        for (int i = 0; i < declaredTypes.Length; i++) declaredTypes[i] = ReadTypeIndex();
    }

    private void ReadTables()
    {
        int at = reader.Position;
        int count = reader.Count(nameof(StoreLimits.TablesMax), limits.TablesMax);
        for (int i = 0; i < count; i++) tables.Add(ReadTableType());
        if (tables.Count > limits.TablesMax) throw new LimitException(nameof(StoreLimits.TablesMax), limits.TablesMax, at);
    }

    private void ReadMemories()
    {
        int count = reader.Count(nameof(StoreLimits.MemoryPagesMax), int.MaxValue);
        for (int i = 0; i < count; i++) memories.Add(ReadMemoryType());
    }

    private void ReadGlobals()
    {
        int at = reader.Position;
        var initializers = new Slice[reader.Count(nameof(StoreLimits.GlobalsMax), limits.GlobalsMax)];
        if (initializers.Length + globals.Count > limits.GlobalsMax) throw new LimitException(nameof(StoreLimits.GlobalsMax), limits.GlobalsMax, at);
        for (int i = 0; i < initializers.Length; i++)
        {
            globals.Add(ReadGlobalType());
            initializers[i] = ReadExpression();
        }

        module.GlobalInitializers = initializers;
    }

    private void ReadExports()
    {
        var exports = new ModuleExport[reader.Count(nameof(StoreLimits.ExportsMax), limits.ExportsMax)];
        var offsets = new int[exports.Length];
        for (int i = 0; i < exports.Length; i++)
        {
            offsets[i] = reader.Position;
            string name = reader.Name();
            byte kind = reader.Byte();
            if (kind > 3) ByteReader.Malformed("malformed export kind", reader.Position - 1);
            exports[i] = new ModuleExport(name, (ExternalKind)kind, ReadIndex());
        }

        module.Exports = exports;
        module.ExportOffsets = offsets;
    }

    private void ReadElements()
    {
        var elements = new ElementSegment[reader.Count(nameof(StoreLimits.ElementSegmentsMax), limits.ElementSegmentsMax)];
        for (int i = 0; i < elements.Length; i++) elements[i] = ReadElementSegment();
        module.Elements = elements;
    }

    /// <summary>Flag bits: 0 passive or declarative, 1 a table index (or declarative), 2 expressions in place of function indices.</summary>
    private ElementSegment ReadElementSegment()
    {
        int at = reader.Position;
        uint flags = reader.U32();
        if (flags > 7) ByteReader.Malformed("malformed elements segment kind", at);
        bool active = (flags & 1) == 0;
        bool expressions = (flags & 4) != 0;
        int table = active && (flags & 2) != 0 ? ReadIndex() : 0;
        Slice offset = active ? ReadExpression() : default;
        ValueType type = ValueType.FuncRef;
        if ((flags & 3) != 0)
        {
            if (expressions) type = reader.ReferenceType();
            else if (reader.Byte() != 0) ByteReader.Malformed("malformed element kind", reader.Position - 1);
        }

        int count = reader.Count(nameof(StoreLimits.TableEntriesMax), limits.TableEntriesMax);
        int[]? functions = expressions ? null : new int[count];
        Slice[]? items = expressions ? new Slice[count] : null;
        for (int i = 0; i < count; i++)
        {
            if (functions is not null) functions[i] = ReadIndex();
            else items![i] = ReadExpression();
        }

        return new ElementSegment
        {
            Mode = active ? SegmentMode.Active : (flags & 2) != 0 ? SegmentMode.Declarative : SegmentMode.Passive,
            Type = type,
            Table = table,
            Offset = offset,
            Functions = functions,
            Expressions = items,
            Position = at,
        };
    }

    private void ReadCode()
    {
        int count = reader.Count(nameof(StoreLimits.FunctionsMax), limits.FunctionsMax);
        if (count != declaredTypes.Length) reader.Malformed("function and code section have inconsistent lengths");
        var bodies = new Slice[count];
        for (int i = 0; i < count; i++)
        {
            int at = reader.Position;
            uint size = reader.U32();
            if (size > (uint)reader.Left) ByteReader.Malformed("unexpected end of section or function", at);
            if (size > (uint)limits.FunctionBytesMax) throw new LimitException(nameof(StoreLimits.FunctionBytesMax), limits.FunctionBytesMax, at);
            bodies[i] = new Slice(reader.Position, reader.Position + (int)size);
            reader.Position += (int)size;
        }

        module.Bodies = bodies;
    }

    private void ReadData()
    {
        var data = new DataSegment[reader.Count(nameof(StoreLimits.DataSegmentsMax), limits.DataSegmentsMax)];
        for (int i = 0; i < data.Length; i++)
        {
            int at = reader.Position;
            uint flags = reader.U32();
            if (flags > 2) ByteReader.Malformed("malformed data segment kind", at);
            int memory = flags == 2 ? ReadIndex() : 0;
            Slice offset = flags == 1 ? default : ReadExpression();
            uint length = reader.U32();
            if (length > (uint)reader.Left) reader.Malformed("unexpected end of section or function");
            var contents = new Slice(reader.Position, reader.Position + (int)length);
            reader.Position = contents.End;
            data[i] = new DataSegment(flags == 1 ? SegmentMode.Passive : SegmentMode.Active, memory, offset, contents, at);
        }

        module.Data = data;
    }
}
