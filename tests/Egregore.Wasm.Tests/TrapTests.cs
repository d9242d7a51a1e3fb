using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

public sealed class TrapTests
{
    private static readonly byte[] Unreachable = [0x00];

    public static TheoryData<TrapCode, byte[]> Bodies => new()
    {
        { TrapCode.Unreachable, Unreachable },
        { TrapCode.MemoryOutOfBounds, Join(Const(65_536), [0x2D, 0, 0, 0x1A]) },
        { TrapCode.IntegerDivideByZero, Join(Const(1), Const(0), [0x6D, 0x1A]) },
        { TrapCode.IntegerOverflow, Join(Const(int.MinValue), Const(-1), [0x6D, 0x1A]) },
        { TrapCode.InvalidConversionToInteger, [0x43, 0, 0, 0xC0, 0x7F, 0xA8, 0x1A] },
        { TrapCode.UndefinedElement, Join(Const(9), [0x11, 0, 0]) },
        { TrapCode.IndirectCallToNull, Join(Const(1), [0x11, 0, 0]) },
        { TrapCode.IndirectCallTypeMismatch, Join(Const(0), [0x11, 0, 0]) },
        { TrapCode.TableOutOfBounds, Join(Const(5), [0x25, 0, 0x1A]) },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_trap_has_its_code_and_backtrace_and_leaves_the_instance_usable(TrapCode code, byte[] body)
    {
        foreach (bool lazy in (bool[])[true, false])
        {
            var writer = new WasmWriter();
            int none = writer.Type([], []);
            writer.Memory(1);
            writer.Table(FuncRef, 2);
            int fine = writer.Func([], [I32], "fine", Const(7));
            int inner = writer.Func(none, null, body);
            // Padding that calls, so that neither function is small enough to be inlined away.
            int outer = writer.Func(none, "outer", Join(Call(inner), Call(fine), [0x1A]));
            writer.Elements(0, fine);
            writer.NameOf(inner, "the_inner");
            Instance instance = Running.Instantiate(writer, lazy: lazy);

            var trap = Assert.Throws<TrapException>(() => instance.GetFunc("outer").Invoke());
            Assert.Equal(code, trap.Code);
            Assert.Equal(TrapException.TextOf(code), trap.Message);
            Assert.Equal(outer, trap.Backtrace[^1].FunctionIndex);
            Assert.Equal("test", trap.Backtrace[^1].ModuleName);
            if (lazy)
            {
                Assert.Equal(inner, trap.Backtrace[0].FunctionIndex);
                Assert.Equal("the_inner", trap.Backtrace[0].FunctionName);
            }

            Assert.Equal(code, Assert.Throws<TrapException>(instance.GetFunc("outer").As<Action>()).Code);
            Assert.Equal(7, instance.GetFunc("fine").Invoke()[0].I32);
        }
    }

    [Fact]
    public void What_was_written_before_a_trap_remains()
    {
        var writer = new WasmWriter();
        writer.Memory(1);
        writer.Export("memory", 2, 0);
        writer.Func([], [], "run", Join(Const(8), Const(42), [0x36, 2, 0], Unreachable));
        Instance instance = Running.Instantiate(writer);
        Assert.Throws<TrapException>(() => instance.GetFunc("run").Invoke());
        Assert.Equal(42, instance.GetMemory("memory").Span[8]);
    }

    [Theory]
    [InlineData(typeof(IndexOutOfRangeException))]
    [InlineData(typeof(DivideByZeroException))]
    [InlineData(typeof(OverflowException))]
    [InlineData(typeof(InvalidDataException))]
    public void An_exception_of_the_host_passes_through_as_it_is(Type type)
    {
        var thrown = (Exception)Activator.CreateInstance(type)!;
        var writer = new WasmWriter();
        int none = writer.Type([], []);
        int throws = writer.ImportFunc("host", "throws", none);
        writer.Func(none, "run", Call(throws));
        Instance instance = Running.Instantiate(writer, link: linker => linker.DefineFunc("host", "throws", (Action)(() => throw thrown)));
        Assert.Same(thrown, Record.Exception(() => instance.GetFunc("run").Invoke()));
        Assert.Same(thrown, Record.Exception(instance.GetFunc("run").As<Action>()));
    }

    [Fact]
    public void A_start_function_that_traps_fails_the_instantiation()
    {
        var writer = new WasmWriter();
        writer.Start(writer.Func([], [], null, Unreachable));
        Assert.Equal(TrapCode.Unreachable, Assert.Throws<TrapException>(() => Running.Instantiate(writer)).Code);
    }
}
