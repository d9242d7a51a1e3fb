namespace Egregore.Wasm.Execution;

/// <summary>Whether a thing meets an import (specification, section 3.2.7): sizes count as they are now.</summary>
internal static class ImportMatch
{
    public static bool Matches(ModuleImport import, object value) => value switch
    {
        Func func => import.Func is { } type && func.Type.Equals(type),
        Table table => import.Table is { } type && table.Element == type.Element && InLimits((uint)table.Size, table.DeclaredMaximum, type.Minimum, type.Maximum),
        Memory memory => import.Memory is { } type && InLimits((uint)memory.Pages, memory.DeclaredMaximum, type.Minimum, type.Maximum),
        Global global => import.Global is { } type && global.Type == type,
        _ => false,
    };

    private static bool InLimits(uint size, uint? maximum, uint wantedMinimum, uint? wantedMaximum) =>
        size >= wantedMinimum && (wantedMaximum is null || (maximum is not null && maximum <= wantedMaximum));
}
