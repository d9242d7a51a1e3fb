using System.Reflection;
using System.Runtime.Intrinsics;

namespace Egregore.Wasm.Execution;

/// <summary>How WebAssembly's types look in .NET.</summary>
internal static class ClrTypes
{
    public static readonly Type Vector = typeof(Vector128<byte>);

    public static Type Of(ValueType type) => type switch
    {
        ValueType.I32 => typeof(int),
        ValueType.I64 => typeof(long),
        ValueType.F32 => typeof(float),
        ValueType.F64 => typeof(double),
        ValueType.V128 => Vector,
        ValueType.FuncRef => typeof(Func),
        _ => typeof(object),
    };

    public static bool IsReference(ValueType type) => type is ValueType.FuncRef or ValueType.ExternRef;

    /// <summary>What an emitted function returns: its first result, or nothing.</summary>
    public static Type ReturnType(FuncType type) => type.Results.Length == 0 ? typeof(void) : Of(type.Results[0]);

    /// <summary>The parameters of an emitted function: whose it is, the calls left, then its own.</summary>
    public static Type[] SignatureOf(FuncType type, Type context)
    {
        var types = new Type[type.Parameters.Length + 2];
        types[0] = context;
        types[1] = typeof(int);
        for (int i = 0; i < type.Parameters.Length; i++) types[i + 2] = Of(type.Parameters[i]);
        return types;
    }

    /// <summary>The type that a delegate's signature means.</summary>
    /// <exception cref="ArgumentException">It means none.</exception>
    public static FuncType FuncTypeOf(Type delegateType)
    {
        MethodInfo invoke = delegateType.GetMethod("Invoke") ?? throw new ArgumentException($"{delegateType} is no delegate of a definite type.");
        ValueType[] parameters = [.. invoke.GetParameters().Select(parameter => ValueTypeOf(parameter.ParameterType))];
        ValueType[] results = invoke.ReturnType == typeof(void) ? [] : [ValueTypeOf(invoke.ReturnType)];
        return new FuncType(parameters, results);
    }

    private static ValueType ValueTypeOf(Type type) =>
        type == typeof(int) || type == typeof(uint) ? ValueType.I32
        : type == typeof(long) || type == typeof(ulong) ? ValueType.I64
        : type == typeof(float) ? ValueType.F32
        : type == typeof(double) ? ValueType.F64
        : type == Vector ? ValueType.V128
        : type == typeof(Func) ? ValueType.FuncRef
        : type == typeof(object) ? ValueType.ExternRef
        : throw new ArgumentException($"{type} is no WebAssembly type.");
}
