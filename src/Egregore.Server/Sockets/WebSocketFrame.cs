using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Egregore.Server.Sockets;

/// <summary>What the next bytes of a client's WebSocket stream hold.</summary>
internal enum FrameStatus : byte
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>A frame was read.</summary>
    Frame,

    /// <summary>The stream breaks RFC 6455: close with 1002.</summary>
    ProtocolError,

    /// <summary>The frame is longer than a message may be: close with 1009.</summary>
    TooLarge,
}

/// <summary>
/// Server-side framing of RFC 6455, section 5.2: clients' frames are masked, ours are not; no extension is negotiated, so the reserved bits are zero.
/// <code>
/// byte 0    FIN(1) RSV(3) opcode(4)
/// byte 1    MASK(1) length(7): 126: 2 bytes of length follow, 127: 8 bytes
/// 4 bytes   masking key, from clients only
/// payload   each byte xor key[i % 4]
/// </code>
/// </summary>
internal static class WebSocketFrame
{
    public const byte Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10;

    /// <summary>Longest header that <see cref="WriteHeader"/> writes.</summary>
    public const int HeaderBytesMax = 10;

    private const int KeyBytes = 4;

    /// <summary>Longest payload of a control frame (RFC 6455, section 5.5).</summary>
    public const int ControlBytesMax = 125;

    /// <summary>Longest header of a client's frame: length and masking key.</summary>
    public const int ClientHeaderBytesMax = 14;

    /// <summary>Reads one frame at the start of <paramref name="data"/> and unmasks its payload in place.</summary>
    /// <param name="data">Bytes received.</param>
    /// <param name="payloadBytesMax">The longest payload that is taken.</param>
    /// <param name="opcode">The frame's opcode.</param>
    /// <param name="final">Whether this is the message's last frame.</param>
    /// <param name="payload">On <see cref="FrameStatus.Frame"/> the payload, inside of <paramref name="data"/>.</param>
    /// <param name="frameBytes">On <see cref="FrameStatus.Frame"/> the bytes of the whole frame.</param>
    public static FrameStatus TryRead(Span<byte> data, int payloadBytesMax, out byte opcode, out bool final, out Span<byte> payload, out int frameBytes)
    {
        opcode = 0;
        final = false;
        payload = default;
        frameBytes = 0;
        if (data.Length < 2)
            return FrameStatus.Incomplete;
        opcode = (byte)(data[0] & 0x0F);
        final = (data[0] & 0x80) != 0;
        var control = opcode >= Close;
        ulong size = data[1] & 0x7Fu;
        if ((data[0] & 0x70) != 0 || (data[1] & 0x80) == 0 || opcode is (> Binary and < Close) or > Pong || (control && (!final || size > ControlBytesMax)))
            return FrameStatus.ProtocolError;
        var offset = 2;
        if (size == 126)
        {
            offset = 4;
            if (data.Length < offset)
                return FrameStatus.Incomplete;
            size = BinaryPrimitives.ReadUInt16BigEndian(data[2..]);
        }
        else if (size == 127)
        {
            offset = 10;
            if (data.Length < offset)
                return FrameStatus.Incomplete;
            size = BinaryPrimitives.ReadUInt64BigEndian(data[2..]);
        }

        if (size > (ulong)payloadBytesMax)
            return FrameStatus.TooLarge;
        frameBytes = offset + KeyBytes + (int)size;
        if (data.Length < frameBytes)
            return FrameStatus.Incomplete;
        payload = data[(offset + KeyBytes)..frameBytes];
        Unmask(payload, MemoryMarshal.Read<uint>(data[offset..]));
        return FrameStatus.Frame;
    }

    /// <summary>Bytes of the header in front of a server's frame with this payload.</summary>
    public static int HeaderBytes(int payloadBytes) => payloadBytes <= 125 ? 2 : payloadBytes <= ushort.MaxValue ? 4 : 10;

    /// <summary>Writes the header of an unmasked final frame; <see cref="HeaderBytes"/> long.</summary>
    public static void WriteHeader(Span<byte> destination, byte opcode, int payloadBytes)
    {
        destination[0] = (byte)(0x80 | opcode);
        switch (HeaderBytes(payloadBytes))
        {
            case 2:
                destination[1] = (byte)payloadBytes;
                break;
            case 4:
                destination[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadBytes);
                break;
            default:
                destination[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(destination[2..], (ulong)payloadBytes);
                break;
        }
    }

    private static void Unmask(Span<byte> payload, uint key)
    {
        var wide = key | ((ulong)key << 32);
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        for (var i = 0; i < words.Length; i++)
            words[i] ^= wide;
        for (var i = words.Length * sizeof(ulong); i < payload.Length; i++)
            payload[i] ^= (byte)(key >> (8 * (i & 3)));
    }
}
