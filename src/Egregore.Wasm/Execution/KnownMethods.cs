using System.Reflection;
using System.Runtime.Intrinsics;
using Egregore.Wasm.Binary;
using Egregore.Wasm.Numerics;

namespace Egregore.Wasm.Execution;

/// <summary>The members that emitted code uses.</summary>
internal static class KnownMethods
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static readonly MethodInfo StackCheck = Method(typeof(StackGuard), nameof(StackGuard.Check));
    public static readonly MethodInfo StackCheckLarge = Method(typeof(StackGuard), nameof(StackGuard.CheckLarge));
    public static readonly MethodInfo Trap = Method(typeof(TrapException), nameof(TrapException.Throw));
    public static readonly FieldInfo MemoryData = Field(typeof(InstanceContext), nameof(InstanceContext.MemoryData));
    public static readonly FieldInfo ContextStore = Field(typeof(InstanceContext), nameof(InstanceContext.Store));
    public static readonly FieldInfo ContextZero = Field(typeof(InstanceContext), nameof(InstanceContext.Zero));
    public static readonly MethodInfo FunctionAt = Method(typeof(InstanceContext), nameof(InstanceContext.FunctionAt));
    public static readonly FieldInfo FuncContext = Field(typeof(Func), nameof(Func.Context));
    public static readonly FieldInfo FuncCode = Field(typeof(Func), nameof(Func.Code));
    public static readonly FieldInfo FuncTypeId = Field(typeof(Func), nameof(Func.TypeId));
    public static readonly FieldInfo TableEntries = Field(typeof(Table), nameof(Table.Entries));
    public static readonly MethodInfo CreateVector = Method(typeof(VectorConstant), nameof(VectorConstant.Create));
    public static readonly MethodInfo Zero32 = Method(typeof(VectorConstant), nameof(VectorConstant.Zero32));
    public static readonly MethodInfo Zero64 = Method(typeof(VectorConstant), nameof(VectorConstant.Zero64));
    public static readonly MethodInfo Demote = Method(typeof(FloatCasts), nameof(FloatCasts.Demote));
    public static readonly MethodInfo Int32BitsToSingle = Method(typeof(BitConverter), nameof(BitConverter.Int32BitsToSingle));
    public static readonly MethodInfo Int64BitsToDouble = Method(typeof(BitConverter), nameof(BitConverter.Int64BitsToDouble));

    public static readonly MethodInfo VectorOfInt32 = typeof(Vector128).GetMethod(nameof(Vector128.CreateScalarUnsafe), [typeof(int)])!;
    public static readonly MethodInfo Int32VectorAsSingles = typeof(Vector128).GetMethod(nameof(Vector128.AsSingle))!.MakeGenericMethod(typeof(int));
    public static readonly MethodInfo FirstSingle = typeof(Vector128).GetMethod(nameof(Vector128.ToScalar))!.MakeGenericMethod(typeof(float));

    private static readonly Dictionary<string, MethodInfo> Bulks = typeof(Bulk).GetMethods(Any).ToDictionary(method => method.Name, StringComparer.Ordinal);
    private static readonly MethodInfo?[] Operators = FindOperators();
    private static readonly Dictionary<string, MethodInfo> Vectors = typeof(SimdOps).GetMethods(Any).ToDictionary(method => method.Name, StringComparer.Ordinal);

    /// <summary>The method that does what an operator does.</summary>
    public static MethodInfo Operator(OpCode op) => Operators[OpCodeTable.IndexOf(op)] ?? throw new InvalidOperationException($"No method for {op}.");

    /// <summary>A method of <see cref="SimdOps"/> that is not an operator of its own.</summary>
    public static MethodInfo Vector(string name) => Vectors[name];

    /// <summary>A method of <see cref="Execution.Bulk"/>, named as its instruction.</summary>
    public static MethodInfo BulkMethod(OpCode op) => Bulks[op.ToString()];

    private static MethodInfo?[] FindOperators()
    {
        var operators = new MethodInfo?[OpCodeTable.IndexOf((OpCode)0xFDFF) + 1];
        foreach (MethodInfo method in typeof(ScalarOps).GetMethods(Any).Concat(typeof(SimdOps).GetMethods(Any)))
        {
            if (Enum.TryParse(method.Name, out OpCode op)) operators[OpCodeTable.IndexOf(op)] = method;
        }

        // Where .NET has the operator itself, calling it directly spares functions that are too large to be optimized a call: nothing is inlined there.
        operators[OpCodeTable.IndexOf(OpCode.F32Sqrt)] = Method(typeof(MathF), nameof(MathF.Sqrt));
        operators[OpCodeTable.IndexOf(OpCode.F64Sqrt)] = Method(typeof(Math), nameof(Math.Sqrt));
        operators[OpCodeTable.IndexOf(OpCode.F32Abs)] = typeof(MathF).GetMethod(nameof(MathF.Abs), [typeof(float)]);
        operators[OpCodeTable.IndexOf(OpCode.F64Abs)] = typeof(Math).GetMethod(nameof(Math.Abs), [typeof(double)]);
        operators[OpCodeTable.IndexOf(OpCode.I32ReinterpretF32)] = Method(typeof(BitConverter), nameof(BitConverter.SingleToInt32Bits));
        operators[OpCodeTable.IndexOf(OpCode.I64ReinterpretF64)] = Method(typeof(BitConverter), nameof(BitConverter.DoubleToInt64Bits));
        operators[OpCodeTable.IndexOf(OpCode.F64ReinterpretI64)] = Int64BitsToDouble;
        return operators;
    }

    private static MethodInfo Method(Type type, string name) => type.GetMethod(name, Any)!;

    private static FieldInfo Field(Type type, string name) => type.GetField(name, Any)!;
}
