using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

public sealed class LimitTests
{
    public static TheoryData<string> Names => [.. Cases.Keys];

    /// <summary>Limits under which a module is fine, and limits one lower.</summary>
    private static Dictionary<string, (StoreLimits Fits, StoreLimits Over)> Cases => new(StringComparer.Ordinal)
    {
        [nameof(StoreLimits.ModuleBytesMax)] = (new() { ModuleBytesMax = Full().Build().Length }, new() { ModuleBytesMax = Full().Build().Length - 1 }),
        [nameof(StoreLimits.TypesMax)] = (new() { TypesMax = 3 }, new() { TypesMax = 2 }),
        [nameof(StoreLimits.TypeValuesMax)] = (new() { TypeValuesMax = 4 }, new() { TypeValuesMax = 3 }),
        [nameof(StoreLimits.FunctionsMax)] = (new() { FunctionsMax = 3 }, new() { FunctionsMax = 2 }),
        [nameof(StoreLimits.ImportsMax)] = (new() { ImportsMax = 1 }, new() { ImportsMax = 0 }),
        [nameof(StoreLimits.ExportsMax)] = (new() { ExportsMax = 1 }, new() { ExportsMax = 0 }),
        [nameof(StoreLimits.GlobalsMax)] = (new() { GlobalsMax = 2 }, new() { GlobalsMax = 1 }),
        [nameof(StoreLimits.TablesMax)] = (new() { TablesMax = 2 }, new() { TablesMax = 1 }),
        [nameof(StoreLimits.ElementSegmentsMax)] = (new() { ElementSegmentsMax = 1 }, new() { ElementSegmentsMax = 0 }),
        [nameof(StoreLimits.DataSegmentsMax)] = (new() { DataSegmentsMax = 1 }, new() { DataSegmentsMax = 0 }),
        [nameof(StoreLimits.CustomSectionsMax)] = (new() { CustomSectionsMax = 1 }, new() { CustomSectionsMax = 0 }),
        [nameof(StoreLimits.LocalsMax)] = (new() { LocalsMax = 14 }, new() { LocalsMax = 13 }),
        [nameof(StoreLimits.OperandsMax)] = (new() { OperandsMax = 80 }, new() { OperandsMax = 79 }),
        [nameof(StoreLimits.NestingMax)] = (new() { NestingMax = 3 }, new() { NestingMax = 2 }),
        [nameof(StoreLimits.FunctionBytesMax)] = (new() { FunctionBytesMax = 253 }, new() { FunctionBytesMax = 252 }),
        [nameof(StoreLimits.MemoryPagesMax)] = (new() { MemoryPagesMax = 3 }, new() { MemoryPagesMax = 2 }),
        [nameof(StoreLimits.TotalMemoryPagesMax)] = (new() { TotalMemoryPagesMax = 3 }, new() { TotalMemoryPagesMax = 2 }),
        [nameof(StoreLimits.TableEntriesMax)] = (new() { TableEntriesMax = 20 }, new() { TableEntriesMax = 19 }),
        [nameof(StoreLimits.TotalTableEntriesMax)] = (new() { TotalTableEntriesMax = 30 }, new() { TotalTableEntriesMax = 29 }),
        [nameof(StoreLimits.InstancesMax)] = (new() { InstancesMax = 1 }, new() { InstancesMax = 0 }),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_limit_holds_exactly(string name)
    {
        (StoreLimits fits, StoreLimits over) = Cases[name];
        static void Link(Linker linker) => linker.DefineFunc("host", "f", (int _, int _, int _, int _) => { });
        Running.Instantiate(Full(), fits, Link);
        var error = Assert.Throws<LimitException>(() => Running.Instantiate(Full(), over, Link));
        Assert.Equal(name, error.Limit);
    }

    [Fact]
    public void Compiling_stops_when_its_time_is_over()
    {
        var writer = new WasmWriter();
        for (int i = 0; i < 10; i++) writer.Func([], [I32], $"f{i}", Const(i));
        var clock = new SteppingClock(TimeSpan.FromMilliseconds(10));
        var limits = new StoreLimits { CompileTimeMax = TimeSpan.FromMilliseconds(45) };
        var once = new Engine(new EngineOptions { Lazy = false, Time = clock, Limits = limits });
        Assert.Equal(nameof(StoreLimits.CompileTimeMax), Assert.Throws<LimitException>(() => once.Compile(writer.Build())).Limit);

        var lazy = new Engine(new EngineOptions { Lazy = true, Time = clock, Limits = limits });
        Instance instance = new Linker(new Store(lazy)).Instantiate(lazy.Compile(writer.Build()));
        Assert.Equal(0, instance.GetFunc("f0").Invoke()[0].I32);
        int compiled = 1;
        Exception? refused = null;
        while (compiled < 10 && refused is null)
        {
            refused = Record.Exception(() => instance.GetFunc($"f{compiled}").Invoke());
            if (refused is null) compiled++;
        }

        Assert.Equal(nameof(StoreLimits.CompileTimeMax), Assert.IsType<LimitException>(refused).Limit);
        Assert.Equal(0, instance.GetFunc("f0").Invoke()[0].I32);
    }

    /// <summary>A module with something of every kind.</summary>
    private static WasmWriter Full()
    {
        var writer = new WasmWriter();
        writer.ImportFunc("host", "f", writer.Type([I32, I32, I32, I32], []));
        writer.Memory(3);
        writer.Table(FuncRef, 20);
        writer.Table(ExternRef, 10);
        writer.Global(I32, true, Const(1));
        writer.Global(I32, false, Const(1));
        byte[] nested = [0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x0B, 0x0B, 0x0B];
        byte[] deep = [.. Enumerable.Repeat(Const(1), 80).SelectMany(x => x), .. Enumerable.Repeat((byte)0x1A, 80)];
        int function = writer.Func([I32, I32, I32, I32], [], "run", [.. nested, .. deep], (10, I64));
        writer.Func([], [], null, []);
        writer.Elements(0, function);
        writer.Data(0, [1]);
        writer.NameOf(function, "run");
        return writer;
    }

    private sealed class SteppingClock(TimeSpan step) : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now += step.Ticks;
    }
}
