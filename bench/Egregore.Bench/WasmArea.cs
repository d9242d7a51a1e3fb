using System.Diagnostics;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Egregore.Bench.Rapier;
using Egregore.Wasm;
using Egregore.Wasm.Metering;

namespace Egregore.Bench;

/// <summary>
/// <c>wasm.*</c>: the kernels of bench/kernels and a step of the Rapier engine with a thousand bodies, against Node's V8 on the same files. The two take turns,
/// each in a process of its own, so that what else the machine does meets both; the least time of each counts, and results have to be equal.
/// </summary>
public sealed class WasmArea : IBenchArea
{
    private const int WarmUps = 4;
    private const int Rounds = 15;
    private const int Bodies = 1000;

    /// <summary>Steps until the bodies lie in a pile: from there on every step is about as dear.</summary>
    private const int FallSteps = 150;

    private const int StepsPerRound = 10;
    private const int CallBatch = 1_000_000;
    private const string V8 = "Node's V8";
    private const string RapierFile = "node_modules/@dimforge/rapier3d-deterministic/rapier_wasm3d_bg.wasm";

    private static readonly EngineOptions Permanent = new() { Collectible = false };

    /// <inheritdoc/>
    public string Name => "wasm";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using WasmPeer peer = await WasmPeer.StartAsync(context, cancellation).ConfigureAwait(false);
        using var engine = new Engine(Permanent);
        double product = 1;
        double least = double.MaxValue;
        foreach (WasmKernel kernel in WasmKernel.All)
        {
            Measure measure = await KernelAsync(engine, kernel, context, peer, cancellation).ConfigureAwait(false);
            product *= measure.Ratio!.Value;
            least = Math.Min(least, measure.Ratio.Value);
            yield return measure;
        }
        double mean = Math.Pow(product, 1.0 / WasmKernel.All.Count);
        yield return new Measure("wasm.kernels", "of V8", Math.Round(mean, 3), V8, 1, Math.Round(mean, 3), $"geometric mean of {WasmKernel.All.Count} kernels; the least is {least:0.00}");
        yield return Meter(engine, context, cancellation);
        await foreach (Measure measure in RapierAsync(context, peer, cancellation).ConfigureAwait(false)) yield return measure;
        foreach (Measure measure in Calls(engine)) yield return measure;
        using var process = Process.GetCurrentProcess();
        yield return Measure.Alone("wasm.peak_mb", "MB", process.PeakWorkingSet64 / 1e6, "of the whole process: all kernels, two worlds of Rapier, their code");
    }

    private static async Task<Measure> KernelAsync(Engine engine, WasmKernel kernel, BenchContext context, WasmPeer peer, CancellationToken cancellation)
    {
        byte[] bytes = kernel.Read(context.PeersDirectory);
        WasmKernelRun ours = WasmKernelRun.Load(engine, bytes);
        double best = double.MaxValue;
        double peerBest = double.MaxValue;
        for (int round = -WarmUps; round < Rounds; round++)
        {
            WasmPeerRun our = ours.Run(kernel.N);
            WasmPeerRun their = await peer.RunAsync(kernel.Name, kernel.N, cancellation).ConfigureAwait(false);
            if (our.Result != their.Result) throw new BenchException($"{kernel.Name}({kernel.N}) is {our.Result} here and {their.Result} in {V8}.");
            if (round < 0) continue;
            best = Math.Min(best, our.Ms);
            peerBest = Math.Min(peerBest, their.Ms);
        }
        return Measure.LessIsBetter($"wasm.kernel.{kernel.Name}", "ms", best, V8, peerBest, $"{kernel.What}; the least of {Rounds} rounds taken in turns, checksums equal");
    }

    private static Measure Meter(Engine engine, BenchContext context, CancellationToken cancellation)
    {
        double product = 1;
        var each = new List<string>();
        foreach (WasmKernel kernel in WasmKernel.All)
        {
            cancellation.ThrowIfCancellationRequested();
            byte[] bytes = kernel.Read(context.PeersDirectory);
            WasmKernelRun plain = WasmKernelRun.Load(engine, bytes);
            WasmKernelRun metered = WasmKernelRun.Load(engine, Wasm.Metering.Meter.Instrument(bytes, new MeterOptions { InitialFuel = long.MaxValue }));
            double best = double.MaxValue;
            double plainBest = double.MaxValue;
            for (int round = -WarmUps; round < Rounds; round++)
            {
                WasmPeerRun counted = metered.Run(kernel.N);
                WasmPeerRun uncounted = plain.Run(kernel.N);
                if (counted.Result != uncounted.Result) throw new BenchException($"{kernel.Name} metered is {counted.Result}, without {uncounted.Result}.");
                if (round < 0) continue;
                best = Math.Min(best, counted.Ms);
                plainBest = Math.Min(plainBest, uncounted.Ms);
            }
            product *= plainBest / best;
            each.Add($"{kernel.Name} {plainBest / best:0.00}");
        }
        double mean = Math.Round(Math.Pow(product, 1.0 / WasmKernel.All.Count), 3);
        return new Measure("wasm.meter", "of unmetered", mean, "unmetered", 1, mean, $"geometric mean of the kernels' speed with fuel counted: {string.Join(", ", each)}");
    }

    private static async IAsyncEnumerable<Measure> RapierAsync(BenchContext context, WasmPeer peer, [EnumeratorCancellation] CancellationToken cancellation)
    {
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(context.PeersDirectory, RapierFile), cancellation).ConfigureAwait(false);
        using var engine = new Engine(Permanent);
        long ilBefore = JitInfo.GetCompiledILBytes();
        long methodsBefore = JitInfo.GetCompiledMethodCount();
        long started = Stopwatch.GetTimestamp();
        RapierHost host = RapierHost.Instantiate(new Store(engine), engine.Compile(bytes));
        double loadS = Stopwatch.GetElapsedTime(started).TotalSeconds;
        // The first world compiles what the second one is measured with.
        started = Stopwatch.GetTimestamp();
        var scene = new RapierScene(host, Bodies);
        scene.StepOnly();
        double firstStepS = Stopwatch.GetElapsedTime(started).TotalSeconds;
        yield return Measure.Alone("wasm.rapier_load_s", "s", loadS, $"{bytes.Length / 1e6:0.0} MB to an instance; functions are compiled when first called: the world and its first step took {firstStepS:0.00} s more");
        for (int i = 0; i < FallSteps; i++) scene.StepOnly();
        yield return Measure.Alone("wasm.code_kb", "KB", (JitInfo.GetCompiledILBytes() - ilBefore) / 1e3, $"IL compiled for that scene, {JitInfo.GetCompiledMethodCount() - methodsBefore} methods");
        scene.Free();
        scene = new RapierScene(host, Bodies);
        await peer.RunAsync("scene", Bodies, cancellation).ConfigureAwait(false);
        await peer.RunAsync("step", FallSteps, cancellation).ConfigureAwait(false);
        await peer.RunAsync("scene", Bodies, cancellation).ConfigureAwait(false);
        await peer.RunAsync("step", FallSteps, cancellation).ConfigureAwait(false);
        for (int i = 0; i < FallSteps; i++) scene.StepOnly();
        var ours = new List<double>();
        var peers = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            started = Stopwatch.GetTimestamp();
            for (int i = 0; i < StepsPerRound; i++) scene.StepOnly();
            ours.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds / StepsPerRound);
            WasmPeerRun their = await peer.RunAsync("step", StepsPerRound, cancellation).ConfigureAwait(false);
            peers.Add(their.Ms / StepsPerRound);
            if (their.Result != Convert.ToHexStringLower(SHA256.HashData(scene.State()))) throw new BenchException($"After {FallSteps + (round + 1) * StepsPerRound} steps the bodies are elsewhere than in {V8}.");
        }
        string note = $"a step of {Bodies} boxes and balls in a pile; the middle of {Rounds} rounds of {StepsPerRound} steps taken in turns, all positions and rotations equal to the bit";
        yield return Measure.LessIsBetter("wasm.rapier", "ms", Sampling.Middle(ours), V8, Sampling.Middle(peers), note);
    }

    private static IEnumerable<Measure> Calls(Engine engine)
    {
        // (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
        byte[] bytes = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 7, 1, 0x60, 2, 0x7F, 0x7F, 1, 0x7F, 3, 2, 1, 0, 7, 7, 1, 3, 0x61, 0x64, 0x64, 0, 0, 10, 9, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6A, 0x0B];
        Func add = new Linker(new Store(engine)).Instantiate(engine.Compile(bytes)).GetFunc("add");
        Func<int, int, int> call = add.As<Func<int, int, int>>();
        double best = double.MaxValue;
        long allocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            int sum = 0;
            for (int i = 0; i < CallBatch; i++) sum = call(sum, i);
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalNanoseconds / CallBatch);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (sum != unchecked((int)((long)CallBatch * (CallBatch - 1) / 2))) throw new BenchException("The called function does not add.");
        }
        yield return Measure.Alone("wasm.call_ns", "ns", best, "host to WebAssembly and back, two numbers and one, through a typed delegate");
        yield return Measure.Alone("wasm.alloc", "bytes", (double)allocated / CallBatch, "allocated a call");
    }
}
