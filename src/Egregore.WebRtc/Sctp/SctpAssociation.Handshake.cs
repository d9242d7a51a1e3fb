using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <content>INIT, INIT ACK, COOKIE ECHO, COOKIE ACK (RFC 9260 section 5), crossing INITs and restarts.</content>
internal sealed partial class SctpAssociation
{
    private const int InitFixedBytes = 16;
    private const int CookieBytesMax = 4_096;

    private byte[] cookieToEcho = [];
    private int handshakeAttempts;
    private long handshakeDeadline = Never;

    private readonly record struct InitContent(uint Tag, uint Window, ushort OutStreams, ushort InStreams, uint InitialTsn, PeerFeatures Features);

    /// <summary>
    /// <code>
    /// initiate tag 4, a_rwnd 4, outbound streams 2, inbound streams 2, initial TSN 4, parameters
    /// </code>
    /// </summary>
    private int WriteInit(Span<byte> value, uint tag, uint initialTsn, bool offerZeroChecksum)
    {
        BinaryPrimitives.WriteUInt32BigEndian(value, tag);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], (uint)options.ReceiveBufferBytesMax);
        BinaryPrimitives.WriteUInt16BigEndian(value[8..], (ushort)options.StreamsMax);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], (ushort)options.StreamsMax);
        BinaryPrimitives.WriteUInt32BigEndian(value[12..], initialTsn);
        int at = InitFixedBytes;
        at += WriteParameter(value[at..], ParameterType.ForwardTsnSupported, []);
        at += WriteParameter(value[at..], ParameterType.SupportedExtensions, [ChunkType.ForwardTsn, ChunkType.ReConfig, ChunkType.Pad]);
        if (offerZeroChecksum) at += WriteParameter(value[at..], ParameterType.ZeroChecksumAcceptable, [0, 0, 0, 1]);
        return at;
    }

    private static int WriteParameter(Span<byte> destination, ushort type, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, type);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)(4 + value.Length));
        value.CopyTo(destination[4..]);
        int padded = (value.Length + 3) & ~3;
        destination[(4 + value.Length)..(4 + padded)].Clear();
        return 4 + padded;
    }

    private void SendInit(long now)
    {
        Span<byte> buffer = stackalloc byte[128];
        Span<byte> value = stackalloc byte[64];
        // A peer that drops an INIT with parameters it does not know (pion's older releases) takes the second one.
        int length = WriteInit(value, localTag, localInitialTsn, options.ZeroChecksum && handshakeAttempts == 0);
        var writer = new PacketWriter(buffer);
        value[..length].CopyTo(writer.Chunk(ChunkType.Init, 0, length));
        Emit(ref writer, 0, checksum: true);
        handshakeDeadline = now + (rtt.Rto << Math.Min(handshakeAttempts, 4));
    }

    private void SendCookieEcho(long now)
    {
        Span<byte> buffer = stackalloc byte[PacketWriter.HeaderBytes + PacketWriter.ChunkHeaderBytes + CookieBytesMax];
        var writer = new PacketWriter(buffer);
        cookieToEcho.CopyTo(writer.Chunk(ChunkType.CookieEcho, 0, cookieToEcho.Length));
        Emit(ref writer, peerTag, checksum: true);
        handshakeDeadline = now + (rtt.Rto << Math.Min(handshakeAttempts, 4));
    }

    private void OnHandshakeTimeout(long now)
    {
        handshakeDeadline = Never;
        if (++handshakeAttempts > options.InitRetransmitsMax)
        {
            Close(SctpCloseReason.PeerUnreachable);
            return;
        }
        if (State == SctpState.CookieWait) SendInit(now);
        else if (State == SctpState.CookieEchoed) SendCookieEcho(now);
    }

    private static bool TryReadInit(ReadOnlySpan<byte> value, out InitContent init, out ReadOnlySpan<byte> cookie)
    {
        init = default;
        cookie = default;
        if (value.Length < InitFixedBytes) return false;
        PeerFeatures features = PeerFeatures.None;
        var parameters = new ParameterReader(value[InitFixedBytes..]);
        while (parameters.Next())
        {
            switch (parameters.Type)
            {
                case ParameterType.StateCookie:
                    cookie = parameters.Value;
                    break;
                case ParameterType.ForwardTsnSupported:
                    features |= PeerFeatures.ForwardTsn;
                    break;
                case ParameterType.SupportedExtensions:
                    if (parameters.Value.Contains(ChunkType.ForwardTsn)) features |= PeerFeatures.ForwardTsn;
                    if (parameters.Value.Contains(ChunkType.ReConfig)) features |= PeerFeatures.ReConfig;
                    break;
                case ParameterType.ZeroChecksumAcceptable when parameters.Value is [0, 0, 0, 1]:
                    features |= PeerFeatures.ZeroChecksum;
                    break;
                default:
                    break;
            }
            // An unknown parameter without the bit to go on ends the reading; what was read so far counts (RFC 9260 section 3.2.1).
            if ((parameters.Type & ParameterType.SkipBit) == 0 && parameters.Type > 12) break;
        }
        init = new InitContent(
            BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..]), BinaryPrimitives.ReadUInt16BigEndian(value[8..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[10..]), BinaryPrimitives.ReadUInt32BigEndian(value[12..]), features);
        return !parameters.IsMalformed && init.Tag != 0 && init.OutStreams != 0 && init.InStreams != 0;
    }

    private void OnInit(ReadOnlySpan<byte> value, long now)
    {
        if (CloseReason != SctpCloseReason.None || State == SctpState.ShutdownAckSent) return;
        if (!TryReadInit(value, out InitContent init, out _))
        {
            Statistics.ChunksInvalid++;
            return;
        }
        var content = new CookieContent
        {
            CreatedAt = now, PeerTag = init.Tag, PeerInitialTsn = init.InitialTsn, PeerWindow = init.Window, PeerOutStreams = init.OutStreams,
            PeerInStreams = init.InStreams, Features = init.Features,
        };
        if (State is SctpState.CookieWait or SctpState.CookieEchoed)
        {
            // Both sides sent INIT (section 5.2.1): answer with the values of our own, so that both handshakes lead to one association.
            content.LocalTag = localTag;
            content.LocalInitialTsn = localInitialTsn;
        }
        else
        {
            DrawTags(out content.LocalTag, out content.LocalInitialTsn);
        }
        if (State is not (SctpState.Closed or SctpState.CookieWait))
        {
            content.LocalTieTag = localTag;
            content.PeerTieTag = peerTag;
        }
        Span<byte> initValue = stackalloc byte[64 + 4 + StateCookie.Bytes + 4];
        Span<byte> cookie = stackalloc byte[StateCookie.Bytes];
        cookies.Write(content, cookie);
        int length = WriteInit(initValue, content.LocalTag, content.LocalInitialTsn, options.ZeroChecksum && content.Features.HasFlag(PeerFeatures.ZeroChecksum));
        length += WriteParameter(initValue[length..], ParameterType.StateCookie, cookie);
        Span<byte> buffer = stackalloc byte[256];
        var writer = new PacketWriter(buffer);
        initValue[..length].CopyTo(writer.Chunk(ChunkType.InitAck, 0, length));
        Emit(ref writer, init.Tag, checksum: true);
    }

    private void OnInitAck(ReadOnlySpan<byte> value, long now)
    {
        if (State != SctpState.CookieWait) return;
        if (!TryReadInit(value, out InitContent init, out ReadOnlySpan<byte> cookie) || cookie.IsEmpty || cookie.Length > CookieBytesMax)
        {
            Statistics.ChunksInvalid++;
            return;
        }
        Adopt(new CookieContent
        {
            LocalTag = localTag, LocalInitialTsn = localInitialTsn, PeerTag = init.Tag, PeerInitialTsn = init.InitialTsn, PeerWindow = init.Window,
            PeerOutStreams = init.OutStreams, PeerInStreams = init.InStreams, Features = init.Features,
        });
        cookieToEcho = cookie.ToArray();
        State = SctpState.CookieEchoed;
        handshakeAttempts = 0;
        SendCookieEcho(now);
    }

    /// <summary>RFC 9260 section 5.1.5 and, when an association is there already, table 12 of section 5.2.4.</summary>
    private void OnCookieEcho(ReadOnlySpan<byte> cookie, uint packetTag, long now)
    {
        if (CloseReason != SctpCloseReason.None) return;
        if (!cookies.TryRead(cookie, out CookieContent content) || content.LocalTag != packetTag)
        {
            Statistics.CookiesRefused++;
            return;
        }
        bool isKnown = State != SctpState.Closed && content.LocalTag == localTag && content.PeerTag == peerTag;
        if (now - content.CreatedAt > options.CookieLifetimeMs * 1_000L && !isKnown)
        {
            Statistics.CookiesRefused++;
            Span<byte> staleness = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(staleness, (uint)Math.Min(uint.MaxValue, now - content.CreatedAt));
            SendError(ErrorCause.StaleCookie, staleness, content.PeerTag);
            return;
        }
        if (State == SctpState.Closed)
        {
            Adopt(content);
            Establish(now);
            return;
        }
        if (content.LocalTag == localTag)
        {
            // B (crossing INITs: the peer's tag is new) or D (the same association once more).
            if (content.PeerTag != peerTag)
            {
                if (State is not (SctpState.CookieWait or SctpState.CookieEchoed)) return;
                Adopt(content);
            }
            if (State is SctpState.CookieWait or SctpState.CookieEchoed) Establish(now);
            else SendCookieAck();
            return;
        }
        // A: the peer restarted, or C: a cookie of an earlier attempt, which is ignored.
        if (content.PeerTag == peerTag || content.LocalTieTag != localTag || content.PeerTieTag != peerTag || localTag == 0) return;
        if (State == SctpState.ShutdownAckSent)
        {
            SendControl(ChunkType.ShutdownAck, 0, []);
            return;
        }
        outbound.Clear();
        ResetReconfiguration();
        Adopt(content);
        sink.OnRestarted();
        Establish(now);
    }

    private void OnCookieAck(long now)
    {
        if (State == SctpState.CookieEchoed) Establish(now, sendAck: false);
    }

    private void OnStaleCookie(long now)
    {
        if (State != SctpState.CookieEchoed) return;
        State = SctpState.CookieWait;
        cookieToEcho = [];
        if (++handshakeAttempts > options.InitRetransmitsMax) Close(SctpCloseReason.PeerUnreachable);
        else SendInit(now);
    }

    private void Adopt(in CookieContent content)
    {
        localTag = content.LocalTag;
        peerTag = content.PeerTag;
        localInitialTsn = content.LocalInitialTsn;
        peerInitialTsn = content.PeerInitialTsn;
        StreamCount = Math.Min(options.StreamsMax, Math.Min(content.PeerInStreams, content.PeerOutStreams));
        inbound.StreamCount = Math.Min(options.StreamsMax, (int)content.PeerOutStreams);
        inbound.Start(peerInitialTsn);
        outbound.Start(localInitialTsn);
        outbound.PeerWindow = content.PeerWindow;
        outbound.ForwardsTsn = content.Features.HasFlag(PeerFeatures.ForwardTsn);
        peerReconfigures = content.Features.HasFlag(PeerFeatures.ReConfig);
        sendsZeroChecksum = options.ZeroChecksum && content.Features.HasFlag(PeerFeatures.ZeroChecksum);
        nextRequest = localInitialTsn;
        expectedRequest = peerInitialTsn;
        advertisedWindow = options.ReceiveBufferBytesMax;
    }

    private void Establish(long now, bool sendAck = true)
    {
        handshakeDeadline = Never;
        cookieToEcho = [];
        errorCount = 0;
        if (sendAck) SendCookieAck();
        RestartHeartbeat(now);
        BeginSizeSearch(now);
        ChangeState(SctpState.Established);
    }

    private void SendCookieAck() => SendControl(ChunkType.CookieAck, 0, []);
}
