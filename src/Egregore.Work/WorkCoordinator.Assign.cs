using Egregore.Wire;
using Egregore.Work.Verification;

namespace Egregore.Work;

public sealed partial class WorkCoordinator
{
    private const long BusyHalfLifeUs = 2_000_000;
    private const double BusyWeight = 0.01;
    private const int LeaseIndexBits = 20;
    private const long ProbeUs = 5_000_000;
    private const long RestMinUs = 1_000_000;
    private const long RestMaxUs = 60_000_000;

    /// <summary>Ended leases stay known until this many others ended.</summary>
    private const int LeasesRemembered = 16_384;

    private readonly List<LeaseEntry> _leases = [];
    private readonly Queue<LeaseEntry> _freeLeases = new();
    private ulong _leaseCount;
    private double _servedFloor;

    // What helpers that may be asked have in the mean: who comes begins with it, or all would go to it until it had as much as the others.
    private double _busyUsualUs;
    private long _busyUsualAtUs;
    private double _hedgeTokens;

    /// <summary>Finds a helper that can answer in time and gives it a lease; false: nobody of those looked at.</summary>
    private bool TryAssign(TaskEntry task, bool hedge, long nowUs)
    {
        if (_pool.Count == 0 || task.LeaseCount == TaskEntry.CopiesMax || task.AskedCount == TaskEntry.CopiesMax || !Fits())
            return false;
        var end = LeaseEnd(task);
        var best = Choose(task, end, nowUs);
        if (best is null)
            return false;
        Assign(task, best, end, hedge, nowUs);
        return true;
    }

    private bool Fits() => _leases.Count < 1 << LeaseIndexBits || _freeLeases.Count > 0;

    private long LeaseEnd(TaskEntry task) => task.HasAnswer ? task.AnsweredUs + (_options.AuditUs / 2) : task.RunByUs;

    private HelperEntry? Choose(TaskEntry task, long endUs, long nowUs)
    {
        var time = endUs - nowUs;
        if (time <= 0)
            return null;
        HelperEntry? best = null;
        var bestScore = double.MaxValue;
        if (task.Shared is { } shared)
        {
            foreach (var holder in shared.Holders)
            {
                if (holder is { PoolIndex: >= 0 })
                    Consider(task, holder, time, wary: true, nowUs, ref best, ref bestScore);
            }
        }

        // Workers of the operator's are the third level: after two helpers, or when time for finding one is over.
        var cloud = task.AskedCount >= 2 || nowUs >= task.ScheduleByUs;
        // A quarter, since a kernel may suit a helper better than others do.
        var speed = task.FuelExpected / time / 4;
        var count = _pool.CountFrom(speed, cloud);
        for (var round = 0; round < 2 && best is null && count > 0; round++)
        {
            for (var i = 0; i < _options.Candidates; i++)
                Consider(task, _pool.At(_random.Below(count), speed, cloud), time, wary: round == 0, nowUs, ref best, ref bestScore);
        }

        if (best is null && !cloud && (count = _pool.CountFrom(speed, true)) > 0)
        {
            for (var i = 0; i < _options.Candidates; i++)
                Consider(task, _pool.At(_random.Below(count), speed, true), time, wary: false, nowUs, ref best, ref bestScore);
        }

        return best;
    }

    private void Consider(TaskEntry task, HelperEntry helper, long timeUs, bool wary, long nowUs, ref HelperEntry? best, ref double bestScore)
    {
        if (!MayAsk(task, helper, timeUs, wary, nowUs, out var predicted))
            return;
        var busy = helper.BusyUs * Decay.Factor(nowUs - helper.BusyAtUs, BusyHalfLifeUs);
        _busyUsualUs += (busy - _busyUsualUs) * BusyWeight;
        _busyUsualAtUs = nowUs;
        var score = busy + (task.FuelExpected / (helper.FuelPerUs * helper.Profile.Slots)) + (predicted / 16);
        if (score >= bestScore)
            return;
        (best, bestScore) = (helper, score);
    }

    /// <summary>Whether a helper may be asked, and is expected to answer in time.</summary>
    private bool MayAsk(TaskEntry task, HelperEntry helper, long timeUs, bool wary, long nowUs, out double predictedUs)
    {
        predictedUs = Predict(task, helper, nowUs, out var jitterUs);
        // Where an answer may be late, it may so be by chance, but not by what is expected.
        if (predictedUs > timeUs || predictedUs + (2 * jitterUs) > timeUs + task.LateUs)
            return false;
        var record = helper.Owner.RecordOrNull(task.Kernel);
        // What must be right, and what checks others, goes to those who have shown that they can, as long as there are some.
        if (wary && (task.Class == VerificationClass.Critical || task.HasAnswer) && !IsKnown(record))
            return false;
        ref readonly var profile = ref helper.Profile;
        if (profile.Owner == task.Beneficiary)
            return false;
        for (var i = 0; i < task.AskedCount; i++)
        {
            var (owner, range, cluster) = task.AskedWho[i];
            if (owner == profile.Owner || (range != 0 && range == profile.AddressRange) || (cluster != 0 && cluster == profile.Cluster))
                return false;
        }

        return !helper.Owner.IsBanned(nowUs);
    }

    /// <summary>Whether it has given as many right answers in a row, checked, as make a helper one that is no longer new.</summary>
    private bool IsKnown(KernelRecord? record) => record is not null && record.ChecksInRow >= _options.NewChecks;

    private double Predict(TaskEntry task, HelperEntry helper, long nowUs, out double jitterUs)
    {
        var send = task.Shared is { } shared && !helper.Holds(shared.Key) ? shared.Bytes.Length * (double)_options.SendNsPerByte / 1_000 : 0;
        var record = helper.Owner.RecordOrNull(task.Kernel);
        if (record is { Capability.Count: > 0 })
        {
            // Who was slow once is tried again now and then, or it would stay slow for ever.
            var probe = nowUs - record.Capability.AskedAtUs > ProbeUs;
            jitterUs = probe ? 0 : record.Capability.JitterUs;
            var latency = probe ? Math.Min(record.Capability.LatencyUs, _options.LatencyGuessUs) : record.Capability.LatencyUs;
            var speed = probe ? Math.Max(record.Capability.FuelPerUs, SpeedGuess(task.Kernel)) : record.Capability.FuelPerUs;
            return send + latency + Wait(helper, speed) + (task.FuelExpected / speed);
        }

        jitterUs = 0;
        var guess = record is { Capability.FuelPerUs: > 0 and var said } ? said : SpeedGuess(task.Kernel);
        return send + _options.LatencyGuessUs + Wait(helper, guess) + (task.FuelExpected / guess);
    }

    /// <summary>How long a task waits for what the helper has already.</summary>
    private static double Wait(HelperEntry helper, double fuelPerUs) => helper.LeaseCount < helper.Profile.Slots ? 0 : helper.LeasedFuel / (fuelPerUs * helper.Profile.Slots);

    private double SpeedUsual(KernelEntry kernel) => kernel.IsMeasured ? kernel.SpeedMean : Math.Max(kernel.SpeedMean, _localFuelPerUs);

    /// <summary>How long a run took is the helper's word: nobody gets more work by claiming to be faster than this.</summary>
    private double SpeedMax(KernelEntry kernel) => SpeedUsual(kernel) * SpeedOverMeanMax;

    /// <summary>What a helper is taken for that nothing is known of: half of the others, and before any of them has answered half of truth.</summary>
    private double SpeedGuess(KernelEntry kernel) => SpeedUsual(kernel) / 2;

    private void Assign(TaskEntry task, HelperEntry helper, long endUs, bool hedge, long nowUs)
    {
        var predicted = Predict(task, helper, nowUs, out _);
        var lease = NewLease();
        lease.Helper = helper;
        lease.HelperGeneration = helper.Generation;
        lease.Task = task;
        lease.Kernel = task.Kernel;
        lease.Level = helper.Tier == HelperTier.Cloud ? FailoverLevel.Cloud : task.AskedCount == 0 ? FailoverLevel.Peer : FailoverLevel.AnotherPeer;
        lease.AssignedUs = nowUs;
        lease.ExpiresUs = endUs;
        lease.PredictedUs = predicted;
        lease.WaitUs = Wait(helper, helper.Owner.RecordOrNull(task.Kernel) is { Capability.FuelPerUs: > 0 and var speed } ? speed : SpeedGuess(task.Kernel));
        lease.Fuel = task.FuelExpected;
        helper.LeaseCount++;
        helper.LeasedFuel += lease.Fuel;
        lease.NextOfHelper = helper.LeaseFirst;
        if (helper.LeaseFirst is { } first)
            first.BeforeOfHelper = lease;
        helper.LeaseFirst = lease;
        task.Leases[task.LeaseCount++] = lease;
        task.AskedWho[task.AskedCount++] = (helper.Profile.Owner, helper.Profile.AddressRange, helper.Profile.Cluster);
        StopWaiting(task);

        helper.BusyUs = (helper.BusyUs * Decay.Factor(nowUs - helper.BusyAtUs, BusyHalfLifeUs)) + (task.FuelExpected / (helper.FuelPerUs * helper.Profile.Slots));
        helper.BusyAtUs = nowUs;
        helper.Owner.Record(task.Kernel).Capability.AskedAtUs = nowUs;
        if (--helper.Credits == 0)
            _pool.Remove(helper);
        if (task.World is { } world)
        {
            world.Served += task.FuelExpected / world.Terms.Weight;
            _servedFloor = Math.Max(_servedFloor, world.Served - (task.FuelExpected / world.Terms.Weight));
        }

        Counters.Leases++;
        if (hedge)
            Counters.Hedges++;
        else if (task.HasAnswer || task.CopiesWanted > 1)
            Counters.Audits++;
        _hedgeTokens = Math.Min(64, _hedgeTokens + (_options.HedgePermille / 1_000.0));
        var held = task.Shared is not { } shared || helper.Holds(shared.Key);
        _sink.Assign(helper.Id, new Assignment
        {
            Lease = lease.Token,
            Kernel = task.Kernel.Hash,
            Shared = task.Shared?.Hash ?? default,
            SharedBytes = held ? default : task.SharedBytes,
            Input = task.InputBytes,
            RunMs = (uint)Math.Max(1, (endUs - nowUs) / 1_000),
            Fuel = task.Kernel.Manifest.FuelMax,
            OutputMax = (uint)task.Kernel.Manifest.OutputBytesMax,
        });
        if (!held)
            NoteHolder(helper, task.Shared!);
        if (task.Ringer is null)
            MaybeRing(task, helper, nowUs);
    }

    /// <summary>The token is the place and 44 bits that nobody can guess; it is held against the entry whole.</summary>
    private LeaseEntry NewLease()
    {
        LeaseEntry lease;
        if (_freeLeases.Count > LeasesRemembered || _leases.Count == 1 << LeaseIndexBits)
        {
            lease = _freeLeases.Dequeue();
        }
        else
        {
            lease = new LeaseEntry(_leases.Count);
            _leases.Add(lease);
        }

        do
        {
            lease.Token = (WorkRandom.Mix(_leaseSecret ^ ++_leaseCount) << LeaseIndexBits) | (uint)lease.Index;
        }
        while (lease.Token == 0);
        lease.End = Work.LeaseEnd.Live;
        return lease;
    }

    /// <summary>Ends a lease and takes it off its task and helper.</summary>
    private void End(LeaseEntry lease, LeaseEnd end)
    {
        var task = lease.Task!;
        var at = Array.IndexOf(task.Leases, lease, 0, task.LeaseCount);
        task.Leases[at] = task.Leases[--task.LeaseCount];
        task.Leases[task.LeaseCount] = null;
        var helper = lease.Helper!;
        if (lease.BeforeOfHelper is { } before)
            before.NextOfHelper = lease.NextOfHelper;
        else
            helper.LeaseFirst = lease.NextOfHelper;
        if (lease.NextOfHelper is { } next)
            next.BeforeOfHelper = lease.BeforeOfHelper;
        lease.NextOfHelper = lease.BeforeOfHelper = null;
        helper.LeaseCount--;
        helper.LeasedFuel = helper.LeaseCount == 0 ? 0 : helper.LeasedFuel - lease.Fuel;
        lease.End = end;
        lease.Task = null;
        _freeLeases.Enqueue(lease);
    }

    /// <summary>Takes a lease back from a helper that is still there.</summary>
    private void CancelLease(LeaseEntry lease, long nowUs)
    {
        var helper = lease.Helper!;
        Counters.Cancelled++;
        // It had more time than it was expected to need: that much is known of it.
        if (nowUs - lease.AssignedUs > lease.PredictedUs)
            helper.Owner.Record(lease.Kernel).Capability.MeasureStall(nowUs - lease.AssignedUs, SpeedGuess(lease.Kernel));
        End(lease, Work.LeaseEnd.Cancelled);
        _sink.Cancel(helper.Id, lease.Token);
    }

    /// <summary>Gives waiting tasks to a helper with free slots: of the world that had least, the first one that it may and can do.</summary>
    private void Pull(HelperEntry helper, long nowUs)
    {
        while (helper.Credits > 0 && WaitingCount > 0 && Fits())
        {
            if (FindWaiting(helper, nowUs) is not { } found)
                return;
            Assign(found, helper, LeaseEnd(found), hedge: false, nowUs);
            // It may want another copy.
            Advance(found, nowUs);
        }
    }

    private TaskEntry? FindWaiting(HelperEntry helper, long nowUs)
    {
        var looked = 0;
        var passed = double.MinValue;
        while (looked < _options.LookAhead && NextWorld(passed) is { } world)
        {
            for (var task = world.First(); task is not null && looked < _options.LookAhead; task = world.After(task), looked++)
            {
                if ((helper.Tier == HelperTier.Peer || nowUs >= task.ScheduleByUs || task.AskedCount > 0) && task.AskedCount < TaskEntry.CopiesMax
                    && MayAsk(task, helper, LeaseEnd(task) - nowUs, wary: false, nowUs, out _))
                    return task;
            }

            // What nobody of that world can give it is looked for in the next one, among those that had more.
            passed = world.Served;
        }

        return null;
    }

    /// <summary>The world with waiting tasks that had least, above what was passed over already.</summary>
    private WorldEntry? NextWorld(double passed)
    {
        WorldEntry? next = null;
        foreach (var world in _worlds)
        {
            if (world.Waiting > 0 && world.Served > passed && (next is null || world.Served < next.Served))
                next = world;
        }

        return next;
    }
}
