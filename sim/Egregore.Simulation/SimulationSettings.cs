using System.Globalization;
using System.Text;
using Egregore.Mesh;

namespace Egregore.Simulation;

/// <summary>What a run shows.</summary>
public enum Scenario
{
    /// <summary>Messages from random peers to all.</summary>
    Gossip,

    /// <summary>Two halves apart, writes to the shared state on both sides, then healed.</summary>
    Partition,

    /// <summary>Gossip while peers leave, vanish and join.</summary>
    Churn,

    /// <summary>Movement states from peer to peer beside the way through the server.</summary>
    Latency,
}

/// <summary>Everything that a run depends on: the same settings give the same report, bit for bit. Printed whole when a run fails.</summary>
public sealed record SimulationSettings
{
    /// <summary>Seeds every choice.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>What is run.</summary>
    public Scenario Scenario { get; init; } = Scenario.Gossip;

    /// <summary>Peers. Default 100.</summary>
    public int Peers { get; init; } = 100;

    /// <summary>Least one-way latency between two peers, milliseconds. Default 20.</summary>
    public int LatencyMinMs { get; init; } = 20;

    /// <summary>Most one-way latency between two peers, jitter included, milliseconds. Default 40.</summary>
    public int LatencyMaxMs { get; init; } = 40;

    /// <summary>How much of that changes from message to message, milliseconds. Default 4.</summary>
    public int JitterMs { get; init; } = 4;

    /// <summary>One-way latency between a peer and the server, milliseconds. Default 40.</summary>
    public int ServerLatencyMs { get; init; } = 40;

    /// <summary>Share of messages lost, of every kind and channel: reliable ones are not sent again. Default 0.02.</summary>
    public double Loss { get; init; } = 0.02;

    /// <summary>Share of messages that arrive twice. Default 0.</summary>
    public double Duplicate { get; init; }

    /// <summary>Share of messages held back by up to 50 ms more. Default 0.</summary>
    public double Reorder { get; init; }

    /// <summary>Share of messages that an attacker records and plays again 1 to 10 s later. Default 0.</summary>
    public double Replay { get; init; }

    /// <summary>Share of peers that send altered copies and invent members. Default 0.</summary>
    public double Liars { get; init; }

    /// <summary>Share of pairs without a direct path. Default 0.</summary>
    public double Blocked { get; init; }

    /// <summary>The server is gone after the warm-up: no relay, and signaling goes through the mesh. Default false.</summary>
    public bool ServerGone { get; init; }

    /// <summary>Peers' clocks differ from true time by up to this, milliseconds. Default 200.</summary>
    public int ClockSkewMs { get; init; } = 200;

    /// <summary>Side of the square on which peers stand, blocks. Default 400.</summary>
    public int AreaBlocks { get; init; } = 400;

    /// <summary>Messages published (or writes made, in each half of a partition). Default 200.</summary>
    public int Messages { get; init; } = 200;

    /// <summary>Messages a second over all peers. Default 20.</summary>
    public int RatePerSecond { get; init; } = 20;

    /// <summary>Body of a message, bytes, at least 16. Default 200.</summary>
    public int BodyBytes { get; init; } = 200;

    /// <summary>Time for links to open before anything is measured, milliseconds. Default 8,000.</summary>
    public int WarmupMs { get; init; } = 8_000;

    /// <summary>Time after the last message, milliseconds. Default 8,000.</summary>
    public int DrainMs { get; init; } = 8_000;

    /// <summary>How long a partition lasts, milliseconds. Default 30,000.</summary>
    public int PartitionMs { get; init; } = 30_000;

    /// <summary>Peers that leave and join a second under churn. Default 1.</summary>
    public double ChurnPerSecond { get; init; } = 1;

    /// <summary>The nodes' options.</summary>
    public MeshOptions Mesh { get; init; } = new();

    /// <summary>The command that runs exactly this again. Options of the mesh are not part of it.</summary>
    public string ToCommandLine()
    {
        var defaults = new SimulationSettings();
        var text = new StringBuilder("./egregore simulate");
        text.Append(CultureInfo.InvariantCulture, $" --seed {Seed} --scenario {Scenario.ToString().ToLowerInvariant()} --peers {Peers}");
        text.Append(CultureInfo.InvariantCulture, $" --latency {LatencyMinMs}-{LatencyMaxMs} --loss {Loss}");
        foreach (var option in Options)
        {
            if (option.Get(this) != option.Get(defaults))
                text.Append(CultureInfo.InvariantCulture, $" --{option.Name} {option.Get(this)}");
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToCommandLine"/> writes behind the command's name; unknown options and values out of range are refused with a text for the person.</summary>
    public static bool TryParse(IReadOnlyList<string> arguments, out SimulationSettings settings, out string error)
    {
        settings = new SimulationSettings();
        error = "";
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : "";
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            var parsed = Parse(settings, name, value);
            if (parsed is null)
            {
                error = $"not an option of simulate, or its value is wrong: {arguments[i]} {value}";
                return false;
            }

            settings = parsed;
        }

        error = settings.Check();
        return error.Length == 0;
    }

    /// <summary>Empty, or what is out of range.</summary>
    public string Check()
    {
        if (Peers is < 2 or > 5_000)
            return "--peers must be 2 to 5000";
        if (LatencyMinMs < 0 || LatencyMaxMs < LatencyMinMs || LatencyMaxMs > 10_000)
            return "--latency must be MIN-MAX in milliseconds, 0 to 10000";
        if (JitterMs < 0 || JitterMs > LatencyMaxMs - LatencyMinMs)
            return "--jitter must be at most the width of --latency";
        if (BodyBytes < 16 || BodyBytes > Mesh.GossipBodyBytesMax)
            return $"--body must be 16 to {Mesh.GossipBodyBytesMax}";
        foreach (var share in new[] { Loss, Duplicate, Reorder, Replay, Liars, Blocked })
        {
            if (!(share is >= 0 and <= 1))
                return "shares are 0 to 1";
        }

        return Messages is < 0 or > 100_000 || RatePerSecond is < 1 or > 10_000 || ClockSkewMs is < 0 or > 60_000 || AreaBlocks is < 1 or > 1_000_000
            || WarmupMs is < 0 or > 3_600_000 || DrainMs is < 0 or > 3_600_000 || PartitionMs is < 0 or > 3_600_000 || ServerLatencyMs is < 0 or > 10_000
            || !(ChurnPerSecond is >= 0 and <= 1_000)
            ? "a value is out of range"
            : "";
    }

    private static readonly (string Name, Func<SimulationSettings, string> Get, Func<SimulationSettings, double, SimulationSettings> Set)[] Options =
    [
        ("jitter", s => Text(s.JitterMs), (s, v) => s with { JitterMs = (int)v }),
        ("server-latency", s => Text(s.ServerLatencyMs), (s, v) => s with { ServerLatencyMs = (int)v }),
        ("duplicate", s => Text(s.Duplicate), (s, v) => s with { Duplicate = v }),
        ("reorder", s => Text(s.Reorder), (s, v) => s with { Reorder = v }),
        ("replay", s => Text(s.Replay), (s, v) => s with { Replay = v }),
        ("liars", s => Text(s.Liars), (s, v) => s with { Liars = v }),
        ("blocked", s => Text(s.Blocked), (s, v) => s with { Blocked = v }),
        ("server-gone", s => s.ServerGone ? "1" : "0", (s, v) => s with { ServerGone = v != 0 }),
        ("clock-skew", s => Text(s.ClockSkewMs), (s, v) => s with { ClockSkewMs = (int)v }),
        ("area", s => Text(s.AreaBlocks), (s, v) => s with { AreaBlocks = (int)v }),
        ("messages", s => Text(s.Messages), (s, v) => s with { Messages = (int)v }),
        ("rate", s => Text(s.RatePerSecond), (s, v) => s with { RatePerSecond = (int)v }),
        ("body", s => Text(s.BodyBytes), (s, v) => s with { BodyBytes = (int)v }),
        ("warmup", s => Text(s.WarmupMs), (s, v) => s with { WarmupMs = (int)v }),
        ("drain", s => Text(s.DrainMs), (s, v) => s with { DrainMs = (int)v }),
        ("partition", s => Text(s.PartitionMs), (s, v) => s with { PartitionMs = (int)v }),
        ("churn", s => Text(s.ChurnPerSecond), (s, v) => s with { ChurnPerSecond = v }),
    ];

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static SimulationSettings? Parse(SimulationSettings settings, string name, string value)
    {
        switch (name)
        {
            case "seed":
                return ulong.TryParse(value, CultureInfo.InvariantCulture, out var seed) ? settings with { Seed = seed } : null;
            case "scenario":
                return Enum.TryParse<Scenario>(value, true, out var scenario) && Enum.IsDefined(scenario) ? settings with { Scenario = scenario } : null;
            case "peers":
                return int.TryParse(value, CultureInfo.InvariantCulture, out var peers) ? settings with { Peers = peers } : null;
            case "loss":
                return double.TryParse(value, CultureInfo.InvariantCulture, out var loss) ? settings with { Loss = loss } : null;
            case "latency":
                var dash = value.IndexOf('-', StringComparison.Ordinal);
                return dash > 0 && int.TryParse(value.AsSpan(0, dash), CultureInfo.InvariantCulture, out var least)
                    && int.TryParse(value.AsSpan(dash + 1), CultureInfo.InvariantCulture, out var most)
                    ? settings with { LatencyMinMs = least, LatencyMaxMs = most, JitterMs = Math.Min(settings.JitterMs, Math.Max(0, most - least)) }
                    : null;
            default:
                foreach (var option in Options)
                {
                    if (option.Name == name)
                        return double.TryParse(value, CultureInfo.InvariantCulture, out var number) ? option.Set(settings, number) : null;
                }

                return null;
        }
    }
}
