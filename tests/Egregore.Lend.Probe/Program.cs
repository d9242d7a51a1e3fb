// What a task that broke out of WebAssembly would try, from within the walls around a worker: one line for each attempt, "name: what came of it", where "no" is a refusal.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

var port = int.Parse(args[0]);
var secret = args[1];
Attempt("secret file", () => File.ReadAllText(secret));
Attempt("password file", () => File.ReadAllText("/etc/passwd"));
Attempt("home", () => string.Join(',', Directory.GetFileSystemEntries("/root").Concat(Directory.Exists("/home") ? Directory.GetFileSystemEntries("/home") : [])));
Attempt("write beside the program", () => Write(Path.Combine(AppContext.BaseDirectory, "written-by-probe")));
Attempt("write to /", () => Write("/written-by-probe"));
Attempt("loopback", () =>
{
    using var socket = new TcpClient();
    socket.Connect(IPAddress.Loopback, port);
    return "connected";
});
Attempt("network interfaces", () => string.Join(',', File.ReadAllLines("/proc/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()).Where(name => name != "lo")));
Attempt("processes of others", () => string.Join(',', Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out var id) && id > 0 && id != Environment.ProcessId && CommandOf(id).Contains("testhost", StringComparison.Ordinal))));
Attempt("environment", () => Environment.GetEnvironmentVariable("EGREGORE_API_KEY") ?? "");
Attempt("shell", () =>
{
    using var shell = Process.Start(new ProcessStartInfo("/bin/sh", "-c \"echo run\"") { RedirectStandardOutput = true })!;
    return shell.StandardOutput.ReadToEnd();
});
Attempt("user", () => File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff", StringComparison.Ordinal)).Split('\t')[1].Trim('0'));

static string Write(string path)
{
    File.WriteAllText(path, "x");
    File.Delete(path);
    return "written";
}

static string CommandOf(int id)
{
    try
    {
        return File.ReadAllText($"/proc/{id}/cmdline");
    }
    catch (IOException)
    {
        return "";
    }
}

static void Attempt(string name, Func<string> attempt)
{
    string came;
    try
    {
        came = attempt() is { Length: > 0 } got ? $"YES {got.ReplaceLineEndings(" ")}" : "no: nothing there";
    }
    catch (Exception e)
    {
        came = $"no: {e.GetType().Name}";
    }

    Console.WriteLine($"{name}: {came}");
}
