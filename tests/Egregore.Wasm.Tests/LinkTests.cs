using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

public sealed class LinkTests
{
    [Fact]
    public void Memory_table_and_global_are_shared_between_instances()
    {
        var first = new WasmWriter();
        first.Memory(1, 4);
        first.Table(FuncRef, 4);
        first.Global(I32, true, Const(1));
        first.Export("memory", 2, 0);
        first.Export("table", 1, 0);
        first.Export("global", 3, 0);
        int type = first.Type([], [I32]);
        first.Func([I32], [I32], "peek", Join(Get(0), [0x28, 2, 0]));
        first.Func([], [I32], "global_now", [0x23, 0]);
        first.Func([], [I32], "call", Join(Const(2), [0x11, .. U((uint)type), 0]));
        first.Func([], [I32], "size", [0x3F, 0]);

        var second = new WasmWriter();
        second.Import("first", "memory", 2, [0, 1]);
        second.Import("first", "table", 1, [FuncRef, 0, 1]);
        second.Import("first", "global", 3, [I32, 1]);
        int answer = second.Func([], [I32], null, Join([0x23, 0], Const(1), [0x6A]));
        second.Elements(2, answer);
        second.Func([], [I32], "grow_and_set", Join(Const(2), [0x40, 0], Const(131_072), Const(99), [0x36, 2, 0], Const(41), [0x24, 0]));

        var engine = new Engine();
        var linker = new Linker(new Store(engine));
        Instance one = linker.Instantiate(engine.Compile(first.Build()));
        linker.DefineInstance("first", one);
        Instance two = linker.Instantiate(engine.Compile(second.Build()));
        Assert.Equal(1, two.GetFunc("grow_and_set").Invoke()[0].I32);
        Assert.Equal(99, one.GetFunc("peek").Invoke(Value.FromI32(131_072))[0].I32);
        Assert.Equal(3, one.GetFunc("size").Invoke()[0].I32);
        Assert.Equal(41, one.GetFunc("global_now").Invoke()[0].I32);
        Assert.Equal(42, one.GetFunc("call").Invoke()[0].I32);
        one.GetGlobal("global").Value = Value.FromI32(7);
        Assert.Equal(8, one.GetFunc("call").Invoke()[0].I32);
        Assert.Equal(3, one.GetMemory("memory").Grow(1));
        Assert.Equal(-1, one.GetMemory("memory").Grow(1));
    }

    [Fact]
    public void An_import_that_is_missing_or_of_another_type_is_refused()
    {
        var writer = new WasmWriter();
        writer.ImportFunc("host", "f", writer.Type([I32], []));
        Assert.Contains("unknown import", Assert.Throws<LinkException>(() => Running.Instantiate(writer)).Message, StringComparison.Ordinal);
        var wrong = Assert.Throws<LinkException>(() => Running.Instantiate(writer, link: linker => linker.DefineFunc("host", "f", (long _) => { })));
        Assert.Contains("incompatible import type", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Things_of_different_stores_do_not_mix()
    {
        var engine = new Engine();
        var store = new Store(engine);
        var other = new Store(engine);
        Func foreign = Func.FromDelegate(other, () => { });
        Assert.Throws<ArgumentException>(() => new Linker(store).Define("m", "f", foreign));
        Assert.Throws<ArgumentException>(() => new Table(store, new TableType(ValueType.FuncRef, 1, null))[0] = foreign);
        Assert.Throws<ArgumentException>(() => new Table(store, new TableType(ValueType.FuncRef, 1, null))[0] = "no function");
        Assert.Throws<ArgumentException>(() => new Global(store, new GlobalType(ValueType.FuncRef, true), Value.FromFunc(foreign)));
        var writer = new WasmWriter();
        writer.Func([FuncRef], [], "take", []);
        Instance instance = new Linker(store).Instantiate(engine.Compile(writer.Build()));
        Assert.Throws<ArgumentException>(() => instance.GetFunc("take").Invoke(Value.FromFunc(foreign)));
    }
}
