using System.CommandLine;
using System.Text.Json;
using Egregore.Wasm;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore wasm validate FILE</c>: whether the bytes are a valid WebAssembly 2.0 module.</summary>
internal sealed class WasmValidateCommand : Command
{
    private readonly Argument<string> _file = new("file") { Description = "The module (.wasm)" };
    private readonly Option<bool> _json = new("--json") { Description = "The answer as one JSON line" };

    public WasmValidateCommand()
        : base("validate", "Say whether a module is valid WebAssembly 2.0; exit code 0 if it is, 1 with the byte and the reason if not")
    {
        Add(_file);
        Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult result)
    {
        var path = result.GetValue(_file)!;
        var bytes = WasmFile.Read(path);
        var problem = Module.Validate(bytes, out var error) ? null : WasmProblem.Of(error);
        if (result.GetValue(_json))
            Console.WriteLine(JsonSerializer.Serialize(new Report(problem is null, bytes.Length, problem), WasmJson.Default.WasmValidateCommandReport));
        else if (problem is null)
            Console.WriteLine($"{path}: valid ({bytes.Length} bytes)");
        else
            Console.Error.WriteLine(problem.Line(path));
        return problem is null ? ExitCodes.Success : ExitCodes.Failed;
    }

    /// <param name="Valid">Whether it is valid.</param>
    /// <param name="SizeBytes">The file's bytes.</param>
    /// <param name="Error">What is wrong, or null.</param>
    internal sealed record Report(bool Valid, int SizeBytes, WasmProblem? Error);
}
