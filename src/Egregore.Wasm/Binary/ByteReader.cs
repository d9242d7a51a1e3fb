using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Egregore.Wasm.Binary;

/// <summary>Reads the binary format's values (specification, section 5.2) from a part of a module. Positions are offsets in the whole module.</summary>
internal ref struct ByteReader
{
    private readonly ReadOnlySpan<byte> bytes;

    /// <summary>A reader of <paramref name="bytes"/> from <paramref name="start"/> up to <paramref name="end"/>.</summary>
    public ByteReader(ReadOnlySpan<byte> bytes, int start, int end)
    {
        this.bytes = bytes[..end];
        Position = start;
    }

    /// <summary>The next byte's offset.</summary>
    public int Position;

    public readonly int End => bytes.Length;

    public readonly int Left => bytes.Length - Position;

    public readonly bool AtEnd => Position >= bytes.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Byte()
    {
        if ((uint)Position >= (uint)bytes.Length) Malformed("unexpected end");
        return bytes[Position++];
    }

    /// <summary>An unsigned LEB128 of 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint U32()
    {
        if ((uint)Position < (uint)bytes.Length && bytes[Position] is < 0x80 and var first)
        {
            Position++;
            return first;
        }

        return U32Long();
    }

    /// <summary>A signed LEB128 of 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int S32()
    {
        if ((uint)Position < (uint)bytes.Length && bytes[Position] is < 0x80 and var first)
        {
            Position++;
            return first << 25 >> 25;
        }

        return (int)Signed(32);
    }

    /// <summary>A signed LEB128 of 33 bits, as block types have it.</summary>
    public long S33() => Signed(33);

    /// <summary>A signed LEB128 of 64 bits.</summary>
    public long S64() => Signed(64);

    public uint Fixed32()
    {
        uint value = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(Slice(4));
        return value;
    }

    public ulong Fixed64() => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(Slice(8));

    /// <summary>The next bytes.</summary>
    public ReadOnlySpan<byte> Slice(int length)
    {
        if ((uint)length > (uint)Left) Malformed("unexpected end");
        ReadOnlySpan<byte> slice = bytes.Slice(Position, length);
        Position += length;
        return slice;
    }

    /// <summary>A length, then that many bytes of UTF-8.</summary>
    public string Name()
    {
        uint length = U32();
        if (length > (uint)Left) Malformed("length out of bounds");
        int at = Position;
        ReadOnlySpan<byte> name = Slice((int)length);
        if (!Utf8.IsValid(name)) throw new MalformedModuleException("malformed UTF-8 encoding", at);
        return Encoding.UTF8.GetString(name);
    }

    /// <summary>The count of a vector, of which each element takes a byte at least.</summary>
    public int Count(string limit, int maximum)
    {
        int at = Position;
        uint count = U32();
        if (count > (uint)Left) throw new MalformedModuleException("unexpected end", at);
        if (count > (uint)maximum) throw new LimitException(limit, maximum, at);
        return (int)count;
    }

    public ValueType ValueType()
    {
        byte type = Byte();
        if (!IsValueType(type)) Malformed("malformed value type", Position - 1);
        return (ValueType)type;
    }

    public ValueType ReferenceType()
    {
        byte type = Byte();
        if (type is not (0x70 or 0x6F)) Malformed("malformed reference type", Position - 1);
        return (ValueType)type;
    }

    public static bool IsValueType(byte type) => type is >= 0x7B and <= 0x7F or 0x70 or 0x6F;

    [DoesNotReturn]
    public readonly void Malformed(string reason) => throw new MalformedModuleException(reason, Position);

    [DoesNotReturn]
    public static void Malformed(string reason, int offset) => throw new MalformedModuleException(reason, offset);

    private uint U32Long()
    {
        uint value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            byte next = Byte();
            if (shift == 28 && next >= 0x10) Malformed(next >= 0x80 ? "integer representation too long" : "integer too large", Position - 1);
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80) break;
        }

        return value;
    }

    private long Signed(int bits)
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = Byte();
            int left = bits - shift;
            if (left < 7)
            {
                // The last byte: what it holds over the integer's bits has to be its sign.
                if (next >= 0x80) Malformed("integer representation too long", Position - 1);
                int sign = next << 25 >> 25 >> (left - 1);
                if (sign is not (0 or -1)) Malformed("integer too large", Position - 1);
            }

            value |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                int used = shift + 7;
                return used < 64 ? value << (64 - used) >> (64 - used) : value;
            }
        }
    }
}
