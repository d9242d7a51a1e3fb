using System.CommandLine;
using System.Text.Json;
using Egregore.Wasm;
using Egregore.Wasm.Inspection;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore wasm inspect FILE</c>: what a module is made of.</summary>
internal sealed class WasmInspectCommand : Command
{
    private readonly Argument<string> _file = new("file") { Description = "The module (.wasm)" };
    private readonly Option<int> _functions = new("--functions") { Description = "Functions to list, the largest first", DefaultValueFactory = _ => 0 };
    private readonly Option<bool> _json = new("--json") { Description = "Everything as one JSON line" };

    public WasmInspectCommand()
        : base("inspect", "List a module's sections, types, imports, exports, limits and names; its functions are not validated")
    {
        Add(_file);
        Add(_functions);
        Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult result)
    {
        var path = result.GetValue(_file)!;
        var bytes = WasmFile.Read(path);
        try
        {
            var summary = ModuleSummary.Read(bytes);
            var report = Report.Of(summary, Math.Max(0, result.GetValue(_functions)));
            if (result.GetValue(_json))
                Console.WriteLine(JsonSerializer.Serialize(report, WasmJson.Default.WasmInspectCommandReport));
            else
                Print(path, report);
            return ExitCodes.Success;
        }
        catch (WasmException e)
        {
            Console.Error.WriteLine(WasmProblem.Of(e).Line(path));
            return ExitCodes.Failed;
        }
    }

    private static void Print(string path, Report report)
    {
        Console.WriteLine($"{path}: {report.SizeBytes} bytes{(report.Name is { } name ? $", module {Quote(name)}" : "")}");
        Console.WriteLine($"{report.Functions} functions ({report.ImportedFunctions} imported), {report.Types.Count} types, {report.Globals.Count} globals, "
            + $"{report.ElementSegments} element segments, {report.DataSegments} data segments of {report.DataBytes} bytes");
        if (report.Start is { } start)
            Console.WriteLine($"start: function {start}");
        Table("sections", report.Sections.Select(section => $"0x{section.Offset:x8}  {section.SizeBytes,10}  {Plain(section.Name)}"));
        Table("memories", report.Memories);
        Table("tables", report.Tables);
        Table("imports", report.Imports.Select(import => $"{import.Kind,-6} {Quote(import.Module)} {Quote(import.Name)}  {import.Type}"));
        Table("exports", report.Exports.Select(export => $"{export.Kind,-6} {Quote(export.Name)}  {export.Type}"));
        Table("types", report.Types.Select((type, i) => $"{i,4}  {type}"));
        Table("functions, the largest first", report.Largest.Select(function => $"{function.Index,6}  {function.SizeBytes,8} bytes  {Plain(function.Name ?? "")}  {function.Type}"));
    }

    private static void Table(string title, IEnumerable<string> lines)
    {
        var any = false;
        foreach (var line in lines)
        {
            if (!any)
                Console.WriteLine($"{title}:");
            any = true;
            Console.WriteLine("  " + line);
        }
    }

    private static string Quote(string name) => $"\"{Plain(name)}\"";

    // A name is any text, and may not move a terminal's cursor.
    private static string Plain(string name) => string.Concat(name.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));

    internal sealed record Section(string Name, int Offset, int SizeBytes);

    internal sealed record Import(string Kind, string Module, string Name, string Type);

    internal sealed record Export(string Kind, string Name, int Index, string Type);

    internal sealed record Function(int Index, string? Name, int SizeBytes, string Type);

    internal sealed record Report(
        string? Name, int SizeBytes, int Functions, int ImportedFunctions, int? Start, int ElementSegments, int DataSegments, long DataBytes, IReadOnlyList<Section> Sections,
        IReadOnlyList<string> Types, IReadOnlyList<string> Memories, IReadOnlyList<string> Tables, IReadOnlyList<string> Globals, IReadOnlyList<Import> Imports,
        IReadOnlyList<Export> Exports, IReadOnlyList<Function> Largest)
    {
        public static Report Of(ModuleSummary summary, int largest) => new(
            summary.Name,
            summary.SizeBytes,
            summary.Functions.Count,
            summary.Functions.Count(function => function.BodyBytes is null),
            summary.Start,
            summary.ElementSegments,
            summary.DataSegments,
            summary.DataBytes,
            [.. summary.Sections.Select(section => new Section(section.Name, section.Offset, section.SizeBytes))],
            [.. summary.Types.Select(WasmText.Of)],
            [.. summary.Memories.Select(WasmText.Of)],
            [.. summary.Tables.Select(WasmText.Of)],
            [.. summary.Globals.Select(WasmText.Of)],
            [.. summary.Imports.Select(import => new Import(WasmText.Of(import.Kind), import.Module, import.Name, WasmText.Of(import)))],
            [.. summary.Exports.Select(export => new Export(WasmText.Of(export.Kind), export.Name, export.Index, TypeOf(summary, export)))],
            [.. summary.Functions.Where(function => function.BodyBytes is not null).OrderByDescending(function => function.BodyBytes).ThenBy(function => function.Index).Take(largest)
                .Select(function => new Function(function.Index, function.Name, function.BodyBytes!.Value, WasmText.Of(function.Type)))]);

        // Indices of an export are only checked by validation.
        private static string TypeOf(ModuleSummary summary, ModuleExport export) => export.Kind switch
        {
            ExternalKind.Func when (uint)export.Index < summary.Functions.Count => WasmText.Of(summary.Functions[export.Index].Type),
            ExternalKind.Table when (uint)export.Index < summary.Tables.Count => WasmText.Of(summary.Tables[export.Index]),
            ExternalKind.Memory when (uint)export.Index < summary.Memories.Count => WasmText.Of(summary.Memories[export.Index]),
            ExternalKind.Global when (uint)export.Index < summary.Globals.Count => WasmText.Of(summary.Globals[export.Index]),
            _ => $"unknown index {export.Index}",
        };
    }
}
