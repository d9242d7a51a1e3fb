using Egregore.Wire;

namespace Egregore.Work;

/// <summary>A helper's standing with one kernel.</summary>
/// <param name="Kernel">Which.</param>
/// <param name="Name">Its name.</param>
/// <param name="TrustPermille">Mean of the posterior, thousandths.</param>
/// <param name="Accepted">Answers accepted.</param>
/// <param name="Late">Leases that ran out.</param>
/// <param name="Wrong">Answers found wrong.</param>
/// <param name="SampledPermille">Share of its answers that are checked again.</param>
/// <param name="FuelPerUs">Its measured throughput, fuel a microsecond; 0: not measured.</param>
/// <param name="LatencyUs">Its measured way there and back and waiting, microseconds.</param>
/// <param name="JitterUs">How far its answers come from when they were expected, microseconds.</param>
public readonly record struct KernelView(
    KernelHash Kernel, string Name, int TrustPermille, uint Accepted, uint Late, uint Wrong, int SampledPermille, double FuelPerUs, double LatencyUs, double JitterUs);

/// <summary>A helper's own view of itself.</summary>
/// <param name="Balance">Millionths of a credit.</param>
/// <param name="BannedUs">For how long still, microseconds; 0: not.</param>
/// <param name="Reason">Of the last change for the worse.</param>
/// <param name="Kernels">By kernel, in the order in which kernels were added; at most 64.</param>
public sealed record HelperView(long Balance, long BannedUs, string Reason, IReadOnlyList<KernelView> Kernels);

public sealed partial class WorkCoordinator
{
    private const int KernelViewsMax = 64;

    /// <summary>Failed validations are forgotten when there was none for so long.</summary>
    private const long FailuresForgottenUs = 24L * 3_600 * 1_000_000;

    /// <summary>A helper's standing, for its own eyes; null where there is no such helper.</summary>
    public HelperView? StandingOf(HelperId id, long nowUs) =>
        (uint)id.Slot < (uint)_helpers.Count && _helpers[id.Slot] is { Connected: true } helper && helper.Generation == id.Generation ? View(helper.Owner, nowUs) : null;

    /// <summary>An owner's standing, connected or not; null where nothing is known of it.</summary>
    public HelperView? StandingOf(PeerId owner, long nowUs) => _owners.TryGetValue(owner, out var entry) ? View(entry, nowUs) : null;

    private HelperView View(OwnerEntry owner, long nowUs)
    {
        var kernels = new List<KernelView>();
        foreach (var kernel in _kernels)
        {
            // One that was only tried says nothing of how it stands.
            if (owner.RecordOrNull(kernel) is not { } record || (record.Capability.AskedAtUs == 0 && !record.HasHistory) || kernels.Count == KernelViewsMax)
                continue;
            record.Trust.Age(nowUs, _options.TrustHalfLifeUs);
            var sampled = !IsKnown(record) ? 1_000 : (int)(SampleShare(record) * 1_000);
            kernels.Add(new KernelView(kernel.Hash, kernel.Manifest.Name, (int)(record.Trust.Mean * 1_000), record.Accepted, record.Late, record.Wrong, sampled,
                record.Capability.FuelPerUs, record.Capability.LatencyUs, record.Capability.JitterUs));
        }

        return new HelperView(Ledger.BalanceAt(owner.Account), Math.Max(0, owner.BannedUntilUs - nowUs), owner.Reason, kernels);
    }

    private static bool Reachable(HelperEntry helper, uint generation) => helper.Connected && helper.Generation == generation;

    /// <summary>Pays for an answer; one that was checked counts for its helper too.</summary>
    private void Accept(OwnerEntry owner, HelperEntry helper, uint generation, KernelEntry kernel, WorldEntry? world, ulong lease, ulong fuel, bool isChecked, long nowUs)
    {
        StandingVersion++;
        var record = owner.Record(kernel);
        record.Accepted++;
        if (isChecked)
        {
            record.Trust.Add(1, 0, nowUs, _options.TrustHalfLifeUs);
            record.ChecksInRow++;
        }

        // Ringers are the operator's to pay, at the kernel's own price: an answer without pay would give them away.
        var price = (Int128)fuel * kernel.Manifest.PricePerMegafuel * (world?.Terms.PricePermille ?? 1_000) / 1_000_000_000;
        var amount = (long)Int128.Min(price, long.MaxValue);
        if (amount > 0 && Ledger.TryPost(world?.Account ?? Ledger.OperatorAccount, owner.Account, amount, nowUs, kernel.Hash, fuel, out var line))
        {
            if (world is not null)
                world.Paid += amount;
            _sink.Posted(line);
        }
        else
        {
            amount = 0;
        }

        Counters.FuelPaid += fuel;
        if (Reachable(helper, generation))
            _sink.Receipt(helper.Id, new Receipt(lease, kernel.Hash, WorkVerdict.Accepted, fuel, amount, null));
    }

    private void Late(OwnerEntry owner, HelperEntry helper, KernelRecord record, long nowUs)
    {
        StandingVersion++;
        record.Late++;
        record.Trust.Add(0, _options.LatePenalty, nowUs, _options.TrustHalfLifeUs);
        owner.Reason = "late: no answer within the lease";
        if (helper.Connected)
            _sink.StandingChanged(helper.Id);
    }

    private void Wrong(OwnerEntry owner, HelperEntry helper, uint generation, KernelEntry kernel, ulong lease, string reason, long nowUs)
    {
        Counters.Wrong++;
        var record = owner.Record(kernel);
        record.Wrong++;
        record.ChecksInRow = 0;
        record.Trust.Add(0, _options.WrongPenalty, nowUs, _options.TrustHalfLifeUs);
        if (Reachable(helper, generation))
            _sink.Receipt(helper.Id, new Receipt(lease, kernel.Hash, WorkVerdict.Wrong, 0, 0, reason));
        Caught(owner, Reachable(helper, generation) ? helper : null, "wrong: " + reason, nowUs);
    }

    private void Forged(OwnerEntry owner, HelperEntry helper, KernelEntry? kernel, string reason, long nowUs)
    {
        Counters.Forged++;
        if (kernel is not null)
            owner.Record(kernel);
        foreach (var record in owner.Kernels)
        {
            if (record is null)
                continue;
            record.ChecksInRow = 0;
            record.Trust.Add(0, _options.ForgedPenalty, nowUs, _options.TrustHalfLifeUs);
        }

        Caught(owner, helper, "forged: " + reason, nowUs);
    }

    /// <summary>A failed validation: what the owner answered lately is looked at again, and one too many bans it.</summary>
    private void Caught(OwnerEntry owner, HelperEntry? helper, string reason, long nowUs)
    {
        StandingVersion++;
        if (nowUs - owner.FailedAtUs > FailuresForgottenUs)
            owner.Failures = 0;
        owner.FailedAtUs = nowUs;
        owner.Failures++;
        owner.Reason = reason;
        while (owner.OpenFirst is { } task)
        {
            CloseWindow(task);
            task.Audited = task.Suspect = task.TruthWanted = true;
            task.CopiesWanted = 2;
            Advance(task, nowUs);
        }

        if (owner.Failures > _options.FailuresMax && !owner.IsBanned(nowUs))
            Ban(owner, nowUs);
        if (helper is not null)
            _sink.StandingChanged(helper.Id);
    }

    private void Ban(OwnerEntry owner, long nowUs)
    {
        Counters.Bans++;
        owner.BannedUntilUs = nowUs + _options.BanUs;
        owner.Failures = 0;
        // Bans are rare; connections are not listed by owner.
        foreach (var helper in _helpers)
        {
            if (!helper.Connected || helper.Owner != owner)
                continue;
            helper.Credits = 0;
            _pool.Remove(helper);
            while (helper.LeaseFirst is { } lease)
            {
                var task = lease.Task!;
                CancelLease(lease, nowUs);
                Advance(task, nowUs);
            }
        }
    }
}
