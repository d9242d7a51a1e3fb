using Egregore.Wire;

namespace Egregore.Work;

public sealed partial class WorkCoordinator
{
    /// <summary>Answers that claim so many times the fuel that was expected are looked at, whoever sent them.</summary>
    private const double OddFuel = 4;

    /// <summary>Adds an answer that holds its invariants to its task.</summary>
    private void Take(TaskEntry task, HelperEntry helper, LeaseEntry lease, in KernelHash hash, ulong fuel, ReadOnlySpan<byte> output, long nowUs)
    {
        var at = task.AnswerCount++;
        ref var answer = ref task.Answers[at];
        answer = new Answer { Owner = helper.Owner, Helper = helper, HelperGeneration = helper.Generation, Lease = lease.Token, Hash = hash, Fuel = fuel, Level = lease.Level };
        if (!task.HasAnswer)
        {
            Counters.ByLevel[(int)lease.Level]++;
            Commit(task, at, output, nowUs);
            return;
        }

        if (hash != task.Answers[task.Committed].Hash)
        {
            answer.Output = Rent(output);
            answer.OutputLength = output.Length;
        }

        Compare(task, nowUs);
    }

    /// <summary>The first answer: given to the host at once, and it is decided how it will be checked.</summary>
    private void Commit(TaskEntry task, int at, ReadOnlySpan<byte> output, long nowUs)
    {
        ref var answer = ref task.Answers[at];
        task.Committed = at;
        task.AnsweredUs = nowUs;
        StopWaiting(task);
        var record = answer.Owner.Record(task.Kernel);
        record.Trust.Age(nowUs, _options.TrustHalfLifeUs);
        task.Audited = task.Class == VerificationClass.Critical || task.Quorum > 1 || task.Disputed || !IsKnown(record)
            || answer.Fuel > task.FuelExpected * OddFuel || _random.Chance(SampleShare(record));
        var final = !task.Audited && (task.Class == VerificationClass.Cosmetic || _options.WindowUs == 0);
        if (final)
        {
            CancelLeases(task, 0, nowUs);
            Conclude(task, answer, VerifiedBy.Trust, output, nowUs);
            return;
        }

        if (task.Class == VerificationClass.Critical)
        {
            answer.Output = Rent(output);
            answer.OutputLength = output.Length;
        }

        Settle(task, TaskOutcome.Provisional, VerifiedBy.None, TaskFailure.None, answer.Level, output, answer.Fuel, nowUs);
        if (!task.Audited)
        {
            CancelLeases(task, 0, nowUs);
            OpenWindow(task, answer.Owner);
            Advance(task, nowUs);
            return;
        }

        task.TruthWanted |= TruthOnly(task) || (_options.LocalRunsMax > 0 && _localAudits.Count < _options.LocalWaitingMax / 2 && _random.Permille(_options.TruthAuditPermille));
        task.CopiesWanted = Math.Max(2, task.Quorum);
        CancelLeases(task, task.TruthWanted ? 0 : task.CopiesWanted - task.AnswerCount, nowUs);
        // What runs on as a second opinion has the time of one.
        for (var i = 0; i < task.LeaseCount; i++)
            task.Leases[i]!.ExpiresUs = Math.Max(task.Leases[i]!.ExpiresUs, LeaseEnd(task));
        Compare(task, nowUs);
    }

    private bool TruthOnly(TaskEntry task) => task.Class == VerificationClass.Critical && _options.CriticalQuorum == 0;

    private double SampleShare(KernelRecord record) => Math.Clamp(_options.SamplePerDistrust * (1 - record.Trust.Mean), _options.SampleFloorPermille / 1_000.0, 1);

    /// <summary>Holds the answers against each other; decides, or sees to it that somebody can.</summary>
    private void Compare(TaskEntry task, long nowUs)
    {
        var best = Majority(task, out var bestCount);
        if (bestCount < task.AnswerCount)
        {
            task.Disputed = true;
            task.TruthWanted = true;
        }

        var needed = Math.Max(2, task.Quorum);
        if (!TruthOnly(task) && bestCount >= needed && !task.Answers[best].Trapped)
        {
            // A dispute is truth's while truth can; otherwise the majority's.
            var truthCan = _options.LocalRunsMax > 0 && task.Local != LocalState.Unavailable;
            if (!task.Disputed && !(truthCan && !task.TruthWanted && _localAudits.Count < _options.LocalWaitingMax && _random.Permille(_options.AgreementCheckPermille)))
            {
                if (!task.TruthWanted || task.Local == LocalState.None)
                {
                    Conclude(task, task.Answers[best], VerifiedBy.Replication, default, nowUs);
                    return;
                }
            }
            else if (!truthCan && bestCount * 2 > task.AnswerCount)
            {
                Conclude(task, task.Answers[best], VerifiedBy.Replication, default, nowUs);
                return;
            }

            task.TruthWanted = true;
        }

        Advance(task, nowUs);
    }

    /// <summary>The answer that most have given.</summary>
    private static int Majority(TaskEntry task, out int votes)
    {
        var best = 0;
        votes = 0;
        for (var i = 0; i < task.AnswerCount; i++)
        {
            var count = 0;
            for (var j = 0; j < task.AnswerCount; j++)
                count += task.Answers[i].Same(task.Answers[j]) ? 1 : 0;
            if (count > votes)
                (best, votes) = (i, count);
        }

        return best;
    }

    private void AdvanceAudit(TaskEntry task, long nowUs)
    {
        if (nowUs >= task.AnsweredUs + _options.AuditUs)
        {
            GiveUp(task, nowUs);
            return;
        }

        if (task.Local is LocalState.None or LocalState.Unavailable)
        {
            var late = nowUs >= task.AnsweredUs + (_options.AuditUs / 2);
            if (task.Local == LocalState.None && (task.TruthWanted || late) && RequestLocal(task, urgent: task.Suspect || task.Disputed, nowUs))
            {
                CancelLeases(task, 0, nowUs);
            }
            else if (!TruthOnly(task))
            {
                if (task.Disputed)
                    task.CopiesWanted = Math.Min(_options.ReplicasMax, Math.Max(3, task.AnswerCount + 1));
                while (!late && task.LeaseCount + task.AnswerCount < task.CopiesWanted)
                {
                    if (TryAssign(task, hedge: false, nowUs))
                        continue;
                    if (!RequestLocal(task, urgent: false, nowUs))
                        Wait(task);
                    break;
                }
            }
        }

        Schedule(task, nowUs);
        if (TruthOnly(task) && task.Local == LocalState.None)
            _timers.Set(task, Math.Min(nowUs + RetryUs, task.AnsweredUs + _options.AuditUs), nowUs);
    }

    /// <summary>Nobody could check within the time. Where nothing speaks against the answer it stands, as one that was not sampled; otherwise it goes.</summary>
    private void GiveUp(TaskEntry task, long nowUs)
    {
        if (task.Disputed && !TruthOnly(task) && Majority(task, out var count) is var best && count >= Math.Max(2, task.Quorum) && count * 2 > task.AnswerCount
            && !task.Answers[best].Trapped)
        {
            Conclude(task, task.Answers[best], VerifiedBy.Replication, default, nowUs);
            return;
        }

        if (task.Disputed || task.Suspect || task.Class == VerificationClass.Critical)
        {
            Fail(task, TaskFailure.Undecided, nowUs);
            return;
        }

        Counters.AuditsMissed++;
        Conclude(task, task.Answers[task.Committed], VerifiedBy.Trust, default, nowUs);
    }

    /// <summary>The right answer is known: settles the task and judges everybody who answered.</summary>
    private void Conclude(TaskEntry task, in Answer right, VerifiedBy by, ReadOnlySpan<byte> output, long nowUs)
    {
        // Release clears the answers, so what is needed of the right one is copied.
        var truth = right;
        CancelLeases(task, 0, nowUs);
        CloseWindow(task);
        if (truth.Trapped)
        {
            Settle(task, TaskOutcome.Failed, by, TaskFailure.KernelRefused, truth.Level, default, 0, nowUs);
        }
        else if (task.HasAnswer && task.Answers[task.Committed].Hash != truth.Hash)
        {
            var bytes = truth.Output is null ? output : truth.Output.AsSpan(0, truth.OutputLength);
            Counters.RolledBack++;
            Settle(task, TaskOutcome.RolledBack, by, TaskFailure.None, truth.Level, bytes, truth.Fuel, nowUs);
        }
        else
        {
            var level = task.HasAnswer ? task.Answers[task.Committed].Level : truth.Level;
            var kept = task.HasAnswer ? task.Answers[task.Committed].Output.AsSpan(0, task.Answers[task.Committed].OutputLength) : default;
            // Of a provisional answer the host has the output already; only a critical one is kept and given again.
            var given = task.HasAnswer && by == VerifiedBy.Truth;
            Settle(task, TaskOutcome.Verified, by, TaskFailure.None, level, kept.Length > 0 ? kept : given ? default : output, truth.Fuel, nowUs);
        }

        Count(by);
        for (var i = 0; i < task.AnswerCount; i++)
        {
            ref var answer = ref task.Answers[i];
            if (by == VerifiedBy.Trust || answer.Same(truth))
                Accept(answer.Owner, answer.Helper, answer.HelperGeneration, task.Kernel, task.World, answer.Lease, answer.Fuel, by != VerifiedBy.Trust, nowUs);
            else
                Wrong(answer.Owner, answer.Helper, answer.HelperGeneration, task.Kernel, answer.Lease, answer.Doubt ??
                    (answer.Hash == truth.Hash && answer.Trapped == truth.Trapped ? "the fuel is not what the run uses" : "the answer is not the kernel's"), nowUs);
        }

        Release(task);
    }

    private void Count(VerifiedBy by)
    {
        if (by == VerifiedBy.Truth)
            Counters.VerifiedByTruth++;
        else if (by == VerifiedBy.Replication)
            Counters.VerifiedByReplication++;
        else
            Counters.VerifiedByTrust++;
    }

    private void Fail(TaskEntry task, TaskFailure failure, long nowUs)
    {
        CancelLeases(task, 0, nowUs);
        Counters.Failed++;
        Settle(task, TaskOutcome.Failed, VerifiedBy.None, failure, FailoverLevel.Peer, default, 0, nowUs);
        for (var i = 0; i < task.AnswerCount; i++)
        {
            ref var answer = ref task.Answers[i];
            if (Reachable(answer.Helper, answer.HelperGeneration))
                _sink.Receipt(answer.Helper.Id, new Receipt(answer.Lease, task.Kernel.Hash, WorkVerdict.Failed, 0, 0, "the task came to nothing"));
        }

        Release(task);
    }

    private void Settle(TaskEntry task, TaskOutcome outcome, VerifiedBy by, TaskFailure failure, FailoverLevel level, ReadOnlySpan<byte> output, ulong fuel, long nowUs) =>
        _sink.Settled(new Settlement
        {
            Task = task.Id, Tag = task.Tag, World = task.World!.Id, Kernel = task.Kernel!.Hash, Class = task.Class, Outcome = outcome, By = by, Failure = failure, Level = level, Output = output, Fuel = fuel,
            ElapsedUs = nowUs - task.SubmittedUs,
        });

    private void CancelLeases(TaskEntry task, int keep, long nowUs)
    {
        while (task.LeaseCount > Math.Max(0, keep))
            CancelLease(task.Leases[task.LeaseCount - 1]!, nowUs);
    }

    private static void OpenWindow(TaskEntry task, OwnerEntry owner)
    {
        task.OpenOwner = owner;
        task.OpenBefore = null;
        task.OpenAfter = owner.OpenFirst;
        if (owner.OpenFirst is { } first)
            first.OpenBefore = task;
        owner.OpenFirst = task;
    }

    private static void CloseWindow(TaskEntry task)
    {
        if (task.OpenOwner is not { } owner)
            return;
        if (task.OpenBefore is { } before)
            before.OpenAfter = task.OpenAfter;
        else
            owner.OpenFirst = task.OpenAfter;
        if (task.OpenAfter is { } after)
            after.OpenBefore = task.OpenBefore;
        task.OpenBefore = task.OpenAfter = null;
        task.OpenOwner = null;
    }
}
