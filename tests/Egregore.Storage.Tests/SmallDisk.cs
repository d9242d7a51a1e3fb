using System.Diagnostics;

namespace Egregore.Storage.Tests;

/// <summary>A test that needs a disk of its own; reported as skipped, with the reason, where none can be mounted.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute()
    {
        using SmallDisk? disk = SmallDisk.TryMount(out string reason);
        if (disk is null)
        {
            Skip = "no small disk to fill: " + reason;
        }
    }
}

/// <summary>A real file system of 3 MiB, mounted for one test; needs root on Linux.</summary>
public sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    public static SmallDisk? TryMount(out string reason)
    {
        string folder = Directory.CreateTempSubdirectory("egregore-disk-").FullName;
        reason = !OperatingSystem.IsLinux() ? "only on Linux" : !Environment.IsPrivilegedProcess ? "needs root" : "";
        if (reason.Length == 0 && Run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder) != 0)
        {
            reason = "mount was refused";
        }
        if (reason.Length > 0)
        {
            Directory.Delete(folder);
            return null;
        }
        return new SmallDisk(folder);
    }

    public void Dispose()
    {
        Run("umount", Folder);
        Directory.Delete(Folder);
    }

    private static int Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
