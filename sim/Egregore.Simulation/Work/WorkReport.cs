using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Egregore.Simulation.Work;

/// <summary>The figures of one run of <c>simulate work</c>.</summary>
public sealed record WorkReport
{
    /// <summary>Its seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Its helpers.</summary>
    public required int Helpers { get; init; }

    /// <summary>Targets met and no invariant broken.</summary>
    public bool Passed => Failures.Count == 0;

    /// <summary>What failed, one line each.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>Tasks of the whole run.</summary>
    public long Tasks { get; init; }

    /// <summary>Critical results that were committed.</summary>
    public long CriticalCommitted { get; init; }

    /// <summary>Wrong ones among them: must be none.</summary>
    public long CriticalWrong { get; init; }

    /// <summary>Extra runs (checks, hedges, ringers, truth's checks) by tasks, in the steady time.</summary>
    public double Redundant { get; init; }

    /// <summary>Frames of the steady time that were whole by their deadline.</summary>
    public double FramesInTime { get; init; }

    /// <summary>99th percentile of a frame, from its submit, milliseconds.</summary>
    public double FrameP99Ms { get; init; }

    /// <summary>In the cascade: the most loaded helper's load by its fair share, which is by capability.</summary>
    public double SpikeShare { get; init; }

    /// <summary>The same cascade on one physics host: its load by the fair share that it would have among the helpers.</summary>
    public double HostShare { get; init; }

    /// <summary>Frames of the cascade in time.</summary>
    public double SpikeFramesInTime { get; init; }

    /// <summary>Seconds that one physics host (the fastest class) computes on the cascade's seconds.</summary>
    public double HostBusyS { get; init; }

    /// <summary>Wrong simulated and cosmetic answers that were shown.</summary>
    public long WrongShown { get; init; }

    /// <summary>Of them taken back.</summary>
    public long WrongRolledBack { get; init; }

    /// <summary>Longest time until one was taken back, milliseconds.</summary>
    public double RollbackMaxMs { get; init; }

    /// <summary>Wrong answers that stayed by tasks, in the steady time.</summary>
    public double WrongStayed { get; init; }

    /// <summary>Tasks answered by level: peer, another peer, cloud, truth.</summary>
    public IReadOnlyList<long> LevelTasks { get; init; } = [];

    /// <summary>Answers by level: peer, another peer, cloud, truth.</summary>
    public IReadOnlyList<double> Levels { get; init; } = [];

    /// <summary>Bans of liars and colluders.</summary>
    public int LiarsBanned { get; init; }

    /// <summary>Liars and colluders there are.</summary>
    public int Liars { get; init; }

    /// <summary>Bans of the honest: must be none.</summary>
    public int HonestBanned { get; init; }

    /// <summary>Tasks without a result, by tasks, in the steady time.</summary>
    public double Failed { get; init; }

    /// <summary>Hash over every settlement: the same settings give the same.</summary>
    public string Hash { get; init; } = "";

    /// <summary>The command that runs it again.</summary>
    public string Command { get; init; } = "";

    /// <summary>One line of JSON.</summary>
    public string ToJsonLine() => JsonSerializer.Serialize(this, WorkReportJson.Default.WorkReport);

    /// <summary>For people.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"work, seed {Seed}, {Helpers} helpers: {(Passed ? "passed" : "FAILED")}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  tasks             {Tasks}, {Failed:P3} without a result");
        text.AppendLine(CultureInfo.InvariantCulture, $"  critical          {CriticalCommitted} committed, {CriticalWrong} wrong");
        text.AppendLine(CultureInfo.InvariantCulture, $"  redundant         {Redundant:P1} of the tasks, steady");
        text.AppendLine(CultureInfo.InvariantCulture, $"  frames in time    {FramesInTime:P2} steady, {SpikeFramesInTime:P2} in the cascade; p99 {FrameP99Ms:F0} ms");
        text.AppendLine(CultureInfo.InvariantCulture, $"  cascade           busiest helper {SpikeShare:F2} of its fair share; one host alone {HostShare:F0}, busy for {HostBusyS:F1} s");
        text.AppendLine(CultureInfo.InvariantCulture, $"  wrong answers     {WrongShown} shown, {WrongRolledBack} taken back within {RollbackMaxMs:F0} ms; {WrongStayed:P3} of the tasks stayed, steady");
        text.AppendLine(CultureInfo.InvariantCulture, $"  levels            peer {Told(0)}, another {Told(1)}, cloud {Told(2)}, truth {Told(3)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  bans              {LiarsBanned} of {Liars} liars, {HonestBanned} honest");
        foreach (var failure in Failures)
            text.AppendLine(CultureInfo.InvariantCulture, $"  failed: {failure}");
        if (!Passed)
            text.AppendLine(CultureInfo.InvariantCulture, $"  again: {Command}");
        return text.ToString().TrimEnd();
    }

    private string Told(int level) => level < Levels.Count && level < LevelTasks.Count ? string.Create(CultureInfo.InvariantCulture, $"{LevelTasks[level]} ({Levels[level]:P2})") : "0";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WorkReport))]
[JsonSerializable(typeof(CascadeReport))]
internal sealed partial class WorkReportJson : JsonSerializerContext;
