using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Egregore.Kernels;
using Egregore.Wasm;
using Egregore.Wasm.Metering;
using Egregore.Work;

namespace Egregore.Bench;

/// <summary>
/// <c>kernels.*</c>: a task of each standard kernel in Egregore.Wasm beside Node's V8, metered, in a new instance each time as hosts run them; answers and fuel have to be equal. And what
/// the check of an answer takes of the kernel's own time. The two take turns; the least time of each counts.
/// </summary>
public sealed class KernelsArea : IBenchArea
{
    private const int WarmUps = 6;
    private const int Rounds = 15;
    private const int Depth = 256;
    private const long Plenty = 1L << 60;
    private const string V8 = "Node's V8";

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan CheckedFor = TimeSpan.FromSeconds(1);
    private static readonly EngineOptions Permanent = new() { Collectible = false };

    /// <inheritdoc/>
    public string Name => "kernels";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("egregore-bench-").FullName;
        await using ChildProcess node = ChildProcess.Start("node", ["run.mjs"], Path.Combine(context.PeersDirectory, "..", "..", "kernels"));
        using var engine = new Engine(Permanent);
        try
        {
            double product = 1;
            foreach (KernelTask task in KernelTask.All)
            {
                string file = Path.Combine(folder, task.Name + task.Variant);
                await File.WriteAllBytesAsync(file, task.Bytes, cancellation).ConfigureAwait(false);
                Module module = engine.Compile(KernelModules.Get(task.Name).ToArray());
                string line = JsonSerializer.Serialize(new { name = task.Name, input = file });
                (double best, double peerBest, long fuel) = (double.MaxValue, double.MaxValue, 0);
                byte[] output = [];
                for (int round = -WarmUps; round < Rounds; round++)
                {
                    (double ms, output, fuel) = Run(engine, module, task);
                    await node.WriteAsync(line).ConfigureAwait(false);
                    JsonElement their = JsonSerializer.Deserialize<JsonElement>(await node.ReadAsync("{", Within, cancellation).ConfigureAwait(false));
                    if (their.GetProperty("sha256").GetString() != Convert.ToHexStringLower(SHA256.HashData(output))) throw new BenchException($"{task.Name} answers otherwise in {V8}.");
                    if (their.GetProperty("fuel").GetString() != fuel.ToString(CultureInfo.InvariantCulture)) throw new BenchException($"{task.Name} used {fuel} fuel here and {their.GetProperty("fuel")} in {V8}.");
                    if (round < 0) continue;
                    best = Math.Min(best, ms);
                    peerBest = Math.Min(peerBest, their.GetProperty("ms").GetDouble());
                }
                product *= peerBest / best;
                string note = string.Create(CultureInfo.InvariantCulture, $"{task.What}; {fuel / 1e6:0.00} million fuel; the least of {Rounds} rounds taken in turns, answers and fuel equal");
                yield return Measure.LessIsBetter($"kernels.{task.Name}{task.Variant}", "ms", best, V8, peerBest, note);
                double check = Check(task, output);
                yield return Measure.Alone($"kernels.{task.Name}{task.Variant}.check", "ms", check, string.Create(CultureInfo.InvariantCulture, $"its answer's invariant: {100 * check / best:0.0} % of the run"));
            }
            double mean = Math.Round(Math.Pow(product, 1.0 / KernelTask.All.Count), 3);
            yield return new Measure("kernels.all", "of V8", mean, V8, 1, mean, $"geometric mean of {KernelTask.All.Count} tasks");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (double Ms, byte[] Output, long Fuel) Run(Engine engine, Module module, KernelTask task)
    {
        byte[] bytes = task.Bytes;
        Instance instance = new Linker(new Store(engine)).Instantiate(module);
        var gauge = new FuelGauge(instance) { Fuel = Plenty, CallsLeft = Depth };
        Func<int, int> alloc = instance.GetFunc("alloc").As<Func<int, int>>();
        Func<int, int, long> run = instance.GetFunc("run").As<Func<int, int, long>>();
        long started = Stopwatch.GetTimestamp();
        int at = alloc(bytes.Length);
        bytes.CopyTo(instance.GetMemory("memory").Span[at..]);
        long result = run(at, bytes.Length);
        double ms = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        if (result < 0) throw new BenchException($"{task.Name} refuses its task.");
        return (ms, instance.GetMemory("memory").Span.Slice((int)(result >> 32), (int)(result & 0xFFFFFFFF)).ToArray(), Plenty - gauge.Fuel);
    }

    private static double Check(KernelTask task, byte[] output)
    {
        IInvariant invariant = StandardKernels.All.Single(manifest => manifest.Name == task.Name).Invariant!;
        double best = double.MaxValue;
        // Long enough for .NET to compile the check once more with its optimiser.
        long begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < CheckedFor)
        {
            long started = Stopwatch.GetTimestamp();
            InvariantVerdict verdict = invariant.Check(task.Shared, task.Input, output);
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (!verdict.Holds) throw new BenchException($"{task.Name}: {verdict.Reason}.");
        }
        return best;
    }
}
