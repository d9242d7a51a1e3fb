using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Egregore.Bench;

/// <summary>Runs the scripts of bench/peers; installs their libraries (<c>npm ci</c>) when they are missing or not those of the lock.</summary>
public static class NodePeers
{
    /// <summary>Runs a script and gives its standard output line by line.</summary>
    /// <param name="context">Where the peers are.</param>
    /// <param name="script">A file of bench/peers.</param>
    /// <param name="arguments">Passed to it.</param>
    /// <param name="cancellation">Ends the process.</param>
    /// <exception cref="BenchException">Node is missing, the libraries cannot be installed, or the script failed.</exception>
    public static async IAsyncEnumerable<string> RunAsync(
        BenchContext context, string script, IEnumerable<string> arguments, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await InstallAsync(context, cancellation).ConfigureAwait(false);
        using Process process = Start(context.PeersDirectory, "node", [script, .. arguments]);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
            while (await process.StandardOutput.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line) yield return line;
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            if (process.ExitCode != 0) throw new BenchException($"node {script} ended with {process.ExitCode}: {LastLines(await errors.ConfigureAwait(false))}");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Installs the libraries of bench/peers where they are missing.</summary>
    /// <exception cref="BenchException">They cannot be installed.</exception>
    internal static async Task InstallAsync(BenchContext context, CancellationToken cancellation)
    {
        string wanted = Path.Combine(context.PeersDirectory, "package-lock.json");
        string installed = Path.Combine(context.PeersDirectory, "node_modules", ".package-lock.json");
        if (File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(wanted)) return;
        context.Log("Installing the libraries to measure against (npm ci in bench/peers) ...");
        string npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        using Process process = Start(context.PeersDirectory, npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
            await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            if (process.ExitCode == 0) return;
            throw new BenchException($"npm ci in bench/peers failed (is the network there?): {LastLines(await errors.ConfigureAwait(false))}");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(string directory, string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            return Process.Start(start) ?? throw new BenchException($"{program} did not start.");
        }
        catch (Win32Exception missing)
        {
            throw new BenchException($"{program} was not found: install Node.js 20 or later to measure against its libraries.", missing);
        }
    }

    private static string LastLines(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "no message" : string.Join(" | ", lines.TakeLast(3));
    }
}
