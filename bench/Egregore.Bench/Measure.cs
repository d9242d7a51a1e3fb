using System.Text.Encodings.Web;
using System.Text.Json;

namespace Egregore.Bench;

/// <summary>One figure, and the peer's of the same run beside it.</summary>
/// <param name="Name">Area, dot, what is measured: <c>crdt.map</c>.</param>
/// <param name="Unit">Of both values: <c>ops/s</c>, <c>bytes</c>, <c>ms</c>.</param>
/// <param name="Value">Ours.</param>
/// <param name="Peer">What it is measured against; null: nothing.</param>
/// <param name="PeerValue">The peer's; null without one.</param>
/// <param name="Ratio">Ours against the peer's, above 1 where ours is better; null without a peer.</param>
/// <param name="Note">How it was measured, in one line.</param>
public sealed record Measure(string Name, string Unit, double Value, string? Peer, double? PeerValue, double? Ratio, string Note)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A figure without a peer.</summary>
    public static Measure Alone(string name, string unit, double value, string note) => new(name, unit, Round(value), null, null, null, note);

    /// <summary>A figure of which more is better.</summary>
    public static Measure MoreIsBetter(string name, string unit, double value, string peer, double peerValue, string note) =>
        new(name, unit, Round(value), peer, Round(peerValue), Round(value / peerValue), note);

    /// <summary>A figure of which less is better.</summary>
    public static Measure LessIsBetter(string name, string unit, double value, string peer, double peerValue, string note) =>
        new(name, unit, Round(value), peer, Round(peerValue), Round(peerValue / value), note);

    /// <summary>One line: <c>{"name","unit","value","peer","peerValue","ratio","note"}</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>One line for a person.</summary>
    public override string ToString() =>
        Peer is null ? $"{Name,-20} {Value,14:#,0.###} {Unit}   ({Note})" : $"{Name,-20} {Value,14:#,0.###} {Unit}   {Ratio:0.##}x {Peer} ({PeerValue:#,0.###})   ({Note})";

    private static double Round(double value) => Math.Abs(value) >= 100 ? Math.Round(value) : Math.Round(value, 3);
}
