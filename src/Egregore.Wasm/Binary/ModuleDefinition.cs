namespace Egregore.Wasm.Binary;

/// <summary>A decoded module (specification, section 2.5): its parts as tables, its code as slices of its bytes.</summary>
internal sealed class ModuleDefinition
{
    /// <summary>The whole module.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>The sections in their order, custom ones among them.</summary>
    public List<SectionSlice> Sections { get; } = [];

    public FuncType[] Types { get; set; } = [];

    public ModuleImport[] Imports { get; set; } = [];

    /// <summary>The index of each function's type, imported functions first.</summary>
    public int[] FunctionTypes { get; set; } = [];

    public int ImportedFunctions { get; set; }

    /// <summary>All tables, imported ones first.</summary>
    public TableType[] Tables { get; set; } = [];

    public int ImportedTables { get; set; }

    /// <summary>All memories, imported ones first.</summary>
    public MemoryType[] Memories { get; set; } = [];

    public int ImportedMemories { get; set; }

    /// <summary>All globals' types, imported ones first.</summary>
    public GlobalType[] Globals { get; set; } = [];

    public int ImportedGlobals { get; set; }

    /// <summary>The first value of each global that is not imported.</summary>
    public Slice[] GlobalInitializers { get; set; } = [];

    public ModuleExport[] Exports { get; set; } = [];

    /// <summary>Where each export stands, for errors.</summary>
    public int[] ExportOffsets { get; set; } = [];

    /// <summary>The function that runs at instantiation, or -1.</summary>
    public int Start { get; set; } = -1;

    public ElementSegment[] Elements { get; set; } = [];

    /// <summary>What the data count section says, or -1.</summary>
    public int DataCount { get; set; } = -1;

    public DataSegment[] Data { get; set; } = [];

    /// <summary>The bodies of the functions that are not imported: locals, then instructions with the closing <c>end</c>.</summary>
    public Slice[] Bodies { get; set; } = [];

    /// <summary>What the validator saw in each body.</summary>
    public FunctionTraits[] Traits { get; set; } = [];

    public List<CustomSection> CustomSections { get; } = [];

    public FuncType TypeOfFunction(int function) => Types[FunctionTypes[function]];
}

/// <summary>A part of the module's bytes.</summary>
/// <param name="Start">The first byte's offset.</param>
/// <param name="End">The offset behind the last byte.</param>
internal readonly record struct Slice(int Start, int End)
{
    public int Length => End - Start;
}

/// <summary>A section.</summary>
/// <param name="Id">Its number (specification, section 5.5.2); 0 is a custom one.</param>
/// <param name="Start">The offset of its number.</param>
/// <param name="Contents">Its contents.</param>
internal readonly record struct SectionSlice(byte Id, int Start, Slice Contents);

/// <summary>What happens to a segment at instantiation.</summary>
internal enum SegmentMode : byte
{
    /// <summary>It is written, then dropped.</summary>
    Active,

    /// <summary>It waits for an instruction.</summary>
    Passive,

    /// <summary>It only declares that references to its functions are taken.</summary>
    Declarative,
}

/// <summary>An element segment.</summary>
internal sealed class ElementSegment
{
    public required SegmentMode Mode { get; init; }

    public required ValueType Type { get; init; }

    public required int Table { get; init; }

    /// <summary>Where an active one is written: a constant expression.</summary>
    public required Slice Offset { get; init; }

    /// <summary>The functions, or null where <see cref="Expressions"/> says the elements.</summary>
    public int[]? Functions { get; init; }

    public Slice[]? Expressions { get; init; }

    /// <summary>Where the segment stands, for errors.</summary>
    public required int Position { get; init; }

    public int Count => Functions?.Length ?? Expressions!.Length;
}

/// <summary>A data segment.</summary>
/// <param name="Mode">Active or passive.</param>
/// <param name="Memory">The memory that an active one is written to.</param>
/// <param name="Offset">Where: a constant expression.</param>
/// <param name="Contents">The bytes.</param>
/// <param name="Position">Where the segment stands, for errors.</param>
internal readonly record struct DataSegment(SegmentMode Mode, int Memory, Slice Offset, Slice Contents, int Position);
