using System.Collections.Immutable;
using Egregore.Wire.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Egregore.Wire.Tests.Generator;

/// <summary>Runs the generator over a schema as the compiler does.</summary>
internal static class GeneratorRun
{
    public const string Path = "/game/arena.fbs";

    /// <summary>What the generator says of a schema; the compilation around it is empty, since only diagnostics are asked for.</summary>
    public static ImmutableArray<Diagnostic> Diagnose(string schema) =>
        Driver().AddAdditionalTexts([new Schema(schema)]).RunGenerators(CSharpCompilation.Create("empty")).GetRunResult().Diagnostics;

    public static GeneratorDriver Start(string schema) => Driver().AddAdditionalTexts([new Schema(schema)]).RunGenerators(Compilation());

    public static CSharpCompilation Compilation() => CSharpCompilation.Create(
        "game",
        references: AppDomain.CurrentDomain.GetAssemblies().Where(a => !a.IsDynamic && a.Location.Length != 0).Select(a => MetadataReference.CreateFromFile(a.Location)),
        options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));

    private static CSharpGeneratorDriver Driver() => CSharpGeneratorDriver.Create(
        [new FlatBuffersGenerator().AsSourceGenerator()],
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    public sealed class Schema(string text) : AdditionalText
    {
        public override string Path => GeneratorRun.Path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
