using System.Reflection;
using System.Reflection.Emit;

namespace Egregore.Wasm.Execution;

/// <content>The way into the host.</content>
internal static partial class ThunkEmitter
{
    private static readonly FieldInfo HostDelegate = typeof(HostFunction).GetField(nameof(HostFunction.Function), Any)!;
    private static readonly FieldInfo HostStore = typeof(HostFunction).GetField(nameof(HostFunction.Store), Any)!;
    private static readonly MethodInfo HostEnter = typeof(HostFunction).GetMethod(nameof(HostFunction.Enter))!;
    private static readonly MethodInfo HostLeave = typeof(HostFunction).GetMethod(nameof(HostFunction.Leave))!;
    private static readonly MethodInfo HostNote = typeof(HostFunction).GetMethod(nameof(HostFunction.Note))!;
    private static readonly MethodInfo HostCheck = typeof(HostFunction).GetMethod(nameof(HostFunction.Check))!;
    private static readonly MethodInfo HostRun = typeof(HostFunction).GetMethod(nameof(HostFunction.Run))!;

    /// <summary>The method that emitted code calls for a delegate of a type.</summary>
    public static HostThunk EmitHost(FuncType type, Type delegateType) => Hosts.GetValue(delegateType, _ => MakeHost(type, delegateType));

    /// <summary>The method that emitted code calls for a <see cref="FuncCallback"/> of a type.</summary>
    public static HostThunk EmitCallback(FuncType type)
    {
        (TypeBuilder holder, ILGenerator il) = Begin("callback", ClrTypes.ReturnType(type), ClrTypes.SignatureOf(type, typeof(HostFunction)));
        LocalBuilder values = il.DeclareLocal(typeof(Value[]));
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, type.Parameters.Length);
        il.Emit(OpCodes.Newarr, typeof(Value));
        for (int i = 0; i < type.Parameters.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldarg, (short)(i + 2));
            il.Emit(OpCodes.Call, Maker(type.Parameters[i]));
            il.Emit(OpCodes.Stelem, typeof(Value));
        }

        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldc_I4, type.Results.Length);
        il.Emit(OpCodes.Call, HostRun);
        il.Emit(OpCodes.Stloc, values);
        for (int i = type.Results.Length - 1; i >= 0; i--)
        {
            int index = i;
            void LoadValue()
            {
                ValueType result = type.Results[index];
                if (result == ValueType.FuncRef) il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldloc, values);
                il.Emit(OpCodes.Ldc_I4, index);
                il.Emit(OpCodes.Ldelema, typeof(Value));
                il.Emit(OpCodes.Call, Getter(result));
                if (result == ValueType.FuncRef) il.Emit(OpCodes.Call, HostCheck);
            }

            if (i == 0) LoadValue();
            else StoreResult(il, () => { il.Emit(OpCodes.Ldarg_0); il.Emit(OpCodes.Ldfld, HostStore); }, i, type.Results[i], LoadValue);
        }

        il.Emit(OpCodes.Ret);
        return ThunkOf(Finish(holder));
    }

    private static HostThunk MakeHost(FuncType type, Type delegateType)
    {
        Type[] signature = ClrTypes.SignatureOf(type, typeof(HostFunction));
        (TypeBuilder holder, ILGenerator il) = Begin("host", ClrTypes.ReturnType(type), signature, delegateType.Assembly.GetName().Name!);
        LocalBuilder before = il.DeclareLocal(typeof(int));
        LocalBuilder? result = type.Results.Length == 0 ? null : il.DeclareLocal(ClrTypes.ReturnType(type));
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Call, HostEnter);
        il.Emit(OpCodes.Stloc, before);
        il.BeginExceptionBlock();
        il.BeginExceptionBlock();
        if (type.Results is [ValueType.FuncRef]) il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, HostDelegate);
        for (int i = 2; i < signature.Length; i++) il.Emit(OpCodes.Ldarg, (short)i);
        il.Emit(OpCodes.Callvirt, delegateType.GetMethod("Invoke")!);
        if (type.Results is [ValueType.FuncRef]) il.Emit(OpCodes.Call, HostCheck);
        if (result is not null) il.Emit(OpCodes.Stloc, result);
        il.BeginExceptFilterBlock();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, HostNote);
        il.BeginCatchBlock(null);
        il.Emit(OpCodes.Pop);
        il.Emit(OpCodes.Rethrow);
        il.EndExceptionBlock();
        il.BeginFinallyBlock();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, before);
        il.Emit(OpCodes.Call, HostLeave);
        il.EndExceptionBlock();
        if (result is not null) il.Emit(OpCodes.Ldloc, result);
        il.Emit(OpCodes.Ret);
        return ThunkOf(Finish(holder));
    }

    private static HostThunk ThunkOf(MethodInfo method) => new(method.MethodHandle.GetFunctionPointer(), method);
}
