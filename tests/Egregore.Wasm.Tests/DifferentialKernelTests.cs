using System.Diagnostics;
using System.Text.Json;

namespace Egregore.Wasm.Tests;

/// <summary>The kernels of bench/kernels: what is committed is what their sources compile to, and they compute what they compute in V8.</summary>
public sealed class DifferentialKernelTests
{
    /// <summary>Small work: the benchmark does more of it.</summary>
    public static TheoryData<string, int> Kernels => new()
    {
        { "nbody", 2000 }, { "matmul", 2 }, { "matmul-simd", 3 }, { "sha256", 500 }, { "astar", 3 }, { "ray", 48 }, { "mandelbrot", 48 }, { "fib", 17 }, { "blur-simd", 5 }, { "hashmap", 2 }, { "sort", 6 },
    };

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task A_kernel_computes_what_it_computes_in_V8(string name, int n)
    {
        using var engine = new Engine();
        Instance instance = new Linker(new Store(engine)).Instantiate(engine.Compile(await File.ReadAllBytesAsync(Path.Combine(TestFolders.Kernels, name, $"{name}.wasm"))));
        long ours = instance.GetFunc("run").As<Func<int, long>>()(n);
        Assert.Equal(await V8Async(name, n), ours);
    }

    [Fact]
    public void The_hash_kernel_knows_the_standards_example()
    {
        using var engine = new Engine();
        Instance instance = new Linker(new Store(engine)).Instantiate(engine.Compile(File.ReadAllBytes(Path.Combine(TestFolders.Kernels, "sha256", "sha256.wasm"))));
        // FIPS 180-4: SHA-256("abc") begins with these eight bytes.
        Assert.Equal(unchecked((long)0xBA7816BF8F01CFEA), instance.GetFunc("run").As<Func<int, long>>()(0));
    }

    [Fact]
    public async Task The_committed_modules_are_what_their_sources_compile_to()
    {
        (int exit, string output) = await NodeAsync(["kernels.mjs", "--check"], "");
        Assert.True(exit == 0, output);
    }

    private static async Task<long> V8Async(string name, int n)
    {
        (int exit, string output) = await NodeAsync(["wasm.mjs"], $"{name} {n}\n");
        Assert.Equal(0, exit);
        return long.Parse(JsonSerializer.Deserialize<JsonElement>(output).GetProperty("result").GetString()!);
    }

    private static async Task<(int Exit, string Output)> NodeAsync(string[] arguments, string input)
    {
        var start = new ProcessStartInfo("node", arguments) { WorkingDirectory = TestFolders.Peers, RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}
