using System.Buffers.Binary;

namespace Egregore.Kernels;

/// <summary>Little-endian numbers at an offset. The caller has compared the lengths.</summary>
internal static class Bytes
{
    public static int U16(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    public static uint U32(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    public static float F32(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadSingleLittleEndian(bytes[at..]);

    public static void U16(this Span<byte> bytes, int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes[at..], checked((ushort)value));

    public static void U32(this Span<byte> bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], value);

    public static void F32(this Span<byte> bytes, int at, float value) => BinaryPrimitives.WriteSingleLittleEndian(bytes[at..], value);

    /// <summary>The bytes after a builder wrote them: what it wrote must be what a kernel takes.</summary>
    /// <exception cref="ArgumentException">It is not: a count or value is out of its bounds.</exception>
    public static void Accepted(bool accepted, string name)
    {
        if (!accepted)
            throw new ArgumentException("A count or a value is out of the kernel's bounds (docs/kernels.md)", name);
    }
}
