namespace Egregore.WebRtc.DataChannels;

/// <summary>A channel's share of the bandwidth (RFC 8831 section 6.4). Any value from 1 to 65,535 is a weight; these are the four with names.</summary>
internal enum DataChannelPriority
{
    /// <summary>Half of normal.</summary>
    BelowNormal = 128,
    /// <summary>The default.</summary>
    Normal = 256,
    /// <summary>Twice normal.</summary>
    High = 512,
    /// <summary>Four times normal.</summary>
    ExtraHigh = 1024,
}

/// <summary>How a channel is to be: W3C's RTCDataChannelInit and the label.</summary>
internal sealed record DataChannelInit
{
    /// <summary>A name, at most 65,535 bytes of UTF-8 (and the transport's own bound).</summary>
    public string Label { get; init; } = "";

    /// <summary>Subprotocol, at most 65,535 bytes of UTF-8 (and the transport's own bound).</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Messages arrive in the order in which they were sent.</summary>
    public bool Ordered { get; init; } = true;

    /// <summary>Retransmissions after which a message is given up, 0 to 65,534; null: none is given up for it. Not with <see cref="MaxPacketLifeTimeMs"/>.</summary>
    public ushort? MaxRetransmits { get; init; }

    /// <summary>Milliseconds after which a message is given up; null: never. Not with <see cref="MaxRetransmits"/>.</summary>
    public int? MaxPacketLifeTimeMs { get; init; }

    /// <summary>Both sides create the channel with the same <see cref="Id"/>; nothing is announced.</summary>
    public bool Negotiated { get; init; }

    /// <summary>The stream, 0 to 65,534; null: the next free one of this side's parity (even for the DTLS client, odd for the server).</summary>
    public ushort? Id { get; init; }

    /// <summary>Share of the bandwidth.</summary>
    public DataChannelPriority Priority { get; init; } = DataChannelPriority.Normal;
}

/// <summary>W3C's RTCDataChannelState.</summary>
internal enum DataChannelState
{
    /// <summary>Waits for the association, or for a free stream.</summary>
    Connecting,
    /// <summary>Messages may be sent.</summary>
    Open,
    /// <summary>What is queued is still sent; then the stream is reset.</summary>
    Closing,
    /// <summary>Over; its stream may be used again.</summary>
    Closed,
}

/// <summary>What became of a message that a channel was to send.</summary>
internal enum DataChannelSendResult
{
    /// <summary>It is queued.</summary>
    Queued,
    /// <summary>The send buffer is full; try again after <see cref="IDataChannelSink.OnBufferedAmountLow"/>.</summary>
    BufferFull,
    /// <summary>It is longer than the peer takes.</summary>
    TooLarge,
    /// <summary>The channel is not open.</summary>
    NotOpen,
}

/// <summary>The bounds of a peer's channels.</summary>
internal sealed record DataChannelOptions
{
    /// <summary>Bytes of a label, and of a protocol, that a peer may send; a longer one resets the stream.</summary>
    public int TextBytesMax { get; init; } = 1_024;

    /// <summary>Channels at a time, both sides' together; one more is reset at once.</summary>
    public int ChannelsMax { get; init; } = 1_024;

    /// <summary>The defaults.</summary>
    public static DataChannelOptions Default { get; } = new();
}

/// <summary>Where a transport's packets and events go. The same rules as for <see cref="Sctp.ISctpSink"/>: spans live during the call only.</summary>
internal interface IDataChannelSink
{
    /// <summary>One SCTP packet for the DTLS connection.</summary>
    void SendPacket(ReadOnlySpan<byte> packet);

    /// <summary>The association was established.</summary>
    void OnConnected();

    /// <summary>The association is over; every channel has been closed before.</summary>
    void OnDisconnected(Sctp.SctpCloseReason reason);

    /// <summary>The peer opened a channel. <see cref="OnOpen"/> follows.</summary>
    void OnIncomingChannel(DataChannel channel);

    /// <summary>Messages may be sent now.</summary>
    void OnOpen(DataChannel channel);

    /// <summary>A message. An empty span is an empty message.</summary>
    void OnMessage(DataChannel channel, ReadOnlySpan<byte> message, bool isText);

    /// <summary>The buffered amount fell to the channel's threshold or below.</summary>
    void OnBufferedAmountLow(DataChannel channel);

    /// <summary>The peer closes the channel.</summary>
    void OnClosing(DataChannel channel);

    /// <summary>The channel is closed in both directions, or the association ended, or the channel never found a stream.</summary>
    void OnClosed(DataChannel channel);
}
