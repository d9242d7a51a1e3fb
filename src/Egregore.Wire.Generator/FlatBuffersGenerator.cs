using System.Text;
using Egregore.Wire.Generator.Emit;
using Egregore.Wire.Generator.Schema;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Egregore.Wire.Generator;

/// <summary>
/// Turns every <c>.fbs</c> file among a project's AdditionalFiles into C#: enums, structs, and for each table a view, a record, a verifier
/// and a writer over Egregore.Wire's runtime types. A schema it cannot honour is an error at its line (docs/wire.md).
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class FlatBuffersGenerator : IIncrementalGenerator
{
    private static readonly Dictionary<SchemaErrorKind, DiagnosticDescriptor> Descriptors = new()
    {
        [SchemaErrorKind.Syntax] = Describe("EGFB001", "Not a FlatBuffers schema"),
        [SchemaErrorKind.Unsupported] = Describe("EGFB002", "FlatBuffers feature that the generator does not support"),
        [SchemaErrorKind.UnknownType] = Describe("EGFB003", "Unknown type in a FlatBuffers schema"),
        [SchemaErrorKind.Invalid] = Describe("EGFB004", "Invalid declaration in a FlatBuffers schema"),
    };

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        // A pair of strings compares by value, so a schema is compiled again only when it changed.
        IncrementalValuesProvider<(string Path, string Text)> schemas = context.AdditionalTextsProvider
            .Where(file => file.Path.EndsWith(".fbs", StringComparison.OrdinalIgnoreCase))
            .Select((file, cancel) => (file.Path, file.GetText(cancel)?.ToString() ?? ""));
        context.RegisterSourceOutput(schemas, (output, schema) => Compile(output, schema.Path, schema.Text));
    }

    private static void Compile(SourceProductionContext output, string path, string text)
    {
        SchemaFile file;
        try
        {
            file = SchemaResolver.Resolve(SchemaParser.Parse(text));
        }
        catch (SchemaException error)
        {
            var at = new LinePosition(error.Position.Line, error.Position.Column);
            var location = Location.Create(path, default, new LinePositionSpan(at, at));
            output.ReportDiagnostic(Diagnostic.Create(Descriptors[error.Kind], location, error.Message));
            return;
        }
        string name = Path.GetFileNameWithoutExtension(path);
        foreach (Declaration declaration in file.Declarations)
        {
            string hint = $"{name}/{declaration.FullName}";
            switch (declaration)
            {
                case EnumDeclaration value:
                    Add(output, hint, EnumEmitter.Emit(value));
                    break;
                case StructDeclaration value:
                    Add(output, hint, StructEmitter.Emit(value));
                    break;
                case UnionDeclaration value:
                    Add(output, hint, UnionEmitter.Emit(value));
                    break;
                case TableDeclaration table:
                    Add(output, hint + "View", ViewEmitter.Emit(table));
                    Add(output, hint, RecordEmitter.Emit(table));
                    break;
            }
        }
    }

    private static void Add(SourceProductionContext output, string hint, string code) =>
        output.AddSource(hint + ".g.cs", SourceText.From(code, Encoding.UTF8));

    private static DiagnosticDescriptor Describe(string id, string title) =>
        new(id, title, "{0}", "Egregore.Wire", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
