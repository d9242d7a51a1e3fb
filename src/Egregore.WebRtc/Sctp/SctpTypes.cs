namespace Egregore.WebRtc.Sctp;

/// <summary>Fills bytes with randomness: verification tags, initial TSNs, the cookie's key. A host passes a cryptographic source, a test a seeded one.</summary>
internal delegate void SctpRandomFill(Span<byte> destination);

/// <summary>Where an association stands (RFC 9260 section 4).</summary>
internal enum SctpState
{
    /// <summary>Not begun, or over: see <see cref="SctpAssociation.CloseReason"/>.</summary>
    Closed,
    /// <summary>INIT was sent.</summary>
    CookieWait,
    /// <summary>COOKIE ECHO was sent.</summary>
    CookieEchoed,
    /// <summary>Messages flow.</summary>
    Established,
    /// <summary>Shutdown waits for what is still to be acknowledged.</summary>
    ShutdownPending,
    /// <summary>SHUTDOWN was sent.</summary>
    ShutdownSent,
    /// <summary>The peer shuts down; what is outstanding is still sent.</summary>
    ShutdownReceived,
    /// <summary>SHUTDOWN ACK was sent.</summary>
    ShutdownAckSent,
}

/// <summary>Why an association is closed.</summary>
internal enum SctpCloseReason
{
    /// <summary>It is not closed, or was never begun.</summary>
    None,
    /// <summary>Both sides shut down.</summary>
    Shutdown,
    /// <summary><see cref="SctpAssociation.Abort"/> was called.</summary>
    LocalAbort,
    /// <summary>The peer sent ABORT.</summary>
    PeerAbort,
    /// <summary>The peer broke the protocol, and was sent ABORT.</summary>
    ProtocolViolation,
    /// <summary>The peer stayed silent through every retransmission.</summary>
    PeerUnreachable,
}

/// <summary>What became of a message that was handed over for sending.</summary>
internal enum SctpSendResult
{
    /// <summary>It is queued.</summary>
    Queued,
    /// <summary>The send buffer is full: wait for the stream's buffered amount to fall.</summary>
    BufferFull,
    /// <summary>It is empty or longer than <see cref="SctpAssociation.MessageSendBytesMax"/> (or than the send buffer).</summary>
    MessageSize,
    /// <summary>The association is closed or shutting down.</summary>
    NotOpen,
    /// <summary>The stream is above the negotiated count.</summary>
    InvalidStream,
    /// <summary>The stream is being reset.</summary>
    StreamResetting,
}

/// <summary>How one message is to travel.</summary>
internal readonly record struct SctpMessageOptions
{
    /// <summary>May overtake earlier messages of its stream.</summary>
    public bool Unordered { get; init; }

    /// <summary>Retransmissions after which the message is given up (RFC 7496), 0 to 65,534; null: as many as it takes.</summary>
    public ushort? RetransmitsMax { get; init; }

    /// <summary>Milliseconds after which the message is no longer sent (RFC 3758), counted from <c>Send</c>; null: no limit.</summary>
    public int? LifetimeMs { get; init; }

    /// <summary>Not part of the stream's buffered amount (control messages).</summary>
    public bool Uncounted { get; init; }
}

/// <summary>
/// Where an association's packets and events go. Called from within the association's methods on the caller's thread; spans are valid during the call only.
/// From a callback <see cref="SctpAssociation.Send"/> and the reset methods may be called; <c>Receive</c>, <c>Tick</c> and <c>Flush</c> may not.
/// </summary>
internal interface ISctpSink
{
    /// <summary>One SCTP packet for the DTLS connection.</summary>
    void SendPacket(ReadOnlySpan<byte> packet);

    /// <summary>A whole message.</summary>
    void OnMessage(ushort stream, uint protocolId, ReadOnlySpan<byte> message);

    /// <summary>The association is open, shutting down or closed.</summary>
    void OnStateChanged(SctpState state);

    /// <summary>The peer began anew (RFC 9260 section 5.2.4, action A): all streams start again at zero, what was queued is gone.</summary>
    void OnRestarted();

    /// <summary>The peer has answered a reset of an outgoing stream: the stream may be used anew, or the peer refused.</summary>
    void OnOutgoingStreamReset(ushort stream, bool performed);

    /// <summary>The peer has reset one of its outgoing streams; everything it sent on it has been delivered.</summary>
    void OnIncomingStreamReset(ushort stream);

    /// <summary>A stream's buffered amount fell to its threshold or below.</summary>
    void OnBufferedAmountLow(ushort stream);
}
