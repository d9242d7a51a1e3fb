namespace Egregore.WebRtc.Stun;

/// <summary>RFC 8489 section 5.</summary>
internal enum StunClass
{
    Request = 0,
    Indication = 1,
    Success = 2,
    Error = 3,
}

/// <summary>RFC 8489 section 18.2, RFC 8656 section 17.</summary>
internal enum StunMethod
{
    Binding = 1,
    Allocate = 3,
    Refresh = 4,
    Send = 6,
    Data = 7,
    CreatePermission = 8,
    ChannelBind = 9,
}

/// <summary>RFC 8489 section 18.3, RFC 8656 section 18, RFC 8445 section 16.1. Below 0x8000 a receiver must understand it.</summary>
internal enum StunAttribute : ushort
{
    MappedAddress = 0x0001,
    Username = 0x0006,
    MessageIntegrity = 0x0008,
    ErrorCode = 0x0009,
    UnknownAttributes = 0x000A,
    ChannelNumber = 0x000C,
    Lifetime = 0x000D,
    XorPeerAddress = 0x0012,
    Data = 0x0013,
    Realm = 0x0014,
    Nonce = 0x0015,
    XorRelayedAddress = 0x0016,
    RequestedAddressFamily = 0x0017,
    EvenPort = 0x0018,
    RequestedTransport = 0x0019,
    DontFragment = 0x001A,
    MessageIntegritySha256 = 0x001C,
    PasswordAlgorithm = 0x001D,
    UserHash = 0x001E,
    XorMappedAddress = 0x0020,
    ReservationToken = 0x0022,
    Priority = 0x0024,
    UseCandidate = 0x0025,
    PasswordAlgorithms = 0x8002,
    AlternateDomain = 0x8003,
    Software = 0x8022,
    AlternateServer = 0x8023,
    Fingerprint = 0x8028,
    IceControlled = 0x8029,
    IceControlling = 0x802A,
}

/// <summary>Why bytes are not a STUN message.</summary>
internal enum StunParseResult
{
    Ok,

    /// <summary>Fewer than the 20 bytes of the header.</summary>
    TooShort,

    /// <summary>The two top bits are not zero, or the magic cookie is another.</summary>
    NotStun,

    /// <summary>The length field is not a multiple of four, or not the datagram's.</summary>
    BadLength,

    /// <summary>An attribute runs over the end.</summary>
    BadAttribute,

    /// <summary>More attributes than <see cref="StunMessage.AttributesMax"/>.</summary>
    TooManyAttributes,

    /// <summary>FINGERPRINT is there, and is wrong or not the last.</summary>
    BadFingerprint,

    /// <summary>MESSAGE-INTEGRITY has a length that its definition does not allow.</summary>
    BadIntegrity,
}

/// <summary>The 96 bits that tie a response to its request; random, so that nobody off the path can forge one.</summary>
internal readonly record struct TransactionId(ulong High, uint Low)
{
    public const int SizeBytes = 12;

    public static TransactionId Read(ReadOnlySpan<byte> bytes) =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes), System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]));

    public void Write(Span<byte> to)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(to, High);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(to[8..], Low);
    }
}
