namespace Egregore.Work.Tests;

public sealed class LifeOfATaskTests
{
    [Fact]
    public void From_submit_to_pay_with_a_new_helper_and_a_second_opinion()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 0, AgreementCheckPermille = 0 });
        bench.Join(1);
        bench.Join(2);

        var submitted = bench.Submit(tag: 42);
        Assert.Equal(SubmitStatus.Accepted, submitted.Status);
        var first = Assert.Single(bench.Assigned);
        Assert.Equal("hello"u8.ToArray(), first.Input);
        Assert.InRange(first.RunMs, 1u, 200u);

        bench.Now += 20_000;
        bench.Answer(first);
        var provisional = Assert.Single(bench.Settlements);
        Assert.Equal(TaskOutcome.Provisional, provisional.Outcome);
        Assert.Equal(42ul, provisional.Tag);
        Assert.Equal(Bench.Right("hello"u8), provisional.Output);

        Assert.Equal(2, bench.Assigned.Count);
        Assert.NotEqual(first.Helper, bench.Assigned[1].Helper);
        bench.Answer(bench.Assigned[1]);
        Assert.Equal(TaskOutcome.Verified, bench.Settlements[1].Outcome);
        Assert.Equal(VerifiedBy.Replication, bench.Settlements[1].By);
        Assert.False(bench.Coordinator.IsLive(submitted.Task));

        // 100,500 units of fuel at 1,000 millionths for a million.
        Assert.All(bench.Receipts, r => Assert.Equal((Wire.WorkVerdict.Accepted, 100L), (r.Receipt.Verdict, r.Receipt.Credits)));
        Assert.Equal(2, bench.Receipts.Count);
        Assert.Equal(0, bench.Coordinator.Ledger.Accounts.Sum(a => a.Balance));
        Assert.Equal(0, bench.Coordinator.TaskCount);
    }

    [Fact]
    public void Truth_computes_when_there_is_no_helper()
    {
        var bench = new Bench();
        bench.Submit();
        Assert.Empty(bench.Assigned);
        bench.Advance(200_000);
        var local = Assert.Single(bench.Locals);
        Assert.True(local.Urgent);
        // Asked after the time for finding a helper.
        var again = new Bench();
        again.Submit();
        again.Advance(40_000);
        again.AnswerLocal(Assert.Single(again.Locals));
        var settled = Assert.Single(again.Settlements);
        Assert.Equal((TaskOutcome.Verified, VerifiedBy.Truth, FailoverLevel.Truth), (settled.Outcome, settled.By, settled.Level));
        Assert.Equal(Bench.Right("hello"u8), settled.Output);
    }

    [Fact]
    public void A_wrong_answer_is_rolled_back_by_truth()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000 });
        var helper = bench.Join(1);
        bench.Submit();
        bench.Answer(bench.Assigned[0], [1, 2, 3]);
        Assert.Equal(TaskOutcome.Provisional, bench.Settlements[0].Outcome);
        bench.AnswerLocal(Assert.Single(bench.Locals));
        Assert.Equal(TaskOutcome.RolledBack, bench.Settlements[1].Outcome);
        Assert.Equal(Bench.Right("hello"u8), bench.Settlements[1].Output);
        Assert.Equal(Wire.WorkVerdict.Wrong, Assert.Single(bench.Receipts).Receipt.Verdict);
        Assert.Contains("wrong", bench.Coordinator.StandingOf(helper, bench.Now)!.Reason, StringComparison.Ordinal);
        Assert.Empty(bench.Lines);
    }

    [Fact]
    public void A_critical_result_waits_for_truth()
    {
        var bench = new Bench(kind: VerificationClass.Critical);
        bench.Join(1);
        bench.Join(2);
        bench.Submit();
        bench.Answer(bench.Assigned[0]);
        Assert.Equal(TaskOutcome.Provisional, Assert.Single(bench.Settlements).Outcome);
        bench.AnswerLocal(Assert.Single(bench.Locals));
        Assert.Equal((TaskOutcome.Verified, VerifiedBy.Truth), (bench.Settlements[1].Outcome, bench.Settlements[1].By));
        Assert.Equal(Bench.Right("hello"u8), bench.Settlements[1].Output);
    }
}
