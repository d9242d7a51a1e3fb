using System.Reflection;
using System.Reflection.Emit;
using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Execution;

/// <summary>
/// The class that a module's instances are contexts of: a field for each imported function, each table and each global. A global that only the module sees lies in
/// the context itself; one that is imported or exported is an object.
/// </summary>
internal sealed class ContextLayout
{
    private const BindingFlags Fields = BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    public ContextLayout(ModuleDefinition definition, ModuleBuilder module)
    {
        SharedGlobals = new bool[definition.Globals.Length];
        SharedGlobals.AsSpan(0, definition.ImportedGlobals).Fill(true);
        foreach (ModuleExport export in definition.Exports)
        {
            if (export.Kind == ExternalKind.Global) SharedGlobals[export.Index] = true;
        }

        TypeBuilder type = module.DefineType("Context", TypeAttributes.Class | TypeAttributes.Public | TypeAttributes.Sealed, typeof(InstanceContext));
        type.DefineDefaultConstructor(MethodAttributes.Public);
        for (int i = 0; i < definition.ImportedFunctions; i++) type.DefineField($"i{i}", typeof(Func), FieldAttributes.Public);
        for (int i = 0; i < definition.Tables.Length; i++) type.DefineField($"t{i}", typeof(Table), FieldAttributes.Public);
        for (int i = 0; i < SharedGlobals.Length; i++)
            type.DefineField($"g{i}", SharedGlobals[i] ? typeof(Global) : ClrTypes.Of(definition.Globals[i].Type), FieldAttributes.Public);
        Type = type.CreateType();
        Dictionary<string, FieldInfo> fields = Type.GetFields(Fields).ToDictionary(field => field.Name, StringComparer.Ordinal);
        Imports = [.. Enumerable.Range(0, definition.ImportedFunctions).Select(i => fields[$"i{i}"])];
        Tables = [.. Enumerable.Range(0, definition.Tables.Length).Select(i => fields[$"t{i}"])];
        Globals = [.. Enumerable.Range(0, SharedGlobals.Length).Select(i => fields[$"g{i}"])];
    }

    public Type Type { get; }

    public FieldInfo[] Imports { get; }

    public FieldInfo[] Tables { get; }

    public FieldInfo[] Globals { get; }

    /// <summary>Which globals are objects.</summary>
    public bool[] SharedGlobals { get; }

    public InstanceContext Create() => (InstanceContext)Activator.CreateInstance(Type)!;
}
