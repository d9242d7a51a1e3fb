using System.Text.RegularExpressions;

namespace Egregore.Wasm.Tests;

/// <summary>The example of docs/wasm.md: compiled and run here, and the same to the letter as in the document.</summary>
public sealed partial class DocumentedExampleTests
{
    [Fact]
    public void The_documented_example_runs()
    {
        string path = Path.Combine(TestFolders.Kernels, "mandelbrot", "mandelbrot.wasm");
        TextWriter console = Console.Out;
        var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            Example(path);
        }
        finally
        {
            Console.SetOut(console);
        }
        Assert.Matches(@"^-?\d+\s*$", output.ToString());
    }

    [Fact]
    public void The_document_shows_the_example_that_runs()
    {
        string document = File.ReadAllText(Path.Combine(TestFolders.Kernels, "..", "..", "docs", "wasm.md"));
        string shown = CodeBlock().Match(document).Groups[1].Value;
        string source = File.ReadAllText(Path.Combine(TestFolders.Kernels, "..", "..", "tests", "Egregore.Wasm.Tests", "DocumentedExampleTests.cs"));
        string[] lines = [.. shown.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
        Assert.True(lines.Length > 10);
        Assert.Contains(string.Join('\n', lines), string.Join('\n', source.Split('\n').Select(l => l.Trim())), StringComparison.Ordinal);
    }

    private static void Example(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        using var engine = new Engine(new EngineOptions { Limits = StoreLimits.Default with { MemoryPagesMax = 64 } });
        Module module = engine.Compile(bytes);
        var store = new Store(engine);
        var linker = new Linker(store);
        linker.DefineFunc("host", "log", (int code) => Console.WriteLine($"kernel says {code}"));
        Instance instance = linker.Instantiate(module);
        Func<int, long> run = instance.GetFunc("run").As<Func<int, long>>();
        try
        {
            long result = run(400);
            Console.WriteLine(result);
        }
        catch (TrapException trap)
        {
            Console.WriteLine($"trapped: {trap.Code} in {string.Join(" < ", trap.Backtrace)}");
        }
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
