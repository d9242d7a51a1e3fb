using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Egregore.Cli.Commands;

/// <summary><c>egregore doctor</c>: what is missing on this machine, what it is needed for and how to get it.</summary>
internal sealed class DoctorCommand : Command
{
    private readonly Option<bool> _json = new("--json") { Description = "One JSON line for each check" };

    public DoctorCommand()
        : base("doctor", "Say what is missing on this machine and how to get it")
    {
        Add(_json);
        SetAction((ParseResult result, CancellationToken cancel) => RunAsync(result.GetValue(_json), cancel));
    }

    private static async Task<int> RunAsync(bool json, CancellationToken cancel)
    {
        Check[] checks =
        [
            await ToolAsync(".NET SDK 10", "dotnet", "--version", "building and running", required: true, "https://dotnet.microsoft.com", text => text.StartsWith("10.", StringComparison.Ordinal), cancel),
            await ToolAsync("Node 20 or later", "node", "--version", "building the pages", required: true, "https://nodejs.org",
                text => int.TryParse(text.TrimStart('v').Split('.')[0], out var major) && major >= 20, cancel),
            await ToolAsync("npm", "npm", "--version", "building the pages", required: true, "it comes with Node", _ => true, cancel),
            Library("SQLite", ["libsqlite3.so.0", "libsqlite3.dylib", "sqlite3"], "the journal (else the SQLite that the build brings is used)", "apt-get install libsqlite3-0"),
            Library("OpenSSL 3", ["libssl.so.3", "libssl.3.dylib", "libssl-3-x64.dll"], "direct links of bots (else the server relays)", "apt-get install libssl3"),
            await ToolAsync("bubblewrap", "bwrap", "--version", "the walls of 'lend' (else its workers are ordinary processes, and WebAssembly is the only wall)", required: false, "apt-get install bubblewrap", _ => true, cancel),
            await ToolAsync("Chromium", "chromium", "--version", "the browser tests", required: false, "apt-get install chromium", _ => true, cancel),
            await ToolAsync("Firefox", "firefox-esr", "--version", "the browser tests of WebRTC", required: false, "apt-get install firefox-esr", _ => true, cancel),
            await ToolAsync("flatc", "flatc", "--version", "the wire's tests against the official compiler", required: false, "apt-get install flatbuffers-compiler", _ => true, cancel),
            await ToolAsync("coturn", "turnserver", "--version", "tests of relayed links", required: false, "apt-get install coturn", _ => true, cancel),
            await ToolAsync("Go", "go", "version", "tests against pion", required: false, "apt-get install golang-go golang-github-pion-webrtc.v3-dev", _ => true, cancel),
            await ToolAsync("Redis", "redis-server", "--version", "'bench work' beside bullmq", required: false, "apt-get install redis-server", _ => true, cancel),
            Pages(),
        ];
        foreach (var check in checks)
            Console.WriteLine(json ? JsonSerializer.Serialize(check, CliJson.Default.Check) : Line(check));
        var missing = checks.Count(check => check is { Ok: false, Required: true });
        if (!json)
            Console.WriteLine(missing == 0 ? "Ready: ./run" : $"{missing} missing that ./run needs");
        return missing == 0 ? ExitCodes.Success : ExitCodes.Environment;
    }

    private static string Line(Check check) =>
        $"{(check.Ok ? "ok     " : check.Required ? "MISSING" : "absent ")}  {check.Name,-18} {(check.Ok ? check.Found : $"for {check.For}; get it: {check.GetIt}")}";

    private static async Task<Check> ToolAsync(string name, string file, string argument, string use, bool required, string getIt, Func<string, bool> accept, CancellationToken cancel)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(file, argument) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(20));
            var text = (await process.StandardOutput.ReadToEndAsync(limit.Token)).Trim();
            await process.WaitForExitAsync(limit.Token);
            return new Check(name, process.ExitCode == 0 && accept(text), text.Split('\n')[0], use, required, getIt);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return new Check(name, false, "", use, required, getIt);
        }
    }

    private static Check Library(string name, string[] files, string use, string getIt)
    {
        foreach (var file in files)
            if (NativeLibrary.TryLoad(file, out var handle))
            {
                NativeLibrary.Free(handle);
                return new Check(name, true, file, use, false, getIt);
            }

        return new Check(name, false, "", use, false, getIt);
    }

    private static Check Pages()
    {
        var found = PagePaths.Find();
        return new Check("pages", found.Web is not null && found.Browser is not null, found.Web ?? "", "the game in a browser", false, "./run builds them");
    }

    /// <param name="Name">What was looked for.</param>
    /// <param name="Ok">Whether it is there and new enough.</param>
    /// <param name="Found">The version or file found.</param>
    /// <param name="For">What it is needed for.</param>
    /// <param name="Required">Whether <c>./run</c> needs it.</param>
    /// <param name="GetIt">How to get it.</param>
    internal sealed record Check(string Name, bool Ok, string Found, string For, bool Required, string GetIt);
}
