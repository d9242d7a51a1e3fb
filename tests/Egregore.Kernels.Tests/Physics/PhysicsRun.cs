using System.Diagnostics;
using System.Text.Json;
using Egregore.Kernels.Physics;
using Egregore.Wasm;
using Egregore.Wasm.Metering;

namespace Egregore.Kernels.Tests.Physics;

/// <summary>What came of a task.</summary>
/// <param name="Code">0, or what a refusal says.</param>
/// <param name="Fuel">Fuel used.</param>
/// <param name="Output">The answer's bytes.</param>
internal sealed record PhysicsRun(long Code, long Fuel, byte[] Output)
{
    private const long Plenty = 1L << 60;
    private const int Depth = 256;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly Engine Engine = new(new EngineOptions { Collectible = false });
    private static readonly Lazy<Module> Module = new(() => Engine.Compile(KernelModules.Get(PhysicsTask.KernelName).ToArray()));

    /// <summary>The kernel's folder.</summary>
    public static string Folder { get; } = Path.Combine(Root(), "kernels", PhysicsTask.KernelName);

    /// <summary>Runs a task in a new instance of Egregore.Wasm.</summary>
    public static PhysicsRun Of(ReadOnlySpan<byte> task)
    {
        Instance instance = new Linker(new Store(Engine)).Instantiate(Module.Value);
        var gauge = new FuelGauge(instance) { Fuel = Plenty, CallsLeft = Depth };
        int at = instance.GetFunc("alloc").As<Func<int, int>>()(task.Length);
        task.CopyTo(instance.GetMemory("memory").Span[at..]);
        long result = instance.GetFunc("run").As<Func<int, int, long>>()(at, task.Length);
        long used = Plenty - gauge.Fuel;
        return result < 0
            ? new PhysicsRun(-result, used, [])
            : new PhysicsRun(0, used, instance.GetMemory("memory").Span.Slice((int)(result >> 32), (int)result).ToArray());
    }

    /// <summary>Runs tasks in Node's V8.</summary>
    public static async Task<PhysicsRun[]> InV8Async(IEnumerable<byte[]> tasks)
    {
        var start = new ProcessStartInfo("node", ["run.mjs"]) { WorkingDirectory = Folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process node = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            Task<string> written = node.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> errors = node.StandardError.ReadToEndAsync(limit.Token);
            foreach (byte[] task in tasks) await node.StandardInput.WriteLineAsync(Convert.ToBase64String(task));
            node.StandardInput.Close();
            string lines = await written;
            await node.WaitForExitAsync(limit.Token);
            Assert.True(node.ExitCode == 0, await errors);
            return
            [
                .. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Select(answer => new PhysicsRun(
                    answer.GetProperty("code").GetInt64(),
                    long.Parse(answer.GetProperty("fuel").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
                    answer.GetProperty("output").GetBytesFromBase64())),
            ];
        }
        catch (OperationCanceledException)
        {
            node.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static string Root()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "egregore.slnx"))) return at.FullName;
        }
        throw new InvalidOperationException($"No checkout above {AppContext.BaseDirectory}.");
    }
}
