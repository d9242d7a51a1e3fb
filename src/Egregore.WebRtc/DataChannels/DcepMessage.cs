using System.Buffers.Binary;
using System.Text;

namespace Egregore.WebRtc.DataChannels;

/// <summary>
/// The messages of the data channel establishment protocol (RFC 8832 section 5).
/// <code>
/// OPEN: 3, channel type 1, priority 2, reliability parameter 4, label length 2, protocol length 2, label, protocol (UTF-8)
/// ACK:  2
/// </code>
/// </summary>
internal static class DcepMessage
{
    public const byte Ack = 2;
    public const byte Open = 3;
    public const int OpenFixedBytes = 12;
    private const byte TypeReliable = 0;
    private const byte TypeRetransmits = 1;
    private const byte TypeLifetime = 2;
    private const byte TypeUnordered = 0x80;

    public static int OpenBytes(DataChannelInit init) => OpenFixedBytes + Encoding.UTF8.GetByteCount(init.Label) + Encoding.UTF8.GetByteCount(init.Protocol);

    public static void WriteOpen(Span<byte> destination, DataChannelInit init)
    {
        byte type = init.MaxRetransmits is not null ? TypeRetransmits : init.MaxPacketLifeTimeMs is not null ? TypeLifetime : TypeReliable;
        destination[0] = Open;
        destination[1] = (byte)(init.Ordered ? type : type | TypeUnordered);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)init.Priority);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], init.MaxRetransmits ?? (uint)(init.MaxPacketLifeTimeMs ?? 0));
        int label = Encoding.UTF8.GetBytes(init.Label, destination[OpenFixedBytes..]);
        int protocol = Encoding.UTF8.GetBytes(init.Protocol, destination[(OpenFixedBytes + label)..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], (ushort)label);
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], (ushort)protocol);
    }

    /// <returns>False if the message is not a well-formed OPEN within the bound.</returns>
    public static bool TryReadOpen(ReadOnlySpan<byte> message, int textBytesMax, out DataChannelInit? init)
    {
        init = null;
        if (message.Length < OpenFixedBytes || message[0] != Open) return false;
        int type = message[1] & ~TypeUnordered;
        if (type > TypeLifetime) return false;
        uint parameter = BinaryPrimitives.ReadUInt32BigEndian(message[4..]);
        int label = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        int protocol = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (message.Length != OpenFixedBytes + label + protocol || label > textBytesMax || protocol > textBytesMax) return false;
        init = new DataChannelInit
        {
            Label = Encoding.UTF8.GetString(message.Slice(OpenFixedBytes, label)),
            Protocol = Encoding.UTF8.GetString(message.Slice(OpenFixedBytes + label, protocol)),
            Ordered = (message[1] & TypeUnordered) == 0,
            MaxRetransmits = type == TypeRetransmits ? (ushort)Math.Min(parameter, ushort.MaxValue - 1) : null,
            MaxPacketLifeTimeMs = type == TypeLifetime ? (int)Math.Min(parameter, int.MaxValue) : null,
            Priority = (DataChannelPriority)BinaryPrimitives.ReadUInt16BigEndian(message[2..]),
        };
        return true;
    }
}
