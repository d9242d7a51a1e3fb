using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Inspection;

/// <summary>What a module is made of, for people and tools: read from its sections, nothing is compiled.</summary>
/// <param name="Name">The module's name from the name section, or null.</param>
/// <param name="SizeBytes">The module's bytes.</param>
/// <param name="Sections">The sections in their order.</param>
/// <param name="Types">The function types.</param>
/// <param name="Functions">The functions, imported ones first.</param>
/// <param name="Tables">The tables, imported ones first.</param>
/// <param name="Memories">The memories, imported ones first.</param>
/// <param name="Globals">The globals, imported ones first.</param>
/// <param name="Imports">What it needs.</param>
/// <param name="Exports">What it offers.</param>
/// <param name="Start">The function that runs at instantiation, or null.</param>
/// <param name="ElementSegments">Element segments.</param>
/// <param name="DataSegments">Data segments.</param>
/// <param name="DataBytes">Bytes of all data segments.</param>
public sealed record ModuleSummary(
    string? Name,
    int SizeBytes,
    IReadOnlyList<SectionSummary> Sections,
    IReadOnlyList<FuncType> Types,
    IReadOnlyList<FunctionSummary> Functions,
    IReadOnlyList<TableType> Tables,
    IReadOnlyList<MemoryType> Memories,
    IReadOnlyList<GlobalType> Globals,
    IReadOnlyList<ModuleImport> Imports,
    IReadOnlyList<ModuleExport> Exports,
    int? Start,
    int ElementSegments,
    int DataSegments,
    long DataBytes)
{
    private static readonly string[] SectionNames = ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count"];

    /// <summary>Decodes a module. Its functions are not validated.</summary>
    /// <param name="module">The bytes.</param>
    /// <param name="limits">The limits, or null for the defaults.</param>
    /// <exception cref="MalformedModuleException">They are not a module.</exception>
    /// <exception cref="InvalidModuleException">A type or limit that they name cannot be.</exception>
    /// <exception cref="LimitException">The module is over a limit.</exception>
    public static ModuleSummary Read(ReadOnlySpan<byte> module, StoreLimits? limits = null)
    {
        ModuleDefinition definition = ModuleReader.Read(module.ToArray(), limits ?? StoreLimits.Default);
        NameSection names = NameSection.Read(definition);
        int custom = 0;
        var sections = new List<SectionSummary>();
        foreach (SectionSlice section in definition.Sections)
        {
            string name = section.Id == 0 ? $"custom \"{definition.CustomSections[custom++].Name}\"" : SectionNames[section.Id];
            sections.Add(new SectionSummary(section.Id, name, section.Start, section.Contents.Length));
        }

        var functions = new FunctionSummary[definition.FunctionTypes.Length];
        for (int i = 0; i < functions.Length; i++)
        {
            int? size = i < definition.ImportedFunctions ? null : definition.Bodies[i - definition.ImportedFunctions].Length;
            functions[i] = new FunctionSummary(i, names.FunctionName(i), definition.TypeOfFunction(i), size);
        }

        return new ModuleSummary(
            names.ModuleName,
            module.Length,
            sections,
            definition.Types,
            functions,
            definition.Tables,
            definition.Memories,
            definition.Globals,
            definition.Imports,
            definition.Exports,
            definition.Start < 0 ? null : definition.Start,
            definition.Elements.Length,
            definition.Data.Length,
            definition.Data.Sum(segment => (long)segment.Contents.Length));
    }
}

/// <summary>A section.</summary>
/// <param name="Id">Its number (specification, section 5.5.2); 0 is a custom one.</param>
/// <param name="Name">What it is, with its own name where it is a custom one.</param>
/// <param name="Offset">Where it starts in the module's bytes.</param>
/// <param name="SizeBytes">Its contents' bytes.</param>
public sealed record SectionSummary(int Id, string Name, int Offset, int SizeBytes);

/// <summary>A function.</summary>
/// <param name="Index">Its index, imported functions counted.</param>
/// <param name="Name">Its name from the name section, or null.</param>
/// <param name="Type">Its type.</param>
/// <param name="BodyBytes">Its body's bytes, or null where it is imported.</param>
public sealed record FunctionSummary(int Index, string? Name, FuncType Type, int? BodyBytes);
