using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Egregore.Crdt;

/// <summary>Unsigned LEB128 in its shortest form: seven bits a byte, low bits first, the high bit says that more follow.</summary>
internal static class Varint
{
    public const int SizeMax = 10;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Write(Span<byte> destination, ulong value)
    {
        int at = 0;
        while (value >= 0x80)
        {
            destination[at++] = (byte)(value | 0x80);
            value >>= 7;
        }
        destination[at++] = (byte)value;
        return at;
    }

    public static int Size(ulong value) => (70 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) / 7;
}

/// <summary>Reads bytes that came from anyone: every step says whether it could.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> source = source;

    public int Position { get; private set; }

    public readonly int Remaining => source.Length - Position;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryByte(out byte value)
    {
        if ((uint)Position >= (uint)source.Length)
        {
            value = 0;
            return false;
        }
        value = source[Position++];
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryVarint(out ulong value)
    {
        if ((uint)Position < (uint)source.Length && source[Position] < 0x80)
        {
            value = source[Position++];
            return true;
        }
        return TryLongVarint(out value);
    }

    private bool TryLongVarint(out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (!TryByte(out byte next)) return false;
            if (shift == 63 && next > 1) return false;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return next != 0 || shift == 0;
        }
        return false;
    }

    public bool TryUInt64(out ulong value)
    {
        if (Remaining < 8)
        {
            value = 0;
            return false;
        }
        value = BinaryPrimitives.ReadUInt64LittleEndian(source[Position..]);
        Position += 8;
        return true;
    }

    public bool TryReplica(out ReplicaId value)
    {
        if (Remaining < ReplicaId.SizeBytes)
        {
            value = default;
            return false;
        }
        value = ReplicaId.Read(source[Position..]);
        Position += ReplicaId.SizeBytes;
        return true;
    }

    /// <summary>Steps over a stretch and says where it began.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TrySkip(ulong length, out int start)
    {
        start = Position;
        if (length > (ulong)Remaining) return false;
        Position += (int)length;
        return true;
    }
}
