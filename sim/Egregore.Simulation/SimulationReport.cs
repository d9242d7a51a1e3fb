using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Egregore.Simulation;

/// <summary>The figures of one run. What a scenario does not measure is null.</summary>
public sealed record SimulationReport
{
    /// <summary>What was run.</summary>
    public required string Scenario { get; init; }

    /// <summary>Its seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Its peers.</summary>
    public required int Peers { get; init; }

    /// <summary>Targets met and no invariant broken.</summary>
    public bool Passed => Failures.Count == 0;

    /// <summary>What failed, one line each, at most 20.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>Messages published.</summary>
    public int Messages { get; init; }

    /// <summary>Deliveries of those that should be: message by peer.</summary>
    public double? Delivered { get; init; }

    /// <summary>Share of messages that reached every peer.</summary>
    public double? Everywhere { get; init; }

    /// <summary>Median from publishing to delivery, milliseconds.</summary>
    public double? P50Ms { get; init; }

    /// <summary>99th percentile, milliseconds.</summary>
    public double? P99Ms { get; init; }

    /// <summary>The slowest delivery, milliseconds.</summary>
    public double? MaxMs { get; init; }

    /// <summary>Copies of a message's body that a peer received, mean.</summary>
    public double? CopiesMean { get; init; }

    /// <summary>The most copies of one message at one peer.</summary>
    public int? CopiesMax { get; init; }

    /// <summary>From the end of the partition until all replicas were equal, seconds.</summary>
    public double? HealS { get; init; }

    /// <summary>State age at the receiver from peer to peer, median, milliseconds.</summary>
    public double? DirectMs { get; init; }

    /// <summary>The same through the server.</summary>
    public double? ServerMs { get; init; }

    /// <summary>ServerMs by DirectMs.</summary>
    public double? Ratio { get; init; }

    /// <summary>Links a peer, mean at the end.</summary>
    public double Links { get; init; }

    /// <summary>Bytes sent by a peer a second, mean over the measured time.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>Events run.</summary>
    public long Events { get; init; }

    /// <summary>Over every arrival in order: equal for equal settings on every machine.</summary>
    public required string Hash { get; init; }

    /// <summary>The command that runs it again.</summary>
    public required string Command { get; init; }

    /// <summary>One line of JSON, without what was not measured.</summary>
    public string ToJsonLine() => JsonSerializer.Serialize(this, ReportJson.Default.SimulationReport);

    /// <summary>A few words for a person.</summary>
    public override string ToString()
    {
        var parts = new List<string> { $"{Scenario} seed {Seed}, {Peers} peers" };
        Add("delivered", Delivered * 100, " %");
        Add("everywhere", Everywhere * 100, " %");
        Add("p50", P50Ms, " ms");
        Add("p99", P99Ms, " ms");
        Add("copies", CopiesMean, "");
        Add("copies max", CopiesMax, "");
        Add("healed in", HealS, " s");
        Add("direct", DirectMs, " ms");
        Add("server", ServerMs, " ms");
        Add("ratio", Ratio, "");
        Add("sent", BytesPerSecond, " B/s a peer");
        Add("links", Links, "");
        return string.Join(", ", parts) + (Passed ? "" : "\n  FAILED " + string.Join("\n  FAILED ", Failures) + "\n  " + Command);

        void Add(string name, double? value, string unit)
        {
            if (value is { } number)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {number:0.###}{unit}"));
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SimulationReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
