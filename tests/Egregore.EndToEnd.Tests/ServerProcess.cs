using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Egregore.EndToEnd.Tests;

/// <summary>A real <c>egregore serve</c> in a process of its own, on a loopback port, with a data folder of its own.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly StringBuilder _log = new();
    private Process _process;
    private IReadOnlyDictionary<string, string> _environment = new Dictionary<string, string>();

    private ServerProcess(Process process, string dataPath)
    {
        _process = process;
        DataPath = dataPath;
    }

    /// <summary>The printed address, as <c>http://127.0.0.1:PORT</c>.</summary>
    public string Address { get; private set; } = "";

    public string DataPath { get; }

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    public static Task<ServerProcess> StartAsync(params string[] arguments) => StartAsync(new Dictionary<string, string>(), arguments);

    public static async Task<ServerProcess> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var data = Directory.CreateTempSubdirectory("egregore-e2e-").FullName;
        var server = new ServerProcess(new Process(), data) { _environment = environment };
        await server.LaunchAsync(0, arguments);
        return server;
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Starts again on the same port and the same data.</summary>
    public Task RestartAsync(params string[] arguments) => LaunchAsync(new Uri(Address).Port, arguments);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        Directory.Delete(DataPath, recursive: true);
    }

    private async Task LaunchAsync(int port, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Root(),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[Cli, "serve", "--url", $"http://127.0.0.1:{port}", "--data", DataPath, .. arguments])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;

        var address = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, e) => Read(e.Data, address);
        _process.ErrorDataReceived += (_, e) => Read(e.Data, address);
        _process.Exited += (_, _) => address.TrySetException(new InvalidOperationException("the server ended before it printed its address:\n" + Log));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Address = await address.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private void Read(string? line, TaskCompletionSource<string> address)
    {
        if (line is null)
            return;
        lock (_log)
            _log.AppendLine(line);
        var at = line.IndexOf("http://127.0.0.1:", StringComparison.Ordinal);
        if (at >= 0)
            address.TrySetResult(line[at..].Split(' ', '/', StringSplitOptions.RemoveEmptyEntries) is [var scheme, var host, ..] ? $"{scheme}//{host}" : line[at..]);
    }

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    /// <summary>The command line, built.</summary>
    public static string Cli => Path.Combine(Root(), "src/Egregore.Cli/bin", Configuration, "net10.0/egregore.dll");

    /// <summary>The checkout.</summary>
    public static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
