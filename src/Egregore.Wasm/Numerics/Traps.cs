using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Egregore.Wasm.Numerics;

/// <summary>The traps of numeric operators, thrown out of line so that an operator stays small enough to be inlined.</summary>
internal static class Traps
{
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void DivideByZero() => TrapException.Throw(TrapCode.IntegerDivideByZero);

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Overflow() => TrapException.Throw(TrapCode.IntegerOverflow);

    /// <summary>A truncation of a NaN, or of a value that the integer type does not hold.</summary>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void NotInRange(double a) =>
        TrapException.Throw(double.IsNaN(a) ? TrapCode.InvalidConversionToInteger : TrapCode.IntegerOverflow);
}
