namespace Egregore.WebRtc.DataChannels;

/// <summary>One data channel (RFC 8831). Belongs to its transport and shares its thread.</summary>
internal sealed class DataChannel
{
    private readonly DataChannelTransport transport;
    private long bufferedLowThreshold;

    internal DataChannel(DataChannelTransport transport, DataChannelInit init)
    {
        this.transport = transport;
        Init = init;
        Id = init.Id;
    }

    /// <summary>How it was created.</summary>
    public DataChannelInit Init { get; }

    /// <summary>The label.</summary>
    public string Label => Init.Label;

    /// <summary>The stream; null until one is chosen, which takes the DTLS role.</summary>
    public ushort? Id { get; internal set; }

    /// <summary>Where it stands.</summary>
    public DataChannelState State { get; internal set; } = DataChannelState.Connecting;

    /// <summary>Whatever the host wants to find again.</summary>
    public object? HostState { get; set; }

    /// <summary>Bytes of messages that were queued and not sent yet.</summary>
    public long BufferedAmount => Id is { } id && State is DataChannelState.Open or DataChannelState.Closing ? transport.BufferedAmount(Id.Value) : 0;

    /// <summary>At which buffered amount <see cref="IDataChannelSink.OnBufferedAmountLow"/> is called; 0 by default.</summary>
    public long BufferedAmountLowThreshold
    {
        get => bufferedLowThreshold;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            bufferedLowThreshold = value;
            if (State == DataChannelState.Open) transport.SetLowThreshold(this);
        }
    }

    /// <summary>Until the peer has acknowledged the OPEN everything is sent in order behind it (RFC 8832 section 6).</summary>
    internal bool AwaitsAck { get; set; }

    internal bool IsOutgoingReset { get; set; }

    internal bool IsIncomingReset { get; set; }

    /// <summary>Queues a message; it leaves with the transport's next <see cref="DataChannelTransport.Flush"/>.</summary>
    /// <param name="message">0 bytes to the peer's maximum; copied. Text is UTF-8.</param>
    /// <param name="isText">Text, else binary.</param>
    /// <param name="now">The time, in microseconds.</param>
    public DataChannelSendResult Send(ReadOnlySpan<byte> message, bool isText, long now) => transport.Send(this, message, isText, now);

    /// <summary>Closes the channel: what is queued is still sent, then the stream is reset. <see cref="IDataChannelSink.OnClosed"/> follows.</summary>
    public void Close() => transport.Close(this);
}
