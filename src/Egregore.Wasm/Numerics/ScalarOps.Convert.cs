using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Numerics;

/// <content>Between integers and floats (4.3.4): truncations that trap, truncations that saturate, conversions with one rounding, bits as they are.</content>
internal static partial class ScalarOps
{
    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncF32S(float a)
    {
        if (!(a >= -2147483648f && a < 2147483648f))
            Traps.NotInRange(a);
        return (int)a;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncF32U(float a)
    {
        if (!(a > -1f && a < 4294967296f))
            Traps.NotInRange(a);
        return (int)(uint)a;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncF64S(double a)
    {
        if (!(a > -2147483649d && a < 2147483648d))
            Traps.NotInRange(a);
        return (int)a;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncF64U(double a)
    {
        if (!(a > -1d && a < 4294967296d))
            Traps.NotInRange(a);
        return (int)(uint)a;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncF32S(float a)
    {
        if (!(a >= -9223372036854775808f && a < 9223372036854775808f))
            Traps.NotInRange(a);
        return (long)a;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncF32U(float a)
    {
        if (!(a > -1f && a < 18446744073709551616f))
            Traps.NotInRange(a);
        return (long)(ulong)a;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncF64S(double a)
    {
        if (!(a >= -9223372036854775808d && a < 9223372036854775808d))
            Traps.NotInRange(a);
        return (long)a;
    }

    /// <exception cref="TrapException"><see cref="TrapCode.InvalidConversionToInteger"/> for a NaN, <see cref="TrapCode.IntegerOverflow"/> out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncF64U(double a)
    {
        if (!(a > -1d && a < 18446744073709551616d))
            Traps.NotInRange(a);
        return (long)(ulong)a;
    }

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncSatF32S(float a) => (int)a;

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncSatF32U(float a) => (int)(uint)a;

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncSatF64S(double a) => (int)a;

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32TruncSatF64U(double a) => (int)(uint)a;

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncSatF32S(float a) => (long)a;

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncSatF32U(float a) => (long)(ulong)a;

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncSatF64S(double a) => (long)a;

    /// <summary>0 for a NaN, the nearest bound out of range: what .NET's own conversion does since version 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64TruncSatF64U(double a) => (long)(ulong)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32ConvertI32S(int a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32ConvertI32U(int a) => (uint)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32ConvertI64S(long a) => a;

    /// <summary>One rounding. IL's <c>conv.r.un</c> may round twice, so the upper half of the range is halved, the lost bit kept as a sticky one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32ConvertI64U(long a)
    {
        if (a >= 0)
            return a;
        var half = (float)((a >>> 1) | (a & 1));
        return half + half;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64ConvertI32S(int a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64ConvertI32U(int a) => (uint)a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64ConvertI64S(long a) => a;

    /// <summary>One rounding. IL's <c>conv.r.un</c> may round twice, so the upper half of the range is halved, the lost bit kept as a sticky one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64ConvertI64U(long a)
    {
        if (a >= 0)
            return a;
        var half = (double)((a >>> 1) | (a & 1));
        return half + half;
    }

    /// <summary>A NaN becomes a quiet one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32DemoteF64(double a) => (float)a;

    /// <summary>A NaN becomes a quiet one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64PromoteF32(float a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int I32ReinterpretF32(float a) => BitConverter.SingleToInt32Bits(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long I64ReinterpretF64(double a) => BitConverter.DoubleToInt64Bits(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32ReinterpretI32(int a) => BitConverter.Int32BitsToSingle(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64ReinterpretI64(long a) => BitConverter.Int64BitsToDouble(a);
}
