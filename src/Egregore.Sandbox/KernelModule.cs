using Egregore.Wasm;
using Egregore.Wasm.Inspection;
using Egregore.Wasm.Metering;
using Egregore.Work;

namespace Egregore.Sandbox;

/// <summary>
/// From a module as a compiler wrote it to the module that every host runs: held against the kernel ABI (docs/kernels.md) and metered.
/// </summary>
public static class KernelModule
{
    /// <summary>Checks a module against the ABI and meters it. The same bytes and options give the same bytes.</summary>
    /// <param name="module">The module as compiled, not metered.</param>
    /// <param name="options">The host's bounds; null: the defaults.</param>
    /// <returns>The metered module; its name is <see cref="KernelHash.Of"/> of it.</returns>
    /// <exception cref="KernelRefusedException">It is no valid module, imports something, lacks an export, starts by itself, or is over a bound.</exception>
    public static byte[] Meter(ReadOnlySpan<byte> module, SandboxOptions? options = null)
    {
        options ??= new SandboxOptions();
        if (module.Length > options.ModuleBytesMax)
            throw new KernelRefusedException($"the module has {module.Length} bytes; at most {options.ModuleBytesMax} are taken");
        byte[] metered;
        try
        {
            metered = Wasm.Metering.Meter.Instrument(module, MeterOptionsOf(options));
        }
        catch (WasmException e)
        {
            throw new KernelRefusedException($"the module is not taken: {e.Message}", e);
        }

        Check(metered, options);
        return metered;
    }

    /// <summary>Holds a metered module against the ABI.</summary>
    /// <exception cref="KernelRefusedException">It is no valid module, is not metered, imports something, lacks an export, starts by itself, or is over a bound.</exception>
    public static void Check(ReadOnlySpan<byte> metered, SandboxOptions? options = null)
    {
        options ??= new SandboxOptions();
        if (metered.Length > options.ModuleBytesMax)
            throw new KernelRefusedException($"the metered module has {metered.Length} bytes; at most {options.ModuleBytesMax} are taken");
        ModuleSummary summary;
        try
        {
            summary = ModuleSummary.Read(metered, LimitsOf(options));
        }
        catch (WasmException e)
        {
            throw new KernelRefusedException($"the module is not taken: {e.Message}", e);
        }

        if (summary.Imports.Count > 0)
            throw new KernelRefusedException($"the module imports {summary.Imports[0].Module}.{summary.Imports[0].Name}; a kernel imports nothing");
        if (summary.Start is not null)
            throw new KernelRefusedException("the module has a start function; a kernel does nothing before it is called");
        Require(summary, "memory", ExternalKind.Memory, null);
        Require(summary, "alloc", ExternalKind.Func, "(i32) -> (i32)");
        Require(summary, "run", ExternalKind.Func, "(i32 i32) -> (i64)");
        Require(summary, new MeterOptions().FuelName, ExternalKind.Global, null);
        Require(summary, new MeterOptions().DepthName, ExternalKind.Global, null);
        if (summary.Memories is [{ Minimum: var pages }] && pages > options.MemoryPagesMax)
            throw new KernelRefusedException($"the module's memory starts with {pages} pages of 64 KiB; at most {options.MemoryPagesMax} are given");
    }

    internal static MeterOptions MeterOptionsOf(SandboxOptions options) => new() { CallDepthMax = options.CallDepthMax, CanonicalizeNaN = true, Limits = LimitsOf(options) };

    internal static StoreLimits LimitsOf(SandboxOptions options) => StoreLimits.Default with
    {
        ModuleBytesMax = options.ModuleBytesMax,
        MemoryPagesMax = options.MemoryPagesMax,
        TotalMemoryPagesMax = options.MemoryPagesMax,
        TableEntriesMax = options.TableEntriesMax,
        TotalTableEntriesMax = options.TableEntriesMax,
        InstancesMax = 1,
        CompileTimeMax = options.CompileTimeMax,
    };

    private static void Require(ModuleSummary summary, string name, ExternalKind kind, string? type)
    {
        var export = summary.Exports.FirstOrDefault(export => export.Name == name && export.Kind == kind)
            ?? throw new KernelRefusedException($"the module exports no {kind.ToString().ToLowerInvariant()} \"{name}\"; see the kernel ABI");
        if (type is null)
            return;
        var function = summary.Functions[export.Index].Type;
        var found = $"({string.Join(' ', function.Parameters.ToArray().Select(Text))}) -> ({string.Join(' ', function.Results.ToArray().Select(Text))})";
        if (found != type)
            throw new KernelRefusedException($"\"{name}\" is {found}; the kernel ABI asks for {type}");
    }

    private static string Text(Wasm.ValueType type) => type.ToString().ToLowerInvariant();
}
