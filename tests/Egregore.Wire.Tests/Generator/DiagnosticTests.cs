using Microsoft.CodeAnalysis;

namespace Egregore.Wire.Tests.Generator;

/// <summary>What the generator cannot honour is a build error that names file, line and column.</summary>
public sealed class DiagnosticTests
{
    [Theory]
    // What FlatBuffers has and the generator has not.
    [InlineData("EGFB002", 2, 1, "include", "\ninclude \"other.fbs\";")]
    [InlineData("EGFB002", 1, 1, "include", "native_include \"x.h\";")]
    [InlineData("EGFB002", 2, 1, "rpc_service", "table T { a: int; }\nrpc_service S { Get(T): T; }")]
    [InlineData("EGFB002", 1, 1, "file_identifier", "file_identifier \"ABCD\";")]
    [InlineData("EGFB002", 1, 1, "file_extension", "file_extension \"bin\";")]
    [InlineData("EGFB002", 3, 10, "fixed-size array", "struct S {\n  x: int;\n  a: [int:3];\n}")]
    [InlineData("EGFB002", 1, 15, "vector of vectors", "table T { a: [[int]]; }")]
    [InlineData("EGFB002", 2, 15, "offset64", "table T {\n  a: [ubyte] (offset64);\n}")]
    [InlineData("EGFB002", 1, 24, "vector64", "table T { a: [ubyte] ( vector64 ); }")]
    [InlineData("EGFB002", 1, 20, "key", "table T { a: int ( key); }")]
    [InlineData("EGFB002", 1, 19, "hash", "table T { a: uint(hash: \"fnv1_32\"); }")]
    [InlineData("EGFB002", 1, 23, "nested_flatbuffer", "table T { a: [ubyte] (nested_flatbuffer: \"T\"); }")]
    [InlineData("EGFB002", 1, 23, "flexbuffer", "table T { a: [ubyte] (flexbuffer); }")]
    [InlineData("EGFB002", 1, 11, "force_align", "struct S (force_align: 16) { a: int; }")]
    [InlineData("EGFB002", 1, 22, "shared", "table T { a: string (shared); }")]
    [InlineData("EGFB002", 1, 22, "native_inline", "table T { a: string (native_inline); }")]
    [InlineData("EGFB002", 1, 20, "required", "struct S { a: int (required); }")]
    [InlineData("EGFB002", 1, 23, "default", "table T { a: string = \"x\"; }")]
    [InlineData("EGFB002", 1, 24, "default", "table T { a: [ubyte] = []; }")]
    [InlineData("EGFB002", 1, 11, "not a table", "union U { string }")]
    [InlineData("EGFB002", 3, 14, "vector of unions", "table A { x: int; }\nunion U { A }\ntable T { a: [U]; }")]
    // What FlatBuffers itself refuses.
    [InlineData("EGFB001", 1, 1, "'tabel'", "tabel T { }")]
    [InlineData("EGFB001", 3, 1, "';' was expected", "table T {\n  a: int\n}")]
    [InlineData("EGFB001", 2, 4, "'*'", "table T {\n  a*: int; }")]
    [InlineData("EGFB001", 1, 8, "its type", "enum E { A }")]
    [InlineData("EGFB001", 2, 1, "no end", "\n/* for ever")]
    [InlineData("EGFB001", 1, 11, "closing quote", "attribute \"x;")]
    [InlineData("EGFB001", 1, 11, "end of file", "table T { ")]
    [InlineData("EGFB003", 2, 6, "'Nowhere'", "table T {\n  a: Nowhere;\n}")]
    [InlineData("EGFB003", 1, 11, "'B'", "root_type B;")]
    [InlineData("EGFB004", 2, 7, "taken", "table T { }\ntable T { }")]
    [InlineData("EGFB004", 2, 7, "TView", "table T { }\ntable TView { }")]
    [InlineData("EGFB004", 1, 23, "two fields named AB", "table T { a_b: int;   a__b: int; }")]
    [InlineData("EGFB004", 1, 27, "either all fields", "table T { a: int (id: 0); b: int; }")]
    [InlineData("EGFB004", 1, 19, "without gaps", "table T { a: int (id: 1); }")]
    [InlineData("EGFB004", 1, 40, "without gaps", "table T { a: int (id: 0); b: int      (id: 0); }")]
    [InlineData("EGFB004", 1, 22, "does not fit", "table T { a: ubyte = 256; }")]
    [InlineData("EGFB004", 1, 20, "not an integer", "table T { a: int = 1.5; }")]
    [InlineData("EGFB004", 1, 21, "not a bool", "table T { a: bool = 2; }")]
    [InlineData("EGFB004", 1, 22, "not a number", "table T { a: float = x; }")]
    [InlineData("EGFB004", 2, 11, "not one of the values", "enum E : byte { A = 1 }\ntable T { a: E; }")]
    [InlineData("EGFB004", 2, 18, "no value 'C'", "enum E : byte { A }\ntable T { a: E = C; }")]
    [InlineData("EGFB004", 1, 10, "integer type", "enum E : float { A }")]
    [InlineData("EGFB004", 1, 20, "A is named twice", "enum E : byte { A, A = 0 }")]
    [InlineData("EGFB004", 1, 24, "must rise", "enum E : byte { A = 1, B = 1 }")]
    [InlineData("EGFB004", 1, 17, "does not fit", "enum E : byte { A = 200 }")]
    [InlineData("EGFB004", 1, 30, "bit 8", "enum E : ubyte (bit_flags) { A = 8 }")]
    [InlineData("EGFB004", 1, 29, "unsigned", "enum E : byte (bit_flags) { A }")]
    [InlineData("EGFB004", 1, 6, "no values", "enum E : byte { }")]
    [InlineData("EGFB004", 1, 12, "a struct holds", "struct S { a: string; }")]
    [InlineData("EGFB004", 1, 8, "holds itself", "struct S { a: S; }")]
    [InlineData("EGFB004", 1, 8, "no fields", "struct S { }")]
    [InlineData("EGFB004", 1, 21, "no default", "struct S { a: int = 1; }")]
    [InlineData("EGFB004", 1, 19, "never required", "table T { a: int (required); }")]
    [InlineData("EGFB004", 2, 11, "root type", "struct S { a: int; }\nroot_type S;")]
    [InlineData("EGFB004", 1, 7, "no members", "union U { }")]
    public void An_error_names_its_place(string id, int line, int column, string says, string schema)
    {
        Diagnostic diagnostic = Assert.Single(GeneratorRun.Diagnose(schema));
        Assert.Equal(id, diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        Assert.Contains(says, diagnostic.GetMessage(), StringComparison.Ordinal);
        FileLinePositionSpan place = diagnostic.Location.GetLineSpan();
        Assert.Equal(GeneratorRun.Path, place.Path);
        Assert.Equal((line, column), (place.StartLinePosition.Line + 1, place.StartLinePosition.Character + 1));
    }

    [Fact]
    public void A_games_own_schema_compiles_in_its_own_namespace()
    {
        GeneratorDriver driver = GeneratorRun.Start(
            """
            namespace My.Game;
            enum Team : ubyte { Red, Blue }
            struct Cell { x: int; z: int; }
            /// A crate & its <contents>.
            table Crate { id: ulong; cell: Cell (required); team: Team = Blue; items: [string]; next: Crate; }
            """);
        driver.RunGeneratorsAndUpdateCompilation(GeneratorRun.Compilation(), out Compilation compilation, out _);
        Assert.Empty(compilation.GetDiagnostics().Where(d => d.Severity >= DiagnosticSeverity.Warning));
        Assert.NotNull(compilation.GetTypeByMetadataName("My.Game.CrateView"));
        Assert.Contains("A crate", compilation.GetTypeByMetadataName("My.Game.Crate")!.GetDocumentationCommentXml(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_that_did_not_change_is_not_compiled_again()
    {
        GeneratorDriver driver = GeneratorRun.Start("table T { a: int; }");
        driver = driver.RunGenerators(GeneratorRun.Compilation());
        var reasons = driver.GetRunResult().Results.Single().TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs).Select(o => o.Reason);
        Assert.All(reasons, reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
    }
}
