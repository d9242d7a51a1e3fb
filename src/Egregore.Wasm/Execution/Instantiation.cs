using System.Reflection;
using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Execution;

/// <summary>Makes an instance (specification, section 4.5.4).</summary>
internal static class Instantiation
{
    public static Instance Run(Store store, Module module, object[] imports)
    {
        store.TakeInstance();
        ModuleDefinition definition = module.Definition;
        ModuleCode code = module.Code;
        InstanceContext context = code.Layout.Create();
        context.Store = store;
        context.Code = code;
        context.Functions = new Func?[definition.FunctionTypes.Length];
        context.Tables = new Table[definition.Tables.Length];
        context.Globals = new Global?[definition.Globals.Length];
        var instance = new Instance(module, context);
        context.Instance = instance;
        store.ReserveResults(code.ResultsMax);
        Memory? memory = BindImports(context, code.Layout, imports);
        if (definition.Memories.Length > definition.ImportedMemories) memory = new Memory(store, definition.Memories[0]);
        context.Memory = memory;
        memory?.Attach(context);
        for (int i = definition.ImportedTables; i < definition.Tables.Length; i++) context.Tables[i] = new Table(store, definition.Tables[i]);
        for (int i = 0; i < context.Tables.Length; i++) code.Layout.Tables[i].SetValue(context, context.Tables[i]);
        code.NeedAddresses(FunctionsTaken(definition));
        InitializeGlobals(context, code.Layout, definition);
        InitializeTables(context, definition);
        InitializeMemory(context, definition);
        if (definition.Start >= 0) context.FunctionAt(definition.Start).Invoke([], []);
        return instance;
    }

    private static Memory? BindImports(InstanceContext context, ContextLayout layout, object[] imports)
    {
        int functions = 0;
        int tables = 0;
        int globals = 0;
        Memory? memory = null;
        foreach (object import in imports)
        {
            switch (import)
            {
                case Func func:
                    layout.Imports[functions].SetValue(context, func);
                    context.Functions[functions++] = func;
                    break;
                case Table table:
                    context.Tables[tables++] = table;
                    break;
                case Global global:
                    layout.Globals[globals].SetValue(context, global);
                    context.Globals[globals++] = global;
                    break;
                default:
                    memory = (Memory)import;
                    break;
            }
        }

        return memory;
    }

    /// <summary>The functions that element segments name: their addresses are made together, which is cheaper.</summary>
    private static HashSet<int> FunctionsTaken(ModuleDefinition definition)
    {
        var taken = new HashSet<int>();
        foreach (ElementSegment segment in definition.Elements)
        {
            if (segment.Mode != SegmentMode.Declarative && segment.Functions is not null) taken.UnionWith(segment.Functions);
        }

        return taken;
    }

    private static void InitializeGlobals(InstanceContext context, ContextLayout layout, ModuleDefinition definition)
    {
        for (int i = 0; i < definition.GlobalInitializers.Length; i++)
        {
            int index = definition.ImportedGlobals + i;
            GlobalType type = definition.Globals[index];
            Value value = Evaluate(context, definition, definition.GlobalInitializers[i]);
            FieldInfo field = layout.Globals[index];
            if (layout.SharedGlobals[index])
            {
                var global = new Global(context.Store, type, value);
                context.Globals[index] = global;
                field.SetValue(context, global);
                continue;
            }

            field.SetValue(context, type.Type switch
            {
                ValueType.I32 => value.I32,
                ValueType.I64 => value.I64,
                ValueType.F32 => value.F32,
                ValueType.F64 => value.F64,
                ValueType.V128 => value.V128,
                _ => value.Extern,
            });
        }
    }

    private static void InitializeTables(InstanceContext context, ModuleDefinition definition)
    {
        context.Elements = new object?[definition.Elements.Length][];
        for (int i = 0; i < definition.Elements.Length; i++)
        {
            ElementSegment segment = definition.Elements[i];
            var elements = segment.Mode == SegmentMode.Declarative ? [] : new object?[segment.Count];
            for (int j = 0; j < elements.Length; j++)
            {
                elements[j] = segment.Functions is { } functions
                    ? context.FunctionAt(functions[j])
                    : Evaluate(context, definition, segment.Expressions![j]).Extern;
            }

            context.Elements[i] = elements;
        }

        for (int i = 0; i < definition.Elements.Length; i++)
        {
            ElementSegment segment = definition.Elements[i];
            if (segment.Mode != SegmentMode.Active) continue;
            int at = Evaluate(context, definition, segment.Offset).I32;
            Bulk.TableInit(context, context.Tables[segment.Table], at, 0, segment.Count, i);
            Bulk.ElemDrop(context, i);
        }
    }

    private static void InitializeMemory(InstanceContext context, ModuleDefinition definition)
    {
        context.Data = new ReadOnlyMemory<byte>[definition.Data.Length];
        for (int i = 0; i < definition.Data.Length; i++)
            context.Data[i] = definition.Bytes.AsMemory(definition.Data[i].Contents.Start, definition.Data[i].Contents.Length);
        for (int i = 0; i < definition.Data.Length; i++)
        {
            DataSegment segment = definition.Data[i];
            if (segment.Mode != SegmentMode.Active) continue;
            int at = Evaluate(context, definition, segment.Offset).I32;
            Bulk.MemoryInit(context, at, 0, segment.Contents.Length, i);
            Bulk.DataDrop(context, i);
        }
    }

    /// <summary>A constant expression, which validation has shown to be one instruction.</summary>
    private static Value Evaluate(InstanceContext context, ModuleDefinition definition, Slice expression)
    {
        var reader = new InstructionReader(definition.Bytes, expression.Start, expression.End);
        reader.Read();
        return reader.Op switch
        {
            OpCode.I32Const => Value.FromI32((int)reader.Constant),
            OpCode.I64Const => Value.FromI64(reader.Constant),
            OpCode.F32Const => Value.FromF32Bits((uint)reader.Constant),
            OpCode.F64Const => Value.FromF64Bits((ulong)reader.Constant),
            OpCode.V128Const => Value.FromV128(VectorConstant.Create(reader.Constant, reader.ConstantHigh)),
            OpCode.GlobalGet => context.Globals[reader.Index]!.Value,
            OpCode.RefFunc => Value.FromFunc(context.FunctionAt((int)reader.Index)),
            _ => default,
        };
    }
}
