namespace Egregore.Wasm;

/// <summary>What an import or export is (specification, section 5.5.5).</summary>
public enum ExternalKind : byte
{
    /// <summary>A function.</summary>
    Func = 0,

    /// <summary>A table.</summary>
    Table = 1,

    /// <summary>A memory.</summary>
    Memory = 2,

    /// <summary>A global.</summary>
    Global = 3,
}

/// <summary>The type of a table.</summary>
/// <param name="Element">What it holds: <see cref="ValueType.FuncRef"/> or <see cref="ValueType.ExternRef"/>.</param>
/// <param name="Minimum">Entries at the start.</param>
/// <param name="Maximum">Entries at most, or null.</param>
public sealed record TableType(ValueType Element, uint Minimum, uint? Maximum);

/// <summary>The type of a memory.</summary>
/// <param name="Minimum">Pages (65,536 bytes) at the start.</param>
/// <param name="Maximum">Pages at most, or null.</param>
public sealed record MemoryType(uint Minimum, uint? Maximum);

/// <summary>The type of a global.</summary>
/// <param name="Type">What it holds.</param>
/// <param name="Mutable">Whether it can be set.</param>
public sealed record GlobalType(ValueType Type, bool Mutable);

/// <summary>One thing that a module needs.</summary>
/// <param name="Module">The first part of its name.</param>
/// <param name="Name">The second part of its name.</param>
/// <param name="Kind">What it is; the type of that kind is not null.</param>
/// <param name="Func">Its type, where it is a function.</param>
/// <param name="Table">Its type, where it is a table.</param>
/// <param name="Memory">Its type, where it is a memory.</param>
/// <param name="Global">Its type, where it is a global.</param>
public sealed record ModuleImport(string Module, string Name, ExternalKind Kind, FuncType? Func, TableType? Table, MemoryType? Memory, GlobalType? Global);

/// <summary>One thing that a module offers.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Index">Its index among the module's things of that kind, imported ones counted.</param>
public sealed record ModuleExport(string Name, ExternalKind Kind, int Index);

/// <summary>A section that the specification gives no meaning to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Contents">Its bytes after the name.</param>
public sealed record CustomSection(string Name, ReadOnlyMemory<byte> Contents);
