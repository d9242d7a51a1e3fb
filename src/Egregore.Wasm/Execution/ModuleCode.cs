using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Egregore.Wasm.Binary;

namespace Egregore.Wasm.Execution;

/// <summary>
/// A module's emitted code: one assembly; a class for the context; then a class for each lot of functions that are compiled together. A function that is not
/// compiled yet has a small method in its place, which compiles it when it is called. All calls between lots go through <see cref="SlotAddress"/>, a table of
/// addresses that is pinned and as long-lived as this; every context refers to it. Shared by all instances, on any threads.
/// </summary>
internal sealed class ModuleCode
{
    private const TypeAttributes Holder = TypeAttributes.Class | TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed;
    private const MethodAttributes StaticMethod = MethodAttributes.Static | MethodAttributes.Public;

    private static readonly MethodInfo ResolveMethod = typeof(InstanceContext).GetMethod(nameof(InstanceContext.Resolve), BindingFlags.NonPublic | BindingFlags.Instance)!;

    private readonly ModuleBuilder builder;
    private readonly CanonicalType[] types;
    private readonly nint[] slots;
    private readonly MethodInfo?[] methods;
    private readonly bool[] compiled;
    private readonly Lock gate = new();
    private readonly CompileClock clock;
    private int lots;

    public ModuleCode(Module module)
    {
        Module = module;
        Definition = module.Definition;
        EngineOptions options = module.Engine.Options;
        clock = new CompileClock(options);
        builder = EmittedAssembly.Create("Egregore.Wasm.Emitted", options.Collectible);
        Layout = new ContextLayout(Definition, builder);
        string? name = module.Name;
        Backtrace.Register(Layout.Type.Assembly, index => new WasmFrame(index, module.FunctionName(index), name));
        types = new CanonicalType[Definition.Types.Length];
        for (int i = 0; i < types.Length; i++) types[i] = module.Engine.Types.Intern(Definition.Types[i]);
        ResultsMax = Definition.Types.Length == 0 ? 0 : Definition.Types.Max(type => type.Results.Length);
        slots = GC.AllocateArray<nint>(Math.Max(1, Definition.FunctionTypes.Length), pinned: true);
        methods = new MethodInfo?[Definition.FunctionTypes.Length];
        compiled = new bool[Definition.FunctionTypes.Length];
    }

    public Module Module { get; }

    public ModuleDefinition Definition { get; }

    public ContextLayout Layout { get; }

    /// <summary>The most results that a type of the module has.</summary>
    public int ResultsMax { get; }

    /// <summary>Functions compiled so far.</summary>
    public int CompiledCount { get; private set; }

    public CanonicalType TypeOfFunction(int function) => types[Definition.FunctionTypes[function]];

    public int TypeId(int type) => types[type].Id;

    /// <summary>Where the address of a function is kept; the address is there once <see cref="NeedAddresses"/> asked for it.</summary>
    public unsafe nint SlotAddress(int function) => (nint)Unsafe.AsPointer(ref slots[function]);

    /// <summary>The method of a function that was compiled in an earlier lot, or null.</summary>
    public MethodInfo? Compiled(int function) => compiled[function] ? methods[function] : null;

    public bool HasAddress(int function) => slots[function] != 0;

    public nint AddressOf(int function)
    {
        if (Volatile.Read(ref slots[function]) == 0) NeedAddresses([function]);
        return Volatile.Read(ref slots[function]);
    }

    /// <summary>Gives each of some functions an address: its own, or that of a method that compiles it.</summary>
    public void NeedAddresses(IEnumerable<int> functions)
    {
        lock (gate)
        {
            int[] missing = [.. functions.Where(function => function >= Definition.ImportedFunctions && slots[function] == 0)];
            if (missing.Length == 0) return;
            TypeBuilder holder = NewHolder();
            foreach (int function in missing) EmitStub(holder, function);
            Bake(holder, missing, isCompiled: false);
        }
    }

    /// <summary>Compiles a function, unless it is compiled already; gives its address.</summary>
    /// <exception cref="TrapException">There is too little stack left to compile on.</exception>
    /// <exception cref="LimitException">The module's compile time is used up.</exception>
    public nint Resolve(int function)
    {
        lock (gate)
        {
            if (compiled[function]) return slots[function];
            if (!StackGuard.HasRoom(StackGuard.CompilerBytes)) TrapException.Throw(TrapCode.CallStackExhausted);
            long start = clock.Start();
            TypeBuilder holder = NewHolder();
            var lot = new CompileLot(this, holder, [function]);
            lot.Emit();
            foreach (int callee in lot.Stubs) EmitStub(holder, callee);
            Type type = Bake(holder, lot.Functions, isCompiled: true);
            foreach (int callee in lot.Stubs) SetSlot(type, callee, StubName(callee));
            RuntimeHelpers.PrepareMethod(methods[function]!.MethodHandle);
            clock.Stop(start);
            return slots[function];
        }
    }

    /// <summary>Compiles everything in one lot, in which calls are direct.</summary>
    public void CompileAll()
    {
        lock (gate)
        {
            int[] all = [.. Enumerable.Range(Definition.ImportedFunctions, Definition.Bodies.Length)];
            if (all.Length == 0 || compiled[all[0]]) return;
            long start = clock.Start();
            TypeBuilder holder = NewHolder();
            new CompileLot(this, holder, all).Emit();
            Bake(holder, all, isCompiled: true);
            clock.Stop(start);
        }
    }

    /// <summary>Looks at the time that compiling took so far; between functions.</summary>
    public void CheckTime() => clock.Check();

    /// <summary>Declares a function's method.</summary>
    public MethodBuilder Declare(TypeBuilder holder, int function, string name)
    {
        FuncType type = Definition.TypeOfFunction(function);
        MethodBuilder method = holder.DefineMethod(name, StaticMethod, ClrTypes.ReturnType(type), ClrTypes.SignatureOf(type, Layout.Type));
        if (!Module.Engine.Options.Collectible) method.SetImplementationFlags(MethodImplAttributes.IL | MethodImplAttributes.AggressiveOptimization);
        return method;
    }

    private static string StubName(int function) => "s" + Backtrace.MethodName(function);

    private TypeBuilder NewHolder() => builder.DefineType($"Lot{lots++}", Holder);

    private void EmitStub(TypeBuilder holder, int function)
    {
        FuncType type = Definition.TypeOfFunction(function);
        ILGenerator il = Declare(holder, function, StubName(function)).GetILGenerator(64);
        for (int i = 0; i < type.Parameters.Length + 2; i++) il.Emit(OpCodes.Ldarg, (short)i);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, function);
        il.Emit(OpCodes.Call, ResolveMethod);
        il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, ClrTypes.ReturnType(type), ClrTypes.SignatureOf(type, Layout.Type), null);
        il.Emit(OpCodes.Ret);
    }

    private Type Bake(TypeBuilder holder, IReadOnlyList<int> functions, bool isCompiled)
    {
        Type type = holder.CreateType();
        foreach (int function in functions)
        {
            MethodInfo method = SetSlot(type, function, isCompiled ? Backtrace.MethodName(function) : StubName(function));
            if (!isCompiled) continue;
            methods[function] = method;
            compiled[function] = true;
            CompiledCount++;
        }

        return type;
    }

    private MethodInfo SetSlot(Type type, int function, string name)
    {
        MethodInfo method = type.GetMethod(name, BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)!;
        Volatile.Write(ref slots[function], method.MethodHandle.GetFunctionPointer());
        return method;
    }
}
