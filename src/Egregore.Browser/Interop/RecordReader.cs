using System.Buffers.Binary;

namespace Egregore.Browser.Interop;

/// <summary>
/// Reads what a drain of web/src/edge/queue.ts packed: records of <c>[u16 source][u8 type][u8 0][u32 length][length bytes]</c>, little-endian, one behind the other.
/// </summary>
internal ref struct RecordReader(ReadOnlySpan<byte> packed)
{
    private const int HeadBytes = 8;

    private ReadOnlySpan<byte> _rest = packed;

    public int Source { get; private set; }

    public byte Type { get; private set; }

    public ReadOnlySpan<byte> Body { get; private set; }

    public bool Next()
    {
        if (_rest.Length < HeadBytes)
            return false;
        Source = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        Type = _rest[2];
        var length = BinaryPrimitives.ReadInt32LittleEndian(_rest[4..]);
        Body = _rest.Slice(HeadBytes, length);
        _rest = _rest[(HeadBytes + length)..];
        return true;
    }
}
