using System.Buffers.Binary;

namespace Egregore.World.Area;

/// <summary>
/// One packed state of a room frame, read in place.
/// <code>
/// offset  bytes  field
///      0      2  handle: the short id that truth gave the body (Neighbour.handle)
///      2      2  x modulo 65,536, in 1/256 block
///      4      2  y modulo 65,536, in 1/256 block
///      6      2  z modulo 65,536, in 1/256 block
///      8      n  the game's own part (velocity, yaw, pitch, flags): as long as the game says, the same for every record
/// </code>
/// All integers are little-endian. A position is sent modulo 256 blocks and read back as the congruent one nearest to the middle of the frame's
/// cell, so that a record is packed once and is good for every viewer: x and z are exact within 128 blocks of that cell, y from -64 to 192 blocks.
/// </summary>
public readonly ref struct RoomRecord
{
    /// <summary>Bytes before the game's own part.</summary>
    public const int HeaderBytes = 8;

    /// <summary>Edge of a frame's cell, in blocks.</summary>
    public const int CellBlocks = 16;

    internal const int CellShift = 12;
    private const int HalfCell = 1 << (CellShift - 1);
    private const int MiddleHeight = 64 << 8;

    internal RoomRecord(ushort handle, int x, int y, int z, ReadOnlySpan<byte> look)
    {
        Handle = handle;
        X = x;
        Y = y;
        Z = z;
        Look = look;
    }

    /// <summary>Short id of the body, as in <c>Neighbour.handle</c>; its scope is one room.</summary>
    public ushort Handle { get; }

    /// <summary>Position in 1/256 block.</summary>
    public int X { get; }

    /// <summary>Height in 1/256 block.</summary>
    public int Y { get; }

    /// <summary>Position in 1/256 block.</summary>
    public int Z { get; }

    /// <summary>The game's own part.</summary>
    public ReadOnlySpan<byte> Look { get; }

    /// <summary>The cell, on one axis, that holds a position in 1/256 block.</summary>
    public static int CellOf(int position) => position >> CellShift;

    internal static void Write(Span<byte> destination, ushort handle, int x, int y, int z, ReadOnlySpan<byte> look)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(destination, handle);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], (ushort)x);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], (ushort)y);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], (ushort)z);
        look.CopyTo(destination[HeaderBytes..]);
    }

    internal static RoomRecord Read(ReadOnlySpan<byte> record, int cellX, int cellZ) => new(
        BinaryPrimitives.ReadUInt16LittleEndian(record),
        Nearest(BinaryPrimitives.ReadUInt16LittleEndian(record[2..]), (cellX << CellShift) + HalfCell),
        Nearest(BinaryPrimitives.ReadUInt16LittleEndian(record[4..]), MiddleHeight),
        Nearest(BinaryPrimitives.ReadUInt16LittleEndian(record[6..]), (cellZ << CellShift) + HalfCell),
        record[HeaderBytes..]);

    private static int Nearest(ushort modulo, int reference) => unchecked(reference + (short)(modulo - reference));
}
