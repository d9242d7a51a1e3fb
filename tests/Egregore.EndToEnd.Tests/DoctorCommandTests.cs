using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;
using Egregore.Cli.Commands;

namespace Egregore.EndToEnd.Tests;

/// <summary><c>egregore doctor</c> on a machine whose programs are the ones in a folder of the test's own: scripts, so not on Windows.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DoctorCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("egregore-doctor-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_is_missing_is_named_with_its_use_and_how_to_get_it()
    {
        Install("bwrap", "bubblewrap 0.8.0");
        var checks = await RunAsync();
        Assert.Equal((true, "bubblewrap 0.8.0"), (checks["bubblewrap"].Ok, checks["bubblewrap"].Found));
        Assert.Equal((false, "", false), (checks["Firefox"].Ok, checks["Firefox"].Found, checks["Firefox"].Required));
        Assert.Equal("apt-get install firefox-esr", checks["Firefox"].GetIt);

        File.Delete(Path.Combine(_folder, "bwrap"));
        Install("firefox-esr", "Mozilla Firefox 140.0esr");
        checks = await RunAsync();
        Assert.Equal((true, "Mozilla Firefox 140.0esr"), (checks["Firefox"].Ok, checks["Firefox"].Found));
        Assert.Equal((false, "", false), (checks["bubblewrap"].Ok, checks["bubblewrap"].Found, checks["bubblewrap"].Required));
        Assert.Contains("WebAssembly is the only wall", checks["bubblewrap"].For, StringComparison.Ordinal);
        Assert.Equal("apt-get install bubblewrap", checks["bubblewrap"].GetIt);
    }

    private void Install(string name, string version)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, $"#!/bin/sh\necho '{version}'\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>The checks by their names; the exit code must be that of a machine without .NET and Node.</summary>
    private async Task<Dictionary<string, DoctorCommand.Check>> RunAsync()
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(dotnet, [typeof(DoctorCommand).Assembly.Location, "doctor", "--json"]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = _folder;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(69, process.ExitCode);
        var web = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<DoctorCommand.Check>(line, web)!).ToDictionary(check => check.Name);
    }
}
