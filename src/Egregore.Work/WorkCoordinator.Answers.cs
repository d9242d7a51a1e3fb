using Egregore.Wire;

namespace Egregore.Work;

public sealed partial class WorkCoordinator
{
    private const double SpeedOverMeanMax = 4;

    /// <summary>An answer of a helper (<see cref="Kind.WorkResult"/>). One that is late, a repeat, another's or nobody's is refused and changes nothing but the sender's standing.</summary>
    /// <param name="id">The helper that sent it.</param>
    /// <param name="token">The lease it names.</param>
    /// <param name="output">Its output.</param>
    /// <param name="hash">The hash that it says its output has.</param>
    /// <param name="fuel">The fuel that it says the run used.</param>
    /// <param name="runUs">How long it says the run took, microseconds.</param>
    /// <param name="park">Slots that are free again.</param>
    /// <param name="nowUs">The host's time.</param>
    /// <returns>What the helper was told, or will be: <see cref="WorkVerdict.Provisional"/> where it is still to be decided.</returns>
    public WorkVerdict Result(HelperId id, ulong token, ReadOnlySpan<byte> output, in KernelHash hash, ulong fuel, uint runUs, int park, long nowUs)
    {
        Guard();
        if (Find(id) is not { } helper)
            return WorkVerdict.Refused;
        Enter();
        var verdict = TakeLease(helper, token, nowUs, out var lease);
        if (lease is not null)
            verdict = TakeAnswer(helper, lease, output, hash, fuel, runUs, nowUs);
        AddCredits(helper, park, nowUs);
        Exit(nowUs);
        return verdict;
    }

    /// <summary>A helper has no answer (<see cref="Kind.WorkFailure"/>): the task goes on at once.</summary>
    /// <param name="id">The helper.</param>
    /// <param name="token">The lease it names.</param>
    /// <param name="fault">Why.</param>
    /// <param name="park">Slots that are free again.</param>
    /// <param name="nowUs">The host's time.</param>
    /// <returns>What became of it.</returns>
    public WorkVerdict Failure(HelperId id, ulong token, WorkFault fault, int park, long nowUs)
    {
        Guard();
        if (Find(id) is not { } helper)
            return WorkVerdict.Refused;
        Enter();
        var verdict = TakeLease(helper, token, nowUs, out var lease);
        if (lease is not null)
            verdict = TakeFailure(helper, lease, fault, nowUs);
        AddCredits(helper, park, nowUs);
        Exit(nowUs);
        return verdict;
    }

    /// <summary>Holds a token against the leases there are and were.</summary>
    private WorkVerdict TakeLease(HelperEntry helper, ulong token, long nowUs, out LeaseEntry? live)
    {
        live = null;
        var index = (int)(token & ((1 << LeaseIndexBits) - 1));
        var lease = index < _leases.Count ? _leases[index] : null;
        if (lease is null || lease.Token != token)
        {
            // A lease that ended so long ago that its place is used again looks like this too: it is refused without being held against anybody.
            Counters.AnswersRefused++;
            _sink.Receipt(helper.Id, new Receipt(token, default, WorkVerdict.Refused, 0, 0, "no such lease"));
            return WorkVerdict.Refused;
        }

        if (lease.Helper != helper || lease.HelperGeneration != helper.Generation)
        {
            Counters.AnswersRefused++;
            _sink.Receipt(helper.Id, new Receipt(token, default, WorkVerdict.Refused, 0, 0, "another's lease"));
            Forged(helper.Owner, helper, lease.Kernel, "answered under another's lease", nowUs);
            return WorkVerdict.Refused;
        }

        if (lease.End == Work.LeaseEnd.Live && nowUs > lease.ExpiresUs)
        {
            var task = lease.Task!;
            Expire(lease, nowUs);
            Advance(task, nowUs);
        }

        if (lease.End == Work.LeaseEnd.Live)
        {
            live = lease;
            return WorkVerdict.None;
        }

        Counters.AnswersRefused++;
        var (verdict, text) = lease.End switch
        {
            Work.LeaseEnd.Expired => (WorkVerdict.Late, "the lease ran out"),
            Work.LeaseEnd.Cancelled => (WorkVerdict.Cancelled, "the lease was taken back"),
            _ => (WorkVerdict.Refused, "answered already"),
        };
        _sink.Receipt(helper.Id, new Receipt(token, lease.Kernel.Hash, verdict, 0, 0, text));
        return verdict;
    }

    private WorkVerdict TakeAnswer(HelperEntry helper, LeaseEntry lease, ReadOnlySpan<byte> output, in KernelHash hash, ulong fuel, uint runUs, long nowUs)
    {
        var task = lease.Task!;
        var kernel = lease.Kernel;
        var elapsed = nowUs - lease.AssignedUs;
        End(lease, Work.LeaseEnd.Answered);
        helper.Stalls = 0;

        if (output.Length > kernel.Manifest.OutputBytesMax)
            return Reject(task, helper, lease, "the output is over its bound", nowUs);
        if (fuel == 0 || fuel > kernel.Manifest.FuelMax)
            return Reject(task, helper, lease, "the fuel is not within the lease's bound", nowUs);
        var actual = KernelHash.Of(output);
        if (actual != hash)
        {
            _sink.Receipt(helper.Id, new Receipt(lease.Token, kernel.Hash, WorkVerdict.Wrong, 0, 0, "the hash is not the output's"));
            Forged(helper.Owner, helper, kernel, "the hash is not the output's", nowUs);
            Advance(task, nowUs);
            return WorkVerdict.Wrong;
        }

        if (task.Ringer is { } ringer)
        {
            var right = ringer.Output == actual && ringer.Fuel == fuel;
            Measure(helper, lease, elapsed, fuel, task.FuelExpected, runUs);
            if (right)
                Accept(helper.Owner, helper, helper.Generation, kernel, null, lease.Token, fuel, isChecked: true, nowUs);
            else
                Wrong(helper.Owner, helper, helper.Generation, kernel, lease.Token, ringer.Output == actual ? "the fuel is not what the run uses" : "the answer is not the kernel's", nowUs);
            Release(task);
            return right ? WorkVerdict.Accepted : WorkVerdict.Wrong;
        }

        var invariant = kernel.Manifest.Invariant?.Check(task.SharedBytes, task.InputBytes, output) ?? InvariantVerdict.Held;
        if (!invariant.Holds && (invariant.IsProof || !MayRunHere(task)))
            return Reject(task, helper, lease, invariant.Reason ?? "an invariant is broken", nowUs);

        Measure(helper, lease, elapsed, fuel, task.FuelExpected, runUs);
        Counters.Answers++;
        if (!invariant.Holds)
        {
            Contest(task, new Answer
            {
                Owner = helper.Owner, Helper = helper, HelperGeneration = helper.Generation, Lease = lease.Token, Hash = actual, Fuel = fuel, Level = lease.Level, Doubt = invariant.Reason,
            });
            Advance(task, nowUs);
            return WorkVerdict.Provisional;
        }

        Take(task, helper, lease, actual, fuel, output, nowUs);
        return WorkVerdict.Provisional;
    }

    private WorkVerdict TakeFailure(HelperEntry helper, LeaseEntry lease, WorkFault fault, long nowUs)
    {
        var task = lease.Task!;
        End(lease, Work.LeaseEnd.Answered);
        switch (fault)
        {
            case WorkFault.Trapped or WorkFault.OutOfFuel or WorkFault.TooLarge when task.Ringer is null && task.AnswerCount < TaskEntry.CopiesMax:
                // A kernel is pure: its trap is an answer like any other, and truth decides whether it is right.
                Contest(task, new Answer
                {
                    Owner = helper.Owner, Helper = helper, HelperGeneration = helper.Generation, Lease = lease.Token, Trapped = true, Level = lease.Level,
                });
                break;
            case WorkFault.Missing:
                helper.HeldCount = helper.HeldNext = 0;
                break;
            case WorkFault.TooLate:
                Counters.Late++;
                Late(helper.Owner, helper, helper.Owner.Record(lease.Kernel), nowUs);
                break;
            default:
                break;
        }

        Advance(task, nowUs);
        return WorkVerdict.Failed;
    }

    /// <summary>Takes an answer that is not given to the host before truth has said the same.</summary>
    private void Contest(TaskEntry task, in Answer answer)
    {
        task.Answers[task.AnswerCount++] = answer;
        task.CopiesWanted = Math.Min(_options.ReplicasMax, task.CopiesWanted + 1);
        task.Disputed = true;
        task.Audited |= task.HasAnswer;
        task.TruthWanted = true;
    }

    private WorkVerdict Reject(TaskEntry task, HelperEntry helper, LeaseEntry lease, string reason, long nowUs)
    {
        Wrong(helper.Owner, helper, helper.Generation, lease.Kernel, lease.Token, reason, nowUs);
        Advance(task, nowUs);
        return WorkVerdict.Wrong;
    }

    private void Measure(HelperEntry helper, LeaseEntry lease, long elapsedUs, ulong fuel, double fuelExpected, uint runUs)
    {
        var record = helper.Owner.Record(lease.Kernel);
        var weight = lease.Kernel.Weigh(fuelExpected);
        var waitUs = Math.Min(lease.WaitUs, Math.Max(0, elapsedUs - runUs));
        record.Capability.Measure(elapsedUs - (long)waitUs, fuel, runUs, lease.PredictedUs - waitUs, weight, SpeedGuess(lease.Kernel));
        var speed = Math.Min(record.Capability.FuelPerUs, SpeedMax(lease.Kernel));
        lease.Kernel.Measure(fuel, speed, weight);
        lease.Kernel.Slowness.Add(elapsedUs / Math.Max(1, lease.PredictedUs));
        // Its load is what the task really cost it; what was booked was what was expected.
        helper.BusyUs = Math.Max(0, helper.BusyUs + ((fuel - fuelExpected) / (helper.FuelPerUs * helper.Profile.Slots)));
        helper.FuelPerUs += (speed - helper.FuelPerUs) * 0.2;
        _pool.Moved(helper);
    }
}
