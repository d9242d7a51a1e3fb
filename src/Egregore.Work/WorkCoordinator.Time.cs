namespace Egregore.Work;

public sealed partial class WorkCoordinator
{
    /// <summary>A second try for what could not be done at once.</summary>
    private const long RetryUs = 10_000;
    private const int HedgesMax = 2;

    /// <summary>Does what is due: leases that ran out, hedges, levels of failover, deadlines, audits, rests. Cheap when nothing is.</summary>
    /// <param name="nowUs">The host's time, microseconds; must not fall.</param>
    public void Tick(long nowUs)
    {
        Guard();
        Enter();
        while (_timers.TakeDue(nowUs) is { } timed)
        {
            if (timed is HelperEntry helper)
            {
                helper.Resting = false;
                Offer(helper, nowUs);
            }
            else
            {
                var task = (TaskEntry)timed;
                ExpireLeases(task, nowUs);
                Advance(task, nowUs);
            }
        }

        Exit(nowUs);
    }

    /// <summary>Takes the next step of a task, whatever happened to it, and sets its timer.</summary>
    private void Advance(TaskEntry task, long nowUs)
    {
        if (!task.Live)
            return;
        if (task.Ringer is not null)
            AdvanceRinger(task, nowUs);
        else if (!task.HasAnswer)
            AdvanceOpen(task, nowUs);
        else if (task.Audited)
            AdvanceAudit(task, nowUs);
        else if (nowUs >= task.AnsweredUs + _options.WindowUs)
            Conclude(task, task.Answers[task.Committed], VerifiedBy.Trust, default, nowUs);
        else
            _timers.Set(task, task.AnsweredUs + _options.WindowUs, nowUs);
    }

    private void AdvanceRinger(TaskEntry task, long nowUs)
    {
        if (task.LeaseCount == 0)
            Release(task);
        else
            Schedule(task, nowUs);
    }

    private void AdvanceOpen(TaskEntry task, long nowUs)
    {
        if (nowUs >= task.DeadlineUs)
        {
            if (task.LateUs == 0 || !IsAtTruth(task, nowUs))
                Fail(task, TaskFailure.DeadlineMissed, nowUs);
            return;
        }

        if (task.Local is LocalState.None or LocalState.Unavailable)
        {
            while (task.LeaseCount + task.AnswerCount < task.CopiesWanted && nowUs < task.RunByUs)
            {
                if (!TryAssign(task, hedge: false, nowUs))
                {
                    Wait(task);
                    break;
                }
            }

            Hedge(task, nowUs);
            var stuck = task.LeaseCount == 0 && nowUs >= task.ScheduleByUs && _localBusy < _options.LocalRunsMax && _localUrgent.Count == 0;
            if (task.Local == LocalState.None && MayRunHere(task) && (stuck || task.AnswerCount > 0 || nowUs >= LocalAt(task)))
                RequestLocal(task, urgent: true, nowUs);
        }

        Schedule(task, nowUs);
    }

    /// <summary>One more copy when the only one takes longer than 95 of 100 do, as long as extra leases stay within their share.</summary>
    private void Hedge(TaskEntry task, long nowUs)
    {
        if (task.LeaseCount != 1 || task.Hedges == HedgesMax || _hedgeTokens < 1 || nowUs < HedgeAt(task) || nowUs >= task.RunByUs)
            return;
        if (!TryAssign(task, hedge: true, nowUs))
            return;
        task.Hedges++;
        _hedgeTokens--;
    }

    private static long HedgeAt(TaskEntry task)
    {
        var lease = task.Leases[0]!;
        return lease.AssignedUs + (long)(lease.PredictedUs * task.Kernel.Slowness.Value);
    }

    /// <summary>
    /// The last moment at which truth can still compute the answer in time; where it may be late, and who is asked has shown that they answer, not before the leases end as long as that is late enough.
    /// </summary>
    private long LocalAt(TaskEntry task) => task.RunByUs - Math.Max(0, LocalEstimateUs(task) - (task.LateUs > 0 && AreKnown(task) ? task.LateUs : 0));

    private bool AreKnown(TaskEntry task)
    {
        for (var i = 0; i < task.LeaseCount; i++)
        {
            if (!IsKnown(task.Leases[i]!.Helper!.Owner.RecordOrNull(task.Kernel)))
                return false;
        }

        return true;
    }

    /// <summary>Whether truth computes a task that is late, or will: that run is what settles it, so it needs no timer.</summary>
    private bool IsAtTruth(TaskEntry task, long nowUs) =>
        task.Local is LocalState.Waiting or LocalState.Running || (MayRunHere(task) && RequestLocal(task, urgent: true, nowUs));

    private bool MayRunHere(TaskEntry task) => _options.LocalRunsMax > 0 && task.Class != VerificationClass.Cosmetic;

    /// <summary>Sets the timer of a task without an answer, or of one under audit, to what may happen next.</summary>
    private void Schedule(TaskEntry task, long nowUs)
    {
        if (!task.Live)
            return;
        var due = task.HasAnswer ? task.AnsweredUs + (nowUs < task.AnsweredUs + (_options.AuditUs / 2) ? _options.AuditUs / 2 : _options.AuditUs) : task.DeadlineUs;
        for (var i = 0; i < task.LeaseCount; i++)
            due = Math.Min(due, task.Leases[i]!.ExpiresUs + 1);
        if (!task.HasAnswer && task.Ringer is null)
        {
            if (task.Waits)
                due = Math.Min(due, nowUs < task.ScheduleByUs ? task.ScheduleByUs : nowUs + RetryUs);
            if (task.LeaseCount == 1 && task.Hedges < HedgesMax)
                due = Math.Min(due, Math.Max(HedgeAt(task), nowUs + RetryUs));
            if (task.Local == LocalState.None && MayRunHere(task))
                due = Math.Min(due, Math.Max(LocalAt(task), nowUs + RetryUs));
        }

        _timers.Set(task, Math.Max(due, nowUs), nowUs);
    }

    private void ExpireLeases(TaskEntry task, long nowUs)
    {
        for (var i = task.LeaseCount - 1; i >= 0; i--)
        {
            if (task.Leases[i] is { } lease && nowUs > lease.ExpiresUs)
                Expire(lease, nowUs);
        }
    }

    private void Expire(LeaseEntry lease, long nowUs)
    {
        var helper = lease.Helper!;
        Counters.Late++;
        var record = helper.Owner.Record(lease.Kernel);
        record.Capability.MeasureStall(nowUs - lease.AssignedUs, SpeedGuess(lease.Kernel));
        End(lease, Work.LeaseEnd.Expired);
        Late(helper.Owner, helper, record, nowUs);
        _sink.Cancel(helper.Id, lease.Token);
        if (++helper.Stalls < _options.StallsMax || helper.Resting)
            return;
        helper.Resting = true;
        _pool.Remove(helper);
        var doublings = Math.Min(6, helper.Stalls - _options.StallsMax);
        _timers.Set(helper, nowUs + Math.Min(RestMaxUs, RestMinUs << doublings), nowUs);
    }
}
