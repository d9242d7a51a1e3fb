using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Egregore.Wasm;

/// <summary>
/// A value of any <see cref="ValueType"/>: 16 bytes and a reference, without its type, which the function's or global's type tells. Floats are kept by their
/// bits, so that a NaN arrives as it was sent.
/// </summary>
public readonly struct Value
{
    private readonly ulong low;
    private readonly ulong high;
    private readonly object? reference;

    private Value(ulong low, ulong high, object? reference)
    {
        this.low = low;
        this.high = high;
        this.reference = reference;
    }

    /// <summary>A 32-bit integer.</summary>
    public static Value FromI32(int value) => new((uint)value, 0, null);

    /// <summary>A 64-bit integer.</summary>
    public static Value FromI64(long value) => new((ulong)value, 0, null);

    /// <summary>A 32-bit float.</summary>
    public static Value FromF32(float value) => new(BitConverter.SingleToUInt32Bits(value), 0, null);

    /// <summary>A 64-bit float.</summary>
    public static Value FromF64(double value) => new(BitConverter.DoubleToUInt64Bits(value), 0, null);

    /// <summary>A 32-bit float by its bits.</summary>
    public static Value FromF32Bits(uint bits) => new(bits, 0, null);

    /// <summary>A 64-bit float by its bits.</summary>
    public static Value FromF64Bits(ulong bits) => new(bits, 0, null);

    /// <summary>A vector.</summary>
    public static Value FromV128(Vector128<byte> value) => new(value.AsUInt64()[0], value.AsUInt64()[1], null);

    /// <summary>A function, or null.</summary>
    public static Value FromFunc(Func? value) => new(0, 0, value);

    /// <summary>An object of the host, or null.</summary>
    public static Value FromExtern(object? value) => new(0, 0, value);

    /// <summary>The value as a 32-bit integer.</summary>
    public int I32 => (int)low;

    /// <summary>The value as a 64-bit integer.</summary>
    public long I64 => (long)low;

    /// <summary>The value as a 32-bit float.</summary>
    public float F32 => BitConverter.UInt32BitsToSingle((uint)low);

    /// <summary>The value as a 64-bit float.</summary>
    public double F64 => BitConverter.UInt64BitsToDouble(low);

    /// <summary>The bits of a 32-bit float.</summary>
    public uint F32Bits => (uint)low;

    /// <summary>The bits of a 64-bit float.</summary>
    public ulong F64Bits => low;

    /// <summary>The value as a vector.</summary>
    public Vector128<byte> V128 => Vector128.Create(low, high).AsByte();

    /// <summary>The value as a function, or null.</summary>
    /// <exception cref="InvalidCastException">The value is an object of the host.</exception>
    public Func? Func => (Func?)reference;

    /// <summary>The value as an object of the host, or null.</summary>
    public object? Extern => reference;
}
