namespace Egregore.Server.Work;

/// <summary>Helpers and their work, as the dashboard shows it. Holds no address, ticket or key.</summary>
/// <param name="Enabled">Whether helpers may connect.</param>
/// <param name="Stats">Counts since the server began, and rates over the last second.</param>
/// <param name="Kernels">Tasks by kernel and level of failover.</param>
/// <param name="Helpers">At most 200, the oldest first.</param>
/// <param name="Refused">What was not taken of late, and why; at most 64, the newest last.</param>
/// <param name="Physics">The cascade; null where the game has no bodies.</param>
public sealed record WorkReport(
    bool Enabled, WorkStats Stats, IReadOnlyList<KernelInfo> Kernels, IReadOnlyList<HelperInfo> Helpers, IReadOnlyList<WorkRefusal> Refused, PhysicsInfo? Physics);

/// <summary>Counts of the coordinator.</summary>
/// <param name="Helpers">Helpers connected.</param>
/// <param name="Parked">Of them, those that could be sent a task now.</param>
/// <param name="Tasks">Tasks known: waiting, running, provisional.</param>
/// <param name="Submitted">Tasks taken.</param>
/// <param name="SubmittedPerSecond">Over the last second.</param>
/// <param name="ByPeers">Tasks answered by the first peer asked.</param>
/// <param name="ByOtherPeers">By another peer.</param>
/// <param name="ByCloud">By cloud workers.</param>
/// <param name="ByTruth">By truth itself.</param>
/// <param name="DeadlinesKept">Share of tasks that were answered in time, 0 to 1.</param>
/// <param name="Hedges">Second leases for a late answer.</param>
/// <param name="Audits">Leases and runs of truth to check an answer.</param>
/// <param name="Redundant">Share of leases that computed again what another one did, 0 to 1.</param>
/// <param name="Late">Leases that ran out.</param>
/// <param name="Wrong">Answers found wrong.</param>
/// <param name="Forged">Forgeries.</param>
/// <param name="Bans">Bans.</param>
/// <param name="RolledBack">Results taken back for the right one.</param>
/// <param name="Failed">Tasks without a result.</param>
/// <param name="PaidPerHour">What helpers were paid over the last minute, for an hour; credits.</param>
/// <param name="TruthPerHour">What the same work would cost an hour on truth's own cores; credits.</param>
/// <param name="CostPerPlayerHour">Credits.</param>
public sealed record WorkStats(
    int Helpers,
    int Parked,
    int Tasks,
    long Submitted,
    double SubmittedPerSecond,
    long ByPeers,
    long ByOtherPeers,
    long ByCloud,
    long ByTruth,
    double DeadlinesKept,
    long Hedges,
    long Audits,
    double Redundant,
    long Late,
    long Wrong,
    long Forged,
    long Bans,
    long RolledBack,
    long Failed,
    double PaidPerHour,
    double TruthPerHour,
    double CostPerPlayerHour);

/// <summary>Tasks of a kernel.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hash">SHA-256 of its metered module, hexadecimal.</param>
/// <param name="Class"><c>critical</c>, <c>simulated</c> or <c>cosmetic</c>.</param>
/// <param name="ByLevel">Tasks answered by the first peer, another peer, cloud, truth.</param>
/// <param name="Failed">Tasks without an answer.</param>
/// <param name="MeanMs">From submit to the first answer, milliseconds.</param>
public sealed record KernelInfo(string Name, string Hash, string Class, IReadOnlyList<long> ByLevel, long Failed, double MeanMs);

/// <summary>A helper.</summary>
/// <param name="Peer">Its peer id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Tier"><c>peer</c> or <c>cloud</c>.</param>
/// <param name="Slots">Tasks at the same time.</param>
/// <param name="SinceMs">Since when, truth's clock.</param>
/// <param name="Trust">Mean over its kernels, 0 to 1.</param>
/// <param name="FuelPerUs">Throughput, mean over its kernels.</param>
/// <param name="LatencyMs">Mean over its kernels.</param>
/// <param name="JitterMs">Mean over its kernels.</param>
/// <param name="Accepted">Answers accepted.</param>
/// <param name="Late">Leases that ran out.</param>
/// <param name="Wrong">Answers found wrong.</param>
/// <param name="Credits">Its balance.</param>
/// <param name="BannedSeconds">0: not banned.</param>
/// <param name="Reason">Of the last change for the worse.</param>
public sealed record HelperInfo(
    string Peer,
    string Name,
    string Tier,
    int Slots,
    long SinceMs,
    double Trust,
    double FuelPerUs,
    double LatencyMs,
    double JitterMs,
    long Accepted,
    long Late,
    long Wrong,
    double Credits,
    double BannedSeconds,
    string Reason);

/// <summary>The cascade of rigid bodies.</summary>
/// <param name="Awake">Bodies awake.</param>
/// <param name="Islands">Islands of the newest frame.</param>
/// <param name="Frames">Frames committed.</param>
/// <param name="FramesLate">Of them, those that came more than a frame after their time.</param>
/// <param name="LateMsMax">The longest that a frame was late.</param>
/// <param name="LateMs">The longest over the last second.</param>
/// <param name="Tasks">Tasks submitted.</param>
/// <param name="TasksDiscarded">Of them, those that a change of the world made useless.</param>
/// <param name="ByHelpers">Answers that came from helpers.</param>
/// <param name="ByTruth">Answers that truth computed.</param>
/// <param name="Corrections">Wrong answers put right.</param>
public sealed record PhysicsInfo(
    int Awake, int Islands, long Frames, long FramesLate, long LateMsMax, long LateMs, long Tasks, long TasksDiscarded, long ByHelpers, long ByTruth, long Corrections);
