using System.Buffers;
using System.Text;
using Egregore.WebRtc.DataChannels;

namespace Egregore.WebRtc;

/// <summary>Takes a message.</summary>
/// <param name="channel">Where it came.</param>
/// <param name="message">Its bytes, UTF-8 where it is text; valid during the call only.</param>
/// <param name="isText">Text, else binary.</param>
public delegate void RtcMessageHandler(RtcDataChannel channel, ReadOnlySpan<byte> message, bool isText);

/// <summary>What became of a message that was to be sent.</summary>
public enum RtcSendResult
{
    /// <summary>Queued, and on its way as soon as the network allows.</summary>
    Queued,

    /// <summary>The send buffer (16 MB a connection) is full: go on after <see cref="RtcDataChannel.BufferedAmountLow"/>.</summary>
    BufferFull,

    /// <summary>Longer than <see cref="RtcPeerConnection.MaxMessageSize"/>.</summary>
    TooLarge,

    /// <summary>The channel is not open.</summary>
    NotOpen,
}

/// <summary>A data channel (RTCDataChannel of the W3C). All members may be called from any thread.</summary>
public sealed class RtcDataChannel
{
    private readonly RtcPeerConnection _connection;
    private readonly DataChannel _channel;

    internal RtcDataChannel(RtcPeerConnection connection, DataChannel channel, RtcPriority priority)
    {
        _connection = connection;
        _channel = channel;
        Priority = priority;
        channel.HostState = this;
        BufferedAmountLowAction = () => BufferedAmountLow?.Invoke(this);
    }

    /// <summary>Messages may be sent.</summary>
    public event Action<RtcDataChannel>? Opened;

    /// <summary>A message came. Set the handler in the handler of <see cref="RtcPeerConnection.DataChannel"/>, or where the channel is made.</summary>
    public event RtcMessageHandler? Message;

    /// <summary><see cref="BufferedAmount"/> fell to <see cref="BufferedAmountLowThreshold"/> or below.</summary>
    public event Action<RtcDataChannel>? BufferedAmountLow;

    /// <summary>The peer is closing the channel.</summary>
    public event Action<RtcDataChannel>? Closing;

    /// <summary>The channel is closed, from either side, or its connection is.</summary>
    public event Action<RtcDataChannel>? Closed;

    public string Label => _channel.Label;

    public string Protocol => _channel.Init.Protocol;

    public bool Ordered => _channel.Init.Ordered;

    /// <summary>Retransmissions after which a message is given up; null: none is.</summary>
    public int? MaxRetransmits => _channel.Init.MaxRetransmits;

    /// <summary>Milliseconds after which a message is given up; null: none is.</summary>
    public int? MaxPacketLifeTime => _channel.Init.MaxPacketLifeTimeMs;

    public bool Negotiated => _channel.Init.Negotiated;

    public RtcPriority Priority { get; }

    /// <summary>The stream; null until the DTLS roles are known.</summary>
    public int? Id => _channel.Id;

    public RtcDataChannelState ReadyState => (RtcDataChannelState)_channel.State;

    /// <summary>The connection that it belongs to.</summary>
    public RtcPeerConnection Connection => _connection;

    /// <summary>Bytes of messages that were queued and have not left yet.</summary>
    public long BufferedAmount
    {
        get
        {
            lock (_connection.Gate)
                return _channel.BufferedAmount;
        }
    }

    /// <summary>Bytes; 0 by default.</summary>
    public long BufferedAmountLowThreshold
    {
        get => _channel.BufferedAmountLowThreshold;
        set
        {
            lock (_connection.Gate)
                _channel.BufferedAmountLowThreshold = value;
        }
    }

    /// <summary>Sends a binary message; the bytes are copied.</summary>
    /// <exception cref="RtcException">It cannot be sent; <see cref="TrySend(ReadOnlySpan{byte})"/> tells without an exception.</exception>
    public void Send(ReadOnlySpan<byte> message) => Throw(TrySend(message), message.Length);

    /// <summary>Sends a text message.</summary>
    /// <exception cref="RtcException">It cannot be sent.</exception>
    public void Send(string text) => Throw(TrySend(text), text.Length);

    /// <summary>Sends a binary message; the bytes are copied.</summary>
    public RtcSendResult TrySend(ReadOnlySpan<byte> message) => _connection.Send(_channel, message, isText: false);

    /// <summary>Sends a text message that is in UTF-8 already; the bytes are copied.</summary>
    public RtcSendResult TrySendUtf8(ReadOnlySpan<byte> text) => _connection.Send(_channel, text, isText: true);

    /// <summary>Sends a text message.</summary>
    public RtcSendResult TrySend(ReadOnlySpan<char> text)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        var result = _connection.Send(_channel, buffer.AsSpan(0, Encoding.UTF8.GetBytes(text, buffer)), isText: true);
        ArrayPool<byte>.Shared.Return(buffer);
        return result;
    }

    /// <summary>Closes the channel: what is queued is sent first. <see cref="Closed"/> follows when the peer has agreed.</summary>
    public void Close() => _connection.CloseChannel(_channel);

    internal void RaiseMessage(ReadOnlySpan<byte> message, bool isText) => Message?.Invoke(this, message, isText);

    internal void RaiseOpened() => Opened?.Invoke(this);

    internal bool HearsBufferedAmountLow => BufferedAmountLow is not null;

    internal Action BufferedAmountLowAction { get; }

    internal void RaiseClosing() => Closing?.Invoke(this);

    internal void RaiseClosed() => Closed?.Invoke(this);

    private void Throw(RtcSendResult result, int length)
    {
        switch (result)
        {
            case RtcSendResult.BufferFull:
                throw new RtcException(RtcErrorKind.LimitReached, "the send buffer is full");
            case RtcSendResult.TooLarge:
                throw new RtcException(RtcErrorKind.LimitReached, $"{length} bytes are more than the peer takes ({_connection.MaxMessageSize})");
            case RtcSendResult.NotOpen:
                throw new RtcException(RtcErrorKind.InvalidState, $"the channel is {ReadyState}");
        }
    }
}
