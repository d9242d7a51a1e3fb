using Egregore.Wire;

namespace Egregore.World.Area;

/// <summary>Writes the payload of a <see cref="Kind.Room"/> envelope without an object for it; readers use the generated <c>RoomFrameView</c>.</summary>
public static class RoomFrameCodec
{
    /// <summary>Bytes of a <c>RoomFrame</c> besides its states: root 4, vtable 12, table 20, length 4.</summary>
    public const int OverheadBytes = 40;

    /// <summary>What a frame costs on a WebSocket besides its states: itself, its envelope (32) and the frame's header (4).</summary>
    public const int WireOverheadBytes = OverheadBytes + 32 + 4;

    /// <summary>Writes a frame from <c>destination[0]</c> on.</summary>
    /// <param name="destination">At least <see cref="OverheadBytes"/> and the states long.</param>
    /// <param name="tick">The world's tick.</param>
    /// <param name="cellX">Cell that positions are read near to, see <see cref="RoomRecord"/>.</param>
    /// <param name="cellZ">Cell that positions are read near to.</param>
    /// <param name="states">Whole records.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, uint tick, int cellX, int cellZ, ReadOnlySpan<byte> states)
    {
        const int Slots = 4;
        var writer = new FlatWriter(destination);
        var table = writer.BeginTable(Slots, alignedTo8: false);
        writer.Add(table, Slots, 0, tick);
        writer.Add(table, Slots, 1, cellX);
        writer.Add(table, Slots, 2, cellZ);
        var statesAt = writer.AddOffset(table, Slots, 3);
        writer.EndTable(table, Slots);
        writer.Bytes(statesAt, states);
        writer.Patch(0, table);
        return writer.Length;
    }
}
