using System.Buffers.Binary;

namespace Egregore.World.Area;

/// <summary>
/// The bytes of one record of a room frame. Records stand in rising order of handles.
/// <code>
/// varint  gap &lt;&lt; 1 | whole     gap: the handle less that of the record before (the first: less 0); LEB128, 1 to 3 bytes
/// whole = 1: the state itself
///   2  x modulo 65,536, in 1/256 block
///   2  y modulo 65,536
///   2  z modulo 65,536
///   n  the game's own part (velocity, yaw, pitch, flags): as long as the game says
/// whole = 0: what changed since the state that this viewer was sent last
///   1  form: bits 0-1 bytes of dx (0 to 2), bits 2-3 of dy, bits 4-5 of dz, bit 6: the game's own part changed, bit 7: 0
///   dx, dy, dz  in 1/256 block, two's complement
///   where bit 6 is set: a bit for each byte of the game's own part, lowest first, in whole bytes; then each byte whose bit is set
/// </code>
/// Integers are little-endian. A whole position is read back as the congruent one nearest to the middle of the frame's cell: x and z are exact within 128 blocks of that cell, y from
/// -64 to 192 blocks.
/// </summary>
internal static class RoomRecordCodec
{
    public const int PositionBytes = 3 * sizeof(ushort);

    private const int HandleBytesMax = 3;
    private const int LookChanged = 1 << 6;
    private const int HalfCell = 1 << (RoomRecord.CellShift - 1);
    private const int MiddleHeight = 64 << 8;

    /// <summary>The longest record of a game with this many bytes of its own: a delta is written only where it is shorter than the whole.</summary>
    public static int SizeMax(int lookBytes) => HandleBytesMax + PositionBytes + lookBytes;

    /// <summary>Writes a whole state.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteWhole(Span<byte> destination, int gap, in RoomPlace place, ReadOnlySpan<byte> look)
    {
        var at = WriteHandle(destination, gap, whole: true);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[at..], (ushort)place.X);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[(at + 2)..], (ushort)place.Y);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[(at + 4)..], (ushort)place.Z);
        look.CopyTo(destination[(at + PositionBytes)..]);
        return at + PositionBytes + look.Length;
    }

    /// <summary>Writes what changed between two states, or the whole one where that is as short, or the way too far.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteDelta(Span<byte> destination, int gap, in RoomPlace before, ReadOnlySpan<byte> lookBefore, in RoomPlace place, ReadOnlySpan<byte> look)
    {
        int dx = place.X - before.X, dy = place.Y - before.Y, dz = place.Z - before.Z;
        int bytesX = BytesOf(dx), bytesY = BytesOf(dy), bytesZ = BytesOf(dz);
        var changed = 0;
        for (var i = 0; i < look.Length; i++)
            changed += look[i] == lookBefore[i] ? 0 : 1;
        var maskBytes = changed == 0 ? 0 : (look.Length + 7) / 8;
        if (Math.Max(bytesX, Math.Max(bytesY, bytesZ)) > 2 || 1 + bytesX + bytesY + bytesZ + maskBytes + changed >= PositionBytes + look.Length)
            return WriteWhole(destination, gap, place, look);

        var at = WriteHandle(destination, gap, whole: false);
        destination[at++] = (byte)(bytesX | (bytesY << 2) | (bytesZ << 4) | (changed == 0 ? 0 : LookChanged));
        at = WriteSigned(destination, at, dx, bytesX);
        at = WriteSigned(destination, at, dy, bytesY);
        at = WriteSigned(destination, at, dz, bytesZ);
        if (changed == 0)
            return at;
        var mask = destination.Slice(at, maskBytes);
        mask.Clear();
        at += maskBytes;
        for (var i = 0; i < look.Length; i++)
        {
            if (look[i] == lookBefore[i])
                continue;
            mask[i >> 3] |= (byte)(1 << (i & 7));
            destination[at++] = look[i];
        }

        return at;
    }

    /// <summary>Reads handle and kind. False: the bytes end before, or are not these.</summary>
    public static bool TryReadHandle(ReadOnlySpan<byte> source, ref int at, ref int handle, out bool whole)
    {
        var value = 0;
        whole = false;
        for (var shift = 0; shift < 7 * HandleBytesMax; shift += 7)
        {
            if (at == source.Length)
                return false;
            var part = source[at++];
            value |= (part & 0x7F) << shift;
            if ((part & 0x80) != 0)
                continue;
            whole = (value & 1) != 0;
            handle += value >> 1;
            return handle is > 0 and <= ushort.MaxValue;
        }

        return false;
    }

    /// <summary>Reads a whole state.</summary>
    public static bool TryReadWhole(ReadOnlySpan<byte> source, ref int at, int cellX, int cellZ, ref RoomPlace place, Span<byte> look)
    {
        if (source.Length - at < PositionBytes + look.Length)
            return false;
        place = new RoomPlace(
            Nearest(BinaryPrimitives.ReadUInt16LittleEndian(source[at..]), unchecked((cellX << RoomRecord.CellShift) + HalfCell)),
            Nearest(BinaryPrimitives.ReadUInt16LittleEndian(source[(at + 2)..]), MiddleHeight),
            Nearest(BinaryPrimitives.ReadUInt16LittleEndian(source[(at + 4)..]), unchecked((cellZ << RoomRecord.CellShift) + HalfCell)));
        source.Slice(at + PositionBytes, look.Length).CopyTo(look);
        at += PositionBytes + look.Length;
        return true;
    }

    /// <summary>Reads what changed into the state that it changed from.</summary>
    public static bool TryReadDelta(ReadOnlySpan<byte> source, ref int at, ref RoomPlace place, Span<byte> look)
    {
        if (at == source.Length)
            return false;
        int form = source[at++];
        int bytesX = form & 3, bytesY = (form >> 2) & 3, bytesZ = (form >> 4) & 3;
        if (form >= 0x80 || bytesX == 3 || bytesY == 3 || bytesZ == 3 || source.Length - at < bytesX + bytesY + bytesZ)
            return false;
        place = new RoomPlace(
            unchecked(place.X + ReadSigned(source, ref at, bytesX)), unchecked(place.Y + ReadSigned(source, ref at, bytesY)), unchecked(place.Z + ReadSigned(source, ref at, bytesZ)));
        if ((form & LookChanged) == 0)
            return true;
        var maskBytes = (look.Length + 7) / 8;
        if (source.Length - at < maskBytes)
            return false;
        var mask = source.Slice(at, maskBytes);
        at += maskBytes;
        for (var i = 0; i < look.Length; i++)
        {
            if ((mask[i >> 3] & (1 << (i & 7))) == 0)
                continue;
            if (at == source.Length)
                return false;
            look[i] = source[at++];
        }

        return true;
    }

    private static int WriteHandle(Span<byte> destination, int gap, bool whole)
    {
        var value = (uint)((gap << 1) | (whole ? 1 : 0));
        var at = 0;
        for (; value >= 0x80; value >>= 7)
            destination[at++] = (byte)(value | 0x80);
        destination[at++] = (byte)value;
        return at;
    }

    private static int BytesOf(int value) => value == 0 ? 0 : value == (sbyte)value ? 1 : value == (short)value ? 2 : 4;

    private static int WriteSigned(Span<byte> destination, int at, int value, int bytes)
    {
        if (bytes > 0)
            destination[at] = (byte)value;
        if (bytes > 1)
            destination[at + 1] = (byte)(value >> 8);
        return at + bytes;
    }

    private static int ReadSigned(ReadOnlySpan<byte> source, ref int at, int bytes)
    {
        var value = bytes switch
        {
            0 => 0,
            1 => (sbyte)source[at],
            _ => BinaryPrimitives.ReadInt16LittleEndian(source[at..]),
        };
        at += bytes;
        return value;
    }

    private static int Nearest(ushort modulo, int reference) => unchecked(reference + (short)(modulo - reference));
}

/// <summary>A position in 1/256 block.</summary>
internal readonly record struct RoomPlace(int X, int Y, int Z);
