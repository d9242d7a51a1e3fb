using Egregore.WebRtc.DataChannels;
using Egregore.WebRtc.Sctp;
using Egregore.WebRtc.Tests.Sctp;

namespace Egregore.WebRtc.Tests.DataChannels;

/// <summary>A transport at one end of a network, which records its events as text.</summary>
internal sealed class DataChannelEnd : ISctpHost, IDataChannelSink
{
    private readonly SctpNetwork network;
    private readonly int index;

    public DataChannelEnd(SctpNetwork network, int index, SctpOptions? options = null, DataChannelOptions? channelOptions = null)
    {
        this.network = network;
        this.index = index;
        Transport = new DataChannelTransport(this, options ?? SctpOptions.Default, channelOptions ?? DataChannelOptions.Default, network.RandomFill);
        network.Hosts[index] = this;
    }

    public static (SctpNetwork Network, DataChannelEnd Client, DataChannelEnd Server) Connect(
        int seed, LinkConditions? conditions = null, SctpOptions? options = null, DataChannelOptions? channelOptions = null)
    {
        var network = new SctpNetwork(seed, conditions);
        var client = new DataChannelEnd(network, 0, options, channelOptions);
        var server = new DataChannelEnd(network, 1, options, channelOptions);
        client.Transport.Start(true, network.Now);
        server.Transport.Start(false, network.Now);
        Assert.True(network.Run(() => client.IsConnected && server.IsConnected));
        return (network, client, server);
    }

    public DataChannelTransport Transport { get; }

    public bool IsConnected { get; private set; }

    public SctpCloseReason? Disconnected { get; private set; }

    public List<DataChannel> Incoming { get; } = [];

    public List<DataChannel> Opened { get; } = [];

    public List<DataChannel> Closing { get; } = [];

    public List<DataChannel> Closed { get; } = [];

    public List<DataChannel> BufferedLow { get; } = [];

    public List<(DataChannel Channel, byte[] Bytes, bool IsText)> Messages { get; } = [];

    public long NextDeadline => Transport.NextDeadline;

    public void Receive(ReadOnlySpan<byte> packet) => Transport.Receive(packet, network.Now);

    public void Tick() => Transport.Tick(network.Now);

    public void Flush() => Transport.Flush(network.Now);

    public DataChannelSendResult Send(DataChannel channel, ReadOnlySpan<byte> message, bool isText = false)
    {
        DataChannelSendResult result = channel.Send(message, isText, network.Now);
        Flush();
        return result;
    }

    void IDataChannelSink.SendPacket(ReadOnlySpan<byte> packet) => network.Send(index, packet);

    void IDataChannelSink.OnConnected() => IsConnected = true;

    void IDataChannelSink.OnDisconnected(SctpCloseReason reason) => Disconnected = reason;

    void IDataChannelSink.OnIncomingChannel(DataChannel channel) => Incoming.Add(channel);

    void IDataChannelSink.OnOpen(DataChannel channel) => Opened.Add(channel);

    void IDataChannelSink.OnMessage(DataChannel channel, ReadOnlySpan<byte> message, bool isText) => Messages.Add((channel, message.ToArray(), isText));

    void IDataChannelSink.OnBufferedAmountLow(DataChannel channel) => BufferedLow.Add(channel);

    void IDataChannelSink.OnClosing(DataChannel channel) => Closing.Add(channel);

    void IDataChannelSink.OnClosed(DataChannel channel) => Closed.Add(channel);
}
