namespace Egregore.Wasm;

/// <summary>
/// The bounds of everything that a module makes the host hold or do. What goes over one is refused with a <see cref="LimitException"/> (a memory or table that
/// cannot grow answers -1 instead, and a call too deep traps). Each has to be at least 0.
/// </summary>
public sealed record StoreLimits
{
    /// <summary>Bytes of a module.</summary>
    public int ModuleBytesMax { get; init; } = 64 << 20;

    /// <summary>Types of a module.</summary>
    public int TypesMax { get; init; } = 100_000;

    /// <summary>Parameters of a function type, and results of one, each.</summary>
    public int TypeValuesMax { get; init; } = 1_000;

    /// <summary>Functions of a module, imported ones counted.</summary>
    public int FunctionsMax { get; init; } = 100_000;

    /// <summary>Imports of a module.</summary>
    public int ImportsMax { get; init; } = 10_000;

    /// <summary>Exports of a module.</summary>
    public int ExportsMax { get; init; } = 100_000;

    /// <summary>Globals of a module, imported ones counted.</summary>
    public int GlobalsMax { get; init; } = 10_000;

    /// <summary>Tables of a module, imported ones counted.</summary>
    public int TablesMax { get; init; } = 100;

    /// <summary>Element segments of a module.</summary>
    public int ElementSegmentsMax { get; init; } = 100_000;

    /// <summary>Data segments of a module.</summary>
    public int DataSegmentsMax { get; init; } = 100_000;

    /// <summary>Custom sections of a module.</summary>
    public int CustomSectionsMax { get; init; } = 1_000;

    /// <summary>Locals of a function, parameters counted.</summary>
    public int LocalsMax { get; init; } = 50_000;

    /// <summary>Operands on a function's stack, those of the blocks around counted.</summary>
    public int OperandsMax { get; init; } = 10_000;

    /// <summary>Blocks inside one another in a function.</summary>
    public int NestingMax { get; init; } = 1_000;

    /// <summary>Bytes of a function's body. Compiling takes time and memory in proportion, and more where the body is one large loop.</summary>
    public int FunctionBytesMax { get; init; } = 2 << 20;

    /// <summary>Pages (65,536 bytes) of one memory; at most 32,767 in effect.</summary>
    public int MemoryPagesMax { get; init; } = 16_384;

    /// <summary>Pages of all memories of a store together.</summary>
    public int TotalMemoryPagesMax { get; init; } = 32_768;

    /// <summary>Entries of one table.</summary>
    public int TableEntriesMax { get; init; } = 1_000_000;

    /// <summary>Entries of all tables of a store together.</summary>
    public int TotalTableEntriesMax { get; init; } = 10_000_000;

    /// <summary>
    /// Calls inside one another, rounded down to a multiple of 16; a function that calls nothing does not count, a call into the host counts for up to 64. The
    /// thread's stack may be the narrower bound; both trap.
    /// </summary>
    public int CallDepthMax { get; init; } = 12_000;

    /// <summary>Instances of a store.</summary>
    public int InstancesMax { get; init; } = 10_000;

    /// <summary>
    /// Time that a module's compilation may take in all, lazily compiled functions counted. It is looked at between functions: one function is bounded
    /// by <see cref="FunctionBytesMax"/>. It counts where <see cref="EngineOptions.Time"/> is given.
    /// </summary>
    public TimeSpan CompileTimeMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The defaults.</summary>
    public static StoreLimits Default { get; } = new();
}
