using System.Diagnostics;

namespace Egregore.EndToEnd.Tests;

/// <summary>A real <c>egregore bots</c> in a process of its own.</summary>
internal sealed class BotsProcess : IDisposable
{
    private readonly Process _process;

    public BotsProcess(string address, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = ServerProcess.Root(), RedirectStandardOutput = true };
        foreach (var argument in (string[])[ServerProcess.Cli, "bots", address, .. arguments])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        // Its figures are read and thrown away, so that it never waits for a reader.
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
