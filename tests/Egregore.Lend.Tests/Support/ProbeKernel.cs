using Egregore.Sandbox;
using Egregore.Work;

namespace Egregore.Lend.Tests;

/// <summary>The kernel of <c>Kernels/probe.wat</c>, which does what its first byte says.</summary>
internal static class ProbeKernel
{
    public static readonly byte[] Module = KernelModule.Meter(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Kernels", "probe.wasm")));

    public static readonly KernelHash Hash = KernelHash.Of(Module);

    public static readonly byte[] Forever = [1], Greedy = [2], Trap = [3], Refuse = [4], TooMuch = [5], Remember = [7];

    public static byte[] Sum(params byte[] more) => [0, .. more];

    public static byte[] Loop(uint times) => [6, .. BitConverter.GetBytes(times)];

    public static uint SumOf(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        foreach (var value in bytes)
            sum += value;
        return sum;
    }
}
