using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Egregore.Bench;

/// <summary>A program that an area runs beside itself: its lines as they come, its CPU time as the kernel counts it. Killed with its children when disposed.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // USER_HZ, in which /proc counts, is 100 on every Linux that .NET runs on.
    private const double ClockTicksPerSecond = 100;
    private const int ErrorCharactersMax = 4000;

    private readonly Process process;
    private readonly string name;
    private readonly StringBuilder errors = new();

    private ChildProcess(Process process, string name)
    {
        this.process = process;
        this.name = name;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                if (line.Data is { } text && errors.Length < ErrorCharactersMax) errors.Append(text).Append(" | ");
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Starts a program.</summary>
    /// <exception cref="BenchException">It was not found.</exception>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, string? directory = null, params (string Key, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = directory ?? "", RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        foreach ((string key, string value) in environment) start.Environment[key] = value;
        string name = $"{Path.GetFileName(program)} {string.Join(' ', start.ArgumentList.Take(2).Select(Path.GetFileName))}";
        try
        {
            return new ChildProcess(Process.Start(start) ?? throw new BenchException($"{program} did not start."), name);
        }
        catch (Win32Exception missing)
        {
            throw new BenchException($"{program} was not found.", missing);
        }
    }

    /// <summary>Starts this program, the CLI, once more.</summary>
    /// <exception cref="BenchException">The running program is not the CLI.</exception>
    public static ChildProcess StartCli(params string[] arguments)
    {
        string library = Path.Combine(AppContext.BaseDirectory, "egregore.dll");
        if (!File.Exists(library)) throw new BenchException("this area starts servers and bots as processes of their own: run it as 'egregore bench'.");
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        return Start(host, [library, .. arguments]);
    }

    /// <summary>User and system time of the whole process so far, in seconds, from <c>/proc/PID/stat</c>, to a hundredth of a second.</summary>
    /// <exception cref="BenchException">Not Linux, or the process has ended.</exception>
    public double CpuSeconds()
    {
        if (!OperatingSystem.IsLinux()) throw new BenchException("the CPU time of a process is read from /proc: run this area on Linux.");
        try
        {
            string stat = File.ReadAllText($"/proc/{process.Id}/stat");
            // The second field, the name, may hold spaces; utime and stime are fields 14 and 15.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / ClockTicksPerSecond;
        }
        catch (IOException)
        {
            throw Ended();
        }
    }

    /// <summary>Memory of the whole process that no other shares and no file backs, in bytes, from <c>/proc/PID/status</c>.</summary>
    /// <exception cref="BenchException">Not Linux, or the process has ended.</exception>
    public long PrivateBytes()
    {
        const string Field = "RssAnon:";
        if (!OperatingSystem.IsLinux()) throw new BenchException("the memory of a process is read from /proc: run this area on Linux.");
        try
        {
            string line = File.ReadLines($"/proc/{process.Id}/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) ?? throw Ended();
            return long.Parse(line.AsSpan(Field.Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            throw Ended();
        }
    }

    /// <summary>The next line that begins with a prefix; others are skipped.</summary>
    /// <exception cref="BenchException">It ended without one, or the time is over.</exception>
    public async Task<string> ReadAsync(string prefix, TimeSpan within, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(within);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(limit.Token).ConfigureAwait(false) is { } line)
            {
                if (line.StartsWith(prefix, StringComparison.Ordinal)) return line;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new BenchException($"{name} said nothing for {within.TotalSeconds:0} s. {Errors()}");
        }
        throw Ended();
    }

    /// <summary>Writes a line to its standard input.</summary>
    public async Task WriteAsync(string line)
    {
        await process.StandardInput.WriteLineAsync(line).ConfigureAwait(false);
        await process.StandardInput.FlushAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync().ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
        process.Dispose();
    }

    private BenchException Ended() => new($"{name} ended before it was measured. {Errors()}");

    private string Errors()
    {
        lock (errors) return errors.ToString();
    }
}
