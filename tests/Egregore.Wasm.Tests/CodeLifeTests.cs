using System.Runtime.CompilerServices;
using static Egregore.Wasm.Tests.WasmWriter;

namespace Egregore.Wasm.Tests;

public sealed class CodeLifeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_code_of_a_forgotten_module_is_unloaded(bool lazy)
    {
        using var engine = new Engine(new EngineOptions { Lazy = lazy });
        WeakReference[] loaded = [.. Enumerable.Range(0, 5).Select(i => RunOnce(engine, i))];
        for (int i = 0; i < 20 && loaded.Any(reference => reference.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.All(loaded, reference => Assert.False(reference.IsAlive));
    }

    [Fact]
    public void Instances_of_one_module_run_on_several_threads_while_it_compiles()
    {
        const int Functions = 200;
        var writer = new WasmWriter();
        writer.Global(I32, true, Const(0));
        int type = writer.Type([I32], [I32]);
        for (int i = 0; i < Functions; i++)
        {
            // Each counts its calls in a global, and calls the next.
            byte[] count = Join([0x23, 0], Const(1), [0x6A, 0x24, 0]);
            writer.Func(type, i == 0 ? "run" : null, i == Functions - 1 ? Join(count, Get(0)) : Join(count, Get(0), Const(1), [0x6A], Call(i + 1)));
        }

        writer.Func([], [I32], "calls", [0x23, 0]);
        using var engine = new Engine();
        Module module = engine.Compile(writer.Build());
        var results = new (int Result, int Calls)[4];
        Thread[] threads = [.. Enumerable.Range(0, results.Length).Select(t => new Thread(() =>
        {
            Instance instance = new Linker(new Store(engine)).Instantiate(module);
            Func<int, int> run = instance.GetFunc("run").As<Func<int, int>>();
            for (int i = 0; i < 50; i++) results[t].Result = run(t);
            results[t].Calls = instance.GetFunc("calls").Invoke()[0].I32;
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        for (int t = 0; t < results.Length; t++) Assert.Equal((t + Functions - 1, 50 * Functions), results[t]);
    }

    [Fact]
    public void A_function_object_made_before_its_compilation_calls_the_compiled_one()
    {
        var writer = new WasmWriter();
        int type = writer.Type([], [I32]);
        writer.Table(FuncRef, 1);
        writer.Export("table", 1, 0);
        int target = writer.Func(type, "target", Const(5));
        writer.Func(type, "run", Join(Const(0), [0x11, .. U((uint)type), 0]));
        writer.Elements(0, target);
        Instance instance = Running.Instantiate(writer);
        var inTable = (Func)instance.GetTable("table")[0]!;
        Assert.Equal(5, instance.GetFunc("run").Invoke()[0].I32);
        Assert.Same(inTable, instance.GetFunc("target"));
        Assert.Equal(5, inTable.Invoke()[0].I32);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference RunOnce(Engine engine, int value)
    {
        var writer = new WasmWriter();
        writer.Memory(1);
        writer.Func([], [I32], "run", Join(Const(0), [0x28, 2, 0], Const(value), [0x6A]));
        Instance instance = new Linker(new Store(engine)).Instantiate(engine.Compile(writer.Build()));
        Assert.Equal(value, instance.GetFunc("run").Invoke()[0].I32);
        Assert.Equal(value, instance.GetFunc("run").As<Func<int>>()());
        return new WeakReference(instance.Module.Code.Layout.Type.Assembly);
    }
}
