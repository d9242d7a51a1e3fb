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

    public static readonly ObservableGauge<long> Sessions = Meter.CreateObservableGauge("egregore.sessions", () => Gauge(s => s.Sessions), "{session}", "Sessions, with those that wait to be resumed");
    public static readonly ObservableGauge<long> Connections = Meter.CreateObservableGauge("egregore.connections", () => Gauge(s => s.Connections), "{connection}", "WebSockets");
    public static readonly ObservableGauge<long> Bodies = Meter.CreateObservableGauge("egregore.bodies", () => Gauge(s => s.Bodies), "{body}", "Sessions with a place in the room");
    public static readonly ObservableGauge<long> MessagesIn = Meter.CreateObservableGauge("egregore.messages.in", () => Gauge(s => (long)s.MessagesInPerSecond), "{message}/s", "Messages a second from clients");
    public static readonly ObservableGauge<long> MessagesOut = Meter.CreateObservableGauge("egregore.messages.out", () => Gauge(s => (long)s.MessagesOutPerSecond), "{message}/s", "Messages a second to clients");
    public static readonly ObservableGauge<long> BytesIn = Meter.CreateObservableGauge("egregore.bytes.in", () => Gauge(s => (long)s.BytesInPerSecond), "By/s", "Bytes a second from clients");
    public static readonly ObservableGauge<long> BytesOut = Meter.CreateObservableGauge("egregore.bytes.out", () => Gauge(s => (long)s.BytesOutPerSecond), "By/s", "Bytes a second to clients");
    public static readonly ObservableGauge<long> JournalBytes = Meter.CreateObservableGauge("egregore.journal.bytes", () => Gauge(s => s.JournalBytes), "By", "Bytes written to the journal since start");

    private static volatile WorldStatistics? s_statistics;

    private static readonly KeyValuePair<string, object?>[] Codes =
        [.. Enum.GetValues<RefusalCode>().Select(code => new KeyValuePair<string, object?>("code", code.ToString()))];

    private static readonly RefusalCode[] RefusalCodes = Enum.GetValues<RefusalCode>();
    private static readonly long[] RefusalCounts = new long[RefusalCodes.Length];

    /// <summary>Refusals since the process began, in the order of their codes, without those that did not occur.</summary>
    public static RefusalCount[] RefusalsByCode =>
        [.. RefusalCodes.Select((code, i) => new RefusalCount(code.ToString(), Interlocked.Read(ref RefusalCounts[i]))).Where(refusal => refusal.Count > 0)];

    /// <summary>Counts a refusal under its code.</summary>
    public static void Refused(RefusalCode code)
    {
        Refusals.Add(1, Codes[(int)code]);
        Interlocked.Increment(ref RefusalCounts[(int)code]);
    }

    /// <summary>Lets the gauges show this world; the last one of a process wins.</summary>
    public static void Observe(WorldStatistics statistics) => s_statistics = statistics;

    private static long Gauge(Func<WorldStats, long> read) => s_statistics is { HasBegun: true } statistics ? read(statistics.Latest.Stats) : 0;
}
