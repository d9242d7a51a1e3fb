using System.Diagnostics;
using System.Diagnostics.Metrics;
using Egregore.Wire;

namespace Egregore.Server.Telemetry;

/// <summary>Meter and activity source <c>Egregore.Server</c>; the names are listed in docs/server.md.</summary>
internal static class ServerMeter
{
    public const string Name = "Egregore.Server";

    public static readonly ActivitySource Activities = new(Name);
    public static readonly Meter Meter = new(Name);
    public static readonly Counter<long> SessionsOpened = Meter.CreateCounter<long>("egregore.sessions.opened", "{session}", "Sessions opened");
    public static readonly Counter<long> SessionsResumed = Meter.CreateCounter<long>("egregore.sessions.resumed", "{session}", "Sessions resumed");
    public static readonly Counter<long> Refusals = Meter.CreateCounter<long>("egregore.refusals", "{refusal}", "Refused messages, requests and connections, by code");
    public static readonly Counter<long> SlowConsumers = Meter.CreateCounter<long>("egregore.slow_consumers", "{connection}", "Connections closed because they did not read");
    public static readonly Counter<long> RejectedStates = Meter.CreateCounter<long>("egregore.reflex.rejected", "{state}", "Reflex states that broke the movement rules");
    public static readonly Histogram<double> TickMs = Meter.CreateHistogram<double>("egregore.tick.duration", "ms", "Work of one tick of the world");
    public static readonly Histogram<double> CommitMs = Meter.CreateHistogram<double>("egregore.journal.commit", "ms", "Time until a group was durable");

    private static readonly KeyValuePair<string, object?>[] Codes =
        [.. Enum.GetValues<RefusalCode>().Select(code => new KeyValuePair<string, object?>("code", code.ToString()))];

    /// <summary>Counts a refusal under its code.</summary>
    public static void Refused(RefusalCode code) => Refusals.Add(1, Codes[(int)code]);
}
