using System.Buffers.Binary;
using System.Security.Cryptography;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Stun;

/// <summary>A STUN message read in place (RFC 8489 section 5). Nothing is copied; it lives as long as the datagram.</summary>
/// <remarks>
/// <code>
/// 0                   1                   2                   3
/// |0 0|   message type (14)       |   length of attributes        |
/// |                    magic cookie 0x2112A442                    |
/// |                    transaction id (96 bits)                   |
/// then attributes: type (16), length (16), value padded to 4 bytes
/// </code>
/// Attributes after MESSAGE-INTEGRITY are ignored, but for MESSAGE-INTEGRITY-SHA256 and FINGERPRINT (section 14.5).
/// </remarks>
internal readonly ref struct StunMessage
{
    public const uint MagicCookie = 0x2112A442;
    public const int HeaderBytes = 20;

    /// <summary>Real messages have up to twelve.</summary>
    public const int AttributesMax = 32;

    /// <summary>The longest message whose integrity is computed; an ICE check has about 100 bytes, a TURN request about 250.</summary>
    public const int IntegrityBytesMax = 2048;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _end;
    private readonly int _integrity;
    private readonly int _integrity256;

    private StunMessage(ReadOnlySpan<byte> bytes, int end, int integrity, int integrity256, bool hasFingerprint, ushort unknownRequired)
    {
        _bytes = bytes;
        _end = end;
        _integrity = integrity;
        _integrity256 = integrity256;
        HasFingerprint = hasFingerprint;
        UnknownRequired = unknownRequired;
    }

    public StunClass Class => (StunClass)(((_bytes[0] & 1) << 1) | ((_bytes[1] >> 4) & 1));

    public StunMethod Method => (StunMethod)((_bytes[1] & 0xF) | ((_bytes[1] & 0xE0) >> 1) | ((_bytes[0] & 0x3E) << 6));

    public TransactionId TransactionId => TransactionId.Read(_bytes[8..]);

    public int Length => _bytes.Length;

    public bool HasFingerprint { get; }

    public bool HasIntegrity => _integrity != 0;

    public bool HasIntegritySha256 => _integrity256 != 0;

    /// <summary>The first attribute that a receiver must understand and this one does not; 0 when there is none.</summary>
    public ushort UnknownRequired { get; }

    /// <summary>Whether a datagram can be STUN at all (RFC 7983: first byte 0 to 3).</summary>
    public static bool LooksLikeStun(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= HeaderBytes && datagram[0] < 4 && BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) == MagicCookie;

    public static StunParseResult TryParse(ReadOnlySpan<byte> bytes, out StunMessage message)
    {
        message = default;
        if (bytes.Length < HeaderBytes)
            return StunParseResult.TooShort;
        if (!LooksLikeStun(bytes))
            return StunParseResult.NotStun;
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if ((length & 3) != 0 || length != bytes.Length - HeaderBytes)
            return StunParseResult.BadLength;

        int end = bytes.Length, integrity = 0, integrity256 = 0, count = 0;
        var fingerprint = false;
        ushort unknown = 0;
        for (var at = HeaderBytes; at < bytes.Length;)
        {
            if (fingerprint)
                return StunParseResult.BadFingerprint;
            if (++count > AttributesMax)
                return StunParseResult.TooManyAttributes;
            if (bytes.Length - at < 4)
                return StunParseResult.BadAttribute;
            var type = (StunAttribute)BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
            var size = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
            var next = at + 4 + ((size + 3) & ~3);
            if (next > bytes.Length)
                return StunParseResult.BadAttribute;
            switch (type)
            {
                case StunAttribute.MessageIntegrity when integrity == 0 && integrity256 == 0:
                    if (size != 20)
                        return StunParseResult.BadIntegrity;
                    integrity = at;
                    end = Math.Min(end, at);
                    break;
                case StunAttribute.MessageIntegritySha256 when integrity256 == 0:
                    if (size is < 16 or > 32 || (size & 3) != 0)
                        return StunParseResult.BadIntegrity;
                    integrity256 = at;
                    end = Math.Min(end, at);
                    break;
                case StunAttribute.Fingerprint:
                    if (size != 4 || BinaryPrimitives.ReadUInt32BigEndian(bytes[(at + 4)..]) != StunCrc.Fingerprint(bytes[..at]))
                        return StunParseResult.BadFingerprint;
                    fingerprint = true;
                    end = Math.Min(end, at);
                    break;
                default:
                    if (unknown == 0 && end == bytes.Length && (ushort)type < 0x8000 && !IsKnown(type))
                        unknown = (ushort)type;
                    break;
            }

            at = next;
        }

        message = new StunMessage(bytes, end, integrity, integrity256, fingerprint, unknown);
        return StunParseResult.Ok;
    }

    /// <summary>The first attribute of a type among those that integrity protects.</summary>
    public bool TryGet(StunAttribute type, out ReadOnlySpan<byte> value)
    {
        for (var at = HeaderBytes; at < _end;)
        {
            var size = BinaryPrimitives.ReadUInt16BigEndian(_bytes[(at + 2)..]);
            if ((StunAttribute)BinaryPrimitives.ReadUInt16BigEndian(_bytes[at..]) == type)
            {
                value = _bytes.Slice(at + 4, size);
                return true;
            }

            at += 4 + ((size + 3) & ~3);
        }

        value = default;
        return false;
    }

    public bool Has(StunAttribute type) => TryGet(type, out _);

    public bool TryGetUInt32(StunAttribute type, out uint value)
    {
        value = 0;
        if (!TryGet(type, out var bytes) || bytes.Length != 4)
            return false;
        value = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return true;
    }

    public bool TryGetUInt64(StunAttribute type, out ulong value)
    {
        value = 0;
        if (!TryGet(type, out var bytes) || bytes.Length != 8)
            return false;
        value = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return true;
    }

    /// <summary>The address of XOR-MAPPED-ADDRESS and its kind (section 14.2), or of MAPPED-ADDRESS and ALTERNATE-SERVER, which are not XORed.</summary>
    public bool TryGetAddress(StunAttribute type, out TransportAddress address)
    {
        address = default;
        if (!TryGet(type, out var bytes) || bytes.Length < 8)
            return false;
        var size = bytes[1] switch { 1 => 4, 2 => 16, _ => 0 };
        if (size == 0 || bytes.Length != 4 + size)
            return false;
        Span<byte> plain = stackalloc byte[16];
        bytes.Slice(4, size).CopyTo(plain);
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (type is StunAttribute.XorMappedAddress or StunAttribute.XorPeerAddress or StunAttribute.XorRelayedAddress)
        {
            port ^= (ushort)(MagicCookie >> 16);
            for (var i = 0; i < size; i++)
                plain[i] ^= _bytes[4 + i];
        }

        address = TransportAddress.FromBytes(plain[..size], port);
        return true;
    }

    /// <summary>The number of an error response: 300 to 699; 0 when there is none.</summary>
    public int ErrorCode => TryGet(StunAttribute.ErrorCode, out var bytes) && bytes.Length >= 4 && (bytes[2] & 7) is >= 3 and <= 6 && bytes[3] < 100
        ? ((bytes[2] & 7) * 100) + bytes[3] : 0;

    /// <summary>Checks MESSAGE-INTEGRITY (HMAC-SHA1) in constant time. False where it is missing.</summary>
    public bool CheckIntegrity(ReadOnlySpan<byte> key)
    {
        Span<byte> mac = stackalloc byte[20];
        return _integrity != 0 && Mac(_integrity, 20, key, mac, false) && CryptographicOperations.FixedTimeEquals(mac, _bytes.Slice(_integrity + 4, 20));
    }

    /// <summary>Checks MESSAGE-INTEGRITY-SHA256, which may be truncated to 16 bytes or more, in constant time. False where it is missing.</summary>
    public bool CheckIntegritySha256(ReadOnlySpan<byte> key)
    {
        if (_integrity256 == 0)
            return false;
        Span<byte> mac = stackalloc byte[32];
        int size = BinaryPrimitives.ReadUInt16BigEndian(_bytes[(_integrity256 + 2)..]);
        return Mac(_integrity256, size, key, mac, true) && CryptographicOperations.FixedTimeEquals(mac[..size], _bytes.Slice(_integrity256 + 4, size));
    }

    private bool Mac(int at, int size, ReadOnlySpan<byte> key, Span<byte> mac, bool sha256)
    {
        if (at > IntegrityBytesMax)
            return false;
        Span<byte> copy = stackalloc byte[at];
        _bytes[..at].CopyTo(copy);
        // The length that is authenticated ends with the integrity attribute (section 14.5).
        BinaryPrimitives.WriteUInt16BigEndian(copy[2..], (ushort)(at + 4 + size - HeaderBytes));
        StunIntegrity.Compute(key, copy, mac, sha256);
        return true;
    }

    private static bool IsKnown(StunAttribute type) => type is StunAttribute.MappedAddress or StunAttribute.Username or StunAttribute.MessageIntegrity
        or StunAttribute.ErrorCode or StunAttribute.UnknownAttributes or StunAttribute.ChannelNumber or StunAttribute.Lifetime or StunAttribute.XorPeerAddress
        or StunAttribute.Data or StunAttribute.Realm or StunAttribute.Nonce or StunAttribute.XorRelayedAddress or StunAttribute.RequestedAddressFamily
        or StunAttribute.EvenPort or StunAttribute.RequestedTransport or StunAttribute.DontFragment or StunAttribute.MessageIntegritySha256
        or StunAttribute.PasswordAlgorithm or StunAttribute.UserHash or StunAttribute.XorMappedAddress or StunAttribute.ReservationToken
        or StunAttribute.Priority or StunAttribute.UseCandidate;
}
