using System.Text.Json;
using Egregore.Simulation.Work;

namespace Egregore.Simulation.Tests;

public sealed class WorkTests
{
    private static readonly WorkSettings Short = new() { Seed = 7, Helpers = 200, Rate = 800, WarmupS = 5, SteadyS = 3, SpikeS = 1 };

    [Theory]
    [InlineData(1)]
    // Here one that stalled or had just joined got half as much again as its share.
    [InlineData(19)]
    [InlineData(149)]
    [InlineData(179)]
    public void A_thousand_helpers_of_whom_a_third_lie_or_stall(ulong seed)
    {
        var report = WorkSimulation.Run(new WorkSettings { Seed = seed });
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(0, report.CriticalWrong);
        Assert.InRange(report.CriticalCommitted, 4_000, 8_000);
        Assert.InRange(report.Redundant, 0.05, 0.15);
        Assert.True(report.WrongRolledBack > 100, report.ToString());
        Assert.InRange(report.SpikeShare, 1, 1.4);
        Assert.True(report.HostShare > 100 * report.SpikeShare, report.ToString());
        Assert.True(report.LiarsBanned > report.Liars * 0.8, report.ToString());
        // Each level of failover has something to do, and the first nearly everything.
        Assert.All(report.LevelTasks, tasks => Assert.True(tasks > 0, report.ToString()));
        Assert.True(report.Levels[0] > 0.9, report.ToString());
    }

    [Fact]
    public void The_same_settings_give_the_same_run()
    {
        var first = WorkSimulation.Run(Short);
        Assert.Equal(first.ToJsonLine(), WorkSimulation.Run(Short).ToJsonLine());
        Assert.NotEqual(first.Hash, WorkSimulation.Run(Short with { Seed = 8 }).Hash);
    }

    [Fact]
    public void The_printed_command_holds_every_setting()
    {
        var settings = new WorkSettings
        {
            Seed = 9, Helpers = 33, Liars = 0.25, Stallers = 0.125, Colluders = 0.5, Cloud = 11, Rate = 77, Worlds = 3, WarmupS = 4, SteadyS = 5, SpikeS = 6, Spike = 1.5, Churn = 0.25, Loss = 0.5, Critical = 0.125,
            Cosmetic = 0.25, LocalRuns = 3, Quorum = 2,
        };
        Assert.True(WorkSettings.TryParse(settings.ToCommandLine().Split(' ')[3..], out var parsed, out var error), error);
        Assert.Equal(settings with { Options = parsed.Options }, parsed);
    }

    [Theory]
    [InlineData("--helpers", "0")]
    [InlineData("--helpers", "many")]
    [InlineData("--liars", "2")]
    [InlineData("--liars", "NaN")]
    [InlineData("--quorum", "1")]
    [InlineData("--cloud", "65")]
    [InlineData("--what", "1")]
    [InlineData("seed", "1")]
    [InlineData("--seed", "")]
    public void A_wrong_option_gets_an_answer(string name, string value)
    {
        Assert.False(WorkSettings.TryParse([name, value], out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_run_that_fails_prints_how_to_replay_it()
    {
        // Nobody is trusted yet, so everything is doubled.
        var report = WorkSimulation.Run(Short with { WarmupS = 0 });
        Assert.False(report.Passed);
        Assert.Contains("./egregore simulate work --seed 7 --helpers 200", report.ToString(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(report.ToJsonLine());
        Assert.False(json.RootElement.GetProperty("passed").GetBoolean());
        Assert.DoesNotContain('\n', report.ToJsonLine());
    }

    [Fact]
    public void A_cascades_frame_gets_faster_with_more_helpers()
    {
        var wave = Enumerable.Range(0, 128).Select(i => 1_500.0 + (i * 37 % 1_000)).ToArray();
        var settings = new CascadeSettings { WavesUs = [wave, wave, wave], WarmupFrames = 30, Frames = 5 };
        var last = 0.0;
        foreach (var (helpers, least) in new[] { (1, 0.9), (2, 1.8), (8, 6.5), (64, 30) })
        {
            var report = WorkSimulation.Cascade(settings with { Helpers = helpers });
            Assert.True(report.Speedup > least && report.Speedup > last && report.Speedup <= helpers, report.ToString());
            last = report.Speedup;
        }

        Assert.Throws<ArgumentException>(() => WorkSimulation.Cascade(settings with { Helpers = 0 }));
    }
}
