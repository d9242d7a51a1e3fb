using Egregore.Wire;

namespace Egregore.Work.Tests;

/// <summary>What a helper can send that it should not: it is refused with a reason, and nothing but its own standing changes.</summary>
public sealed class HostileTests
{
    private readonly Bench _bench = new(new WorkOptions { TruthAuditPermille = 0, AgreementCheckPermille = 0 });

    [Fact]
    public void A_forged_lease_is_refused()
    {
        var helper = _bench.Join(1);
        var submitted = _bench.Submit();
        var sent = Assert.Single(_bench.Assigned);
        foreach (var forged in new[] { 0UL, 1UL, ulong.MaxValue, sent.Lease ^ (1UL << 40), sent.Lease + 1 })
        {
            var output = Bench.Right(sent.Input);
            Assert.Equal(WorkVerdict.Refused, _bench.Coordinator.Result(helper, forged, output, KernelHash.Of(output), 100, 1, 0, _bench.Now));
            Assert.Equal(WorkVerdict.Refused, _bench.Coordinator.Failure(helper, forged, WorkFault.Declined, 0, _bench.Now));
        }

        Assert.True(_bench.Coordinator.IsLive(submitted.Task));
        Assert.Empty(_bench.Settlements);
        Assert.Equal(10, _bench.Coordinator.Counters.AnswersRefused);
        _bench.Answer(sent);
        Assert.Equal(TaskOutcome.Provisional, Assert.Single(_bench.Settlements).Outcome);
    }

    [Fact]
    public void Anothers_lease_is_a_forgery_and_the_lease_stays_its_owners()
    {
        _bench.Join(1);
        _bench.Submit();
        var sent = Assert.Single(_bench.Assigned);
        var thief = _bench.Join(2);
        Assert.Equal(WorkVerdict.Refused, _bench.Answer(sent, from: thief));
        Assert.Empty(_bench.Settlements);
        Assert.Equal(1, _bench.Coordinator.Counters.Forged);
        Assert.StartsWith("forged", _bench.Coordinator.StandingOf(thief, _bench.Now)!.Reason, StringComparison.Ordinal);
        Assert.Equal(WorkVerdict.Provisional, _bench.Answer(sent));
    }

    [Fact]
    public void A_repeat_is_refused_and_pays_once()
    {
        _bench.Join(1);
        _bench.Join(2);
        _bench.Submit();
        _bench.Answer(_bench.Assigned[0]);
        _bench.Answer(_bench.Assigned[1]);
        var lines = _bench.Lines.Count;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(WorkVerdict.Refused, _bench.Answer(_bench.Assigned[0]));
            Assert.Equal(WorkVerdict.Refused, _bench.Answer(_bench.Assigned[1], [9, 9]));
        }

        Assert.Equal(lines, _bench.Lines.Count);
        Assert.Equal(2, _bench.Settlements.Count);
        Assert.Equal(0, _bench.Coordinator.Counters.Wrong);
    }

    [Fact]
    public void A_late_answer_is_refused_as_late()
    {
        _bench.Join(1, credits: 1);
        _bench.Submit();
        var sent = Assert.Single(_bench.Assigned);
        _bench.Now += 250_000;
        Assert.Equal(WorkVerdict.Late, _bench.Answer(sent, park: 0));
        Assert.Equal(TaskOutcome.Failed, Assert.Single(_bench.Settlements).Outcome);
        Assert.Equal(TaskFailure.DeadlineMissed, _bench.Settlements[0].Failure);
        Assert.Empty(_bench.Lines);
        Assert.Equal(1u, _bench.Coordinator.StandingOf(sent.Helper, _bench.Now)!.Kernels[0].Late);
    }

    [Fact]
    public void An_oversized_output_and_fuel_over_the_bound_are_wrong()
    {
        _bench.Join(1, credits: 1);
        _bench.Join(2, credits: 1);
        _bench.Join(3, credits: 1);
        _bench.Submit();
        Assert.Equal(WorkVerdict.Wrong, _bench.Answer(_bench.Assigned[0], new byte[1_025], park: 0));
        Assert.Equal(WorkVerdict.Wrong, _bench.Answer(_bench.Assigned[1], fuel: 10_000_001, park: 0));
        Assert.Equal(WorkVerdict.Wrong, _bench.Answer(_bench.Assigned[2], fuel: 0, park: 0));
        Assert.Empty(_bench.Settlements);
        Assert.Equal(3, _bench.Coordinator.Counters.Wrong);
        Assert.All(_bench.Receipts, r => Assert.Equal(WorkVerdict.Wrong, r.Receipt.Verdict));
    }

    [Fact]
    public void A_hash_that_is_not_the_outputs_is_a_forgery()
    {
        _bench.Join(1, credits: 1);
        _bench.Submit();
        var sent = Assert.Single(_bench.Assigned);
        Assert.Equal(WorkVerdict.Wrong, _bench.Coordinator.Result(sent.Helper, sent.Lease, Bench.Right(sent.Input), KernelHash.Of("other"u8), 100, 1, 0, _bench.Now));
        Assert.Equal(1, _bench.Coordinator.Counters.Forged);
        Assert.Empty(_bench.Settlements);
    }

    [Fact]
    public void What_breaks_an_invariant_never_reaches_the_host()
    {
        var bench = new Bench(invariant: new Finite());
        bench.Join(1, credits: 1);
        bench.Join(2, credits: 1);
        bench.Submit();
        var nan = new byte[8];
        BitConverter.TryWriteBytes(nan, float.NaN);
        Assert.Equal(WorkVerdict.Wrong, bench.Answer(bench.Assigned[0], nan, park: 0));
        Assert.Empty(bench.Settlements);
        Assert.Equal("not a number", bench.Receipts[0].Receipt.Text);
        Assert.Equal(WorkVerdict.Provisional, bench.Answer(bench.Assigned[1], new byte[8], park: 0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_raises_doubt_waits_for_truth_and_nobody_is_punished_for_being_right(bool isRight)
    {
        var bench = new Bench(invariant: new Doubtful());
        bench.Join(1, credits: 1);
        bench.Submit();
        Assert.Equal(WorkVerdict.Provisional, bench.Answer(bench.Assigned[0], isRight ? null : [1, 2, 3], park: 0));
        Assert.Empty(bench.Settlements);
        bench.AnswerLocal(Assert.Single(bench.Locals));
        var settled = Assert.Single(bench.Settlements);
        Assert.Equal((TaskOutcome.Verified, VerifiedBy.Truth, FailoverLevel.Truth), (settled.Outcome, settled.By, settled.Level));
        Assert.Equal(Bench.Right("hello"u8), settled.Output);
        Assert.Equal((isRight ? WorkVerdict.Accepted : WorkVerdict.Wrong, isRight ? null : "hardly"), (bench.Receipts[0].Receipt.Verdict, bench.Receipts[0].Receipt.Text));
        Assert.Equal(isRight ? 0 : 1, bench.Coordinator.Counters.Wrong);
    }

    [Fact]
    public void Where_truth_does_not_compute_doubt_is_enough()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 }, invariant: new Doubtful());
        bench.Join(1, credits: 1);
        bench.Submit();
        Assert.Equal(WorkVerdict.Wrong, bench.Answer(bench.Assigned[0], park: 0));
        Assert.Empty(bench.Settlements);
    }

    [Fact]
    public void A_lie_about_fuel_is_wrong_though_the_output_is_right()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000 });
        bench.Join(1);
        bench.Submit();
        bench.Answer(bench.Assigned[0], fuel: Bench.Fuel("hello"u8) + 1);
        bench.AnswerLocal(bench.Locals[0]);
        // The output stands; the helper is caught and gets nothing.
        Assert.Equal(TaskOutcome.Verified, bench.Settlements[1].Outcome);
        Assert.Equal(Bench.Fuel("hello"u8), bench.Settlements[1].Fuel);
        Assert.Equal(WorkVerdict.Wrong, Assert.Single(bench.Receipts).Receipt.Verdict);
        Assert.Empty(bench.Lines);
    }

    [Fact]
    public void Two_answers_with_different_fuel_go_to_truth()
    {
        _bench.Join(1);
        _bench.Join(2);
        _bench.Submit();
        _bench.Answer(_bench.Assigned[0]);
        _bench.Answer(_bench.Assigned[1], fuel: 5);
        _bench.AnswerLocal(Assert.Single(_bench.Locals));
        Assert.Equal([WorkVerdict.Accepted, WorkVerdict.Wrong], _bench.Receipts.Select(r => r.Receipt.Verdict));
    }

    [Fact]
    public void Parking_without_end_fills_a_bound()
    {
        var helper = _bench.Join(1, credits: 0);
        for (var i = 0; i < 10_000; i++)
            _bench.Coordinator.Park(helper, ushort.MaxValue, _bench.Now);
        Assert.Equal(64, _bench.Coordinator.Park(helper, 1, _bench.Now));
        Assert.Equal(1, _bench.Coordinator.ParkedCount);
        Assert.Equal(64, _bench.Coordinator.Park(helper, -5, _bench.Now));
        _bench.Coordinator.Pause(helper);
        Assert.Equal(0, _bench.Coordinator.ParkedCount);
    }

    [Fact]
    public void What_is_not_a_helpers_to_ask_is_refused_and_penalized()
    {
        var helper = _bench.Join(1);
        foreach (var kind in new[] { Kind.Subscribe, Kind.Action, Kind.WorkAssign, Kind.HelperHello, Kind.None })
            Assert.Equal(kind == Kind.None || _bench.Coordinator.StandingOf(helper, _bench.Now) is not null ? ReceiveStatus.NotForHelpers : ReceiveStatus.UnknownHelper,
                WorkWire.Receive(_bench.Coordinator, helper, kind, [], _bench.Now));
        Assert.Equal(5, _bench.Coordinator.Counters.Forged);
        Assert.All(_bench.Receipts, r => Assert.Equal(WorkVerdict.Refused, r.Receipt.Verdict));
        // More than three failed validations: banned for an hour.
        var standing = _bench.Coordinator.StandingOf(helper, _bench.Now)!;
        Assert.Equal(3_600_000_000, standing.BannedUs);
        _bench.Submit();
        Assert.Empty(_bench.Assigned);
        Assert.Equal(0, _bench.Coordinator.Park(helper, 4, _bench.Now));
        Assert.Equal(JoinStatus.Banned, _bench.Coordinator.Join(new HelperProfile { Owner = Bench.Peer(1), Slots = 1 }, _bench.Now, out _));
        Assert.Equal(JoinStatus.Joined, _bench.Coordinator.Join(new HelperProfile { Owner = Bench.Peer(1), Slots = 1 }, _bench.Now + 3_600_000_001, out _));
    }

    [Fact]
    public void Malformed_payloads_are_refused()
    {
        var helper = _bench.Join(1);
        _bench.Submit();
        var sent = _bench.Assigned[0];
        var good = new WorkResult { Lease = sent.Lease, Output = Bench.Right(sent.Input), Hash = KernelHash.Of(Bench.Right(sent.Input)).ToArray(), Fuel = 1, Park = 1 };
        var bytes = new byte[good.SizeMax];
        var length = good.Write(bytes);
        Assert.Equal(ReceiveStatus.Malformed, WorkWire.Receive(_bench.Coordinator, helper, Kind.WorkResult, [1, 2, 3], _bench.Now));
        var short31 = good with { Hash = new byte[31] };
        var other = new byte[short31.SizeMax];
        Assert.Equal(ReceiveStatus.Malformed, WorkWire.Receive(_bench.Coordinator, helper, Kind.WorkResult, other.AsSpan(0, short31.Write(other)), _bench.Now));
        Assert.Equal(ReceiveStatus.Taken, WorkWire.Receive(_bench.Coordinator, helper, Kind.WorkResult, bytes.AsSpan(0, length), _bench.Now));
        Assert.Equal(TaskOutcome.Provisional, Assert.Single(_bench.Settlements).Outcome);
        Assert.Equal(ReceiveStatus.UnknownHelper, WorkWire.Receive(_bench.Coordinator, new HelperId(77, 1), Kind.WorkPark, [], _bench.Now));
    }

    [Fact]
    public void Random_bytes_as_messages_never_throw()
    {
        var bench = new Bench(new WorkOptions { FailuresMax = int.MaxValue });
        var helper = bench.Join(1);
        var random = new Random(5);
        var park = new WorkPark { Slots = 3, Held = new byte[64] };
        var template = new byte[park.SizeMax];
        var size = park.Write(template);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = template.AsSpan(0, size).ToArray();
            for (var j = random.Next(4); j >= 0; j--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var kind = (Kind)random.Next(50, 59);
            WorkWire.Receive(bench.Coordinator, helper, kind, bytes.AsSpan(0, random.Next(bytes.Length + 1)), bench.Now);
        }

        Assert.True(bench.Coordinator.IsConnected(helper));
    }

    private sealed class Doubtful : IInvariant
    {
        public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output) => InvariantVerdict.Doubted("hardly");
    }

    private sealed class Finite : IInvariant
    {
        public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
        {
            for (var i = 0; i + 4 <= output.Length; i += 4)
            {
                if (!float.IsFinite(BitConverter.ToSingle(output[i..])))
                    return InvariantVerdict.Broken("not a number");
            }

            return InvariantVerdict.Held;
        }
    }
}
