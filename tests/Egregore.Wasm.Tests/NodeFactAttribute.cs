using System.Diagnostics;

namespace Egregore.Wasm.Tests;

/// <summary>A fact that holds this project against V8, by <c>node</c> on the path; without it the test is skipped and says so.</summary>
public sealed class NodeFactAttribute : FactAttribute
{
    private static readonly string? Missing = Probe();

    public NodeFactAttribute()
    {
        if (Missing is { } reason)
            Skip = "no node to compare with: " + reason;
    }

    private static string? Probe()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"node --version ended with {process.ExitCode}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }
}
