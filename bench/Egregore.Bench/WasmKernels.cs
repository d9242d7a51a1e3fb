using System.Diagnostics;
using System.Globalization;
using Egregore.Wasm;

namespace Egregore.Bench;

/// <summary>One of bench/kernels with its work.</summary>
/// <param name="Name">Folder and file.</param>
/// <param name="N">What <c>run</c> is given: some 20 ms of work.</param>
/// <param name="What">What it exercises, in a few words.</param>
internal sealed record WasmKernel(string Name, int N, string What)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<WasmKernel> All { get; } =
    [
        new("nbody", 400_000, "f64 arithmetic"),
        new("matmul", 20, "f32 product of 128 by 128, scalar"),
        new("matmul-simd", 80, "the same with f32x4"),
        new("sha256", 80_000, "rotates, shifts, adds"),
        new("astar", 20, "a grid of 256 by 256, binary heap"),
        new("ray", 480, "spheres, calls and globals"),
        new("mandelbrot", 400, "one f64 loop"),
        new("fib", 31, "recursive calls"),
        new("blur-simd", 500, "16 bytes at once, widening and narrowing"),
        new("hashmap", 150, "i64 keys, dependent loads"),
        new("sort", 9, "call_indirect in the innermost loop"),
    ];

    /// <summary>Its module.</summary>
    /// <param name="peersDirectory">bench/peers.</param>
    public byte[] Read(string peersDirectory) => File.ReadAllBytes(Path.Combine(peersDirectory, "..", "kernels", Name, $"{Name}.wasm"));
}

/// <summary>A kernel in our engine, ready to be run.</summary>
internal sealed class WasmKernelRun
{
    private readonly Func<int, long> run;

    private WasmKernelRun(Func<int, long> run) => this.run = run;

    /// <summary>Compiles and instantiates a module without imports.</summary>
    public static WasmKernelRun Load(Engine engine, byte[] bytes)
    {
        Instance instance = new Linker(new Store(engine)).Instantiate(engine.Compile(bytes));
        return new WasmKernelRun(instance.GetFunc("run").As<Func<int, long>>());
    }

    /// <summary>Runs once: the time, and the checksum as text.</summary>
    public WasmPeerRun Run(int n)
    {
        long started = Stopwatch.GetTimestamp();
        long result = run(n);
        double ms = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return new WasmPeerRun(ms, result.ToString(CultureInfo.InvariantCulture));
    }
}
