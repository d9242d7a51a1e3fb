using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Egregore.EndToEnd.Tests;

/// <summary><c>egregore wasm</c> as a person or a script calls it: output, error output, exit code.</summary>
public sealed class WasmCommandTests : IDisposable
{
    // (module (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))) (func (export "spin") (loop (br 0))))
    private static readonly byte[] Module =
    [
        0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
        1, 10, 2, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0,
        3, 3, 2, 0, 1,
        7, 14, 2, 3, .. "div"u8, 0, 0, 4, .. "spin"u8, 0, 1,
        10, 17, 2, 7, 0, 0x20, 0, 0x20, 1, 0x6d, 0x0b, 7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b,
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("egregore-wasm-").FullName;
    private readonly string _file;

    public WasmCommandTests()
    {
        _file = Path.Combine(_folder, "div.wasm");
        File.WriteAllBytes(_file, Module);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_result_goes_to_the_output_and_a_trap_with_its_frames_to_the_error_output()
    {
        Assert.Equal((0, "-3\n", ""), await RunAsync("run", _file, "--invoke", "div", "--", "-7", "2"));
        var trapped = await RunAsync("run", _file, "--invoke", "div", "1", "0");
        Assert.Equal((1, ""), (trapped.Code, trapped.Output));
        Assert.StartsWith("trap: integer divide by zero (IntegerDivideByZero)", trapped.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("run", _file, "--invoke", "div", "1")).Code);
        Assert.Equal(2, (await RunAsync("run", _file, "--invoke", "div", "1", "4294967296")).Code);
        Assert.Contains("div, spin", (await RunAsync("run", _file)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fuel_says_what_was_used_and_stops_what_does_not_end()
    {
        Assert.Equal((0, "3\n", "fuel used: 14\n"), await RunAsync("run", _file, "--invoke", "div", "--fuel", "100", "7", "2"));
        var spun = await RunAsync("run", _file, "--invoke", "spin", "--fuel", "100", "--json");
        Assert.Equal(1, spun.Code);
        using var report = JsonDocument.Parse(spun.Output);
        Assert.Equal("OutOfFuel", report.RootElement.GetProperty("trap").GetProperty("code").GetString());
        Assert.Equal(100, report.RootElement.GetProperty("fuelUsed").GetInt64());
    }

    [Fact]
    public async Task A_metered_file_runs_and_is_not_metered_again()
    {
        var metered = Path.Combine(_folder, "metered.wasm");
        Assert.Equal(0, (await RunAsync("meter", _file, "-o", metered, "--fuel", "13", "--depth", "10")).Code);
        Assert.Contains("out of fuel", (await RunAsync("run", metered, "--invoke", "div", "7", "2")).Error, StringComparison.Ordinal);
        Assert.Equal((0, "3\n", "fuel used: 14\n"), await RunAsync("run", metered, "--invoke", "div", "--fuel", "14", "7", "2"));
        var again = await RunAsync("meter", metered, "-o", Path.Combine(_folder, "again.wasm"));
        Assert.Equal(1, again.Code);
        Assert.Contains("refused", again.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "again.wasm")));
    }

    [Fact]
    public async Task Validate_names_the_byte_and_inspect_lists_what_there_is()
    {
        Assert.Equal(0, (await RunAsync("validate", _file)).Code);
        // The division becomes an addition of 64 bits.
        var broken = Path.Combine(_folder, "broken.wasm");
        var at = Array.LastIndexOf(Module, (byte)0x6d);
        File.WriteAllBytes(broken, [.. Module[..at], 0x7c, .. Module[(at + 1)..]]);
        var answer = await RunAsync("validate", broken, "--json");
        Assert.Equal(1, answer.Code);
        using var report = JsonDocument.Parse(answer.Output);
        Assert.Equal(("invalid", at), (report.RootElement.GetProperty("error").GetProperty("kind").GetString(), report.RootElement.GetProperty("error").GetProperty("offset").GetInt32()));
        Assert.Equal(69, (await RunAsync("validate", Path.Combine(_folder, "none.wasm"))).Code);
        var listed = await RunAsync("inspect", _file);
        Assert.Equal(0, listed.Code);
        Assert.Contains("func   \"div\"  (i32, i32) -> (i32)", listed.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("inspect", Path.Combine(Root(), "README.md"))).Code);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(Root(), "src/Egregore.Cli/bin", Configuration, "net10.0/egregore.dll"), "wasm", .. arguments])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output.ReplaceLineEndings("\n"), (await error).ReplaceLineEndings("\n"));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
