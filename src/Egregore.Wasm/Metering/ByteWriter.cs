using System.Buffers.Binary;
using System.Text;

namespace Egregore.Wasm.Metering;

/// <summary>Writes the binary format's values (specification, section 5.2), each in its shortest form, so that the same module always gives the same bytes.</summary>
internal sealed class ByteWriter
{
    private byte[] bytes = new byte[256];
    private int length;

    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, length);

    public void Clear() => length = 0;

    public void Byte(byte value)
    {
        if (length == bytes.Length) Array.Resize(ref bytes, 2 * bytes.Length);
        bytes[length++] = value;
    }

    public void Bytes(ReadOnlySpan<byte> values)
    {
        if (values.Length > bytes.Length - length) Array.Resize(ref bytes, Math.Max(2 * bytes.Length, checked(length + values.Length)));
        values.CopyTo(bytes.AsSpan(length));
        length += values.Length;
    }

    public void U32(uint value)
    {
        for (; value > 0x7F; value >>= 7) Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    public void S64(long value)
    {
        for (; value is < -0x40 or > 0x3F; value >>= 7) Byte((byte)(value | 0x80));
        Byte((byte)(value & 0x7F));
    }

    public void Fixed64(ulong value)
    {
        Span<byte> fixedBytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(fixedBytes, value);
        Bytes(fixedBytes);
    }

    public void Name(string value)
    {
        byte[] name = Encoding.UTF8.GetBytes(value);
        U32((uint)name.Length);
        Bytes(name);
    }

    public void Section(byte id, ReadOnlySpan<byte> contents)
    {
        Byte(id);
        U32((uint)contents.Length);
        Bytes(contents);
    }
}
