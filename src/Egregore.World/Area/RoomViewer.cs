namespace Egregore.World.Area;

/// <summary>What one viewer attends to. Arrays are kept with the handle's slot and used again by the next viewer in it.</summary>
internal sealed class RoomViewer(int attendedMax)
{
    /// <summary>Credit at which an attended body is due; weights are parts of it a tick.</summary>
    public const int Due = 1 << 12;

    public Attended[] List = new Attended[attendedMax];
    public Attended[] Old = new Attended[attendedMax];
    public int Count;

    /// <summary>Bytes the viewer may still be sent, times ticks a second, so that a tick adds whole numbers.</summary>
    public long Tokens;

    public bool Active;

    /// <summary>One body that the viewer attends to, nearest first.</summary>
    public struct Attended
    {
        public ushort Handle;
        public ushort Life;
        public bool Direct;
        public int Weight;
        public int Credit;
        public uint SentVersion;
    }
}
