using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Egregore.Wasm;
using Egregore.Wasm.Metering;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore wasm run FILE --invoke NAME ARGS</c>: calls an exported function of a module without imports.</summary>
internal sealed class WasmRunCommand : Command
{
    private const int StackBytes = 64 << 20;
    private const int FramesPrinted = 20;
    private readonly Argument<string> _file = new("file") { Description = "The module (.wasm); it may not have imports" };
    private readonly Argument<string[]> _arguments = new("arguments")
    {
        Description = "The function's arguments: integers in decimal or 0x, floats, nan, v128 as 32 hexadecimal digits, null; put -- before negative ones",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> _invoke = new("--invoke") { Description = "The exported function to call; may be left out where there is one only" };
    private readonly Option<long?> _fuel = new("--fuel") { Description = "Meter the module first where it is not yet, give it this much, and say what was used" };
    private readonly Option<int?> _depth = new("--depth") { Description = "With --fuel: calls inside one another at most" };
    private readonly Option<bool> _json = new("--json") { Description = "The outcome as one JSON line" };

    public WasmRunCommand()
        : base("run", "Call a module's function and print its results, one a line; a trap's code and backtrace go to the error output, exit code 1")
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
            if (result.GetResult(_fuel) is null)
                result.AddError("--depth needs --fuel");
        });
        Add(_file);
        Add(_arguments);
        Add(_invoke);
        Add(_fuel);
        Add(_depth);
        Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancel)
    {
        var path = result.GetValue(_file)!;
        var bytes = WasmFile.Read(path);
        var json = result.GetValue(_json);
        // A module cannot be interrupted: it runs on a thread of its own, which ends with the process, and whose stack lets it call deeply.
        var done = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(
            () =>
            {
                try
                {
                    done.SetResult(Execute(path, bytes, result, json));
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            StackBytes)
        { IsBackground = true, Name = "wasm" };
        thread.Start();
        return await done.Task.WaitAsync(cancel);
    }

    private int Execute(string path, byte[] bytes, ParseResult result, bool json)
    {
        var fuel = result.GetValue(_fuel);
        FuelGauge? gauge = null;
        long given = 0;
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var engine = new Engine(new EngineOptions { Collectible = false });
            var module = engine.Compile(bytes);
            var metered = module.Exports.Any(export => export.Name == new MeterOptions().FuelName);
            if (fuel is not null && !metered)
                module = engine.Compile(Meter.Instrument(bytes, new MeterOptions { InitialFuel = fuel.Value, CallDepthMax = result.GetValue(_depth) }));
            else if (metered && result.GetValue(_depth) is not null)
                return Usage("--depth: the module is metered already");
            if (Choose(module, result.GetValue(_invoke), out var name, out var type) is { } wrongName)
                return Usage(wrongName);
            if (Parse(type, result.GetValue(_arguments) ?? [], out var arguments) is { } wrongArgument)
                return Usage($"{name}{WasmText.Of(type)}: {wrongArgument}");
            var instance = new Linker(new Store(engine)).Instantiate(module);
            if (metered || fuel is not null)
            {
                gauge = new FuelGauge(instance);
                gauge.Fuel = metered && fuel is { } wanted ? wanted : gauge.Fuel;
                given = fuel ?? gauge.Fuel;
            }

            var values = instance.GetFunc(name).Invoke(arguments);
            var results = new string[values.Length];
            for (var i = 0; i < results.Length; i++)
                results[i] = WasmText.Of(values[i], type.Results[i]);
            return Print(path, json, new Report(results, Used(given, gauge), Stopwatch.GetElapsedTime(started).TotalMilliseconds, null, null));
        }
        catch (TrapException e)
        {
            var code = gauge?.CodeOf(e) ?? e.Code;
            var trap = new Trap(code.ToString(), TrapException.TextOf(code), [.. e.Backtrace.Select(frame => frame.ToString())]);
            return Print(path, json, new Report(null, Used(given, gauge), Stopwatch.GetElapsedTime(started).TotalMilliseconds, trap, null));
        }
        catch (WasmException e)
        {
            return Print(path, json, new Report(null, null, Stopwatch.GetElapsedTime(started).TotalMilliseconds, null, WasmProblem.Of(e)));
        }
    }

    // Out of fuel: all that was given is used, whatever the last payment was short of.
    private static long? Used(long given, FuelGauge? gauge) => gauge is null ? null : given - Math.Max(0, gauge.Fuel);

    private static int Print(string path, bool json, Report report)
    {
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(report, WasmJson.Default.WasmRunCommandReport));
        else
        {
            foreach (var value in report.Results ?? [])
                Console.WriteLine(value);
            if (report.Error is { } error)
                Console.Error.WriteLine(error.Line(path));
            if (report.Trap is { } trap)
            {
                Console.Error.WriteLine($"trap: {trap.Message} ({trap.Code})");
                foreach (var frame in trap.Backtrace.Take(FramesPrinted))
                    Console.Error.WriteLine($"  at {frame}");
                if (trap.Backtrace.Count > FramesPrinted)
                    Console.Error.WriteLine($"  and {trap.Backtrace.Count - FramesPrinted} more (--json lists them)");
            }

            if (report.FuelUsed is { } used)
                Console.Error.WriteLine($"fuel used: {used}");
        }

        return report is { Trap: null, Error: null } ? ExitCodes.Success : ExitCodes.Failed;
    }

    private static int Usage(string text)
    {
        Console.Error.WriteLine($"error: {text}");
        Console.Error.WriteLine("see: egregore wasm run --help");
        return ExitCodes.Usage;
    }

    private static string? Choose(Module module, string? wanted, out string name, out FuncType type)
    {
        var functions = module.Exports.Where(export => export.Kind == ExternalKind.Func).ToArray();
        var found = wanted is null && functions.Length == 1 ? functions[0] : functions.FirstOrDefault(export => export.Name == wanted);
        name = found?.Name ?? "";
        type = found is null ? new FuncType([], []) : module.FunctionType(found.Index);
        if (found is not null)
            return null;
        var list = functions.Length == 0 ? "it exports none" : $"it exports {string.Join(", ", functions.Take(20).Select(export => export.Name))}";
        return wanted is null ? $"say which function by --invoke: {list}" : $"no exported function \"{wanted}\": {list}";
    }

    private static string? Parse(FuncType type, string[] texts, out Value[] values)
    {
        values = new Value[type.Parameters.Length];
        if (texts.Length != values.Length)
            return $"takes {values.Length} arguments, {texts.Length} were given";
        for (var i = 0; i < values.Length; i++)
            if (!WasmText.TryParse(texts[i], type.Parameters[i], out values[i]))
                return $"\"{texts[i]}\" is not of type {WasmText.Of(type.Parameters[i])}";
        return null;
    }

    /// <param name="Code">The trap's name.</param>
    /// <param name="Message">The specification's words for it.</param>
    /// <param name="Backtrace">The functions that were active, innermost first.</param>
    internal sealed record Trap(string Code, string Message, IReadOnlyList<string> Backtrace);

    /// <param name="Results">The results as text, or null.</param>
    /// <param name="FuelUsed">What it paid, with --fuel.</param>
    /// <param name="Ms">Compiling and running.</param>
    /// <param name="Trap">Why it trapped, or null.</param>
    /// <param name="Error">Why it did not run, or null.</param>
    internal sealed record Report(IReadOnlyList<string>? Results, long? FuelUsed, double Ms, Trap? Trap, WasmProblem? Error);
}
