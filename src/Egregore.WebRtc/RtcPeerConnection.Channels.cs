using System.Security.Cryptography;
using Egregore.WebRtc.DataChannels;
using Egregore.WebRtc.Dtls;
using Egregore.WebRtc.Host;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Sctp;
using Egregore.WebRtc.Sdp;

namespace Egregore.WebRtc;

/// <summary>The association over the transport, and its channels.</summary>
public sealed partial class RtcPeerConnection
{
    /// <summary>The longest message that is ever sent, whatever the peer would take.</summary>
    private const int MessageSendBytesMax = 262_144;

    private DataChannelTransport _channels = null!;
    private bool _negotiationRaised;

    /// <summary>The peer has made a channel.</summary>
    public event Action<RtcDataChannel>? DataChannel;

    /// <summary>A handler threw. Where nobody listens, the exception is thrown on the thread pool, which ends the process.</summary>
    public event Action<Exception>? HandlerFailed;

    internal Lock Gate => _transport.Gate;

    internal PeerTransport Transport => _transport;

    internal DataChannelTransport Channels => _channels;

    /// <summary>Makes a channel. It opens with the connection, or at once where that is up.</summary>
    /// <param name="label">A name, at most 65,535 bytes of UTF-8.</param>
    /// <param name="init">Order, reliability, id; null: reliable and ordered.</param>
    /// <exception cref="ArgumentException">The settings exclude each other.</exception>
    /// <exception cref="RtcException">The connection is closed, the id is taken, or there are too many channels.</exception>
    public RtcDataChannel CreateDataChannel(string label, RtcDataChannelInit? init = null)
    {
        init ??= new RtcDataChannelInit();
        ArgumentOutOfRangeException.ThrowIfNegative(init.MaxRetransmits ?? 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(init.MaxRetransmits ?? 0, ushort.MaxValue - 1);
        ArgumentOutOfRangeException.ThrowIfNegative(init.MaxPacketLifeTime ?? 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(init.MaxPacketLifeTime ?? 0, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegative(init.Id ?? 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(init.Id ?? 0, ushort.MaxValue - 1);
        using var scope = _transport.Enter();
        ThrowIfClosed();
        try
        {
            var channel = _channels.CreateChannel(new DataChannelInit
            {
                Label = label,
                Protocol = init.Protocol,
                Ordered = init.Ordered,
                MaxRetransmits = (ushort?)init.MaxRetransmits,
                MaxPacketLifeTimeMs = init.MaxPacketLifeTime,
                Negotiated = init.Negotiated,
                // As the W3C has it, an id counts for channels that both ends make.
                Id = init.Negotiated ? (ushort?)init.Id : null,
                Priority = (DataChannelPriority)(128 << (int)init.Priority),
            });
            if (!_negotiationRaised && SignalingState == RtcSignalingState.Stable && _remote is null)
                _events.Post(() => NegotiationNeeded?.Invoke());
            _negotiationRaised = true;
            return ChannelOf(channel);
        }
        catch (InvalidOperationException e)
        {
            throw new RtcException(RtcErrorKind.LimitReached, e.Message, e);
        }
    }

    internal RtcSendResult Send(DataChannel channel, ReadOnlySpan<byte> message, bool isText)
    {
        using var scope = _transport.Enter();
        return (RtcSendResult)channel.Send(message, isText, scope.NowUs);
    }

    internal void CloseChannel(DataChannel channel)
    {
        using var scope = _transport.Enter();
        channel.Close();
    }

    private void CreateAssociation()
    {
        var options = new SctpOptions
        {
            MessageReceiveBytesMax = _configuration.MaxMessageSize,
        };
        _channels = new DataChannelTransport(new Sink(this), options, DataChannelOptions.Default, RandomNumberGenerator.Fill);
        _events.OnHandlerFailed = e =>
        {
            HandlerFailed?.Invoke(e);
            return HandlerFailed is not null;
        };
        _events.OnReleased = bytes =>
        {
            using var scope = _transport.Enter();
            _channels.Association.ReleaseReceived(bytes);
        };
    }

    private void OnRemoteDescription(SdpDescription remote)
    {
        _channels.Association.MessageSendBytesMax = MaxMessageSize;
    }

    private void CloseAssociation()
    {
        _channels.Abort();
        _channels.Flush(_host.NowUs);
    }

    private static RtcPriority PriorityOf(DataChannelPriority priority) =>
        (int)priority switch { <= 128 => RtcPriority.VeryLow, <= 256 => RtcPriority.Low, <= 512 => RtcPriority.Medium, _ => RtcPriority.High };

    private RtcDataChannel ChannelOf(DataChannel channel) =>
        channel.HostState as RtcDataChannel ?? new RtcDataChannel(this, channel, PriorityOf(channel.Init.Priority));

    /// <summary>What the transport tells the connection.</summary>
    private sealed class User(RtcPeerConnection connection) : IPeerTransportUser
    {
        public long NextDeadlineUs => connection._channels.NextDeadline;

        public bool HasEvents => !connection._events.IsEmpty;

        public void OnPacket(ReadOnlySpan<byte> packet, long nowUs) => connection._channels.Receive(packet, nowUs);

        public void OnTimer(long nowUs) => connection._channels.Tick(nowUs);

        public void OnFlush(long nowUs) => connection._channels.Flush(nowUs);

        public void OnDtlsState(DtlsState state, long nowUs)
        {
            if (state == DtlsState.Connected)
                connection._channels.Start(isClient: !connection._transport.Dtls!.IsServer, nowUs);
            else if (state is DtlsState.Closed or DtlsState.Failed)
                connection._channels.Abort();
            if (state == DtlsState.Failed)
                connection.Fail(connection._transport.Dtls!.Error ?? "DTLS failed");
            else if (state == DtlsState.Closed)
                connection.OnPeerClosed();
            else
                connection.UpdateConnectionState();
        }

        public void OnIceState(IceState state)
        {
            if (connection._closed)
                return;
            var mapped = (RtcIceConnectionState)state;
            connection.IceConnectionState = mapped;
            connection._events.Post(() => connection.IceConnectionStateChanged?.Invoke(mapped));
            connection.UpdateConnectionState();
        }

        public void OnLocalCandidate(IceCandidate candidate)
        {
            var ufrag = connection._transport.Agent.Credentials.LocalUfrag;
            var trickled = new RtcIceCandidate
            {
                Candidate = candidate.Format(ufrag),
                SdpMid = connection._mid,
                SdpMLineIndex = 0,
                UsernameFragment = ufrag,
            };
            connection._events.Post(() => connection.IceCandidate?.Invoke(trickled));
        }

        public void OnGatheringDone()
        {
            connection.SetGathering(RtcIceGatheringState.Complete);
            connection._events.Post(() => connection.IceCandidate?.Invoke(null));
        }

        public void Drain() => connection._events.Drain();
    }

    /// <summary>The peer has said close_notify: it is gone for good.</summary>
    private void OnPeerClosed()
    {
        UpdateConnectionState();
        CloseInside();
    }

    /// <summary>What the channels tell the connection.</summary>
    private sealed class Sink(RtcPeerConnection connection) : IDataChannelSink
    {
        public void SendPacket(ReadOnlySpan<byte> packet) => connection._transport.SendPacket(packet);

        public void OnConnected()
        {
        }

        public void OnDisconnected(SctpCloseReason reason)
        {
            if (reason is SctpCloseReason.ProtocolViolation or SctpCloseReason.PeerUnreachable)
                connection.Fail($"SCTP: {reason}");
        }

        public void OnIncomingChannel(DataChannel channel)
        {
            var made = connection.ChannelOf(channel);
            connection._events.Post(() => connection.DataChannel?.Invoke(made));
        }

        public void OnOpen(DataChannel channel) => connection._events.Post(connection.ChannelOf(channel).RaiseOpened);

        public void OnMessage(DataChannel channel, ReadOnlySpan<byte> message, bool isText)
        {
            connection._channels.Association.HoldReceived(message.Length);
            connection._events.Post(connection.ChannelOf(channel), message, isText);
        }

        public void OnBufferedAmountLow(DataChannel channel)
        {
            // With every message that leaves an empty buffer: told only where somebody listens, by a delegate made once.
            if (connection.ChannelOf(channel) is { HearsBufferedAmountLow: true } made)
                connection._events.Post(made.BufferedAmountLowAction);
        }

        public void OnClosing(DataChannel channel) => connection._events.Post(connection.ChannelOf(channel).RaiseClosing);

        public void OnClosed(DataChannel channel) => connection._events.Post(connection.ChannelOf(channel).RaiseClosed);
    }
}
