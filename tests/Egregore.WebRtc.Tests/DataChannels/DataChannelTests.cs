using System.Text;
using Egregore.WebRtc.DataChannels;
using Egregore.WebRtc.Sctp;
using Egregore.WebRtc.Tests.Sctp;

namespace Egregore.WebRtc.Tests.DataChannels;

public sealed class DataChannelTests
{
    [Fact]
    public void A_channel_created_before_the_start_opens_and_carries_text_binary_and_empty_messages()
    {
        var network = new SctpNetwork(1);
        var client = new DataChannelEnd(network, 0);
        var server = new DataChannelEnd(network, 1);
        DataChannel channel = client.Transport.CreateChannel(new DataChannelInit { Label = "żółw", Protocol = "p", Ordered = false, MaxRetransmits = 3 });
        Assert.Equal(DataChannelState.Connecting, channel.State);
        Assert.Null(channel.Id);
        client.Transport.Start(true, network.Now);
        server.Transport.Start(false, network.Now);
        Assert.True(network.Run(() => server.Opened.Count == 1));
        DataChannel other = server.Incoming.Single();
        Assert.Equal(channel.Init with { Id = 0 }, other.Init);
        Assert.Equal((ushort?)0, channel.Id);

        client.Send(channel, "hé"u8, isText: true);
        client.Send(channel, [1, 2, 3]);
        client.Send(channel, [], isText: true);
        client.Send(channel, []);
        server.Send(other, "back"u8, isText: true);
        Assert.True(network.Run(() => server.Messages.Count == 4 && client.Messages.Count == 1));
        Assert.Equal([true, false, true, false], server.Messages.Select(message => message.IsText));
        Assert.Equal(["hé", "\u0001\u0002\u0003", "", ""], server.Messages.Select(message => Encoding.UTF8.GetString(message.Bytes)));
        Assert.Same(channel, client.Messages[0].Channel);
    }

    [Fact]
    public void Ids_are_even_for_the_dtls_client_and_odd_for_the_server_and_skip_negotiated_ones()
    {
        (SctpNetwork network, DataChannelEnd client, DataChannelEnd server) = DataChannelEnd.Connect(2);
        DataChannel negotiated = client.Transport.CreateChannel(new DataChannelInit { Negotiated = true, Id = 2 });
        DataChannel mirror = server.Transport.CreateChannel(new DataChannelInit { Negotiated = true, Id = 2 });
        DataChannel[] fromClient = [.. Enumerable.Range(0, 3).Select(_ => client.Transport.CreateChannel(new DataChannelInit()))];
        DataChannel[] fromServer = [.. Enumerable.Range(0, 3).Select(_ => server.Transport.CreateChannel(new DataChannelInit()))];
        client.Flush();
        server.Flush();
        Assert.Equal(new ushort?[] { 0, 4, 6 }, fromClient.Select(channel => channel.Id));
        Assert.Equal(new ushort?[] { 1, 3, 5 }, fromServer.Select(channel => channel.Id));
        Assert.Equal(DataChannelState.Open, negotiated.State);
        client.Send(negotiated, [7]);
        Assert.True(network.Run(() => server.Messages.Count == 1 && server.Incoming.Count == 3 && client.Incoming.Count == 3));
        Assert.Same(mirror, server.Messages[0].Channel);
        Assert.Throws<InvalidOperationException>(() => client.Transport.CreateChannel(new DataChannelInit { Id = 4 }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Close_delivers_what_is_queued_closes_both_ends_and_frees_the_id(bool fromOpener)
    {
        (SctpNetwork network, DataChannelEnd client, DataChannelEnd server) = DataChannelEnd.Connect(3, new LinkConditions { Loss = 0.05 });
        DataChannel channel = client.Transport.CreateChannel(new DataChannelInit());
        client.Flush();
        Assert.True(network.Run(() => server.Incoming.Count == 1));
        DataChannelEnd closer = fromOpener ? client : server;
        DataChannelEnd other = fromOpener ? server : client;
        DataChannel closing = fromOpener ? channel : server.Incoming[0];
        for (int i = 0; i < 100; i++) closer.Send(closing, new byte[1_000]);
        closing.Close();
        closer.Flush();
        Assert.Equal(DataChannelSendResult.NotOpen, closer.Send(closing, [1]));
        Assert.True(network.Run(() => client.Closed.Count == 1 && server.Closed.Count == 1));
        Assert.Equal(100, other.Messages.Count);
        Assert.Single(other.Closing);
        Assert.Empty(closer.Closing);
        DataChannel again = client.Transport.CreateChannel(new DataChannelInit { Label = "again" });
        client.Send(again, [9]);
        Assert.Equal((ushort?)0, again.Id);
        Assert.True(network.Run(() => server.Messages.Any(message => message.Channel.Label == "again")));
    }

    /// <summary>A stream that is used again before the answer to its reset arrived: the answer is lost, and repeated only after the new OPEN.</summary>
    [Fact]
    public void A_stream_used_again_shows_that_its_reset_was_performed()
    {
        (SctpNetwork network, DataChannelEnd client, DataChannelEnd server) = DataChannelEnd.Connect(7);
        DataChannel first = client.Transport.CreateChannel(new DataChannelInit());
        client.Flush();
        Assert.True(network.Run(() => server.Incoming.Count == 1));
        // The client's second RE-CONFIG is its answer to the server's reset.
        int reconfigurations = 0;
        network.Filter = (from, packet) => from != 0 || packet[12] != 130 || ++reconfigurations != 2;
        first.Close();
        client.Flush();
        Assert.True(network.Run(() => first.State == DataChannelState.Closed));
        Assert.Empty(server.Closed);
        DataChannel second = client.Transport.CreateChannel(new DataChannelInit { Label = "second" });
        Assert.Equal((ushort?)0, second.Id);
        client.Send(second, [1]);
        Assert.True(network.Run(() => server.Messages.Count == 1, 100_000));
        Assert.Single(server.Closed);
        Assert.Equal(DataChannelSendResult.Queued, server.Send(server.Incoming[1], [2]));
        Assert.True(network.Run(() => client.Messages.Count == 1));
        Assert.True(reconfigurations >= 2);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    public void A_storm_of_channels_opens_and_closes_over_loss_and_every_id_comes_back(int seed)
    {
        (SctpNetwork network, DataChannelEnd client, DataChannelEnd server) = DataChannelEnd.Connect(seed, new LinkConditions { Loss = 0.03, Jitter = 4_000 });
        var random = new Random(seed);
        int expected = 0;
        for (int round = 0; round < 30; round++)
        {
            foreach (DataChannelEnd end in new[] { client, server })
            {
                for (int i = 0; i < 8; i++)
                {
                    DataChannel channel = end.Transport.CreateChannel(new DataChannelInit { Label = $"{round}/{i}" });
                    if (channel.State != DataChannelState.Open) continue;
                    end.Send(channel, Encoding.UTF8.GetBytes(channel.Label), isText: true);
                    expected++;
                    if (random.Next(2) == 0) channel.Close();
                    end.Flush();
                }
                foreach (DataChannel channel in end.Opened.Where(channel => channel.State == DataChannelState.Open && random.Next(3) == 0).ToArray()) channel.Close();
                end.Flush();
            }
            network.RunFor(random.Next(1_000, 200_000));
        }
        network.RunFor(5_000_000);
        foreach (DataChannelEnd end in new[] { client, server })
        {
            foreach (DataChannel channel in end.Opened) channel.Close();
            end.Flush();
        }
        Assert.True(network.Run(() => client.Transport.ChannelCount == 0 && server.Transport.ChannelCount == 0), $"{client.Transport.ChannelCount} {server.Transport.ChannelCount}");
        // A channel may be closed by the other side before its opener's message was read; it is never doubled and never on another channel.
        (DataChannel Channel, byte[] Bytes, bool IsText)[] all = [.. client.Messages, .. server.Messages];
        Assert.All(all, message => Assert.Equal(message.Channel.Label, Encoding.UTF8.GetString(message.Bytes)));
        Assert.Equal(expected, all.Length);
        Assert.True(client.Closed.Count + server.Closed.Count >= expected * 2);
        Assert.Equal((ushort?)0, client.Transport.CreateChannel(new DataChannelInit()).Id);
    }

    [Fact]
    public void Buffered_amount_falls_and_tells_at_the_threshold()
    {
        (SctpNetwork network, DataChannelEnd client, DataChannelEnd server) = DataChannelEnd.Connect(5, new LinkConditions { Bandwidth = 1_000_000 });
        DataChannel channel = client.Transport.CreateChannel(new DataChannelInit());
        channel.BufferedAmountLowThreshold = 100_000;
        for (int i = 0; i < 100; i++) channel.Send(new byte[10_000], false, network.Now);
        Assert.Equal(1_000_000, channel.BufferedAmount);
        client.Flush();
        Assert.True(network.Run(() => client.BufferedLow.Count > 0));
        Assert.InRange(channel.BufferedAmount, 90_000, 100_000);
        Assert.True(network.Run(() => server.Messages.Count == 100));
        Assert.Single(client.BufferedLow);
    }

    [Fact]
    public void Limits_of_the_interface_are_exceptions_and_limits_of_the_peer_are_results()
    {
        (SctpNetwork network, DataChannelEnd client, DataChannelEnd server) = DataChannelEnd.Connect(
            6, options: new SctpOptions { StreamsMax = 8 }, channelOptions: new DataChannelOptions { TextBytesMax = 16, ChannelsMax = 6 });
        Assert.Throws<ArgumentException>(() => client.Transport.CreateChannel(new DataChannelInit { MaxRetransmits = 1, MaxPacketLifeTimeMs = 1 }));
        Assert.Throws<ArgumentException>(() => client.Transport.CreateChannel(new DataChannelInit { Negotiated = true }));
        DataChannel beyond = client.Transport.CreateChannel(new DataChannelInit { Id = 8 });
        Assert.Equal(DataChannelState.Closed, beyond.State);
        DataChannel verbose = client.Transport.CreateChannel(new DataChannelInit { Label = new string('x', 17) });
        client.Flush();
        Assert.True(network.Run(() => client.Closing.Count == 1 || verbose.State == DataChannelState.Closed, 5_000_000) || server.Transport.MessagesDropped == 1);
        Assert.Empty(server.Incoming);
        client.Transport.Association.MessageSendBytesMax = 1_000;
        DataChannel channel = client.Transport.CreateChannel(new DataChannelInit());
        Assert.Equal(DataChannelSendResult.TooLarge, client.Send(channel, new byte[1_001]));
        Assert.Equal(DataChannelSendResult.Queued, client.Send(channel, new byte[1_000]));
        Assert.True(network.Run(() => server.Messages.Count == 1));
        client.Transport.Abort();
        Assert.True(network.Run(() => server.Disconnected is not null));
        Assert.Equal(SctpCloseReason.PeerAbort, server.Disconnected);
        Assert.All(server.Incoming, incoming => Assert.Equal(DataChannelState.Closed, incoming.State));
    }
}
