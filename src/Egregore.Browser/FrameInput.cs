using System.Buffers.Binary;
using Egregore.World.Movement;

namespace Egregore.Browser;

/// <summary>The input of web/src/edge/frame.ts; the layout stands there.</summary>
internal readonly record struct FrameInput(MoveInput Move, byte Action, byte Block, byte ViewDistance, byte Queues)
{
    public const byte None = 0;
    public const byte Dig = 1;
    public const byte Place = 2;
    public const byte Throw = 3;
    public const byte Blast = 4;
    public const byte Crate = 5;
    public const byte SocketQueue = 1;
    public const byte LinksQueue = 2;

    private const int Bytes = 16;
    private const byte MenuFlag = 2;

    /// <summary>Bytes of another version or length are an input that does nothing.</summary>
    public static FrameInput Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes || bytes[0] != FrameWriter.Version)
            return default;
        var buttons = (MoveButtons)BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        if ((bytes[9] & MenuFlag) != 0)
            buttons = MoveButtons.None;
        var pitch = BinaryPrimitives.ReadInt16LittleEndian(bytes[6..]);
        var move = new MoveInput(buttons, BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]), (sbyte)Math.Clamp(pitch * 127 / 32767, -127, 127));
        return new FrameInput(move, bytes[1], bytes[8], bytes[10], bytes[11]);
    }
}
