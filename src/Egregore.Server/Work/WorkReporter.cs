using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>Makes a <see cref="WorkReport"/>, once a second.</summary>
internal sealed class WorkReporter(WorkHost work, HelpersOptions options)
{
    private const int HelpersMax = 200, RateSeconds = 60;
    private readonly Queue<(long TimeMs, ulong Fuel, long Paid)> _minute = new();
    private long _submitted;
    private long _atMs;

    public WorkReport Take(int players, PhysicsInfo? physics, long nowMs)
    {
        var (helpers, refusals) = work.Look(HelpersMax);
        var kernels = work.KernelCounts();
        var stats = work.With((coordinator, nowUs) =>
        {
            coordinator.SetPlayers(WorkHost.World, players, nowUs);
            return Stats(coordinator, nowMs, nowUs);
        });
        return new WorkReport(options.Enabled, stats, kernels, [.. helpers.Select(helper => Describe(helper.Session, helper.View))], refusals, physics);
    }

    private WorkStats Stats(WorkCoordinator coordinator, long nowMs, long nowUs)
    {
        var counters = coordinator.Counters;
        var seconds = Math.Max(0.001, (nowMs - _atMs) / 1000.0);
        var perSecond = (counters.Submitted - _submitted) / seconds;
        (_submitted, _atMs) = (counters.Submitted, nowMs);
        var paid = -coordinator.Ledger.BalanceOf(Egregore.Work.Credits.AccountId.Of(WorkHost.World));
        _minute.Enqueue((nowMs, counters.FuelPaid, paid));
        while (_minute.Count > RateSeconds)
            _minute.Dequeue();
        var oldest = _minute.Peek();
        var hours = Math.Max(0.001, nowMs - oldest.TimeMs) / 3_600_000.0;
        var answered = counters.ByLevel.Sum();
        return new WorkStats(
            coordinator.HelperCount,
            coordinator.ParkedCount,
            coordinator.TaskCount,
            counters.Submitted,
            perSecond,
            counters.ByLevel[0],
            counters.ByLevel[1],
            counters.ByLevel[2],
            counters.ByLevel[3],
            answered + counters.Failed == 0 ? 1 : answered / (double)(answered + counters.Failed),
            counters.Hedges,
            counters.Audits + counters.LocalAudits,
            counters.Leases == 0 ? 0 : (counters.Hedges + counters.Audits) / (double)counters.Leases,
            counters.Late,
            counters.Wrong,
            counters.Forged,
            counters.Bans,
            counters.RolledBack,
            counters.Failed,
            (paid - oldest.Paid) / hours / 1e6,
            (counters.FuelPaid - oldest.Fuel) / hours / coordinator.LocalFuelPerUs / 3_600e6 * options.CoreHourCost / 1e6,
            coordinator.CostPerPlayerHour(WorkHost.World, nowUs) / 1e6);
    }

    private static HelperInfo Describe(HelperSession session, HelperView? view)
    {
        var kernels = view?.Kernels ?? [];
        return new HelperInfo(
            session.Owner.ToString(),
            session.Name,
            session.Tier == Wire.HelperTier.Cloud ? "cloud" : "peer",
            session.Slots,
            session.SinceMs,
            Mean(kernels, kernel => kernel.TrustPermille / 1000.0),
            Mean(kernels, kernel => kernel.FuelPerUs),
            Mean(kernels, kernel => kernel.LatencyUs / 1000),
            Mean(kernels, kernel => kernel.JitterUs / 1000),
            kernels.Sum(kernel => kernel.Accepted),
            kernels.Sum(kernel => kernel.Late),
            kernels.Sum(kernel => kernel.Wrong),
            (view?.Balance ?? 0) / 1e6,
            (view?.BannedUs ?? 0) / 1e6,
            view?.Reason ?? "");
    }

    private static double Mean(IReadOnlyList<KernelView> kernels, Func<KernelView, double> value) => kernels.Count == 0 ? 0 : Math.Round(kernels.Average(value), 3);
}
