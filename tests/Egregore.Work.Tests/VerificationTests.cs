using Egregore.Wire;

namespace Egregore.Work.Tests;

public sealed class VerificationTests
{
    [Fact]
    public void More_than_three_wrong_answers_ban_for_an_hour_and_give_the_leases_back()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000 });
        var liar = bench.Join(1, credits: 20);
        for (var i = 0; i < 4; i++)
        {
            bench.Submit($"t{i}");
            bench.Answer(bench.Assigned[^1], [66], park: 0);
            if (i == 3)
                bench.Submit("in its hands");
            bench.AnswerLocal(bench.Locals[^1]);
            Assert.Equal(i == 3 ? 3_600_000_000 : 0, bench.Coordinator.StandingOf(liar, bench.Now)!.BannedUs);
        }

        Assert.Equal(1, bench.Coordinator.Counters.Bans);
        Assert.Equal(bench.Assigned[^1].Lease, Assert.Single(bench.Cancelled).Lease);
        Assert.Contains(liar, bench.Standings);
        var honest = bench.Join(2);
        Assert.Equal(honest, bench.Assigned[^1].Helper);
        Assert.Equal("in its hands"u8.ToArray(), bench.Assigned[^1].Input);
    }

    [Fact]
    public void Without_truth_a_third_copy_decides()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        for (var i = 1; i <= 3; i++)
            bench.Join(i);
        bench.Submit();
        bench.Answer(bench.Assigned[0], [13]);
        bench.Answer(bench.Assigned[1]);
        Assert.Equal(3, bench.Assigned.Count);
        bench.Answer(bench.Assigned[2]);
        Assert.Equal((TaskOutcome.RolledBack, VerifiedBy.Replication), (bench.Settlements[1].Outcome, bench.Settlements[1].By));
        Assert.Equal(Bench.Right("hello"u8), bench.Settlements[1].Output);
        Assert.Equal(1, bench.Coordinator.Counters.Wrong);
    }

    [Fact]
    public void Nobody_decides_when_all_answers_differ()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        for (var i = 1; i <= 3; i++)
            bench.Join(i);
        bench.Submit();
        for (byte i = 0; i < 3; i++)
            bench.Answer(bench.Assigned[i], [i]);
        bench.Advance(1_100_000);
        Assert.Equal((TaskOutcome.Failed, TaskFailure.Undecided), (bench.Settlements[1].Outcome, bench.Settlements[1].Failure));
        Assert.Empty(bench.Lines);
    }

    [Fact]
    public void A_helper_caught_has_its_open_results_looked_at_and_rolled_back_within_a_second()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000, NewChecks = 1, SamplePerDistrust = 0, RingerPermille = 0, LocalRunsMax = 4 }, seed: 3);
        bench.Join(1, credits: 60);
        bench.Submit();
        bench.Answer(bench.Assigned[0]);
        bench.AnswerLocal(bench.Locals[0]);
        bench.Settlements.Clear();
        bench.Locals.Clear();
        // Lies until one is sampled; those before it within the window are open still.
        var lies = 0;
        while (bench.Locals.Count == 0)
        {
            bench.Submit($"lie{lies}", tag: (ulong)++lies);
            bench.Answer(bench.Assigned[^1], [7]);
            bench.Now += 5_000;
        }

        Assert.True(lies > 1);
        var at = 0;
        while (at < bench.Locals.Count)
        {
            bench.AnswerLocal(bench.Locals[at++]);
            bench.Now += 2_000;
        }

        var rolledBack = bench.Settlements.Where(s => s.Outcome == TaskOutcome.RolledBack).ToArray();
        Assert.Equal(Math.Min(lies, 100), rolledBack.Length);
        foreach (var settled in rolledBack)
        {
            var shown = bench.Settlements.First(s => s.Tag == settled.Tag && s.Outcome == TaskOutcome.Provisional);
            Assert.InRange(settled.AtUs - shown.AtUs, 0, 1_000_000);
        }
    }

    [Fact]
    public void A_critical_result_without_truth_fails_rather_than_pass()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 }, kind: VerificationClass.Critical);
        for (var i = 1; i <= 4; i++)
            bench.Join(i);
        bench.Submit();
        bench.Answer(bench.Assigned[0]);
        bench.Advance(1_100_000);
        Assert.Equal(TaskFailure.Undecided, bench.Settlements[^1].Failure);
        Assert.DoesNotContain(bench.Settlements, s => s.Outcome == TaskOutcome.Verified);
    }

    [Fact]
    public void A_critical_result_by_quorum_needs_so_many_that_agree()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, CriticalQuorum = 3 }, kind: VerificationClass.Critical);
        for (var i = 1; i <= 5; i++)
            bench.Join(i);
        bench.Submit();
        Assert.Equal(3, bench.Assigned.Count);
        bench.Answer(bench.Assigned[0]);
        bench.Answer(bench.Assigned[1]);
        Assert.Single(bench.Settlements);
        bench.Answer(bench.Assigned[2]);
        Assert.Equal((TaskOutcome.Verified, VerifiedBy.Replication), (bench.Settlements[1].Outcome, bench.Settlements[1].By));
        Assert.Equal(Bench.Right("hello"u8), bench.Settlements[1].Output);
    }

    [Fact]
    public void A_trap_is_an_answer_that_truth_judges()
    {
        var bench = new Bench();
        bench.Join(1, credits: 1);
        bench.Submit();
        bench.Coordinator.Failure(bench.Assigned[0].Helper, bench.Assigned[0].Lease, WorkFault.Trapped, 0, bench.Now);
        var local = Assert.Single(bench.Locals);
        Assert.True(bench.Coordinator.FailLocal(local.Token, WorkFault.Trapped, bench.Now));
        Assert.Equal(TaskFailure.KernelRefused, Assert.Single(bench.Settlements).Failure);
        Assert.Equal(0, bench.Coordinator.Counters.Wrong);

        var lie = new Bench();
        lie.Join(1, credits: 1);
        lie.Submit();
        lie.Coordinator.Failure(lie.Assigned[0].Helper, lie.Assigned[0].Lease, WorkFault.Trapped, 0, lie.Now);
        lie.AnswerLocal(lie.Locals[0]);
        Assert.Equal(TaskOutcome.Verified, Assert.Single(lie.Settlements).Outcome);
        Assert.Equal(1, lie.Coordinator.Counters.Wrong);
    }

    [Fact]
    public void A_local_runs_token_works_once()
    {
        var bench = new Bench();
        bench.Submit();
        bench.Advance(40_000);
        var local = Assert.Single(bench.Locals);
        Assert.False(bench.Coordinator.CompleteLocal(local.Token + 1, [1], 1, 1, bench.Now));
        Assert.True(bench.Coordinator.CompleteLocal(local.Token, Bench.Right(local.Input), 1, 1, bench.Now));
        Assert.False(bench.Coordinator.CompleteLocal(local.Token, [1], 1, 1, bench.Now));
        Assert.False(bench.Coordinator.FailLocal(local.Token, WorkFault.Internal, bench.Now));
        Assert.Single(bench.Settlements);
    }

    [Fact]
    public void Truth_that_cannot_run_leaves_the_decision_to_helpers()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000 });
        bench.Join(1);
        bench.Join(2);
        bench.Submit();
        bench.Answer(bench.Assigned[0]);
        Assert.True(bench.Coordinator.FailLocal(Assert.Single(bench.Locals).Token, WorkFault.Internal, bench.Now));
        Assert.Equal(2, bench.Assigned.Count);
        bench.Answer(bench.Assigned[1]);
        Assert.Equal((TaskOutcome.Verified, VerifiedBy.Replication), (bench.Settlements[1].Outcome, bench.Settlements[1].By));
    }

    [Fact]
    public void Ringers_look_like_any_task_and_catch_who_lies_on_them()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000, RingerPermille = 1_000, NewChecks = 1, SamplePerDistrust = 0 });
        var first = bench.Join(1, credits: 1);
        // Truth checks one task of the first helper: the ringer.
        bench.Submit("known");
        bench.Answer(bench.Assigned[0], park: 0);
        bench.AnswerLocal(bench.Locals[0]);
        var second = bench.Join(2, credits: 4);
        bench.Submit("new");
        Assert.Equal(3, bench.Assigned.Count);
        var real = bench.Assigned[1];
        var ringer = bench.Assigned[2];
        Assert.Equal("known"u8.ToArray(), ringer.Input);
        Assert.Equal(second, ringer.Helper);
        Assert.Equal((real.Kernel, real.RunMs, real.Fuel, real.OutputMax, real.Shared), (ringer.Kernel, ringer.RunMs, ringer.Fuel, ringer.OutputMax, ringer.Shared));
        Assert.Equal(WorkVerdict.Wrong, bench.Answer(ringer, [1, 2]));
        Assert.Equal(1, bench.Coordinator.Counters.Wrong);
        Assert.Equal(1, bench.Coordinator.Counters.Ringers);

        // A right answer to one is paid by the operator, as much as for a task.
        var third = bench.Join(3, credits: 4);
        bench.Coordinator.Pause(second);
        bench.Submit("newer");
        var other = bench.Assigned.Single(s => s.Helper == third && s.Input.AsSpan().SequenceEqual("known"u8));
        Assert.Equal(WorkVerdict.Accepted, bench.Answer(other));
        Assert.Equal(Credits.AccountKind.Operator, bench.Lines[^1].From.Kind);
        Assert.True(bench.Coordinator.IsConnected(first));
    }

    [Fact]
    public void Penalties_rise_from_late_over_wrong_to_forged()
    {
        int Trust(Action<Bench, HelperId> offence)
        {
            var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000, LocalRunsMax = 2 });
            var helper = bench.Join(1, credits: 1);
            for (var i = 0; i < 20; i++)
            {
                bench.Submit($"t{i}");
                bench.Answer(bench.Assigned[^1]);
                foreach (var local in bench.Locals.ToArray())
                    bench.AnswerLocal(local);
                bench.Locals.Clear();
                bench.Advance(600_000, 10_000);
            }

            bench.Submit("offence", deadlineUs: bench.Now + 400_000);
            offence(bench, helper);
            return bench.Coordinator.StandingOf(helper, bench.Now)!.Kernels[0].TrustPermille;
        }

        var honest = Trust((_, _) => { });
        var late = Trust((bench, _) => bench.Advance(500_000, 10_000));
        var wrong = Trust((bench, _) => bench.Answer(bench.Assigned[^1], new byte[1_025]));
        var forged = Trust((bench, helper) => bench.Coordinator.Misbehaved(helper, "asked for a name", bench.Now));
        Assert.True(honest > late && late > wrong && wrong > forged, $"{honest} {late} {wrong} {forged}");
    }

    [Fact]
    public void Trust_stays_with_the_owner_over_a_disconnect()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000 });
        var helper = bench.Join(1);
        bench.Train(helper, 30);
        var before = bench.Coordinator.StandingOf(helper, bench.Now)!;
        bench.Coordinator.Leave(helper, bench.Now);
        Assert.Null(bench.Coordinator.StandingOf(helper, bench.Now));
        var again = bench.Join(1);
        var after = bench.Coordinator.StandingOf(again, bench.Now)!;
        Assert.Equal(before.Balance, after.Balance);
        Assert.Equal(before.Kernels, after.Kernels);
        Assert.True(after.Kernels[0].TrustPermille > 900);
    }
}
