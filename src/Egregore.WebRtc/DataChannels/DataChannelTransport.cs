using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.DataChannels;

/// <summary>
/// All data channels of one peer connection over one <see cref="SctpAssociation"/>: establishment (RFC 8832), closing by stream reset (RFC 8831 section 6.7), ids.
/// No I/O; packets and time go in, packets and events come out through <see cref="IDataChannelSink"/>.
/// </summary>
/// <remarks>
/// Not thread-safe. After <see cref="Receive"/>, <see cref="Tick"/>, <see cref="DataChannel.Send"/>, <see cref="DataChannel.Close"/> or
/// <see cref="CreateChannel"/> call <see cref="Flush"/>, at once or after a batch; then <see cref="Tick"/> no later than <see cref="NextDeadline"/>.
/// </remarks>
internal sealed class DataChannelTransport : ISctpSink
{
    private const uint ControlProtocol = 50;
    private const uint TextProtocol = 51;
    private const uint TextPartialProtocol = 54;
    private const uint BinaryPartialProtocol = 52;
    private const uint BinaryProtocol = 53;
    private const uint EmptyTextProtocol = 56;
    private const uint EmptyBinaryProtocol = 57;

    private readonly IDataChannelSink sink;
    private readonly DataChannelOptions options;
    private readonly List<DataChannel> pending = [];
    private DataChannel?[] byStream = [];
    private int channelCount;
    private bool? isDtlsClient;
    private long latestNow;

    /// <summary>A transport that has not begun; channels may be created already.</summary>
    /// <param name="sink">Takes packets and events.</param>
    /// <param name="sctpOptions">Bounds and timings of the association.</param>
    /// <param name="options">Bounds of the channels.</param>
    /// <param name="random">A cryptographic source (a seeded one in tests).</param>
    /// <param name="congestion">Null: <see cref="BbrCongestionControl"/>.</param>
    public DataChannelTransport(
        IDataChannelSink sink, SctpOptions sctpOptions, DataChannelOptions options, SctpRandomFill random, ICongestionControl? congestion = null)
    {
        this.sink = sink;
        this.options = options;
        Association = new SctpAssociation(this, sctpOptions, random, congestion);
    }

    /// <summary>The association: its state, statistics, bounds and receive window.</summary>
    public SctpAssociation Association { get; }

    /// <summary>When <see cref="Tick"/> is due, in microseconds.</summary>
    public long NextDeadline => Association.NextDeadline;

    /// <summary>Channels that have a stream or wait for one.</summary>
    public int ChannelCount => channelCount + pending.Count;

    /// <summary>Messages for streams without a channel, malformed control messages, unknown protocol identifiers.</summary>
    public long MessagesDropped { get; private set; }

    /// <summary>DTLS is up: begins the association, and gives streams to the channels that wait.</summary>
    /// <param name="isClient">This side was the DTLS client: its ids are even.</param>
    /// <param name="now">The time, in microseconds.</param>
    public void Start(bool isClient, long now)
    {
        latestNow = now;
        isDtlsClient = isClient;
        Association.Start(now);
    }

    /// <summary>Takes one packet from DTLS.</summary>
    public void Receive(ReadOnlySpan<byte> packet, long now)
    {
        latestNow = now;
        Association.Receive(packet, now);
    }

    /// <summary>Does what is due.</summary>
    public void Tick(long now)
    {
        latestNow = now;
        Association.Tick(now);
    }

    /// <summary>Sends what may be sent.</summary>
    public void Flush(long now)
    {
        latestNow = now;
        Association.Flush(now);
    }

    /// <summary>Ends the association at once. Every channel closes.</summary>
    public void Abort() => Association.Abort();

    /// <summary>Creates a channel. It opens when the association is there.</summary>
    /// <exception cref="ArgumentException">Both limits of reliability are given, a negotiated channel has no id, the label or protocol is too long.</exception>
    /// <exception cref="InvalidOperationException">The id is taken, or there are too many channels, or the transport is over.</exception>
    public DataChannel CreateChannel(DataChannelInit init)
    {
        if (init.MaxRetransmits is not null && init.MaxPacketLifeTimeMs is not null) throw new ArgumentException("MaxRetransmits and MaxPacketLifeTimeMs exclude each other.");
        if (init.MaxPacketLifeTimeMs < 0) throw new ArgumentException("MaxPacketLifeTimeMs is negative.");
        if (init.Negotiated && init.Id is null) throw new ArgumentException("A negotiated channel needs an id.");
        if (init.Id == ushort.MaxValue) throw new ArgumentException("65535 is not a stream.");
        if (DcepMessage.OpenBytes(init) - DcepMessage.OpenFixedBytes > ushort.MaxValue) throw new ArgumentException("Label and protocol are too long.");
        if (Association.CloseReason != SctpCloseReason.None) throw new InvalidOperationException("The transport is closed.");
        if (ChannelCount >= options.ChannelsMax) throw new InvalidOperationException($"There are {options.ChannelsMax} channels already.");
        if (init.Id is { } id && (Find(id) is not null || pending.Exists(channel => channel.Id == id))) throw new InvalidOperationException($"Stream {id} is in use.");
        var channel = new DataChannel(this, init);
        pending.Add(channel);
        if (Association.State == SctpState.Established) OpenPending();
        return channel;
    }

    internal long BufferedAmount(ushort id) => Association.BufferedAmount(id);

    internal void SetLowThreshold(DataChannel channel) => Association.SetBufferedLowThreshold(channel.Id!.Value, channel.BufferedAmountLowThreshold);

    internal DataChannelSendResult Send(DataChannel channel, ReadOnlySpan<byte> message, bool isText, long now)
    {
        if (channel.State != DataChannelState.Open) return DataChannelSendResult.NotOpen;
        DataChannelInit init = channel.Init;
        var how = new SctpMessageOptions
        {
            Unordered = !init.Ordered && !channel.AwaitsAck, RetransmitsMax = init.MaxRetransmits, LifetimeMs = init.MaxPacketLifeTimeMs, Uncounted = message.IsEmpty,
        };
        // SCTP has no empty messages: a zero byte under a protocol identifier that says so (RFC 8831 section 6.6).
        uint protocol = message.IsEmpty ? (isText ? EmptyTextProtocol : EmptyBinaryProtocol) : isText ? TextProtocol : BinaryProtocol;
        return Association.Send(channel.Id!.Value, protocol, message.IsEmpty ? [0] : message, how, now) switch
        {
            SctpSendResult.Queued => DataChannelSendResult.Queued,
            SctpSendResult.BufferFull => DataChannelSendResult.BufferFull,
            SctpSendResult.MessageSize => DataChannelSendResult.TooLarge,
            _ => DataChannelSendResult.NotOpen,
        };
    }

    internal void Close(DataChannel channel)
    {
        if (channel.State is DataChannelState.Closing or DataChannelState.Closed) return;
        if (pending.Remove(channel))
        {
            Finish(channel);
            return;
        }
        channel.State = DataChannelState.Closing;
        // Without resets (a peer that cannot, an association that shuts down) there is nothing to wait for.
        if (!Association.ResetStream(channel.Id!.Value)) Finish(channel);
    }

    private DataChannel? Find(ushort id) => id < byStream.Length ? byStream[id] : null;

    private void Place(DataChannel channel, ushort id)
    {
        if (id >= byStream.Length)
            Array.Resize(ref byStream, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(id + 1u));
        channel.Id = id;
        byStream[id] = channel;
        channelCount++;
        Association.SetPriority(id, (ushort)channel.Init.Priority);
        Association.SetBufferedLowThreshold(id, channel.BufferedAmountLowThreshold);
    }

    private void OpenPending()
    {
        // Those with an id of their own come first, so that no other takes it.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < pending.Count;)
            {
                DataChannel channel = pending[i];
                if ((channel.Id is not null) != (pass == 0) || !TryOpen(channel)) i++;
                else pending.RemoveAt(i);
            }
        }
    }

    /// <returns>False if the channel goes on waiting, as every stream of its parity is in use or the send buffer is full.</returns>
    private bool TryOpen(DataChannel channel)
    {
        if (channel.Id is not { } id)
        {
            if (!TryFindId(out id)) return false;
        }
        else if (id >= Association.StreamCount || Find(id) is not null)
        {
            Finish(channel);
            return true;
        }
        if (!channel.Init.Negotiated)
        {
            if (!SendOpen(channel, id)) return false;
            channel.AwaitsAck = true;
        }
        Place(channel, id);
        channel.State = DataChannelState.Open;
        sink.OnOpen(channel);
        return true;
    }

    private bool SendOpen(DataChannel channel, ushort id)
    {
        byte[] message = new byte[DcepMessage.OpenBytes(channel.Init)];
        DcepMessage.WriteOpen(message, channel.Init);
        return Association.Send(id, ControlProtocol, message, new SctpMessageOptions { Uncounted = true }, latestNow) == SctpSendResult.Queued;
    }

    private bool TryFindId(out ushort id)
    {
        for (int candidate = isDtlsClient == true ? 0 : 1; candidate < Association.StreamCount; candidate += 2)
        {
            id = (ushort)candidate;
            if (Find(id) is null) return true;
        }
        id = 0;
        return false;
    }

    private void Finish(DataChannel channel)
    {
        if (channel.State == DataChannelState.Closed) return;
        if (channel.Id is { } id && ReferenceEquals(Find(id), channel))
        {
            byStream[id] = null;
            channelCount--;
        }
        channel.State = DataChannelState.Closed;
        sink.OnClosed(channel);
    }

    private void CloseAll()
    {
        DataChannel[] all = [.. pending, .. byStream.OfType<DataChannel>()];
        pending.Clear();
        foreach (DataChannel channel in all) Finish(channel);
    }

    private void OnControl(ushort stream, ReadOnlySpan<byte> message)
    {
        if (message is [DcepMessage.Ack])
        {
            if (Find(stream) is { AwaitsAck: true } acknowledged) acknowledged.AwaitsAck = false;
            else MessagesDropped++;
            return;
        }
        if (message is [DcepMessage.Open, ..] && Find(stream) is { State: DataChannelState.Closing, IsIncomingReset: true }) Association.ConfirmReset(stream);
        if (!DcepMessage.TryReadOpen(message, options.TextBytesMax, out DataChannelInit? init) || Find(stream) is not null || ChannelCount >= options.ChannelsMax)
        {
            MessagesDropped++;
            if (Find(stream) is null) Association.ResetStream(stream);
            return;
        }
        var channel = new DataChannel(this, init! with { Id = stream });
        Place(channel, stream);
        Association.Send(stream, ControlProtocol, [DcepMessage.Ack], new SctpMessageOptions { Uncounted = true }, latestNow);
        channel.State = DataChannelState.Open;
        sink.OnIncomingChannel(channel);
        if (channel.State == DataChannelState.Open) sink.OnOpen(channel);
    }

    void ISctpSink.SendPacket(ReadOnlySpan<byte> packet) => sink.SendPacket(packet);

    void ISctpSink.OnMessage(ushort stream, uint protocolId, ReadOnlySpan<byte> message)
    {
        if (protocolId == ControlProtocol)
        {
            OnControl(stream, message);
            return;
        }
        if (Find(stream) is not { State: DataChannelState.Open or DataChannelState.Closing } channel)
        {
            MessagesDropped++;
            return;
        }
        // Anything from the peer shows that it knows the channel (RFC 8832 section 6).
        channel.AwaitsAck = false;
        switch (protocolId)
        {
            case TextProtocol or TextPartialProtocol:
                sink.OnMessage(channel, message, isText: true);
                break;
            case BinaryProtocol or BinaryPartialProtocol:
                sink.OnMessage(channel, message, isText: false);
                break;
            case EmptyTextProtocol or EmptyBinaryProtocol:
                sink.OnMessage(channel, [], protocolId == EmptyTextProtocol);
                break;
            default:
                MessagesDropped++;
                break;
        }
    }

    void ISctpSink.OnStateChanged(SctpState state)
    {
        if (state == SctpState.Established)
        {
            sink.OnConnected();
            OpenPending();
        }
        else if (state == SctpState.Closed)
        {
            CloseAll();
            sink.OnDisconnected(Association.CloseReason);
        }
    }

    void ISctpSink.OnRestarted() => CloseAll();

    void ISctpSink.OnOutgoingStreamReset(ushort stream, bool performed)
    {
        if (Find(stream) is not { State: DataChannelState.Closing } channel) return;
        channel.IsOutgoingReset = true;
        // A peer that refuses will not reset its own side either: the stream stays taken, the channel is over for the application.
        if (!performed) channel.State = DataChannelState.Closed;
        if (!performed) sink.OnClosed(channel);
        else if (channel.IsIncomingReset) FinishAndReuse(channel);
    }

    void ISctpSink.OnIncomingStreamReset(ushort stream)
    {
        if (Find(stream) is not { } channel || channel.IsIncomingReset) return;
        channel.IsIncomingReset = true;
        if (channel.State == DataChannelState.Open)
        {
            channel.State = DataChannelState.Closing;
            sink.OnClosing(channel);
            Association.ResetStream(stream);
        }
        if (channel.IsOutgoingReset) FinishAndReuse(channel);
    }

    void ISctpSink.OnBufferedAmountLow(ushort stream)
    {
        if (Find(stream) is { State: DataChannelState.Open or DataChannelState.Closing } channel) sink.OnBufferedAmountLow(channel);
        if (pending.Count > 0) OpenPending();
    }

    private void FinishAndReuse(DataChannel channel)
    {
        Finish(channel);
        if (pending.Count > 0 && Association.State == SctpState.Established) OpenPending();
    }
}
