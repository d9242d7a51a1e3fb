using System.Buffers.Binary;

namespace Egregore.WebRtc.Tests;

/// <summary>Whole connections over a bad network: a hook between connection and socket loses and holds back datagrams.</summary>
public sealed class ChannelKindTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Ordered_and_reliable_nothing_is_lost_doubled_or_out_of_order(int lossPercent)
    {
        var seen = await SendAsync(lossPercent, new RtcDataChannelInit(), 2_000, 700, stopAtLast: true);
        Assert.Equal(Enumerable.Range(0, 2_000), seen);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Unordered_and_reliable_nothing_is_lost_or_doubled(int lossPercent)
    {
        var seen = await SendAsync(lossPercent, new RtcDataChannelInit { Ordered = false }, 2_000, 700, stopAtLast: false);
        Assert.Equal(Enumerable.Range(0, 2_000), seen.Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Limited_retransmissions_may_lose_but_never_double(bool ordered)
    {
        var seen = await SendAsync(3, new RtcDataChannelInit { Ordered = ordered, MaxRetransmits = 0 }, 1_000, 700, stopAtLast: true);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        // Three in a hundred are lost, and one that is swapped may be given up before it comes.
        Assert.InRange(seen.Count, 900, 1_000);
        if (ordered)
            Assert.Equal(seen.Order(), seen);
    }

    [Fact]
    public async Task Limited_lifetime_in_order_never_doubles()
    {
        // How many are over their time before they are sent is the machine's affair.
        var seen = await SendAsync(3, new RtcDataChannelInit { MaxPacketLifeTime = 50 }, 1_000, 700, stopAtLast: true);
        Assert.Equal(seen.Distinct().Order(), seen);
        Assert.InRange(seen.Count, 1, 1_000);
    }

    [Fact]
    public async Task Within_its_lifetime_a_message_is_sent_until_it_is_there()
    {
        var seen = await SendAsync(3, new RtcDataChannelInit { MaxPacketLifeTime = 30_000 }, 1_000, 700, stopAtLast: true);
        Assert.Equal(Enumerable.Range(0, 1_000), seen);
    }

    [Fact]
    public async Task Messages_of_262144_bytes_survive_loss()
    {
        var seen = await SendAsync(1, new RtcDataChannelInit(), 20, 262_144, stopAtLast: true);
        Assert.Equal(Enumerable.Range(0, 20), seen);
    }

    [Fact]
    public async Task A_negotiated_channel_is_there_on_both_sides_without_an_announcement()
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var init = new RtcDataChannelInit { Negotiated = true, Id = 7, Priority = RtcPriority.High };
        var (x, y) = (a.CreateDataChannel("x", init), b.CreateDataChannel("y", init));
        b.DataChannel += _ => Assert.Fail("announced");
        Peers.Connect(a, b);
        await Task.WhenAll(x.OpenAsync(), y.OpenAsync());
        var inbox = y.Inbox();
        x.Send([9]);
        Assert.Equal([9], (await inbox.NextAsync()).Bytes);
        Assert.Equal((7, RtcPriority.High), (x.Id!.Value, x.Priority));
    }

    /// <returns>The numbers of the messages that arrived, in the order of arrival. A reliable message ends it.</returns>
    private static async Task<List<int>> SendAsync(int lossPercent, RtcDataChannelInit init, int count, int size, bool stopAtLast)
    {
        using var hostA = Peers.LoopbackHost();
        using var hostB = Peers.LoopbackHost();
        using var a = new RtcPeerConnection(host: hostA);
        using var b = new RtcPeerConnection(host: hostB);
        var channel = a.CreateDataChannel("numbers", init);
        var end = a.CreateDataChannel("end");
        var seen = new List<int>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        b.DataChannel += incoming => incoming.Message += (from, message, _) =>
        {
            if (from.Label == "end")
            {
                done.TrySetResult();
                return;
            }

            Assert.Equal(size, message.Length);
            seen.Add(BinaryPrimitives.ReadInt32BigEndian(message));
            if (!stopAtLast && seen.Count == count)
                done.TrySetResult();
        };
        Peers.Connect(a, b);
        await Task.WhenAll(channel.OpenAsync(), end.OpenAsync());
        if (lossPercent > 0)
        {
            BadNetwork.Apply(hostA, lossPercent, 1);
            BadNetwork.Apply(hostB, lossPercent, 2);
        }

        var buffer = new byte[size];
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, i);
            channel.Send(buffer);
        }

        if (stopAtLast)
        {
            // What is limited is over when everything is acknowledged or skipped; the reliable message behind it ends the test.
            var until = DateTime.UtcNow.AddSeconds(60);
            while (Buffered(a) > 0 && DateTime.UtcNow < until)
                await Task.Delay(2);
            end.Send("end");
        }

        await done.Task.WaitAsync(TimeSpan.FromSeconds(60));
        // Ordered and reliable messages of another channel may still be on their way when the end has come.
        if (init is { MaxRetransmits: null, MaxPacketLifeTime: null })
        {
            var late = DateTime.UtcNow.AddSeconds(30);
            while (seen.Count < count && DateTime.UtcNow < late)
                await Task.Delay(10);
        }

        return [.. seen];

        static long Buffered(RtcPeerConnection connection)
        {
            lock (connection.Gate)
                return connection.Channels.Association.BufferedBytes;
        }
    }
}

/// <summary>Loses datagrams, and swaps some with the one that follows.</summary>
internal static class BadNetwork
{
    public static void Apply(RtcHost host, int lossPercent, int seed, bool receivingToo = false)
    {
        if (receivingToo)
        {
            // Called by the one thread that receives.
            var received = new Random(seed + 1);
            host.ReceiveHook = () => received.Next(100) < lossPercent;
        }

        var random = new Random(seed);
        var gate = new Lock();
        (Host.HostSocket Socket, WebRtc.Ice.TransportAddress To, byte[] Bytes)? held = null;
        var inside = false;
        host.SendHook = (socket, to, datagram) =>
        {
            lock (gate)
            {
                if (inside)
                    return false;
                var roll = random.Next(100);
                if (roll < lossPercent)
                    return true;
                if (held is null && roll < 2 * lossPercent)
                {
                    held = (socket, to, datagram.ToArray());
                    return true;
                }

                if (held is { } late)
                {
                    held = null;
                    inside = true;
                    socket.Socket.SendTo(datagram, to.ToEndPoint());
                    late.Socket.Socket.SendTo(late.Bytes, late.To.ToEndPoint());
                    inside = false;
                    return true;
                }

                return false;
            }
        };
    }
}
