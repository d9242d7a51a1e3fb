using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Metering;

/// <summary>
/// Makes a module count its own work: module bytes in, module bytes out, for any engine. The module gets an exported mutable i64 global, the fuel. It pays from that by the weights
/// of <see cref="FuelCost"/>, and traps (<c>unreachable</c>) where the fuel went below 0. As the counting is in the module, every engine that follows the specification counts
/// alike and stops at the same place.
/// </summary>
/// <remarks>
/// <para>A call that ends has paid exactly the weights of the instructions it executed, and lengths for the operators that have one. A call that traps has paid for all that it
/// executed, and for instructions behind the trap that a run without it would have executed too.</para>
/// <para>Imported functions cost a <c>call</c>: what they do is the host's to charge, by the global. Instantiation (segments, tables) is not counted, the start function is.</para>
/// <para>Nothing is added but globals, exports, locals and types at the end of their lists, so every index keeps its meaning, in the name section too. Other custom sections are
/// copied as they are: offsets into the code that they hold (debug information) are no longer right.</para>
/// </remarks>
public static class Meter
{
    private const byte TypeSection = 1;
    private const byte GlobalSection = 6;
    private const byte ExportSection = 7;
    private const byte CodeSection = 10;

    /// <summary>Writes a metered module. The same bytes and options give the same result.</summary>
    /// <param name="module">A valid module.</param>
    /// <param name="options">The options, or null for the defaults.</param>
    /// <returns>
    /// A valid module. Its functions are some half larger, have up to five locals more and two blocks more inside one another, so one that was just within a limit may be over it.
    /// </returns>
    /// <exception cref="MalformedModuleException">The bytes are not a module.</exception>
    /// <exception cref="InvalidModuleException">The module breaks a validation rule.</exception>
    /// <exception cref="LimitException">The module is over one of the options' limits.</exception>
    /// <exception cref="MeterRefusedException">The module imports or exports one of the meter's names: it is metered already.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static byte[] Instrument(ReadOnlySpan<byte> module, MeterOptions? options = null)
    {
        options ??= new MeterOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.InitialFuel, nameof(options));
        if (options.CallDepthMax is { } depth) ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1, nameof(options));
        if (options.CallDepthMax is not null && options.DepthName == options.FuelName) throw new ArgumentException("The fuel and the depth need two names.", nameof(options));
        ModuleDefinition definition = Module.Decode(module, options.Limits);
        Refuse(definition, options.FuelName);
        if (options.CallDepthMax is not null) Refuse(definition, options.DepthName);
        return Write(definition, options);
    }

    private static void Refuse(ModuleDefinition module, string name)
    {
        if (module.Exports.Any(export => export.Name == name)) throw new MeterRefusedException($"the module exports \"{name}\" already");
        if (module.Imports.Any(import => import.Name == name)) throw new MeterRefusedException($"the module imports \"{name}\"");
    }

    private static byte[] Write(ModuleDefinition module, MeterOptions options)
    {
        uint fuel = (uint)module.Globals.Length;
        var addedTypes = new List<FuncType>();
        Dictionary<FuncType, long> blockTypes = options.CallDepthMax is null ? [] : BlockTypes(module, addedTypes);
        var globals = new MeterGlobals(fuel, options.CallDepthMax is null ? null : fuel + 1, blockTypes);
        var output = new ByteWriter();
        output.Bytes(module.Bytes.AsSpan(0, 8));
        bool hasGlobals = false;
        bool hasExports = false;
        foreach (SectionSlice section in module.Sections)
        {
            if (!hasGlobals && section.Id >= GlobalSection)
            {
                output.Section(GlobalSection, Globals(module, section.Id == GlobalSection ? section.Contents : null, options));
                hasGlobals = true;
                if (section.Id == GlobalSection) continue;
            }

            if (!hasExports && section.Id >= ExportSection)
            {
                output.Section(ExportSection, Exports(module, section.Id == ExportSection ? section.Contents : null, globals, options));
                hasExports = true;
                if (section.Id == ExportSection) continue;
            }

            switch (section.Id)
            {
                case TypeSection when addedTypes.Count > 0:
                    output.Section(TypeSection, Extended(module, section.Contents, addedTypes.Count, writer => addedTypes.ForEach(type => WriteType(writer, type))));
                    break;
                case CodeSection:
                    output.Section(CodeSection, Code(module, globals, options));
                    break;
                default:
                    output.Bytes(module.Bytes.AsSpan(section.Start, section.Contents.End - section.Start));
                    break;
            }
        }

        if (!hasGlobals) output.Section(GlobalSection, Globals(module, null, options));
        if (!hasExports) output.Section(ExportSection, Exports(module, null, globals, options));
        return output.Written.ToArray();
    }

    private static ReadOnlySpan<byte> Globals(ModuleDefinition module, Slice? contents, MeterOptions options) =>
        Extended(module, contents, options.CallDepthMax is null ? 1 : 2, writer =>
        {
            WriteGlobal(writer, ValueType.I64, OpCode.I64Const, options.InitialFuel);
            if (options.CallDepthMax is { } depth) WriteGlobal(writer, ValueType.I32, OpCode.I32Const, depth);
        });

    private static ReadOnlySpan<byte> Exports(ModuleDefinition module, Slice? contents, MeterGlobals globals, MeterOptions options) =>
        Extended(module, contents, globals.Depth is null ? 1 : 2, writer =>
        {
            WriteExport(writer, options.FuelName, globals.Fuel);
            if (globals.Depth is { } depth) WriteExport(writer, options.DepthName, depth);
        });

    private static ReadOnlySpan<byte> Code(ModuleDefinition module, MeterGlobals globals, MeterOptions options)
    {
        var writer = new ByteWriter();
        writer.U32((uint)module.Bodies.Length);
        var functions = new FunctionMeter(module, globals, options.CanonicalizeNaN);
        for (int i = 0; i < module.Bodies.Length; i++) functions.Write(i, writer);
        return writer.Written;
    }

    /// <summary>A section's vector with elements added at its end.</summary>
    private static ReadOnlySpan<byte> Extended(ModuleDefinition module, Slice? contents, int count, Action<ByteWriter> write)
    {
        var writer = new ByteWriter();
        if (contents is { } slice)
        {
            var reader = new ByteReader(module.Bytes, slice.Start, slice.End);
            writer.U32(reader.U32() + (uint)count);
            writer.Bytes(module.Bytes.AsSpan(reader.Position, reader.Left));
        }
        else
        {
            writer.U32((uint)count);
        }

        write(writer);
        return writer.Written;
    }

    /// <summary>A block of several results needs a function type of its own; one is added where the module has none.</summary>
    private static Dictionary<FuncType, long> BlockTypes(ModuleDefinition module, List<FuncType> added)
    {
        var known = new Dictionary<FuncType, long>();
        for (int i = 0; i < module.Types.Length; i++) known.TryAdd(module.Types[i], i);
        var blocks = new Dictionary<FuncType, long>();
        foreach (FuncType type in module.Types)
        {
            if (blocks.ContainsKey(type)) continue;
            if (type.Results.Length < 2)
            {
                // A value type's byte is that of its negative number, as the empty type's is.
                blocks.Add(type, type.Results.Length == 0 ? InstructionReader.EmptyBlock : (byte)type.Results[0] - 0x80);
                continue;
            }

            var block = new FuncType([], type.Results);
            if (!known.TryGetValue(block, out long index))
            {
                index = module.Types.Length + added.Count;
                known.Add(block, index);
                added.Add(block);
            }

            blocks.Add(type, index);
        }

        return blocks;
    }

    private static void WriteType(ByteWriter writer, FuncType type)
    {
        writer.Byte(0x60);
        writer.U32(0);
        writer.U32((uint)type.Results.Length);
        foreach (ValueType result in type.Results) writer.Byte((byte)result);
    }

    private static void WriteGlobal(ByteWriter writer, ValueType type, OpCode constant, long value)
    {
        writer.Byte((byte)type);
        writer.Byte(1);
        writer.Byte((byte)constant);
        writer.S64(value);
        writer.Byte((byte)OpCode.End);
    }

    private static void WriteExport(ByteWriter writer, string name, uint global)
    {
        writer.Name(name);
        writer.Byte((byte)ExternalKind.Global);
        writer.U32(global);
    }
}
