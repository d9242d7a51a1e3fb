using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

public sealed class SctpHandshakeTests
{
    internal static (SctpNetwork Network, SctpEnd A, SctpEnd B) Connect(
        int seed, LinkConditions? conditions = null, SctpOptions? options = null, bool crossing = true, Func<ICongestionControl>? congestion = null)
    {
        var network = new SctpNetwork(seed, conditions);
        var a = new SctpEnd(network, 0, options, congestion?.Invoke());
        var b = new SctpEnd(network, 1, options, congestion?.Invoke());
        a.Association.Start(network.Now);
        if (crossing) b.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established), $"seed {seed}");
        return (network, a, b);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_of_all_sizes_arrive_in_both_directions(bool crossing)
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = Connect(1, crossing: crossing);
        int[] sizes = [1, 2, 3, 1_000, 1_160, 1_161, 1_172, 1_173, 5_000, 65_536, 262_144];
        foreach (int size in sizes)
        {
            byte[] bytes = new byte[size];
            new Random(size).NextBytes(bytes);
            Assert.Equal(SctpSendResult.Queued, a.Send(3, bytes));
            Assert.Equal(SctpSendResult.Queued, b.Send(4, bytes));
        }
        a.Flush();
        b.Flush();
        Assert.True(network.Run(() => a.Messages.Count == sizes.Length && b.Messages.Count == sizes.Length));
        for (int i = 0; i < sizes.Length; i++)
        {
            byte[] bytes = new byte[sizes[i]];
            new Random(sizes[i]).NextBytes(bytes);
            Assert.Equal((ushort)4, a.Messages[i].Stream);
            Assert.Equal(bytes, a.Messages[i].Bytes);
            Assert.Equal(bytes, b.Messages[i].Bytes);
        }
        Assert.True(network.Run(() => a.Association.BufferedBytes == 0 && b.Association.BufferedBytes == 0));
        Assert.Equal(0, a.Association.Statistics.Dropped + b.Association.Statistics.Dropped);
    }
}
