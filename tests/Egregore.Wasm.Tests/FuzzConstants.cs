using System.Numerics;

namespace Egregore.Wasm.Tests;

/// <summary>Constants where arithmetic goes wrong: edges of ranges, powers of two and their neighbours, zeros of both signs, subnormals, infinities, NaNs.</summary>
internal static class FuzzConstants
{
    private static readonly uint[] Floats32 =
    [
        0, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x3F800000, 0xBF800000, 0x3F000000, 0x3FC00000, 0x40200000, 0x4B000000, 0x4EFFFFFF, 0x4F000000, 0xCF000000,
        0xCF000001, 0x4F7FFFFF, 0x4F800000, 0x5F000000, 0xDF000000, 0x5F800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000,
    ];

    private static readonly ulong[] Floats64 =
    [
        0, 0x8000000000000000, 1, 0x8000000000000001, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x3FF0000000000000, 0xBFF0000000000000, 0x3FE0000000000000, 0x3FF8000000000000,
        0x4004000000000000, 0x4330000000000000, 0x41DFFFFFFFC00000, 0x41E0000000000000, 0xC1E0000000000000, 0xC1E0000000200000, 0x41EFFFFFFFE00000, 0x41F0000000000000,
        0x43DFFFFFFFFFFFFF, 0x43E0000000000000, 0xC3E0000000000000, 0x43F0000000000000, 0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000,
    ];

    /// <summary>Any 64 bits, mostly near an edge.</summary>
    public static long Integer(FuzzRandom random) => random.Below(6) switch
    {
        0 => (long)random.Next(),
        1 => random.Below(256) - 128,
        2 => (1L << random.Below(64)) + random.Below(3) - 1,
        3 => (int)random.Next(),
        4 => random.Below(70_000),
        _ => random.Pick<long>([0, 1, -1, int.MinValue, int.MaxValue, uint.MaxValue, long.MinValue, long.MaxValue]),
    };

    /// <summary>The bits of a 32-bit number.</summary>
    public static uint Float32(FuzzRandom random, bool nan)
    {
        if (nan && random.OneIn(12)) return random.Pick<uint>([0x7FC00000, 0xFFC00000, 0x7FA00000, 0xFF800001, 0x7FFFFFFF]);
        uint bits = random.Below(3) switch { 0 => random.Pick(Floats32), 1 => (uint)random.Next(), _ => BitConverter.SingleToUInt32Bits((random.Below(2001) - 1000) / 8f) };
        return float.IsNaN(BitConverter.UInt32BitsToSingle(bits)) ? 0x40490FDB : bits;
    }

    /// <summary>The bits of a 64-bit number.</summary>
    public static ulong Float64(FuzzRandom random, bool nan)
    {
        if (nan && random.OneIn(12)) return random.Pick<ulong>([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF4000000000000, 0xFFF0000000000001, 0x7FFFFFFFFFFFFFFF]);
        ulong bits = random.Below(3) switch { 0 => random.Pick(Floats64), 1 => random.Next(), _ => BitConverter.DoubleToUInt64Bits((random.Below(2001) - 1000) / 8d) };
        return double.IsNaN(BitConverter.UInt64BitsToDouble(bits)) ? 0x400921FB54442D18 : bits;
    }

    /// <summary>Writes a constant expression of a type, without its end.</summary>
    public static void Write(FuzzWriter to, FuzzRandom random, char type, int functions)
    {
        switch (type)
        {
            case 'i': to.Byte(0x41).Signed((int)Integer(random)); break;
            case 'I': to.Byte(0x42).Signed(Integer(random)); break;
            case 'f': to.Byte(0x43).F32(Float32(random, nan: true)); break;
            case 'F': to.Byte(0x44).F64(Float64(random, nan: true)); break;
            case 'v': to.Byte(0xFD).U32(12).F64(random.OneIn(2) ? random.Next() : BitOperations.RotateLeft(0x7F80_0000_8000_0001, random.Below(64))).F64(Float64(random, nan: true)); break;
            case 'r' when !random.OneIn(3): to.Byte(0xD2).U32(random.Below(functions)); break;
            default: to.Byte(0xD0).Byte(FuzzGenerator.TypeCode(type)); break;
        }
    }
}
