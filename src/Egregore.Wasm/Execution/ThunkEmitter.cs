using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Execution;

/// <summary>Calls a function with values: arguments and results by reference to the first of them.</summary>
internal delegate void InvokeThunk(Func function, ref Value arguments, ref Value results);

/// <summary>
/// Emits the small methods between host and WebAssembly, one for each function type or delegate type. They carry the exception handlers that make traps of the
/// runtime's exceptions, and live in collectible assemblies of their own.
/// </summary>
internal static partial class ThunkEmitter
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly ConditionalWeakTable<Type, MethodInfo> Entries = [];
    private static readonly ConditionalWeakTable<Type, HostThunk> Hosts = [];
    private static readonly FieldInfo FuncContext = typeof(Func).GetField(nameof(Func.Context), Any)!;
    private static readonly FieldInfo FuncCode = typeof(Func).GetField(nameof(Func.Code), Any)!;
    private static readonly MethodInfo FuncStore = typeof(Func).GetProperty(nameof(Func.Store))!.GetMethod!;
    private static readonly FieldInfo StoreCallsLeft = typeof(Store).GetField(nameof(Store.CallsLeft), Any)!;
    private static readonly FieldInfo StoreNumbers = typeof(Store).GetField(nameof(Store.ResultNumbers), Any)!;
    private static readonly FieldInfo StoreReferences = typeof(Store).GetField(nameof(Store.ResultReferences), Any)!;
    private static readonly MethodInfo IsRaw = typeof(Traps).GetMethod(nameof(Traps.IsRaw))!;
    private static readonly MethodInfo Translate = typeof(Traps).GetMethod(nameof(Traps.Translate))!;

    /// <summary>The method behind <see cref="Func.As{TDelegate}"/>: a function, then the delegate's parameters.</summary>
    public static MethodInfo EmitEntry(FuncType type, Type delegateType) => Entries.GetValue(delegateType, _ => MakeEntry(type, delegateType));

    /// <summary>The method behind a function of <see cref="Func.Invoke(ReadOnlySpan{Value}, Span{Value})"/>.</summary>
    public static InvokeThunk EmitInvoke(FuncType type)
    {
        (TypeBuilder holder, ILGenerator il) = Begin("invoke", typeof(void), [typeof(Func), typeof(Value).MakeByRefType(), typeof(Value).MakeByRefType()]);
        BeginGuarded(il);
        for (int i = 0; i < type.Parameters.Length; i++)
        {
            ValueAt(il, OpCodes.Ldarg_1, i);
            il.Emit(OpCodes.Call, Getter(type.Parameters[i]));
        }

        Call(il, type);
        var results = new LocalBuilder[type.Results.Length];
        if (results.Length > 0)
        {
            results[0] = il.DeclareLocal(ClrTypes.Of(type.Results[0]));
            il.Emit(OpCodes.Stloc, results[0]);
        }

        for (int i = 0; i < results.Length; i++)
        {
            ValueAt(il, OpCodes.Ldarg_2, i);
            if (i == 0) il.Emit(OpCodes.Ldloc, results[0]);
            else LoadResult(il, () => { il.Emit(OpCodes.Ldarg_0); il.Emit(OpCodes.Call, FuncStore); }, i, type.Results[i]);
            il.Emit(OpCodes.Call, Maker(type.Results[i]));
            il.Emit(OpCodes.Stobj, typeof(Value));
        }

        EndGuarded(il);
        il.Emit(OpCodes.Ret);
        return Finish(holder).CreateDelegate<InvokeThunk>();
    }

    /// <summary>Pushes a result after the first, which the function left in its store.</summary>
    public static void LoadResult(ILGenerator il, Action loadStore, int index, ValueType type)
    {
        loadStore();
        bool reference = ClrTypes.IsReference(type);
        il.Emit(OpCodes.Ldfld, reference ? StoreReferences : StoreNumbers);
        il.Emit(OpCodes.Ldc_I4, index);
        if (reference)
        {
            il.Emit(OpCodes.Ldelem_Ref);
            return;
        }

        il.Emit(OpCodes.Ldelema, ClrTypes.Vector);
        il.Emit(OpCodes.Ldobj, ClrTypes.Of(type));
    }

    /// <summary>Stores a result after the first, which <paramref name="loadValue"/> pushes, for the caller.</summary>
    public static void StoreResult(ILGenerator il, Action loadStore, int index, ValueType type, Action loadValue)
    {
        loadStore();
        bool reference = ClrTypes.IsReference(type);
        il.Emit(OpCodes.Ldfld, reference ? StoreReferences : StoreNumbers);
        il.Emit(OpCodes.Ldc_I4, index);
        if (!reference) il.Emit(OpCodes.Ldelema, ClrTypes.Vector);
        loadValue();
        if (reference) il.Emit(OpCodes.Stelem_Ref);
        else il.Emit(OpCodes.Stobj, ClrTypes.Of(type));
    }

    private static MethodInfo MakeEntry(FuncType type, Type delegateType)
    {
        MethodInfo invoke = delegateType.GetMethod("Invoke")!;
        Type[] parameters = [typeof(Func), .. invoke.GetParameters().Select(parameter => parameter.ParameterType)];
        (TypeBuilder holder, ILGenerator il) = Begin("entry", invoke.ReturnType, parameters);
        LocalBuilder? result = type.Results.Length == 0 ? null : il.DeclareLocal(invoke.ReturnType);
        BeginGuarded(il);
        for (int i = 1; i < parameters.Length; i++) il.Emit(OpCodes.Ldarg, (short)i);
        Call(il, type);
        if (result is not null) il.Emit(OpCodes.Stloc, result);
        EndGuarded(il);
        if (result is not null) il.Emit(OpCodes.Ldloc, result);
        il.Emit(OpCodes.Ret);
        return Finish(holder);
    }

    /// <summary>Opens the handler and pushes what every function takes first.</summary>
    private static void BeginGuarded(ILGenerator il)
    {
        il.BeginExceptionBlock();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, FuncContext);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, FuncStore);
        il.Emit(OpCodes.Ldfld, StoreCallsLeft);
    }

    private static void Call(ILGenerator il, FuncType type)
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, FuncCode);
        il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, ClrTypes.ReturnType(type), ClrTypes.SignatureOf(type, typeof(object)), null);
    }

    private static void EndGuarded(ILGenerator il)
    {
        il.BeginExceptFilterBlock();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, IsRaw);
        il.BeginCatchBlock(null);
        il.Emit(OpCodes.Call, Translate);
        il.Emit(OpCodes.Throw);
        il.EndExceptionBlock();
    }

    private static void ValueAt(ILGenerator il, OpCode load, int index)
    {
        il.Emit(load);
        if (index == 0) return;
        il.Emit(OpCodes.Ldc_I4, index * Unsafe.SizeOf<Value>());
        il.Emit(OpCodes.Add);
    }

    private static MethodInfo Getter(ValueType type) => typeof(Value).GetProperty(type switch
    {
        ValueType.I32 => nameof(Value.I32),
        ValueType.I64 => nameof(Value.I64),
        ValueType.F32 => nameof(Value.F32),
        ValueType.F64 => nameof(Value.F64),
        ValueType.V128 => nameof(Value.V128),
        ValueType.FuncRef => nameof(Value.Func),
        _ => nameof(Value.Extern),
    })!.GetMethod!;

    private static MethodInfo Maker(ValueType type) => typeof(Value).GetMethod(type switch
    {
        ValueType.I32 => nameof(Value.FromI32),
        ValueType.I64 => nameof(Value.FromI64),
        ValueType.F32 => nameof(Value.FromF32),
        ValueType.F64 => nameof(Value.FromF64),
        ValueType.V128 => nameof(Value.FromV128),
        ValueType.FuncRef => nameof(Value.FromFunc),
        _ => nameof(Value.FromExtern),
    })!;

    private static (TypeBuilder Holder, ILGenerator Il) Begin(string name, Type result, Type[] parameters, params ReadOnlySpan<string> opened)
    {
        ModuleBuilder module = EmittedAssembly.Create("Egregore.Wasm.Thunks", collectible: true, opened);
        TypeBuilder holder = module.DefineType("Thunk", TypeAttributes.Class | TypeAttributes.Abstract | TypeAttributes.Sealed);
        MethodBuilder method = holder.DefineMethod(name, MethodAttributes.Static | MethodAttributes.Public, result, parameters);
        return (holder, method.GetILGenerator());
    }

    private static MethodInfo Finish(TypeBuilder holder) => holder.CreateType().GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)[0];
}
