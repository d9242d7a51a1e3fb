namespace Egregore.Simulation.Tests;

public sealed class VirtualLinkTests
{
    private static readonly SimulationSettings Settings = new() { Seed = 7, Peers = 4, LatencyMinMs = 20, LatencyMaxMs = 40, JitterMs = 4, ServerLatencyMs = 30, Loss = 0.02 };

    [Fact]
    public void A_path_keeps_its_latency_within_the_jitter_and_another_has_another()
    {
        var (low, high) = Range(VirtualLink.BetweenPeers(Settings, 0, 1));
        Assert.InRange(low, 20_000, 40_000);
        Assert.InRange(high, 20_000, 40_000);
        Assert.InRange(high - low, 3_000, 4_000);
        Assert.NotEqual(low / 1_000, Range(VirtualLink.BetweenPeers(Settings, 0, 2)).Low / 1_000);
    }

    [Fact]
    public void The_way_to_the_server_is_one_leg()
    {
        var (low, high) = Range(VirtualLink.ToServer(Settings, 0));
        Assert.InRange(low, 30_000, 30_100);
        Assert.InRange(high, 33_900, 34_000);
    }

    [Fact]
    public void The_same_seed_gives_the_same_delays_and_losses_and_another_others()
    {
        var first = Delays(VirtualLink.BetweenPeers(Settings, 0, 1));
        Assert.Equal(first, Delays(VirtualLink.BetweenPeers(Settings, 0, 1)));
        Assert.NotEqual(first, Delays(VirtualLink.BetweenPeers(Settings with { Seed = 8 }, 0, 1)));
        var link = VirtualLink.BetweenPeers(Settings, 0, 1);
        Assert.InRange(Enumerable.Range(0, 10_000).Count(_ => link.NextIsLost()), 150, 250);
    }

    [Fact]
    public void Settings_out_of_range_are_refused() =>
        Assert.Throws<ArgumentException>(() => VirtualLink.ToServer(Settings with { Loss = 2 }, 0));

    private static (long Low, long High) Range(VirtualLink link)
    {
        var delays = Delays(link);
        return (delays.Min(), delays.Max());
    }

    private static List<long> Delays(VirtualLink link) => [.. Enumerable.Range(0, 2_000).Select(_ => link.NextDelayUs())];
}
