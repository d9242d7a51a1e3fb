using System.Diagnostics.CodeAnalysis;
using Egregore.Wasm.Execution;

namespace Egregore.Wasm;

/// <summary>A module at work, with memories, tables and globals of its own or imported.</summary>
public sealed class Instance
{
    private readonly InstanceContext context;
    private readonly Dictionary<string, ModuleExport> exports;

    internal Instance(Module module, InstanceContext context)
    {
        Module = module;
        this.context = context;
        exports = new Dictionary<string, ModuleExport>(module.Exports.Count, StringComparer.Ordinal);
        foreach (ModuleExport export in module.Exports) exports.Add(export.Name, export);
    }

    /// <summary>Its module.</summary>
    public Module Module { get; }

    /// <summary>Its store.</summary>
    public Store Store => context.Store;

    /// <summary>An exported function.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Func GetFunc(string name) => TryGetFunc(name, out Func? func) ? func : throw Missing("function", name);

    /// <summary>An exported memory.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Memory GetMemory(string name) => TryGetMemory(name, out Memory? memory) ? memory : throw Missing("memory", name);

    /// <summary>An exported table.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Table GetTable(string name) => TryGetTable(name, out Table? table) ? table : throw Missing("table", name);

    /// <summary>An exported global.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public Global GetGlobal(string name) => TryGetGlobal(name, out Global? global) ? global : throw Missing("global", name);

    /// <summary>An exported function, where there is one of that name.</summary>
    public bool TryGetFunc(string name, [NotNullWhen(true)] out Func? func) => (func = Find(name, ExternalKind.Func) as Func) is not null;

    /// <summary>An exported memory, where there is one of that name.</summary>
    public bool TryGetMemory(string name, [NotNullWhen(true)] out Memory? memory) => (memory = Find(name, ExternalKind.Memory) as Memory) is not null;

    /// <summary>An exported table, where there is one of that name.</summary>
    public bool TryGetTable(string name, [NotNullWhen(true)] out Table? table) => (table = Find(name, ExternalKind.Table) as Table) is not null;

    /// <summary>An exported global, where there is one of that name.</summary>
    public bool TryGetGlobal(string name, [NotNullWhen(true)] out Global? global) => (global = Find(name, ExternalKind.Global) as Global) is not null;

    internal object Export(ModuleExport export) => export.Kind switch
    {
        ExternalKind.Func => context.FunctionAt(export.Index),
        ExternalKind.Table => context.Tables[export.Index],
        ExternalKind.Memory => context.Memory!,
        _ => context.Globals[export.Index]!,
    };

    private static ArgumentException Missing(string kind, string name) => new($"The instance exports no {kind} '{name}'.", nameof(name));

    private object? Find(string name, ExternalKind kind) => exports.TryGetValue(name, out ModuleExport? export) && export.Kind == kind ? Export(export) : null;
}
