using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Numerics;

/// <content>
/// Floats. RyuJIT folds <c>x - 0</c>, <c>x * 1</c> and <c>x / 1</c> to <c>x</c>, which leaves a signalling NaN signalling where the specification wants it quiet, so the four
/// arithmetic operators stand here too: a compiler calls them where an operand is a constant, and emits plain IL elsewhere.
/// </content>
internal static partial class ScalarOps
{
    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float F32Add(float a, float b) => a + b;

    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float F32Sub(float a, float b) => a - b;

    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float F32Mul(float a, float b) => a * b;

    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float F32Div(float a, float b) => a / b;

    /// <summary>The smaller; -0 is smaller than +0; a quiet NaN if either is a NaN (4.3.3, fmin).</summary>
    /// <remarks>Not <c>MathF.Min</c>: with a constant -0 as one operand RyuJIT gave +0 for +0.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Min(float a, float b)
    {
        if (a < b)
            return a;
        if (b < a)
            return b;
        // Equal: the same bits, or zeros of two signs, whose union has the sign. Unordered: the sum is a quiet NaN.
        return a == b ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) | BitConverter.SingleToInt32Bits(b)) : a + b;
    }

    /// <summary>The larger; +0 is larger than -0; a quiet NaN if either is a NaN (4.3.3, fmax).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Max(float a, float b)
    {
        if (a > b)
            return a;
        if (b > a)
            return b;
        return a == b ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) & BitConverter.SingleToInt32Bits(b)) : a + b;
    }

    /// <summary>The sign bit cleared; a NaN's payload stays (4.3.3, fabs).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Abs(float a) => MathF.Abs(a);

    /// <summary>The sign bit flipped; a NaN's payload stays (4.3.3, fneg).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Neg(float a) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a) ^ int.MinValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Copysign(float a, float b) => BitConverter.Int32BitsToSingle((BitConverter.SingleToInt32Bits(a) & int.MaxValue) | (BitConverter.SingleToInt32Bits(b) & int.MinValue));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Sqrt(float a) => MathF.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Ceil(float a) => MathF.Ceiling(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Floor(float a) => MathF.Floor(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Trunc(float a) => MathF.Truncate(a);

    /// <summary>To the nearest integer, a tie to the even one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Nearest(float a) => MathF.Round(a, MidpointRounding.ToEven);

    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double F64Add(double a, double b) => a + b;

    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double F64Sub(double a, double b) => a - b;

    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double F64Mul(double a, double b) => a * b;

    /// <summary>Not folded by the JIT: the operands are never constants here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double F64Div(double a, double b) => a / b;

    /// <summary>The smaller; -0 is smaller than +0; a quiet NaN if either is a NaN (4.3.3, fmin).</summary>
    /// <remarks>Not <c>Math.Min</c>: with a constant -0 as one operand RyuJIT gave +0 for +0.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Min(double a, double b)
    {
        if (a < b)
            return a;
        if (b < a)
            return b;
        // Equal: the same bits, or zeros of two signs, whose union has the sign. Unordered: the sum is a quiet NaN.
        return a == b ? BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) | BitConverter.DoubleToInt64Bits(b)) : a + b;
    }

    /// <summary>The larger; +0 is larger than -0; a quiet NaN if either is a NaN (4.3.3, fmax).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Max(double a, double b)
    {
        if (a > b)
            return a;
        if (b > a)
            return b;
        return a == b ? BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & BitConverter.DoubleToInt64Bits(b)) : a + b;
    }

    /// <summary>The sign bit cleared; a NaN's payload stays (4.3.3, fabs).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Abs(double a) => Math.Abs(a);

    /// <summary>The sign bit flipped; a NaN's payload stays (4.3.3, fneg).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Neg(double a) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) ^ long.MinValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Copysign(double a, double b) => BitConverter.Int64BitsToDouble((BitConverter.DoubleToInt64Bits(a) & long.MaxValue) | (BitConverter.DoubleToInt64Bits(b) & long.MinValue));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Sqrt(double a) => Math.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Ceil(double a) => Math.Ceiling(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Floor(double a) => Math.Floor(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Trunc(double a) => Math.Truncate(a);

    /// <summary>To the nearest integer, a tie to the even one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Nearest(double a) => Math.Round(a, MidpointRounding.ToEven);
}
