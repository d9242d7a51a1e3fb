using System.Buffers.Binary;
using System.Text;

namespace Egregore.World.Journal;

/// <summary>Writes a snapshot part: little-endian integers, length-prefixed texts and bytes.</summary>
internal sealed class PartWriter
{
    private byte[] _bytes = new byte[64 * 1024];

    public int Length { get; private set; }

    public Memory<byte> Written => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void UInt16(int value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), checked((ushort)value));

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

    public void Text(string value)
    {
        UInt16(Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, Take(Encoding.UTF8.GetByteCount(value)));
    }

    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>Room for at most so many bytes; <see cref="Advance"/> says how many were used.</summary>
    public Span<byte> Room(int size)
    {
        if (Length + size > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + size));
        }
        return _bytes.AsSpan(Length, size);
    }

    public void Advance(int size) => Length += size;

    private Span<byte> Take(int size)
    {
        Span<byte> room = Room(size);
        Length += size;
        return room;
    }
}

/// <summary>Reads a snapshot part; after a read beyond its end <see cref="Failed"/> is set and values are empty.</summary>
internal ref struct PartReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public bool Failed { get; private set; }

    public readonly bool IsEnd => _rest.IsEmpty;

    public ushort UInt16()
    {
        ReadOnlySpan<byte> bytes = Raw(2);
        return bytes.IsEmpty ? (ushort)0 : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    public uint UInt32()
    {
        ReadOnlySpan<byte> bytes = Raw(4);
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public ulong UInt64()
    {
        ReadOnlySpan<byte> bytes = Raw(8);
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public long Int64() => (long)UInt64();

    public string Text() => Encoding.UTF8.GetString(Raw(UInt16()));

    public ReadOnlySpan<byte> Raw(uint length)
    {
        if (length > (uint)_rest.Length)
        {
            Failed = true;
            _rest = default;
            return default;
        }
        ReadOnlySpan<byte> bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return bytes;
    }
}
