using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Egregore.WebRtc.Sctp;

/// <summary>What a cookie carries, so that an INIT costs its receiver no memory (RFC 9260 section 5.1.3).</summary>
internal struct CookieContent
{
    public long CreatedAt;
    public uint LocalTag;
    public uint PeerTag;
    public uint LocalInitialTsn;
    public uint PeerInitialTsn;
    public uint PeerWindow;
    public uint LocalTieTag;
    public uint PeerTieTag;
    public ushort PeerOutStreams;
    public ushort PeerInStreams;
    public PeerFeatures Features;
}

/// <summary>What a peer announced in INIT or INIT ACK.</summary>
[Flags]
internal enum PeerFeatures : byte
{
    None = 0,
    ForwardTsn = 1,
    ReConfig = 2,
    ZeroChecksum = 4,
}

/// <summary>
/// Writes and checks state cookies: HMAC-SHA-256 (32 bytes) over the content (48 bytes, the last seven zero), with a key drawn for each association.
/// </summary>
internal sealed class StateCookie
{
    public const int Bytes = MacBytes + ContentBytes;
    private const int MacBytes = 32;
    private const int ContentBytes = 48;
    private readonly byte[] key = new byte[32];

    public StateCookie(SctpRandomFill random) => random(key);

    public void Write(in CookieContent content, Span<byte> cookie)
    {
        Span<byte> body = cookie.Slice(MacBytes, ContentBytes);
        BinaryPrimitives.WriteInt64BigEndian(body, content.CreatedAt);
        BinaryPrimitives.WriteUInt32BigEndian(body[8..], content.LocalTag);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], content.PeerTag);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], content.LocalInitialTsn);
        BinaryPrimitives.WriteUInt32BigEndian(body[20..], content.PeerInitialTsn);
        BinaryPrimitives.WriteUInt32BigEndian(body[24..], content.PeerWindow);
        BinaryPrimitives.WriteUInt32BigEndian(body[28..], content.LocalTieTag);
        BinaryPrimitives.WriteUInt32BigEndian(body[32..], content.PeerTieTag);
        BinaryPrimitives.WriteUInt16BigEndian(body[36..], content.PeerOutStreams);
        BinaryPrimitives.WriteUInt16BigEndian(body[38..], content.PeerInStreams);
        body[40] = (byte)content.Features;
        body[41..].Clear();
        HMACSHA256.HashData(key, body, cookie[..MacBytes]);
    }

    public bool TryRead(ReadOnlySpan<byte> cookie, out CookieContent content)
    {
        content = default;
        if (cookie.Length != Bytes) return false;
        Span<byte> mac = stackalloc byte[MacBytes];
        ReadOnlySpan<byte> body = cookie[MacBytes..];
        HMACSHA256.HashData(key, body, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, cookie[..MacBytes])) return false;
        content = new CookieContent
        {
            CreatedAt = BinaryPrimitives.ReadInt64BigEndian(body),
            LocalTag = BinaryPrimitives.ReadUInt32BigEndian(body[8..]),
            PeerTag = BinaryPrimitives.ReadUInt32BigEndian(body[12..]),
            LocalInitialTsn = BinaryPrimitives.ReadUInt32BigEndian(body[16..]),
            PeerInitialTsn = BinaryPrimitives.ReadUInt32BigEndian(body[20..]),
            PeerWindow = BinaryPrimitives.ReadUInt32BigEndian(body[24..]),
            LocalTieTag = BinaryPrimitives.ReadUInt32BigEndian(body[28..]),
            PeerTieTag = BinaryPrimitives.ReadUInt32BigEndian(body[32..]),
            PeerOutStreams = BinaryPrimitives.ReadUInt16BigEndian(body[36..]),
            PeerInStreams = BinaryPrimitives.ReadUInt16BigEndian(body[38..]),
            Features = (PeerFeatures)body[40],
        };
        return true;
    }
}
