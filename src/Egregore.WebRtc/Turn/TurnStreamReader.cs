using System.Buffers.Binary;

namespace Egregore.WebRtc.Turn;

/// <summary>Cuts a stream of bytes into TURN messages (RFC 8656 section 12.5, RFC 8489 section 6.2.2).</summary>
internal sealed class TurnStreamReader
{
    private readonly byte[] _buffer = new byte[16_384];
    private int _used;

    /// <summary>Where to read into.</summary>
    public Memory<byte> Free => _buffer.AsMemory(_used);

    public void Advance(int bytes) => _used += bytes;

    /// <summary>The next whole message.</summary>
    /// <returns>Its bytes with padding; 0 when more is needed, -1 when the stream is none of TURN.</returns>
    public int Next(out ReadOnlySpan<byte> message)
    {
        message = default;
        if (_used < 4)
            return 0;
        int length = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(2));
        int whole;
        if (_buffer[0] < 4)
            whole = 20 + length;
        else if (_buffer[0] is >= 0x40 and < 0x50)
            whole = (4 + length + 3) & ~3;
        else
            return -1;
        if (whole > _buffer.Length)
            return -1;
        if (whole > _used)
            return 0;
        message = _buffer.AsSpan(0, whole);
        return whole;
    }

    /// <summary>Lets a message go that <see cref="Next"/> returned.</summary>
    public void Consume(int bytes)
    {
        _buffer.AsSpan(bytes, _used - bytes).CopyTo(_buffer);
        _used -= bytes;
    }
}
