namespace Egregore.World.Area;

/// <summary>One body's packed state out of a room frame, as <see cref="RoomReader"/> gives it. Positions are in 1/256 block.</summary>
public readonly ref struct RoomRecord
{
    /// <summary>Edge of a frame's cell, in blocks.</summary>
    public const int CellBlocks = 16;

    internal const int CellShift = 12;

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

    /// <summary>The game's own part; valid until the reader reads on.</summary>
    public ReadOnlySpan<byte> Look { get; }

    /// <summary>The cell, on one axis, that holds a position in 1/256 block.</summary>
    public static int CellOf(int position) => position >> CellShift;
}
