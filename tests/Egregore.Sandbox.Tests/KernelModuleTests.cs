using Egregore.Wasm.Metering;
using Egregore.Wasm.Tests;
using Egregore.Work;
using Xunit;

namespace Egregore.Sandbox.Tests;

public sealed class KernelModuleTests
{
    public static TheoryData<string, Func<byte[]>> NoKernels => new()
    {
        { "not taken", () => [1, 2, 3] },
        { "not taken", () => [.. Kernels.Writer(Kernels.EchoBody).Build()[..^3]] },
        { "imports env.now", () =>
            {
                var writer = new WasmWriter();
                writer.ImportFunc("env", "now", writer.Type([], [WasmWriter.I64]));
                return writer.Build();
            }
        },
        { "start function", () =>
            {
                var writer = Kernels.Writer(Kernels.EchoBody);
                writer.Start(writer.Func([], [], null, []));
                return writer.Build();
            }
        },
        { "no memory \"memory\"", () => new WasmWriter().Build() },
        { "\"run\" is (i32) -> (i64)", () =>
            {
                var writer = new WasmWriter();
                writer.Memory(1);
                writer.Export("memory", 2, 0);
                writer.Func([WasmWriter.I32], [WasmWriter.I32], "alloc", WasmWriter.Const(0));
                writer.Func([WasmWriter.I32], [WasmWriter.I64], "run", [0x42, 0]);
                return writer.Build();
            }
        },
        { "2000 pages", () => Kernels.Writer(Kernels.EchoBody, pages: 2_000).Build() },
        { "egregore:fuel", () => Meter.Instrument(Kernels.Writer(Kernels.EchoBody).Build()) },
    };

    [Theory]
    [MemberData(nameof(NoKernels))]
    public void What_is_no_kernel_is_refused_with_its_reason(string reason, Func<byte[]> module)
    {
        var refused = Assert.Throws<KernelRefusedException>(() => KernelModule.Meter(module()));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_module_gets_the_same_name()
    {
        var writer = Kernels.Writer(Kernels.EchoBody);
        Assert.Equal(KernelHash.Of(KernelModule.Meter(writer.Build())), KernelHash.Of(KernelModule.Meter(writer.Build())));
    }

    [Fact]
    public void A_module_that_is_not_metered_is_not_loaded()
    {
        var plain = Kernels.Writer(Kernels.EchoBody).Build();
        using var sandbox = new KernelSandbox(null, TimeProvider.System);
        Assert.Contains("egregore:fuel", Assert.Throws<KernelRefusedException>(() => sandbox.Load(KernelHash.Of(plain), plain)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_of_another_name_are_not_loaded()
    {
        var echo = Kernels.Echo();
        using var sandbox = new KernelSandbox(null, TimeProvider.System);
        Assert.Contains("not those of kernel", Assert.Throws<KernelRefusedException>(() => sandbox.Load(KernelHash.Of([1]), echo.Module)).Message, StringComparison.Ordinal);
    }
}
