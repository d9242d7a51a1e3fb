namespace Egregore.Wasm.Tests.Suite;

/// <summary>The module "spectest" that the suite's modules import from.</summary>
internal static class SpecTest
{
    public static void Define(Linker linker)
    {
        const string Module = "spectest";
        Store store = linker.Store;
        linker.DefineFunc(Module, "print", () => { });
        linker.DefineFunc(Module, "print_i32", (int _) => { });
        linker.DefineFunc(Module, "print_i64", (long _) => { });
        linker.DefineFunc(Module, "print_f32", (float _) => { });
        linker.DefineFunc(Module, "print_f64", (double _) => { });
        linker.DefineFunc(Module, "print_i32_f32", (int _, float _) => { });
        linker.DefineFunc(Module, "print_f64_f64", (double _, double _) => { });
        linker.Define(Module, "global_i32", new Global(store, new GlobalType(ValueType.I32, false), Value.FromI32(666)));
        linker.Define(Module, "global_i64", new Global(store, new GlobalType(ValueType.I64, false), Value.FromI64(666)));
        linker.Define(Module, "global_f32", new Global(store, new GlobalType(ValueType.F32, false), Value.FromF32(666.6f)));
        linker.Define(Module, "global_f64", new Global(store, new GlobalType(ValueType.F64, false), Value.FromF64(666.6)));
        linker.Define(Module, "table", new Table(store, new TableType(ValueType.FuncRef, 10, 20)));
        linker.Define(Module, "memory", new Memory(store, new MemoryType(1, 2)));
    }
}
