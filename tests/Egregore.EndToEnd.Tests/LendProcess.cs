using System.Diagnostics;

namespace Egregore.EndToEnd.Tests;

/// <summary>A real <c>egregore lend</c> in a process of its own, with its workers.</summary>
internal sealed class LendProcess : IDisposable
{
    private readonly Process _process;

    public LendProcess(string address, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = ServerProcess.Root(), RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[ServerProcess.Cli, "lend", address, "--json", .. arguments])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        // Its lines are read and thrown away, so that it never waits for a reader.
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Kills it and its workers, as a machine that loses power.</summary>
    public void Kill()
    {
        if (_process.HasExited)
            return;
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
