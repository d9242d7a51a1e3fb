using System.Text.Json;
using Egregore.Mesh;
using Egregore.Simulation;

namespace Egregore.Simulation.Tests;

public sealed class ReplayTests
{
    private static readonly SimulationSettings Short = new() { Seed = 7, Peers = 40, Messages = 30, WarmupMs = 4_000, DrainMs = 2_000, Replay = 0.01, Duplicate = 0.01 };

    [Fact]
    public void The_same_settings_give_the_same_run()
    {
        var first = SimulationRunner.Run(Short);
        Assert.Equal(first.ToJsonLine(), SimulationRunner.Run(Short).ToJsonLine());
        Assert.NotEqual(first.Hash, SimulationRunner.Run(Short with { Seed = 8 }).Hash);
    }

    [Fact]
    public void The_printed_command_holds_every_setting()
    {
        var settings = new SimulationSettings
        {
            Seed = 99, Scenario = Scenario.Churn, Peers = 33, LatencyMinMs = 5, LatencyMaxMs = 90, JitterMs = 11, ServerLatencyMs = 70, Loss = 0.05, Duplicate = 0.01, Reorder = 0.2,
            Replay = 0.03, Liars = 0.1, Blocked = 0.25, ServerGone = true, ClockSkewMs = 1_000, AreaBlocks = 77, Messages = 12, RatePerSecond = 9, BodyBytes = 64, WarmupMs = 5_000,
            DrainMs = 6_000, PartitionMs = 7_000, ChurnPerSecond = 2.5,
        };
        var command = settings.ToCommandLine();
        Assert.StartsWith("./egregore simulate --seed 99 ", command, StringComparison.Ordinal);
        Assert.True(SimulationSettings.TryParse(command.Split(' ')[2..], out var parsed, out var error), error);
        Assert.Equal(settings with { Mesh = parsed.Mesh }, parsed);
        Assert.Equal(new MeshOptions(), parsed.Mesh);
    }

    [Theory]
    [InlineData("--peers", "0")]
    [InlineData("--peers", "many")]
    [InlineData("--latency", "40")]
    [InlineData("--latency", "40-20")]
    [InlineData("--loss", "2")]
    [InlineData("--loss", "NaN")]
    [InlineData("--scenario", "war")]
    [InlineData("--scenario", "17")]
    [InlineData("--what", "1")]
    [InlineData("seed", "1")]
    [InlineData("--seed", "")]
    public void A_wrong_option_gets_an_answer(string name, string value)
    {
        Assert.False(SimulationSettings.TryParse([name, value], out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_run_that_fails_prints_how_to_replay_it()
    {
        var report = SimulationRunner.Run(Short with { Loss = 0.9, DrainMs = 0 });
        Assert.False(report.Passed);
        Assert.Contains("./egregore simulate --seed 7", report.ToString(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(report.ToJsonLine());
        Assert.False(json.RootElement.GetProperty("passed").GetBoolean());
        Assert.DoesNotContain('\n', report.ToJsonLine());
    }

    [Fact]
    public void A_run_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.Throws<OperationCanceledException>(() => SimulationRunner.Run(Short, null, cancel.Token));
    }
}
