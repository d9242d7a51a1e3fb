using Egregore.Wasm.Tests;
using Egregore.Work;

namespace Egregore.Sandbox.Tests;

/// <summary>Small kernels, good and bad.</summary>
internal static class Kernels
{
    /// <summary>run: answers its own input.</summary>
    public static readonly byte[] EchoBody =
        [.. WasmWriter.Get(0), 0xAD, 0x42, 32, 0x86, .. WasmWriter.Get(1), 0xAD, 0x84]; // (i64(ptr) << 32) | i64(len)

    public static WasmWriter Writer(byte[] run, byte[]? alloc = null, uint pages = 1, uint? maximum = null, params (uint Count, byte Type)[] locals)
    {
        var writer = new WasmWriter();
        writer.Memory(pages, maximum);
        writer.Export("memory", 2, 0);
        writer.Func([WasmWriter.I32], [WasmWriter.I32], "alloc", alloc ?? WasmWriter.Const(1024));
        writer.Func([WasmWriter.I32, WasmWriter.I32], [WasmWriter.I64], "run", run, locals);
        return writer;
    }

    public static (KernelHash Hash, byte[] Module) Of(WasmWriter writer)
    {
        var module = KernelModule.Meter(writer.Build());
        return (KernelHash.Of(module), module);
    }

    public static (KernelHash Hash, byte[] Module) Echo() => Of(Writer(EchoBody));

    /// <summary>run: answers these bits whatever its input is.</summary>
    public static (KernelHash Hash, byte[] Module) Answering(long bits) => Of(Writer([0x42, .. WasmWriter.S(bits)]));
}
