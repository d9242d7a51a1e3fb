using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Egregore.Wasm;
using Egregore.Wasm.Metering;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore wasm meter FILE -o OUT</c>: writes a module that counts its own fuel.</summary>
internal sealed class WasmMeterCommand : Command
{
    private readonly Argument<string> _file = new("file") { Description = "The module (.wasm)" };
    private readonly Option<string> _output = new("--output", "-o") { Description = "Where the metered module is written", Required = true };
    private readonly Option<long> _fuel = new("--fuel") { Description = "Fuel that an instance starts with; a host may set the exported global instead" };
    private readonly Option<int?> _depth = new("--depth") { Description = "Calls inside one another at most; not counted when left out" };
    private readonly Option<bool> _nan = new("--canonicalize-nan") { Description = "Make every computed NaN the canonical one, the same bits on every processor" };
    private readonly Option<bool> _json = new("--json") { Description = "What was written as one JSON line" };

    public WasmMeterCommand()
        : base("meter", "Write a module that counts its own fuel, alike in every engine, in the exported global \"egregore:fuel\"")
    {
        _fuel.Validators.Add(result =>
        {
            if (result.GetValue(_fuel) < 0)
                result.AddError("--fuel is 0 or more");
        });
        _depth.Validators.Add(result =>
        {
            if (result.GetValue(_depth) < 1)
                result.AddError("--depth is 1 or more");
        });
        Add(_file);
        Add(_output);
        Add(_fuel);
        Add(_depth);
        Add(_nan);
        Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult result)
    {
        var path = result.GetValue(_file)!;
        var output = result.GetValue(_output)!;
        var bytes = WasmFile.Read(path);
        var options = new MeterOptions { InitialFuel = result.GetValue(_fuel), CallDepthMax = result.GetValue(_depth), CanonicalizeNaN = result.GetValue(_nan) };
        var started = Stopwatch.GetTimestamp();
        try
        {
            var metered = Meter.Instrument(bytes, options);
            var elapsed = Stopwatch.GetElapsedTime(started);
            WasmFile.Write(output, metered);
            var hash = Convert.ToHexStringLower(SHA256.HashData(metered));
            if (result.GetValue(_json))
                Console.WriteLine(JsonSerializer.Serialize(new Report(output, bytes.Length, metered.Length, hash, elapsed.TotalMilliseconds, null), WasmJson.Default.WasmMeterCommandReport));
            else
                Console.WriteLine($"{output}: {metered.Length} bytes from {bytes.Length} in {elapsed.TotalMilliseconds:F0} ms, sha256 {hash}");
            return ExitCodes.Success;
        }
        catch (WasmException e)
        {
            var problem = WasmProblem.Of(e);
            if (result.GetValue(_json))
                Console.WriteLine(JsonSerializer.Serialize(new Report(null, bytes.Length, null, null, null, problem), WasmJson.Default.WasmMeterCommandReport));
            else
                Console.Error.WriteLine(problem.Line(path));
            return ExitCodes.Failed;
        }
    }

    /// <param name="Output">The file written, or null.</param>
    /// <param name="SizeBytes">The source's bytes.</param>
    /// <param name="MeteredBytes">The result's bytes.</param>
    /// <param name="Sha256">The result's hash: the same source and options give the same.</param>
    /// <param name="Ms">Time taken, without reading and writing.</param>
    /// <param name="Error">Why nothing was written, or null.</param>
    internal sealed record Report(string? Output, int SizeBytes, int? MeteredBytes, string? Sha256, double? Ms, WasmProblem? Error);
}
