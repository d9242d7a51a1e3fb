using System.Buffers.Binary;
using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>Messages that are never sent again: what the network loses is missing, and nothing else; the stream does not stand still over it.</summary>
public sealed class SctpPartialReliabilityTests
{
    private const int Messages = 1_000;

    public static TheoryData<long, bool, bool, int> Cases()
    {
        var cases = new TheoryData<long, bool, bool, int>();
        foreach (long delay in new[] { 50L, 10_000L, 50_000L })
            foreach (bool ordered in new[] { false, true })
                foreach (bool steady in new[] { false, true })
                    for (int seed = 0; seed < 3; seed++) cases.Add(delay, ordered, steady, seed);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Only_what_the_network_lost_is_missing_and_no_more_packets_are_sent_than_needed(long delay, bool ordered, bool steady, int seed)
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(seed, new LinkConditions { Delay = delay });
        network.Conditions = new LinkConditions { Delay = delay, Loss = 0.03, Reorder = 0.03, ReorderDelay = Math.Min(5_000, delay) };
        long start = network.Now;
        for (int i = 0; i < Messages; i++)
        {
            byte[] message = new byte[700];
            BinaryPrimitives.WriteInt32LittleEndian(message, i);
            a.Send(0, message, new SctpMessageOptions { RetransmitsMax = 0, Unordered = !ordered });
            if (!steady) continue;
            a.Flush();
            network.RunFor(5_000);
        }
        a.Flush();
        Assert.True(network.Run(() => a.Association.BufferedBytes == 0, 5_000_000), $"{a.Association.BufferedBytes} bytes stay");
        int[] numbers = [.. b.Messages.Select(message => BinaryPrimitives.ReadInt32LittleEndian(message.Bytes))];
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
        if (ordered) Assert.Equal(numbers.Order(), numbers);
        SctpStatistics statistics = a.Association.Statistics;
        string figures = $"{numbers.Length} of {Messages}, {(network.Now - start) / 1000} ms, {statistics.Timeouts} timeouts, {statistics.PacketsSent} packets, round trip {a.Association.RoundTripMicroseconds}";
        Assert.True(numbers.Length >= 920, figures);
        // A timeout is for the tail only, where nothing follows that would show its loss.
        Assert.True(statistics.Timeouts <= 1, figures);
        Assert.True(statistics.PacketsSent < Messages * 1.1, figures);
        Assert.True(a.Association.RoundTripMicroseconds < (2 * delay) + 12_000, figures);
        if (!steady) Assert.True(network.Now - start < 600_000 + (22 * delay), figures);
    }

    [Fact]
    public void An_ordered_message_between_two_that_are_given_up_is_named_by_neither()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(1);
        var forwards = new List<byte[]>();
        int data = 0;
        network.Filter = (from, packet) =>
        {
            if (from != 0) return true;
            if (packet[12] == 0) return ++data is not (1 or 3);
            if (packet[12] == 192) forwards.Add(packet);
            return true;
        };
        for (int i = 0; i < 8; i++)
        {
            a.Send(4, new byte[1_100], new SctpMessageOptions { RetransmitsMax = 0 });
            a.Flush();
        }
        Assert.True(network.Run(() => a.Association.BufferedBytes == 0, 1_000_000));
        Assert.Equal(6, b.Messages.Count);
        // The first loss is seen first; then two chunks of 12 bytes in one packet: up to the first message with its sequence number, then up to the third with the third's.
        byte[] packet = forwards[^1];
        Assert.Equal(12 + 24, packet.Length);
        Assert.Equal((192, 12, 4, 0), (packet[12], BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(14)), BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20)), BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(22))));
        Assert.Equal((192, 12, 4, 2), (packet[24], BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(26)), BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(32)), BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(34))));
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(28)) - BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16)));
    }
}
