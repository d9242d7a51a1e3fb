using System.Buffers.Binary;
using System.Text;

namespace Egregore.Wasm.Tests;

/// <summary>Writes the binary format's primitives (specification 2.0, chapter 5.2).</summary>
internal sealed class FuzzWriter
{
    private readonly List<byte> bytes = [];

    public int Length => bytes.Count;

    public byte[] ToArray() => [.. bytes];

    public FuzzWriter Byte(int value)
    {
        bytes.Add((byte)value);
        return this;
    }

    public FuzzWriter Raw(ReadOnlySpan<byte> value)
    {
        foreach (byte b in value) bytes.Add(b);
        return this;
    }

    public FuzzWriter U32(uint value)
    {
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return this;
    }

    public FuzzWriter U32(int value) => U32((uint)value);

    public FuzzWriter Signed(long value)
    {
        while (value is < -64 or > 63)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }
        bytes.Add((byte)(value & 0x7F));
        return this;
    }

    public FuzzWriter F32(uint bits)
    {
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(four, bits);
        return Raw(four);
    }

    public FuzzWriter F64(ulong bits)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(eight, bits);
        return Raw(eight);
    }

    public FuzzWriter Name(string name)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        return U32(utf8.Length).Raw(utf8);
    }

    public FuzzWriter Sized(FuzzWriter content) => U32(content.Length).Raw(content.ToArray());

    public FuzzWriter Section(int id, FuzzWriter content) => Byte(id).Sized(content);
}
