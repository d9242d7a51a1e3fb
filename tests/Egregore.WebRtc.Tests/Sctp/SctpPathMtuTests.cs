using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

public sealed class SctpPathMtuTests
{
    private static readonly SctpOptions Probing = new() { PacketProbeBytesMax = 16_000 };

    [Theory]
    [InlineData(1_300, 1_188)]
    [InlineData(1_420, 1_412)]
    [InlineData(9_000, 8_000)]
    [InlineData(65_000, 16_000)]
    public void The_largest_size_that_passes_is_found_and_used(int pathBytes, int expected)
    {
        var network = new SctpNetwork(1) { Filter = (_, packet) => packet.Length <= pathBytes };
        var a = new SctpEnd(network, 0, Probing);
        var b = new SctpEnd(network, 1, Probing);
        a.Association.Start(network.Now);
        network.RunFor(20_000_000);
        Assert.Equal(expected, a.Association.PacketBytes);
        int largest = 0;
        network.Filter = (_, packet) =>
        {
            largest = Math.Max(largest, packet.Length);
            return packet.Length <= pathBytes;
        };
        a.Send(0, new byte[200_000]);
        a.Flush();
        Assert.True(network.Run(() => b.BytesReceived == 200_000));
        Assert.InRange(largest, expected - 3, expected);
        Assert.Equal(0, a.Association.Statistics.ChunksRetransmitted);
    }

    [Fact]
    public void Without_the_option_nothing_is_probed()
    {
        int largest = 0;
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(2);
        network.Filter = (_, packet) =>
        {
            largest = Math.Max(largest, packet.Length);
            return true;
        };
        a.Send(0, new byte[100_000]);
        a.Flush();
        Assert.True(network.Run(() => b.BytesReceived == 100_000));
        network.RunFor(700_000_000);
        Assert.Equal(1_188, largest);
    }

    [Fact]
    public void A_path_that_shrinks_brings_the_safe_size_back()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(3, options: Probing);
        network.RunFor(5_000_000);
        Assert.Equal(16_000, a.Association.PacketBytes);
        a.Send(0, new byte[10_000]);
        long blockedUntil = network.Now + 8_000_000;
        // Large packets vanish for a while; the chunk that was cut large must wait for the path (or IP fragmentation), what comes after it is cut small.
        network.Filter = (_, packet) => packet.Length <= 1_200 || network.Now > blockedUntil;
        a.Flush();
        network.RunFor(6_000_000);
        Assert.Equal(1_188, a.Association.PacketBytes);
        a.Send(0, new byte[10_000]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 2));
    }
}
