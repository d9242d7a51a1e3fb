using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Validation;

/// <summary>Validates a module (specification, section 3.4), its functions among it.</summary>
internal static class ModuleValidator
{
    /// <exception cref="InvalidModuleException">A rule is broken.</exception>
    /// <exception cref="MalformedModuleException">A function's body does not decode.</exception>
    /// <exception cref="LimitException">A function is over a limit.</exception>
    public static void Validate(ModuleDefinition module, StoreLimits limits)
    {
        try
        {
            ValidateAll(module, limits);
        }
        catch (InvalidModuleException)
        {
            // Whether bytes are a module at all comes before whether it is valid.
            foreach (Slice body in module.Bodies) CheckForm(module, body);
            throw;
        }
    }

    private static void ValidateAll(ModuleDefinition module, StoreLimits limits)
    {
        int end = module.Bytes.Length;
        if (module.Memories.Length > 1) throw new InvalidModuleException("multiple memories", end);
        var declared = new HashSet<int>();
        for (int i = 0; i < module.GlobalInitializers.Length; i++)
            ValidateConstant(module, module.GlobalInitializers[i], module.Globals[module.ImportedGlobals + i].Type, declared);
        ValidateExports(module, declared);
        ValidateStart(module);
        ValidateElements(module, declared);
        ValidateData(module, declared);
        var validator = new FunctionValidator(module, limits, declared);
        module.Traits = new FunctionTraits[module.Bodies.Length];
        for (int i = 0; i < module.Bodies.Length; i++) module.Traits[i] = validator.Validate(i);
    }

    /// <exception cref="MalformedModuleException">A body does not decode.</exception>
    private static void CheckForm(ModuleDefinition module, Slice body)
    {
        var locals = new ByteReader(module.Bytes, body.Start, body.End);
        for (uint groups = locals.U32(); groups > 0; groups--)
        {
            locals.U32();
            locals.ValueType();
        }

        var reader = new InstructionReader(module.Bytes, locals.Position, body.End);
        for (int depth = 1; depth > 0;)
        {
            reader.Read();
            if (reader.Op is OpCode.Block or OpCode.Loop or OpCode.If) depth++;
            if (reader.Op == OpCode.End) depth--;
        }

        if (!reader.AtEnd) ByteReader.Malformed("END opcode expected", reader.Position);
    }

    private static void ValidateExports(ModuleDefinition module, HashSet<int> declared)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < module.Exports.Length; i++)
        {
            ModuleExport export = module.Exports[i];
            int at = module.ExportOffsets[i];
            if (!names.Add(export.Name)) throw new InvalidModuleException("duplicate export name", at);
            (int count, string what) = export.Kind switch
            {
                ExternalKind.Func => (module.FunctionTypes.Length, "unknown function"),
                ExternalKind.Table => (module.Tables.Length, "unknown table"),
                ExternalKind.Memory => (module.Memories.Length, "unknown memory"),
                _ => (module.Globals.Length, "unknown global"),
            };
            if ((uint)export.Index >= (uint)count) throw new InvalidModuleException(what, at);
            if (export.Kind == ExternalKind.Func) declared.Add(export.Index);
        }
    }

    private static void ValidateStart(ModuleDefinition module)
    {
        if (module.Start < 0) return;
        int at = module.Sections.First(section => section.Id == 8).Contents.Start;
        if ((uint)module.Start >= (uint)module.FunctionTypes.Length) throw new InvalidModuleException("unknown function", at);
        FuncType type = module.TypeOfFunction(module.Start);
        if (type.Parameters.Length != 0 || type.Results.Length != 0) throw new InvalidModuleException("start function", at);
    }

    private static void ValidateElements(ModuleDefinition module, HashSet<int> declared)
    {
        foreach (ElementSegment segment in module.Elements)
        {
            if (segment.Mode == SegmentMode.Active)
            {
                if ((uint)segment.Table >= (uint)module.Tables.Length) throw new InvalidModuleException("unknown table", segment.Position);
                if (module.Tables[segment.Table].Element != segment.Type) throw new InvalidModuleException("type mismatch", segment.Position);
                ValidateConstant(module, segment.Offset, ValueType.I32, declared);
            }

            if (segment.Functions is not null)
            {
                foreach (int function in segment.Functions)
                {
                    if ((uint)function >= (uint)module.FunctionTypes.Length) throw new InvalidModuleException("unknown function", segment.Position);
                    declared.Add(function);
                }
            }
            else
            {
                foreach (Slice expression in segment.Expressions!) ValidateConstant(module, expression, segment.Type, declared);
            }
        }
    }

    private static void ValidateData(ModuleDefinition module, HashSet<int> declared)
    {
        foreach (DataSegment segment in module.Data)
        {
            if (segment.Mode != SegmentMode.Active) continue;
            if ((uint)segment.Memory >= (uint)module.Memories.Length) throw new InvalidModuleException($"unknown memory {segment.Memory}", segment.Position);
            ValidateConstant(module, segment.Offset, ValueType.I32, declared);
        }
    }

    /// <summary>A constant expression: one instruction that gives a value of the type (section 3.3.7), and the end.</summary>
    private static void ValidateConstant(ModuleDefinition module, Slice expression, ValueType expected, HashSet<int> declared)
    {
        var reader = new InstructionReader(module.Bytes, expression.Start, expression.End);
        int values = 0;
        ValueType found = 0;
        while (true)
        {
            reader.Read();
            if (reader.Op == OpCode.End) break;
            values++;
            switch (reader.Op)
            {
                case OpCode.I32Const: found = ValueType.I32; break;
                case OpCode.I64Const: found = ValueType.I64; break;
                case OpCode.F32Const: found = ValueType.F32; break;
                case OpCode.F64Const: found = ValueType.F64; break;
                case OpCode.V128Const: found = ValueType.V128; break;
                case OpCode.RefNull: found = reader.Type; break;
                case OpCode.RefFunc:
                    if (reader.Index >= (uint)module.FunctionTypes.Length) throw new InvalidModuleException("unknown function", reader.Start);
                    declared.Add((int)reader.Index);
                    found = ValueType.FuncRef;
                    break;
                case OpCode.GlobalGet:
                    if (reader.Index >= (uint)module.ImportedGlobals) throw new InvalidModuleException("unknown global", reader.Start);
                    GlobalType global = module.Globals[reader.Index];
                    if (global.Mutable) throw new InvalidModuleException("constant expression required", reader.Start);
                    found = global.Type;
                    break;
                default:
                    throw new InvalidModuleException("constant expression required", reader.Start);
            }
        }

        if (values != 1 || found != expected) throw new InvalidModuleException("type mismatch", expression.Start);
    }
}
