using System.Collections.Concurrent;
using Egregore.Wasm;
using Egregore.Wasm.Metering;

namespace Egregore.Kernels.Tests;

/// <summary>What a run ended with.</summary>
/// <param name="Code">0, or what a refusal says.</param>
/// <param name="Output">The answer; empty where there is none.</param>
/// <param name="Fuel">Fuel used.</param>
/// <param name="Trap">Why it trapped, or null.</param>
internal sealed record KernelRun(long Code, byte[] Output, long Fuel, TrapCode? Trap)
{
    private const int Depth = 256;
    private const long Plenty = 1L << 60;

    private static readonly Engine Engine = new(new EngineOptions { Collectible = false });
    private static readonly ConcurrentDictionary<string, Module> Modules = new();

    /// <summary>Pages that a kernel's module lets its memory have.</summary>
    public static uint? MemoryPagesMax(string name) => new Linker(new Store(Engine)).Instantiate(Compiled(name)).GetMemory("memory").Type.Maximum;

    /// <summary>Runs a standard kernel in Egregore.Wasm as a host does: a new instance, the task's bytes where <c>alloc</c> says.</summary>
    public static KernelRun Of(string name, ReadOnlySpan<byte> task, long fuel = Plenty)
    {
        Instance instance = new Linker(new Store(Engine)).Instantiate(Compiled(name));
        var gauge = new FuelGauge(instance) { Fuel = fuel, CallsLeft = Depth };
        long result;
        try
        {
            int at = instance.GetFunc("alloc").As<Func<int, int>>()(task.Length);
            task.CopyTo(instance.GetMemory("memory").Span[at..]);
            result = instance.GetFunc("run").As<Func<int, int, long>>()(at, task.Length);
        }
        catch (TrapException trap)
        {
            return new KernelRun(0, [], fuel - Math.Max(0, gauge.Fuel), gauge.CodeOf(trap));
        }
        long used = fuel - gauge.Fuel;
        return result < 0 ? new KernelRun(-result, [], used, null)
            : new KernelRun(0, instance.GetMemory("memory").Span.Slice((int)(result >> 32), (int)(result & 0xFFFFFFFF)).ToArray(), used, null);
    }

    private static Module Compiled(string name) => Modules.GetOrAdd(name, key => Engine.Compile(KernelModules.Get(key).ToArray()));
}
