namespace Egregore.WebRtc.Sctp;

/// <summary>The bounds and timings of an association. Each has a unit in its name and a default.</summary>
internal sealed record SctpOptions
{
    /// <summary>Local port, 5,000 as in every offer of data channels.</summary>
    public ushort LocalPort { get; init; } = 5_000;

    /// <summary>The peer's port (<c>a=sctp-port</c>).</summary>
    public ushort RemotePort { get; init; } = 5_000;

    /// <summary>
    /// Bytes of an SCTP packet, 512 to 16,384. The default leaves room for DTLS (37), UDP (8) and IPv6 (40) within 1,280 bytes, which every IPv6 path carries.
    /// </summary>
    public int PacketBytes { get; init; } = 1_188;

    /// <summary>Bytes of an SCTP packet up to which larger ones are probed for (RFC 8899); <see cref="PacketBytes"/> or less: no probing.</summary>
    public int PacketProbeBytesMax { get; init; }

    /// <summary>Bytes of messages queued and not yet acknowledged, over all streams. A message that does not fit is refused.</summary>
    public int SendBufferBytesMax { get; init; } = 16 << 20;

    /// <summary>Bytes received and not yet taken: out of order, in reassembly, or held by the host. At least two of the largest messages.</summary>
    public int ReceiveBufferBytesMax { get; init; } = 4 << 20;

    /// <summary>Bytes of one received message; a longer one aborts the association.</summary>
    public int MessageReceiveBytesMax { get; init; } = 262_144;

    /// <summary>Messages queued and not yet sent, over all streams.</summary>
    public int QueuedMessagesMax { get; init; } = 262_144;

    /// <summary>Streams in each direction, 1 to 65,535; the smaller of both sides' counts.</summary>
    public int StreamsMax { get; init; } = 1_024;

    /// <summary>Chunks in flight, at least 64.</summary>
    public int InFlightChunksMax { get; init; } = 16_384;

    /// <summary>How far beyond the first missing chunk others are taken, in chunks, at most 65,535 (a SACK cannot name more).</summary>
    public int OutOfOrderChunksMax { get; init; } = 32_768;

    /// <summary>Gaps among the received chunks; a chunk that would open another is dropped.</summary>
    public int GapsMax { get; init; } = 1_024;

    /// <summary>Milliseconds that a state cookie is good for.</summary>
    public int CookieLifetimeMs { get; init; } = 60_000;

    /// <summary>Milliseconds before the first retransmission while no round trip was measured.</summary>
    public int RtoInitialMs { get; init; } = 1_000;

    /// <summary>Least retransmission timeout in milliseconds. Above the 200 ms by which peers may delay a SACK.</summary>
    public int RtoMinMs { get; init; } = 400;

    /// <summary>Greatest retransmission timeout in milliseconds.</summary>
    public int RtoMaxMs { get; init; } = 10_000;

    /// <summary>Milliseconds by which a SACK is delayed when only one packet waits for it (RFC 9260 allows 500).</summary>
    public int DelayedAckMs { get; init; } = 50;

    /// <summary>Timeouts in a row after which the peer counts as gone.</summary>
    public int RetransmitsMax { get; init; } = 10;

    /// <summary>Times that INIT or COOKIE ECHO is sent again.</summary>
    public int InitRetransmitsMax { get; init; } = 8;

    /// <summary>Milliseconds of silence after which a HEARTBEAT asks for life; 0: never.</summary>
    public int HeartbeatMs { get; init; } = 30_000;

    /// <summary>Offer zero checksums (RFC 9653): DTLS already protects every byte. Used only if the peer offers them too.</summary>
    public bool ZeroChecksum { get; init; } = true;

    /// <summary>The defaults.</summary>
    public static SctpOptions Default { get; } = new();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(PacketBytes, 512);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Math.Max(PacketBytes, PacketProbeBytesMax), 16_384);
        ArgumentOutOfRangeException.ThrowIfLessThan(StreamsMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(StreamsMax, 65_535);
        ArgumentOutOfRangeException.ThrowIfLessThan(SendBufferBytesMax, 1 << 16);
        ArgumentOutOfRangeException.ThrowIfLessThan(MessageReceiveBytesMax, 1_024);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReceiveBufferBytesMax / 2, MessageReceiveBytesMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(InFlightChunksMax, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(OutOfOrderChunksMax, 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(OutOfOrderChunksMax, 65_535);
        ArgumentOutOfRangeException.ThrowIfLessThan(GapsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueuedMessagesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CookieLifetimeMs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(RtoMinMs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(RtoInitialMs, RtoMinMs);
        ArgumentOutOfRangeException.ThrowIfLessThan(RtoMaxMs, RtoInitialMs);
        ArgumentOutOfRangeException.ThrowIfLessThan(DelayedAckMs, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(DelayedAckMs, 500);
        ArgumentOutOfRangeException.ThrowIfNegative(RetransmitsMax);
        ArgumentOutOfRangeException.ThrowIfNegative(InitRetransmitsMax);
        ArgumentOutOfRangeException.ThrowIfNegative(HeartbeatMs);
    }
}
