using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <summary>Reads the chunks of a packet. A length that does not fit ends the reading with <see cref="IsMalformed"/>.</summary>
internal ref struct ChunkReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public bool IsMalformed { get; private set; }

    public byte Type { get; private set; }

    public byte Flags { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The chunk with its header, without padding.</summary>
    public ReadOnlySpan<byte> Whole { get; private set; }

    public readonly bool AtEnd => rest.IsEmpty;

    public bool Next()
    {
        if (rest.IsEmpty) return false;
        int length = rest.Length < 4 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        if (length < 4 || length > rest.Length)
        {
            IsMalformed = true;
            return false;
        }
        Type = rest[0];
        Flags = rest[1];
        Whole = rest[..length];
        Value = rest[4..length];
        rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        return true;
    }
}

/// <summary>Reads parameters and error causes: type 2, length 2, value, padding.</summary>
internal ref struct ParameterReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public bool IsMalformed { get; private set; }

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        if (rest.IsEmpty) return false;
        int length = rest.Length < 4 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        if (length < 4 || length > rest.Length)
        {
            IsMalformed = true;
            return false;
        }
        Type = BinaryPrimitives.ReadUInt16BigEndian(rest);
        Value = rest[4..length];
        rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        return true;
    }
}
