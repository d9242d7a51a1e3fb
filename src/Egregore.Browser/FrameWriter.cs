using System.Buffers.Binary;

namespace Egregore.Browser;

/// <summary>Fills the output of web/src/edge/frame.ts; the layout stands there.</summary>
internal sealed class FrameWriter
{
    public const byte Version = 2;
    public const int HeadBytes = 104;
    public const int OtherBytes = 40;
    public const int ChunkBytes = 8;
    public const int BodyBytes = 84;

    private byte[] _bytes = new byte[HeadBytes + (64 * OtherBytes) + (64 * ChunkBytes)];

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public int Length { get; private set; }

    public void Begin()
    {
        _bytes.AsSpan(0, HeadBytes).Clear();
        _bytes[0] = Version;
        Length = HeadBytes;
    }

    public void Byte(int at, int value) => _bytes[at] = (byte)value;

    public void UInt16(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(at), (ushort)Math.Clamp(value, 0, ushort.MaxValue));

    public void Int32(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(at), value);

    public void Single(int at, double value) => BinaryPrimitives.WriteSingleLittleEndian(_bytes.AsSpan(at), (float)value);

    public void Vector(int at, double x, double y, double z)
    {
        Single(at, x);
        Single(at + 4, y);
        Single(at + 8, z);
    }

    /// <summary>Appends a record of so many bytes; gives where it starts.</summary>
    public int Append(int bytes)
    {
        if (_bytes.Length - Length < bytes)
            Array.Resize(ref _bytes, _bytes.Length * 2);
        var at = Length;
        _bytes.AsSpan(at, bytes).Clear();
        Length += bytes;
        return at;
    }
}
