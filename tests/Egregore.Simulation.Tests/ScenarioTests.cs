using Egregore.Simulation;

namespace Egregore.Simulation.Tests;

/// <summary>The mesh's targets, over several seeds each. A failing run prints its figures and the command that replays it.</summary>
public sealed class ScenarioTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Gossip_reaches_everyone_in_time_and_in_few_copies(ulong seed)
    {
        var report = Run(new SimulationSettings { Seed = seed });
        Assert.Equal(200, report.Messages);
        Assert.InRange(report.Delivered!.Value, SimulationRunner.DeliveredMin, 1);
        Assert.InRange(report.P99Ms!.Value, 1, SimulationRunner.P99MaxMs);
        Assert.InRange(report.CopiesMean!.Value, 1, 2);
        Assert.InRange(report.CopiesMax!.Value, 1, SimulationRunner.CopiesMax);
    }

    [Fact]
    public void Gossip_keeps_its_targets_over_two_hundred_seeds()
    {
        var failed = new List<string>();
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var report = SimulationRunner.Run(new SimulationSettings { Seed = 1_000 + (ulong)i, Messages = 40, DrainMs = 5_000 });
            if (!report.Passed)
            {
                lock (failed)
                    failed.Add(report.ToString());
            }
        });
        Assert.True(failed.Count == 0, string.Join('\n', failed));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Halves_that_were_apart_for_thirty_seconds_agree_within_five(ulong seed)
    {
        var report = Run(new SimulationSettings { Seed = seed, Scenario = Scenario.Partition });
        Assert.InRange(report.HealS!.Value, 0, SimulationRunner.HealMaxS);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Those_who_stay_miss_nothing_while_others_come_and_go(ulong seed) => Run(new SimulationSettings { Seed = seed, Scenario = Scenario.Churn });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void From_peer_to_peer_is_nearer_than_through_the_server(ulong seed)
    {
        var report = Run(new SimulationSettings { Seed = seed, Scenario = Scenario.Latency, Messages = 100 });
        Assert.InRange(report.Ratio!.Value, SimulationRunner.RatioMin, 10);
    }

    [Fact]
    public void A_thousand_peers_run_too()
    {
        var report = Run(new SimulationSettings { Seed = 1, Peers = 1_000, Messages = 5, RatePerSecond = 5, WarmupMs = 6_000, DrainMs = 4_000, AreaBlocks = 1_200 });
        Assert.Equal(1_000, report.Peers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Duplicates_reorder_replay_and_liars_break_no_invariant(ulong seed) =>
        Run(new SimulationSettings { Seed = seed, Peers = 60, Duplicate = 0.02, Reorder = 0.1, Replay = 0.02, Liars = 0.1, Messages = 100 });

    [Fact]
    public void Pairs_without_a_direct_path_are_relayed() => Run(new SimulationSettings { Seed = 1, Blocked = 0.2, Messages = 100 });

    [Theory]
    [InlineData(Scenario.Gossip)]
    [InlineData(Scenario.Partition)]
    public void The_mesh_goes_on_without_the_server(Scenario scenario) => Run(new SimulationSettings { Seed = 3, Scenario = scenario, ServerGone = true, Messages = 100 });

    private static SimulationReport Run(SimulationSettings settings)
    {
        var report = SimulationRunner.Run(settings);
        Assert.True(report.Passed, report.ToString());
        return report;
    }
}
