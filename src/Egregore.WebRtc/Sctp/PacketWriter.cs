using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <summary>
/// Writes one packet.
/// <code>
/// source port 2, destination port 2, verification tag 4, checksum 4 (CRC32c, least byte first)
/// chunks: type 1, flags 1, length 2 (with this header, without padding), value, zeros to a multiple of 4
/// </code>
/// </summary>
internal ref struct PacketWriter(Span<byte> buffer)
{
    public const int HeaderBytes = 12;
    public const int ChunkHeaderBytes = 4;

    private readonly Span<byte> buffer = buffer;

    public int Length { get; private set; } = HeaderBytes;

    /// <summary>Bytes left, chunk headers among them; a multiple of 4.</summary>
    public readonly int Room => (buffer.Length - Length) & ~3;

    public readonly bool IsEmpty => Length == HeaderBytes;

    /// <summary>Adds a chunk and returns its value to be filled in.</summary>
    public Span<byte> Chunk(byte type, byte flags, int valueLength)
    {
        Span<byte> chunk = buffer.Slice(Length, ChunkHeaderBytes + ((valueLength + 3) & ~3));
        chunk[0] = type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk[2..], (ushort)(ChunkHeaderBytes + valueLength));
        chunk[(ChunkHeaderBytes + valueLength)..].Clear();
        Length += chunk.Length;
        return chunk.Slice(ChunkHeaderBytes, valueLength);
    }

    public readonly ReadOnlySpan<byte> Finish(ushort sourcePort, ushort destinationPort, uint tag, bool checksum)
    {
        Span<byte> packet = buffer[..Length];
        BinaryPrimitives.WriteUInt16BigEndian(packet, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], tag);
        BinaryPrimitives.WriteUInt32LittleEndian(packet[8..], checksum ? Crc32c.ComputePacket(packet) : 0);
        return packet;
    }
}
