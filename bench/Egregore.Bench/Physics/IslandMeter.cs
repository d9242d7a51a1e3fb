using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Egregore.Kernels;
using Egregore.Kernels.Physics;
using Egregore.Sandbox;
using Egregore.Work;

namespace Egregore.Bench.Physics;

/// <summary>Takes frames of islands in turns: the physics kernel in Egregore.Wasm, the same module in Node's V8, and the official Rapier package in Node. The least of each counts.</summary>
internal sealed class IslandMeter : IAsyncDisposable
{
    private const int SettleFrames = 15;
    private const int WarmFrames = 3;
    private const int WarmBodies = 50;
    private const ulong Plenty = 1UL << 50;

    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(120);

    private readonly KernelSandbox _sandbox = new(null, TimeProvider.System);
    private readonly KernelHash _kernel = KernelModules.HashOf(PhysicsTask.KernelName);
    private readonly PhysicsInvariant _invariant = new();
    private readonly ChildProcess _rapier;
    private readonly ChildProcess _tab;

    private IslandMeter(ChildProcess rapier, ChildProcess tab)
    {
        _rapier = rapier;
        _tab = tab;
        _sandbox.Load(_kernel, KernelModules.Get(PhysicsTask.KernelName).Span);
    }

    /// <summary>Starts the peers, and lets all engines compile what they will run.</summary>
    /// <exception cref="BenchException">Node or the packages are not there.</exception>
    public static async Task<IslandMeter> StartAsync(BenchContext context, CancellationToken cancellation)
    {
        var meter = new IslandMeter(
            ChildProcess.Start("node", ["physics-island.mjs"], context.PeersDirectory),
            ChildProcess.Start("node", ["run.mjs"], Path.Combine(context.PeersDirectory, "..", "..", "kernels", "physics")));
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < Warm;) await meter.MeasureAsync(WarmBodies, rounds: 1, cancellation).ConfigureAwait(false);
        return meter;
    }

    /// <summary>Lets bodies fall into a heap, then measures frames of it.</summary>
    /// <param name="bodies">How many.</param>
    /// <param name="rounds">Frames measured.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="BenchException">An answer is not the peer's to the bit, or breaks the kernel's invariant.</exception>
    public async Task<IslandTimes> MeasureAsync(int bodies, int rounds, CancellationToken cancellation)
    {
        var scene = new IslandScene(bodies);
        for (int i = 0; i < SettleFrames; i++) scene.Take(Frame(scene.Task()).Output);
        await AskRapierAsync("keep", Convert.ToBase64String(scene.Task()), cancellation).ConfigureAwait(false);
        double kernel = double.MaxValue, tab = double.MaxValue, fresh = double.MaxValue, kept = double.MaxValue;
        ulong fuel = 0;
        for (int round = -WarmFrames; round < rounds; round++)
        {
            byte[] task = scene.Task();
            (double kernelMs, byte[] output, fuel) = Frame(task);
            string text = Convert.ToBase64String(task);
            (double tabMs, string tabOutput) = await AskTabAsync(text, cancellation).ConfigureAwait(false);
            (double newMs, string newState) = await AskRapierAsync("new", text, cancellation).ConfigureAwait(false);
            (double keptMs, _) = await AskRapierAsync("step", IslandScene.Steps, cancellation).ConfigureAwait(false);
            if (tabOutput != Convert.ToBase64String(output)) throw new BenchException($"{bodies} bodies: the kernel answers otherwise in V8");
            if (newState != Convert.ToBase64String(IslandScene.StateOf(output))) throw new BenchException($"{bodies} bodies: Rapier in Node answers otherwise than the kernel");
            scene.Take(output);
            if (round < 0) continue;
            kernel = Math.Min(kernel, kernelMs);
            tab = Math.Min(tab, tabMs);
            fresh = Math.Min(fresh, newMs);
            kept = Math.Min(kept, keptMs);
        }
        return new IslandTimes(bodies, kernel, tab, fresh, kept, fuel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _tab.DisposeAsync().ConfigureAwait(false);
        await _rapier.DisposeAsync().ConfigureAwait(false);
        _sandbox.Dispose();
    }

    private (double Ms, byte[] Output, ulong Fuel) Frame(byte[] task)
    {
        long started = Stopwatch.GetTimestamp();
        KernelRun run = _sandbox.Run(_kernel, [], task, Plenty, PhysicsOutput.BytesMax);
        double ms = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        if (run.Text is not null) throw new BenchException($"the physics kernel: {run.Text}");
        if (_invariant.Check([], task, run.Output) is { Holds: false } broken) throw new BenchException($"the physics kernel's answer: {broken.Reason}");
        return (ms, run.Output, run.Fuel);
    }

    private async Task<(double Ms, string State)> AskRapierAsync<T>(string what, T value, CancellationToken cancellation)
    {
        await _rapier.WriteAsync(JsonSerializer.Serialize(new Dictionary<string, T> { [what] = value })).ConfigureAwait(false);
        JsonElement answer = JsonSerializer.Deserialize<JsonElement>(await _rapier.ReadAsync("{", Within, cancellation).ConfigureAwait(false));
        return (answer.GetProperty("ms").GetDouble(), answer.GetProperty("state").GetString()!);
    }

    private async Task<(double Ms, string Output)> AskTabAsync(string task, CancellationToken cancellation)
    {
        await _tab.WriteAsync(task).ConfigureAwait(false);
        JsonElement answer = JsonSerializer.Deserialize<JsonElement>(await _tab.ReadAsync("{", Within, cancellation).ConfigureAwait(false));
        if (answer.GetProperty("code").GetInt32() is var code and not 0) throw new BenchException(string.Create(CultureInfo.InvariantCulture, $"the physics kernel refuses its task in V8 with code {code}"));
        return (answer.GetProperty("ms").GetDouble(), answer.GetProperty("output").GetString()!);
    }
}
