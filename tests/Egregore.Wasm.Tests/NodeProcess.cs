using System.Diagnostics;
using System.Text;

namespace Egregore.Wasm.Tests;

/// <summary>Runs a script by <c>node</c> in a folder of its own, files in, files out.</summary>
internal sealed class NodeProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("egregore-wasm-").FullName;

    public void Write(string name, ReadOnlySpan<byte> bytes) => File.WriteAllBytes(Path.Combine(_folder, name), bytes);

    public byte[] Read(string name) => File.ReadAllBytes(Path.Combine(_folder, name));

    /// <summary>What the script wrote to its output; fails where it ended with an error.</summary>
    public async Task<string> RunAsync(string script)
    {
        Write("script.cjs", Encoding.UTF8.GetBytes(script));
        using var process = Process.Start(new ProcessStartInfo("node", "script.cjs") { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, await error);
            return output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
