using Egregore.Wasm.Tests;
using Egregore.Wire;
using Egregore.Work;
using Xunit;

namespace Egregore.Sandbox.Tests;

public sealed class KernelSandboxTests : IDisposable
{
    private const ulong Fuel = 100_000;
    private readonly KernelSandbox _sandbox = new(null, TimeProvider.System);

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void A_kernel_gets_the_shared_block_with_the_input_behind_it()
    {
        var run = Run(Kernels.Echo(), [1, 2, 3], [4, 5]);
        Assert.Equal(WorkFault.None, run.Fault);
        Assert.Equal([1, 2, 3, 4, 5], run.Output);
        Assert.Equal(run.Fuel, Run(Kernels.Echo(), [1, 2, 3], [4, 5]).Fuel);
        Assert.InRange(run.Fuel, 1u, 100u);
    }

    [Fact]
    public void A_run_sees_nothing_of_the_runs_before_it()
    {
        // Counts its runs in a global and in memory, and answers the byte that it counted in.
        var writer = Kernels.Writer(WasmWriter.Join(
            [0x23, 0, 0x41, 1, 0x6A, 0x24, 0], // global 0 += 1
            [0x41, 0, 0x41, 0, 0x2D, 0, 0, 0x23, 0, 0x6A, 0x3A, 0, 0], // memory[0] += global 0
            [0x42, 1])); // one byte at 0
        writer.Global(WasmWriter.I32, true, WasmWriter.Const(0));
        var counting = Kernels.Of(writer);
        Assert.Equal([1], Run(counting, [], []).Output);
        Assert.Equal([1], Run(counting, [], []).Output);
    }

    [Fact]
    public void An_endless_loop_ends_with_its_fuel()
    {
        var run = Run(Kernels.Of(Kernels.Writer([0x03, 0x40, 0x0C, 0, 0x0B, 0x42, 0])), [], []);
        Assert.Equal(WorkFault.OutOfFuel, run.Fault);
        Assert.Equal(Fuel, run.Fuel);
    }

    [Fact]
    public void Endless_recursion_ends_at_the_depth()
    {
        // run calls itself; alloc is function 0.
        var run = Run(Kernels.Of(Kernels.Writer([.. WasmWriter.Get(0), .. WasmWriter.Get(1), .. WasmWriter.Call(1)])), [], []);
        Assert.Equal(WorkFault.Trapped, run.Fault);
        Assert.Contains("call stack exhausted", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_does_not_grow_past_its_bound()
    {
        // Asks for 60,000 pages and answers what it got, as a byte of 255 for -1.
        var run = Run(Kernels.Of(Kernels.Writer(WasmWriter.Join([0x41, 0], WasmWriter.Const(60_000), [0x40, 0, 0x3A, 0, 0, 0x42, 1]))), [], [], 100_000_000);
        Assert.Equal([255], run.Output);
    }

    [Theory]
    [InlineData(0x0000_0000_7FFF_FFFF, WorkFault.TooLarge)] // a length over what may be answered
    [InlineData(0x0000_FFFF_0000_0100, WorkFault.Trapped)] // bytes that reach out of its memory
    [InlineData(0x7FFF_FFFF_0000_0001, WorkFault.Trapped)]
    [InlineData(-7, WorkFault.Trapped)] // it refuses its input
    [InlineData(long.MinValue, WorkFault.Trapped)]
    public void What_it_answers_is_not_believed(long answer, WorkFault fault)
    {
        var run = Run(Kernels.Answering(answer), [], [1]);
        Assert.Equal(fault, run.Fault);
        Assert.Empty(run.Output);
        Assert.NotNull(run.Text);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65_536)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Where_it_wants_its_input_is_not_believed(int pointer)
    {
        var run = Run(Kernels.Of(Kernels.Writer(Kernels.EchoBody, WasmWriter.Const(pointer))), [], [1, 2]);
        Assert.Equal(WorkFault.Trapped, run.Fault);
        Assert.Contains("outside its memory", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_is_not_there_is_missing() => Assert.Equal(WorkFault.Missing, _sandbox.Run(KernelHash.Of([1]), [], [], Fuel, 10).Fault);

    [Fact]
    public void The_least_recently_used_kernel_makes_room()
    {
        using var small = new KernelSandbox(new SandboxOptions { KernelsMax = 2 }, TimeProvider.System);
        (KernelHash Hash, byte[] Module)[] kernels = [Kernels.Answering(0), Kernels.Answering(1), Kernels.Answering(2)];
        small.Load(kernels[0].Hash, kernels[0].Module);
        small.Load(kernels[1].Hash, kernels[1].Module);
        small.Run(kernels[0].Hash, [], [], Fuel, 10);
        small.Load(kernels[2].Hash, kernels[2].Module);
        Assert.Equal([true, false, true], kernels.Select(kernel => small.Holds(kernel.Hash)));
    }

    [Fact]
    public void Threads_share_a_sandbox()
    {
        var echo = Kernels.Echo();
        _sandbox.Load(echo.Hash, echo.Module);
        Parallel.For(0, 200, i => Assert.Equal([(byte)i], _sandbox.Run(echo.Hash, [], [(byte)i], Fuel, 10).Output));
    }

    private KernelRun Run((KernelHash Hash, byte[] Module) kernel, byte[] shared, byte[] input, ulong fuel = Fuel)
    {
        _sandbox.Load(kernel.Hash, kernel.Module);
        return _sandbox.Run(kernel.Hash, shared, input, fuel, 4096);
    }
}
