using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Egregore.Cli.Lend;

/// <summary>
/// How a worker's process is started: under bubblewrap where it is there, in namespaces of its own with no network, no home, and read-only views of the .NET runtime, this program and the
/// system's libraries alone. Without bubblewrap it is an ordinary process, and WebAssembly is the only wall.
/// </summary>
internal static class Confinement
{
    /// <summary>The nice value of a worker.</summary>
    private const int Nice = 10;

    private const string Bubblewrap = "bwrap";

    /// <summary>Where bubblewrap is, or null.</summary>
    public static string? FindBubblewrap() => Find(Bubblewrap);

    /// <summary>The worker of this program.</summary>
    /// <param name="bubblewrap">Where bubblewrap is; null: plainly.</param>
    /// <param name="memoryBytes">What the worker's heap may take.</param>
    /// <param name="pagesMax">Pages of 64 KiB that a run's memory may have.</param>
    public static ProcessStartInfo Worker(string? bubblewrap, long memoryBytes, int pagesMax) =>
        Program(bubblewrap, typeof(Confinement).Assembly.Location, memoryBytes, LendWorker.Command, pagesMax.ToString(CultureInfo.InvariantCulture));

    /// <summary>A .NET program, confined as a worker is.</summary>
    public static ProcessStartInfo Program(string? bubblewrap, string assembly, long memoryBytes, params string[] arguments)
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var command = new List<string>();
        if (Find("nice") is { } nice)
            command.AddRange([nice, "-n", Nice.ToString(CultureInfo.InvariantCulture)]);
        if (bubblewrap is not null)
            command.AddRange([bubblewrap, .. Walls(root, Path.GetDirectoryName(assembly)!), "--"]);
        command.AddRange([Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"), assembly, .. arguments]);
        start.FileName = command[0];
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        // Nothing of the helper's environment goes in: an API key may be there.
        start.Environment.Clear();
        start.Environment["DOTNET_GCHeapHardLimit"] = memoryBytes.ToString("x", CultureInfo.InvariantCulture);
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        return start;
    }

    // --new-session: no typing into the terminal. --die-with-parent: none is left behind, however the helper ends.
    private static string[] Walls(string runtime, string program) =>
        [
            "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "worker",
            // First what is empty, then what is let in: the program may lie below one of these.
            "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
            "--ro-bind-try", "/lib", "/lib", "--ro-bind-try", "/lib64", "/lib64", "--ro-bind-try", "/usr/lib", "/usr/lib", "--ro-bind-try", "/usr/lib64", "/usr/lib64",
            "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
            "--ro-bind", runtime, runtime, "--ro-bind", program, program,
            "--remount-ro", "/", "--chdir", "/",
        ];

    private static string? Find(string name)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Concat(["/usr/bin", "/bin"]).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
