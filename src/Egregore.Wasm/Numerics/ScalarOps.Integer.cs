using System.Numerics;
using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Numerics;

/// <summary>
/// The scalar operators of WebAssembly 2.0 (specification, 4.3.2 and 4.3.3) that one IL instruction does not express exactly. A method is named as its operator, in Pascal
/// case and without dots and underscores: <c>i32.rem_s</c> is <see cref="I32RemS"/>. Operands stand in stack order; unsigned operands travel as the signed type of their size.
/// </summary>
/// <remarks>Pure functions of their operands: the same bits on every machine but for the payload of a NaN, where the specification leaves a choice.</remarks>
internal static partial class ScalarOps
{
    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/>, or <see cref="TrapCode.IntegerOverflow"/> for the least value by -1.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32DivS(int a, int b)
    {
        // Both refusals are one unsigned comparison away from the common path: b + 1 is 0 or 1 for b = -1 and 0 only.
        if ((uint)(b + 1) <= 1)
        {
            if (b == 0)
                Traps.DivideByZero();
            if (a == int.MinValue)
                Traps.Overflow();
            return -a;
        }

        return a / b;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/></exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32DivU(int a, int b)
    {
        if (b == 0)
            Traps.DivideByZero();
        return (int)((uint)a / (uint)b);
    }

    /// <summary>The sign of the dividend; 0 for the least value by -1, where IL's <c>rem</c> throws.</summary>
    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/></exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32RemS(int a, int b)
    {
        if ((uint)(b + 1) <= 1)
        {
            if (b == 0)
                Traps.DivideByZero();
            return 0;
        }

        return a % b;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/></exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32RemU(int a, int b)
    {
        if (b == 0)
            Traps.DivideByZero();
        return (int)((uint)a % (uint)b);
    }

    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/>, or <see cref="TrapCode.IntegerOverflow"/> for the least value by -1.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64DivS(long a, long b)
    {
        if ((ulong)(b + 1) <= 1)
        {
            if (b == 0)
                Traps.DivideByZero();
            if (a == long.MinValue)
                Traps.Overflow();
            return -a;
        }

        return a / b;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/></exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64DivU(long a, long b)
    {
        if (b == 0)
            Traps.DivideByZero();
        return (long)((ulong)a / (ulong)b);
    }

    /// <summary>The sign of the dividend; 0 for the least value by -1, where IL's <c>rem</c> throws.</summary>
    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/></exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64RemS(long a, long b)
    {
        if ((ulong)(b + 1) <= 1)
        {
            if (b == 0)
                Traps.DivideByZero();
            return 0;
        }

        return a % b;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.IntegerDivideByZero"/></exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64RemU(long a, long b)
    {
        if (b == 0)
            Traps.DivideByZero();
        return (long)((ulong)a % (ulong)b);
    }

    /// <summary>32 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Clz(int a) => BitOperations.LeadingZeroCount((uint)a);

    /// <summary>32 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Ctz(int a) => BitOperations.TrailingZeroCount(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Popcnt(int a) => BitOperations.PopCount((uint)a);

    /// <summary>64 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Clz(long a) => BitOperations.LeadingZeroCount((ulong)a);

    /// <summary>64 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Ctz(long a) => BitOperations.TrailingZeroCount(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Popcnt(long a) => BitOperations.PopCount((ulong)a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Shl(int a, int count) => a << count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32ShrS(int a, int count) => a >> count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32ShrU(int a, int count) => a >>> count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Shl(long a, long count) => a << (int)count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64ShrS(long a, long count) => a >> (int)count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64ShrU(long a, long count) => a >>> (int)count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Rotl(int a, int count) => (int)BitOperations.RotateLeft((uint)a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Rotr(int a, int count) => (int)BitOperations.RotateRight((uint)a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Rotl(long a, long count) => (long)BitOperations.RotateLeft((ulong)a, (int)count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Rotr(long a, long count) => (long)BitOperations.RotateRight((ulong)a, (int)count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Extend8S(int a) => (sbyte)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32Extend16S(int a) => (short)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Extend8S(long a) => (sbyte)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Extend16S(long a) => (short)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64Extend32S(long a) => (int)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32WrapI64(long a) => (int)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64ExtendI32S(int a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64ExtendI32U(int a) => (uint)a;
}
