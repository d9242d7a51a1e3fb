using System.Buffers.Binary;

namespace Egregore.Wasm.Tests;

/// <summary>Operands at the edges of every type, then pseudo-random ones: the same on every run.</summary>
internal static class NumericsOperands
{
    private static readonly ulong[] Int32 =
    [
        0, 1, 2, 3, 5, 7, 0xffffffff, 0xfffffffe, 0x7fffffff, 0x7ffffffe, 0x80000000, 0x80000001, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0x10000, 31, 32, 33,
        0x00ffffff, 0x01000001, 0x01000003, 0x55555555, 0xaaaaaaaa, 0x12345678, 0x7fffffbf, 0x7fffffc0, 0x80000080, 0x80000081, 0xffffff7f, 0xffffff80,
    ];

    private static readonly ulong[] Int64 =
    [
        .. Int32, ulong.MaxValue, ulong.MaxValue - 1, long.MaxValue, 1UL << 63, (1UL << 63) + 1, (1UL << 53) + 1, (1UL << 53) + 3, (1UL << 24) + 1, 0x8000000000000400, 0x8000000000000401,
        0x8000000000000c00, 0xfffffffffffffbff, 0xfffffffffffffc00, 0x8000008000000000, 0x8000008000000001, 0x7fffffbfffffffff, 0x7fffff4000000001, 0xffffff7fffffffff, 0xffffff8000000000, 63, 64, 65,
        0xffffffff80000000, 0xffffffffffff8000, 0xffffffffffffff80, 0x0020000040000001, 0x8000004000000001, 0x0123456789abcdef,
    ];

    private static readonly ulong[] Float32 =
    [
        .. new[]
        {
            0f, 1f, 0.5f, 1.5f, 2.5f, 3.5f, 0.49999997f, 0.50000006f, 1e-45f, 1.17549421e-38f, 1.17549435e-38f, float.MaxValue, float.PositiveInfinity, 0.99999994f, 1.0000001f, 2147483520f, 2147483648f,
            2147483904f, 4294967040f, 4294967296f, 9223371487098961920f, 9223372036854775808f, 18446742974197923840f, 18446744073709551616f, 8388607.5f, 8388608f, 8388609f, 16777216f, 3.1415927f, 126.7f, 255.4f,
        }.SelectMany(value => new[] { Bits(value), Bits(-value) }),
        0x7fc00000, 0xffc00000, 0x7fa00000, 0xff800001, 0x7fffffff, 0x7f800001, 0xffc12345,
    ];

    private static readonly ulong[] Float64 =
    [
        .. new[]
        {
            0d, 1d, 0.5, 1.5, 2.5, 3.5, 0.49999999999999994, 0.5000000000000001, 5e-324, 2.2250738585072009e-308, 2.2250738585072014e-308, double.MaxValue, double.PositiveInfinity, 0.9999999999999999, 1.0000000000000002,
            2147483646.5, 2147483647d, 2147483647.9999998, 2147483648d, 2147483648.5, 2147483649d, 4294967295d, 4294967295.5, 4294967296d, 9223372036854774784d, 9223372036854775808d, 18446744073709549568d,
            18446744073709551616d, 4503599627370495.5, 4503599627370496d, 4503599627370497d, 9007199254740993d, 3.141592653589793, 3.4028234663852886e38, 3.4028235677973366e38, 3.4028235677973362e38, 1e-46, 7.006492321624085e-46, 1.0000000596046448,
        }.SelectMany(value => new[] { Bits(value), Bits(-value) }),
        0x7ff8000000000000, 0xfff8000000000000, 0x7ff4000000000000, 0xfff0000000000001, 0x7fffffffffffffff, 0x7ff0000000000001, 0xfff8123456789abc,
    ];

    /// <summary>Triples of operands, 16 bytes each, fit for the types named.</summary>
    public static byte[] For(Type[] types, int vectors, ulong seed)
    {
        var random = new SplitMix(seed);
        var output = new List<byte>();
        if (types.All(type => Pool(type) is not null))
        {
            var pools = types.Select(type => Pool(type)!).ToArray();
            foreach (var first in pools[0])
                foreach (var second in pools.Length > 1 ? pools[1] : [0UL])
                    Append(output, types, [first, second]);
            for (var i = 0; i < vectors; i++)
                Append(output, types, [random.Next(), random.Next()]);
            return [.. output];
        }

        for (var i = 0; i < vectors; i++)
        {
            // Both vectors of one case hold the edges of one lane type, whatever the operator takes them for; every seventh is only noise.
            var kind = i % 7;
            for (var operand = 0; operand < 3; operand++)
                for (var lane = 0; lane < 16;)
                    lane += AppendLane(output, kind, ref random);
        }

        return [.. output];
    }

    private static int AppendLane(List<byte> output, int kind, ref SplitMix random)
    {
        var size = kind switch { 0 => 1, 1 => 2, 2 or 4 => 4, _ => 8 };
        var value = kind switch
        {
            0 => Pick([0, 1, 2, 0x7f, 0x80, 0x81, 0xff, 0xfe, 15, 16, 17, 31, 0x55, random.Next()], ref random),
            1 => Pick([0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0xff7f, 0xff80, 0x4000, random.Next()], ref random),
            2 => Pick(Int32, ref random),
            3 => Pick(Int64, ref random),
            4 => Pick(Float32, ref random),
            5 => Pick(Float64, ref random),
            _ => random.Next(),
        };
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        output.AddRange(bytes[..size]);
        return size;
    }

    private static ulong Pick(ulong[] from, ref SplitMix random) => from[(int)(random.Next() % (ulong)from.Length)];

    private static void Append(List<byte> output, Type[] types, ulong[] values)
    {
        Span<byte> bytes = stackalloc byte[48];
        for (var i = 0; i < types.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(16 * i)..], values[i]);
        output.AddRange(bytes);
    }

    private static ulong[]? Pool(Type type) =>
        type == typeof(int) ? Int32 : type == typeof(long) ? Int64 : type == typeof(float) ? Float32 : type == typeof(double) ? Float64 : null;

    private static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>splitmix64.</summary>
    private struct SplitMix(ulong state)
    {
        public ulong Next()
        {
            state += 0x9e3779b97f4a7c15;
            var z = state;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            return z ^ (z >> 31);
        }
    }
}
