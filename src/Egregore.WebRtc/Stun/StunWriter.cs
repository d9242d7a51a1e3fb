using System.Buffers.Binary;
using System.Text;
using Egregore.WebRtc.Ice;

namespace Egregore.WebRtc.Stun;

/// <summary>Writes one STUN message into a caller's buffer. Add integrity, then FINGERPRINT, last. What does not fit makes <see cref="Length"/> 0.</summary>
internal ref struct StunWriter
{
    private readonly Span<byte> _to;
    private int _at;
    private bool _full;

    public StunWriter(Span<byte> to, StunClass @class, StunMethod method, in TransactionId transactionId)
    {
        _to = to;
        _at = StunMessage.HeaderBytes;
        _full = to.Length < StunMessage.HeaderBytes;
        if (_full)
            return;
        var m = (int)method;
        var c = (int)@class;
        // The class's two bits stand between the method's twelve (RFC 8489 figure 3).
        to[0] = (byte)(((m >> 6) & 0x3E) | (c >> 1));
        to[1] = (byte)((m & 0xF) | ((m << 1) & 0xE0) | ((c & 1) << 4));
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], StunMessage.MagicCookie);
        transactionId.Write(to[8..]);
        SetLength(_at);
    }

    /// <summary>Bytes of the message so far; 0 when something did not fit.</summary>
    public readonly int Length => _full ? 0 : _at;

    public void Add(StunAttribute type, scoped ReadOnlySpan<byte> value)
    {
        var span = Reserve(type, value.Length);
        if (!_full)
            value.CopyTo(span);
    }

    public void AddText(StunAttribute type, string value)
    {
        var span = Reserve(type, Encoding.UTF8.GetByteCount(value));
        if (!_full)
            Encoding.UTF8.GetBytes(value, span);
    }

    public void AddUInt32(StunAttribute type, uint value)
    {
        var span = Reserve(type, 4);
        if (!_full)
            BinaryPrimitives.WriteUInt32BigEndian(span, value);
    }

    public void AddUInt64(StunAttribute type, ulong value)
    {
        var span = Reserve(type, 8);
        if (!_full)
            BinaryPrimitives.WriteUInt64BigEndian(span, value);
    }

    /// <summary>USERNAME of a check: two parts with a colon between (RFC 8445 section 7.2.2).</summary>
    public void AddUsername(scoped ReadOnlySpan<byte> first, scoped ReadOnlySpan<byte> second)
    {
        var span = Reserve(StunAttribute.Username, first.Length + 1 + second.Length);
        if (_full)
            return;
        first.CopyTo(span);
        span[first.Length] = (byte)':';
        second.CopyTo(span[(first.Length + 1)..]);
    }

    public void AddXorAddress(StunAttribute type, in TransportAddress address)
    {
        var size = address.IsIPv6 ? 16 : 4;
        var span = Reserve(type, 4 + size);
        if (_full)
            return;
        span[0] = 0;
        span[1] = (byte)(address.IsIPv6 ? 2 : 1);
        BinaryPrimitives.WriteUInt16BigEndian(span[2..], (ushort)(address.Port ^ (StunMessage.MagicCookie >> 16)));
        address.WriteAddress(span[4..]);
        for (var i = 0; i < size; i++)
            span[4 + i] ^= _to[4 + i];
    }

    public void AddError(int code, string reason)
    {
        var span = Reserve(StunAttribute.ErrorCode, 4 + Encoding.UTF8.GetByteCount(reason));
        if (_full)
            return;
        span[0] = span[1] = 0;
        span[2] = (byte)(code / 100);
        span[3] = (byte)(code % 100);
        Encoding.UTF8.GetBytes(reason, span[4..]);
    }

    public void AddIntegrity(ReadOnlySpan<byte> key) => AddIntegrity(key, StunAttribute.MessageIntegrity, 20, false);

    public void AddIntegritySha256(ReadOnlySpan<byte> key) => AddIntegrity(key, StunAttribute.MessageIntegritySha256, 32, true);

    public void AddFingerprint()
    {
        var start = _at;
        var span = Reserve(StunAttribute.Fingerprint, 4);
        if (!_full)
            BinaryPrimitives.WriteUInt32BigEndian(span, StunCrc.Fingerprint(_to[..start]));
    }

    private void AddIntegrity(ReadOnlySpan<byte> key, StunAttribute type, int size, bool sha256)
    {
        var start = _at;
        var span = Reserve(type, size);
        if (!_full)
            StunIntegrity.Compute(key, _to[..start], span, sha256);
    }

    private Span<byte> Reserve(StunAttribute type, int size)
    {
        var padded = (size + 3) & ~3;
        if (_full || _at + 4 + padded > _to.Length || size > ushort.MaxValue)
        {
            _full = true;
            return Span<byte>.Empty;
        }

        BinaryPrimitives.WriteUInt16BigEndian(_to[_at..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(_to[(_at + 2)..], (ushort)size);
        var span = _to.Slice(_at + 4, padded);
        span[size..].Clear();
        _at += 4 + padded;
        SetLength(_at);
        return span[..size];
    }

    private readonly void SetLength(int end) => BinaryPrimitives.WriteUInt16BigEndian(_to[2..], (ushort)(end - StunMessage.HeaderBytes));
}
