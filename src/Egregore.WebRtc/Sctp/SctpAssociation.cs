namespace Egregore.WebRtc.Sctp;

/// <summary>
/// One SCTP association as data channels use it (RFC 9260, RFC 8261, RFC 3758, RFC 6525, RFC 9653), without I/O: packets and time go in, packets and events
/// come out through <see cref="ISctpSink"/>. Times are microseconds of any clock that does not run backwards.
/// </summary>
/// <remarks>
/// <para>Not thread-safe: its owner calls one method at a time. After any call of <see cref="Receive"/>, <see cref="Send"/>, <see cref="Tick"/> or a reset the
/// owner calls <see cref="Flush"/>, at once or after a batch (the batch fills packets better), and then <see cref="Tick"/> no later than
/// <see cref="NextDeadline"/>.</para>
/// <para>No allocation per packet or message once buffers have grown; they shrink when they are empty. An idle association is a few kilobytes.</para>
/// </remarks>
internal sealed partial class SctpAssociation
{
    /// <summary>No deadline.</summary>
    public const long Never = long.MaxValue;

    private readonly ISctpSink sink;
    private readonly SctpOptions options;
    private readonly SctpRandomFill random;
    private readonly ICongestionControl congestion;
    private readonly RttEstimator rtt;
    private readonly Inbound inbound;
    private readonly Outbound outbound;
    private readonly StateCookie cookies;

    private uint localTag;
    private uint peerTag;
    private uint localInitialTsn;
    private uint peerInitialTsn;
    private int packetBytes;
    private int errorCount;
    private bool peerReconfigures;
    private bool sendsZeroChecksum;
    private bool isInside;
    private bool isClearPending;

    /// <summary>An association that has not begun. It answers a peer's INIT already.</summary>
    /// <param name="sink">Takes packets and events.</param>
    /// <param name="options">Bounds and timings.</param>
    /// <param name="random">A cryptographic source (a seeded one in tests).</param>
    /// <param name="congestion">Null: <see cref="BbrCongestionControl"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its bounds.</exception>
    public SctpAssociation(ISctpSink sink, SctpOptions options, SctpRandomFill random, ICongestionControl? congestion = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        options.Validate();
        this.sink = sink;
        this.options = options;
        this.random = random;
        this.congestion = congestion ?? new BbrCongestionControl();
        rtt = new RttEstimator(options);
        inbound = new Inbound(options, Statistics, sink);
        outbound = new Outbound(Statistics, rtt, sink);
        cookies = new StateCookie(random);
        SetPacketBytes(options.PacketBytes);
    }

    /// <summary>Where the association stands.</summary>
    public SctpState State { get; private set; }

    /// <summary>Why it is closed.</summary>
    public SctpCloseReason CloseReason { get; private set; }

    /// <summary>Counters.</summary>
    public SctpStatistics Statistics { get; } = new();

    /// <summary>Bytes of the longest message to send: the peer's <c>a=max-message-size</c>.</summary>
    public int MessageSendBytesMax { get; set; } = 262_144;

    /// <summary>Bytes queued or not yet acknowledged, over all streams.</summary>
    public long BufferedBytes => outbound.BufferedBytes;

    /// <summary>Bytes in flight.</summary>
    public long InFlightBytes => outbound.InFlightBytes;

    /// <summary>Bytes that congestion control allows in flight.</summary>
    public long CongestionWindowBytes => congestion.WindowBytes;

    /// <summary>Smoothed round trip in microseconds; 0 before the first sample.</summary>
    public long RoundTripMicroseconds => rtt.Smoothed;

    /// <summary>Bytes of a full packet; grows when larger ones are found to pass.</summary>
    public int PacketBytes => packetBytes;

    /// <summary>Streams that may be used in each direction; the least of both sides' counts once established.</summary>
    public int StreamCount { get; private set; }

    /// <summary>Outgoing streams that something is remembered of: used, and not reset since.</summary>
    public int OutgoingStreamsHeld => outbound.StreamsHeld;

    /// <summary>When <see cref="Tick"/> is due, in microseconds; <see cref="Never"/> if no timer runs.</summary>
    public long NextDeadline => Math.Min(
        Math.Min(Math.Min(handshakeDeadline, shutdownDeadline), Math.Min(retransmitDeadline, probeDeadline)),
        Math.Min(Math.Min(Math.Min(ackDeadline, heartbeatDeadline), Math.Min(sizeDeadline, outbound.ReorderDeadline)), Math.Min(reconfigDeadline, paceDeadline)));

    private int PacketDataBytes => (packetBytes & ~3) - PacketWriter.HeaderBytes - DataHeaderBytes;

    /// <summary>Sends INIT. Both sides may do so at the same time.</summary>
    public void Start(long now)
    {
        if (State != SctpState.Closed || CloseReason != SctpCloseReason.None) return;
        DrawTags(out localTag, out localInitialTsn);
        State = SctpState.CookieWait;
        handshakeAttempts = 0;
        SendInit(now);
    }

    /// <summary>Queues a message. It leaves with the next <see cref="Flush"/> that the window allows.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="protocolId">Payload protocol identifier.</param>
    /// <param name="message">1 to <see cref="MessageSendBytesMax"/> bytes; copied.</param>
    /// <param name="messageOptions">How it travels.</param>
    /// <param name="now">The time, in microseconds.</param>
    public SctpSendResult Send(ushort stream, uint protocolId, ReadOnlySpan<byte> message, in SctpMessageOptions messageOptions, long now)
    {
        if (State != SctpState.Established) return SctpSendResult.NotOpen;
        if (stream >= StreamCount) return SctpSendResult.InvalidStream;
        if (message.IsEmpty || message.Length > MessageSendBytesMax || message.Length > options.SendBufferBytesMax) return SctpSendResult.MessageSize;
        if (outbound.BufferedBytes + message.Length > options.SendBufferBytesMax || outbound.QueuedMessages >= options.QueuedMessagesMax)
            return SctpSendResult.BufferFull;
        OutboundStream state = outbound.StreamOf(stream);
        if (state.ResetState != StreamResetState.None) return SctpSendResult.StreamResetting;
        outbound.Enqueue(state, new QueuedMessage
        {
            Length = message.Length,
            ProtocolId = protocolId,
            Unordered = messageOptions.Unordered,
            Uncounted = messageOptions.Uncounted,
            RetransmitsMax = messageOptions.RetransmitsMax ?? Outbound.Unlimited,
            ExpiresAt = messageOptions.LifetimeMs is { } lifetime ? now + (lifetime * 1_000L) : Never,
        }, message);
        return SctpSendResult.Queued;
    }

    /// <summary>Bytes of a stream's messages that were not sent yet.</summary>
    public long BufferedAmount(ushort stream) => outbound.FindStream(stream)?.BufferedBytes ?? 0;

    /// <summary>At which buffered amount <see cref="ISctpSink.OnBufferedAmountLow"/> is called; 0 by default.</summary>
    public void SetBufferedLowThreshold(ushort stream, long bytes)
    {
        if (stream < StreamCount) outbound.StreamOf(stream).BufferedLowThreshold = bytes;
    }

    /// <summary>A stream's share of the bandwidth when several have messages waiting: RFC 8831's priority, 1 to 65,535; 256 by default.</summary>
    public void SetPriority(ushort stream, ushort priority)
    {
        if (stream < StreamCount) outbound.StreamOf(stream).Weight = Math.Max((ushort)1, priority);
    }

    /// <summary>The host keeps bytes of received messages: they count against the receive window until <see cref="ReleaseReceived"/>.</summary>
    public void HoldReceived(int bytes) => inbound.HeldByHost += bytes;

    /// <summary>The host has let go of bytes that it held. Opens the window; call <see cref="Flush"/> afterwards.</summary>
    public void ReleaseReceived(int bytes)
    {
        inbound.HeldByHost = Math.Max(0, inbound.HeldByHost - bytes);
        if (advertisedWindow < options.ReceiveBufferBytesMax / 4 && inbound.Window >= options.ReceiveBufferBytesMax / 2 && IsOpen) ackAtOnce = true;
    }

    /// <summary>Closes in order: what is queued is still sent and acknowledged.</summary>
    public void Shutdown(long now)
    {
        if (State == SctpState.Established) ChangeState(SctpState.ShutdownPending);
        else if (State is SctpState.CookieWait or SctpState.CookieEchoed or SctpState.Closed) Abort();
        AdvanceShutdown(now);
    }

    /// <summary>Tells the peer that it is over, and is.</summary>
    public void Abort()
    {
        if (State == SctpState.Closed)
        {
            if (CloseReason == SctpCloseReason.None) CloseReason = SctpCloseReason.LocalAbort;
            return;
        }
        if (peerTag != 0) SendAbort(ErrorCause.UserInitiated, []);
        Close(SctpCloseReason.LocalAbort);
    }

    private bool IsOpen => State is SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownReceived or SctpState.ShutdownSent;

    private void ChangeState(SctpState state)
    {
        State = state;
        sink.OnStateChanged(state);
    }

    private void Close(SctpCloseReason reason)
    {
        if (State == SctpState.Closed) return;
        CloseReason = reason;
        handshakeDeadline = shutdownDeadline = retransmitDeadline = probeDeadline = ackDeadline = heartbeatDeadline = reconfigDeadline = paceDeadline = sizeDeadline = Never;
        ackAtOnce = false;
        cookieToEcho = [];
        State = SctpState.Closed;
        isClearPending = true;
        if (!isInside) Leave();
        sink.OnStateChanged(SctpState.Closed);
    }

    private void EnterOnce()
    {
        if (isInside) throw new InvalidOperationException("Receive, Tick and Flush are not to be called from a sink's callback.");
        isInside = true;
    }

    /// <summary>What a closed association held goes only now, as a callback may close it while a message is being read or written.</summary>
    private void Leave()
    {
        isInside = false;
        if (!isClearPending) return;
        isClearPending = false;
        inbound.Clear();
        outbound.Clear();
        ResetReconfiguration();
    }

    private void DrawTags(out uint tag, out uint initialTsn)
    {
        Span<byte> bytes = stackalloc byte[8];
        do
        {
            random(bytes);
            tag = BitConverter.ToUInt32(bytes);
        }
        while (tag == 0);
        initialTsn = BitConverter.ToUInt32(bytes[4..]);
    }
}
