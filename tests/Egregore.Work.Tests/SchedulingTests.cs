using Egregore.Wire;

namespace Egregore.Work.Tests;

public sealed class SchedulingTests
{
    [Fact]
    public void Copies_of_one_task_never_meet_in_an_owner_an_address_range_or_a_cluster()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var bench = new Bench(new WorkOptions { LocalRunsMax = 0 }, seed);
            bench.Join(1, range: 10, cluster: 100);
            bench.Coordinator.Join(new HelperProfile { Owner = Bench.Peer(1), AddressRange = 11, Slots = 4 }, bench.Now, out var sameOwner);
            bench.Coordinator.Park(sameOwner, 4, bench.Now);
            bench.Join(2, range: 10);
            bench.Join(3, range: 12, cluster: 100);
            bench.Join(4, range: 13, cluster: 101);
            bench.Submit(replicas: 4);
            Assert.Equal(bench.Assigned.Count, bench.Assigned.Select(s => s.Helper).Distinct().Count());
            // The first one is related to three others by owner, range and cluster; those are not among themselves.
            Assert.InRange(bench.Assigned.Count, 2, 4);
            Assert.False(bench.Assigned.Any(s => s.Helper.Slot == 0) && bench.Assigned.Any(s => s.Helper.Slot is 1 or 2 or 3));
        }
    }

    [Fact]
    public void Who_gains_by_a_result_is_not_asked()
    {
        var bench = new Bench();
        bench.Join(1);
        bench.Submit(beneficiary: Bench.Peer(1));
        Assert.Empty(bench.Assigned);
        bench.Join(2);
        Assert.Equal(Bench.Peer(2), bench.Assigned.Count == 1 ? Bench.Peer(2) : default);
    }

    [Fact]
    public void A_helper_that_cannot_meet_the_deadline_is_not_asked()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        bench.Join(1);
        // A helper that is not measured is taken for one 60 ms away.
        bench.Submit(deadlineUs: bench.Now + 50_000);
        Assert.Empty(bench.Assigned);
        bench.Submit(deadlineUs: bench.Now + 150_000);
        Assert.Single(bench.Assigned);
    }

    [Fact]
    public void A_slow_helper_gets_what_is_not_urgent_and_a_fast_one_what_is()
    {
        var bench = new Bench(new WorkOptions { TruthAuditPermille = 1_000, LocalRunsMax = 1, HedgePermille = 0 });
        var slow = bench.Join(1, credits: 1);
        bench.Submit(deadlineUs: bench.Now + 1_000_000);
        bench.Now += 400_000;
        bench.Answer(bench.Assigned[0]);
        bench.AnswerLocal(bench.Locals[0]);
        bench.Assigned.Clear();
        bench.Submit(deadlineUs: bench.Now + 300_000);
        Assert.Empty(bench.Assigned);
        var fast = bench.Join(2, credits: 1);
        Assert.Equal(fast, Assert.Single(bench.Assigned).Helper);
        bench.Submit(deadlineUs: bench.Now + 3_000_000);
        Assert.Equal(slow, bench.Assigned[1].Helper);
    }

    [Fact]
    public void Who_holds_the_block_is_preferred_and_not_sent_it_again()
    {
        var bench = new Bench(new WorkOptions { SendNsPerByte = 1_000_000, TruthAuditPermille = 1_000, LocalRunsMax = 1 });
        for (var i = 1; i <= 30; i++)
            bench.Join(i);
        Assert.True(bench.Coordinator.AddBlock("the block"u8, out var block));
        void Submit() => bench.Coordinator.Submit(new WorkTask { Kernel = bench.Kernel, World = new WorldId(Bench.World), Input = "x"u8, Shared = block, DeadlineUs = bench.Now + 1_000_000 }, bench.Now);
        Submit();
        var first = bench.Assigned[0];
        Assert.Equal("the block"u8.ToArray(), first.SharedBytes);
        Assert.Equal(block, first.Shared);
        Submit();
        Assert.Equal(first.Helper, bench.Assigned[1].Helper);
        Assert.Empty(bench.Assigned[1].SharedBytes);
        // It lost it: the next one brings it again.
        bench.Coordinator.Failure(first.Helper, bench.Assigned[1].Lease, WorkFault.Missing, 1, bench.Now);
        Assert.NotEmpty(bench.Assigned[2].SharedBytes);
        // Another says that it has it.
        var told = bench.Join(99);
        bench.Coordinator.SetHeld(told, block.ToArray());
        Assert.True(bench.Coordinator.IsConnected(told));
    }

    [Fact]
    public void A_task_is_sent_the_moment_a_helper_parks()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        bench.Submit("a");
        bench.Submit("b");
        Assert.Empty(bench.Assigned);
        var helper = bench.Join(1, credits: 1);
        Assert.Single(bench.Assigned);
        bench.Coordinator.Park(helper, 1, bench.Now);
        Assert.Equal(["a", "b"], bench.Assigned.Select(s => System.Text.Encoding.ASCII.GetString(s.Input)));
    }

    [Fact]
    public void Urgent_tasks_go_first_and_background_last()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        foreach (var (input, priority) in new[] { ("b", TaskPriority.Background), ("n", TaskPriority.Normal), ("u", TaskPriority.Urgent) })
        {
            bench.Coordinator.Submit(
                new WorkTask { Kernel = bench.Kernel, World = new WorldId(Bench.World), Input = System.Text.Encoding.ASCII.GetBytes(input), Priority = priority }, bench.Now);
        }

        bench.Join(1, credits: 3);
        Assert.Equal("unb", string.Concat(bench.Assigned.Select(s => System.Text.Encoding.ASCII.GetString(s.Input))));
    }

    [Fact]
    public void Worlds_share_by_weight_however_much_one_submits()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, WindowUs = 0 }, kind: VerificationClass.Cosmetic);
        bench.Coordinator.AddWorld(new WorldId(1), new WorldTerms { Weight = 1 });
        bench.Coordinator.AddWorld(new WorldId(2), new WorldTerms { Weight = 3 });
        for (var i = 0; i < 900; i++)
            bench.Submit("flood", world: 1, deadlineUs: bench.Now + 50_000_000);
        for (var i = 0; i < 300; i++)
            bench.Submit("other", world: 2, deadlineUs: bench.Now + 50_000_000);
        for (var i = 0; i < 50; i++)
            bench.Join(i + 1, credits: 4);
        var first = bench.Assigned.Take(200).Count(s => s.Input.AsSpan().SequenceEqual("other"u8));
        Assert.InRange(first, 140, 160);
    }

    [Fact]
    public void When_a_helper_leaves_its_lease_goes_on_at_once()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        var first = bench.Join(1);
        bench.Submit();
        Assert.Equal(first, bench.Assigned[0].Helper);
        var second = bench.Join(2);
        bench.Coordinator.Leave(first, bench.Now);
        Assert.Equal(second, bench.Assigned[1].Helper);
        Assert.Equal(WorkVerdict.Refused, bench.Answer(bench.Assigned[0]));
        bench.Answer(bench.Assigned[1]);
        Assert.Equal(FailoverLevel.AnotherPeer, Assert.Single(bench.Settlements).Level);
    }

    [Fact]
    public void A_stall_is_noticed_by_the_lease_and_the_helper_rests_after_three()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, HedgePermille = 0 });
        var helper = bench.Join(1, credits: 10);
        for (var i = 0; i < 3; i++)
        {
            // Each time from afresh: a helper that was slow is tried again after a while.
            bench.Advance(16_000_000, 50_000);
            bench.Submit();
            Assert.Equal(i + 1, bench.Assigned.Count);
            bench.Advance(210_000);
            Assert.Equal(TaskFailure.DeadlineMissed, bench.Settlements[^1].Failure);
        }

        Assert.Equal(3, bench.Coordinator.Counters.Late);
        Assert.Equal(3, bench.Cancelled.Count);
        Assert.Equal(0, bench.Coordinator.ParkedCount);
        bench.Advance(1_100_000);
        Assert.Equal(1, bench.Coordinator.ParkedCount);
        Assert.Equal(3u, bench.Coordinator.StandingOf(helper, bench.Now)!.Kernels[0].Late);
    }

    [Fact]
    public void Who_stalled_and_comes_back_has_stalled()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, HedgePermille = 0 });
        HelperId helper = default;
        for (var i = 0; i < 3; i++)
        {
            helper = bench.Join(1, credits: 10);
            bench.Advance(16_000_000, 50_000);
            bench.Submit();
            Assert.Equal(i + 1, bench.Assigned.Count);
            bench.Advance(210_000);
            if (i < 2)
                bench.Coordinator.Leave(helper, bench.Now);
        }

        // It rests.
        Assert.Equal((0, true), (bench.Coordinator.ParkedCount, bench.Coordinator.IsConnected(helper)));
    }

    [Fact]
    public void Who_stalls_before_it_has_ever_answered_is_not_asked_for_what_needs_less_than_its_lease()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, HedgePermille = 0 });
        bench.Join(1, credits: 10);
        bench.Submit();
        bench.Advance(210_000);
        bench.Submit();
        Assert.Single(bench.Assigned);
        // What has time enough it may try, and after a while anything.
        bench.Submit(deadlineUs: bench.Now + 1_000_000);
        Assert.Equal(2, bench.Assigned.Count);
        bench.Answer(bench.Assigned[1]);
        bench.Advance(6_000_000);
        bench.Submit();
        Assert.Equal(3, bench.Assigned.Count);
    }

    [Fact]
    public void What_may_be_late_waits_for_truth_at_its_deadline_and_is_settled_once()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 1 });
        bench.Submit(tag: 1);
        bench.Advance(100_000);
        bench.Submit(lateUs: 100_000, tag: 2);
        // Truth is at the first one all the time.
        var first = Assert.Single(bench.Locals);
        bench.Advance(400_000);
        Assert.Equal((1UL, TaskFailure.DeadlineMissed), (Assert.Single(bench.Settlements).Tag, bench.Settlements[0].Failure));
        bench.AnswerLocal(first);
        bench.Advance(300_000);
        Assert.Equal(2, bench.Locals.Count);
        bench.AnswerLocal(bench.Locals[1]);
        Assert.Equal((2UL, TaskOutcome.Verified, FailoverLevel.Truth), (bench.Settlements[1].Tag, bench.Settlements[1].Outcome, bench.Settlements[1].Level));
        Assert.Equal(0, bench.Coordinator.TaskCount);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 100_000)]
    [InlineData(true, 0)]
    [InlineData(true, 100_000)]
    public void Truth_leaves_helpers_that_are_known_their_lease_where_an_answer_may_be_late(bool isKnown, long lateUs)
    {
        var bench = new Bench(new WorkOptions { HedgePermille = 0, RingerPermille = 0 });
        var helper = bench.Join(1, credits: 1);
        if (isKnown)
            bench.Train(helper);
        // Truth takes 80 ms: it begins at 100 of the 180 ms that the lease has, or when the lease has run out.
        bench.Submit(fuelExpected: (ulong)(80_000 * bench.Coordinator.LocalFuelPerUs), lateUs: lateUs);
        Assert.Single(bench.Assigned);
        bench.Advance(95_000);
        Assert.Empty(bench.Locals);
        bench.Advance(80_000);
        Assert.Equal(isKnown && lateUs > 0 ? 0 : 1, bench.Locals.Count);
        bench.Advance(10_000);
        Assert.Single(bench.Locals);
    }

    [Fact]
    public void What_may_be_late_fails_at_its_deadline_where_truth_does_not_compute()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        bench.Submit(lateUs: 100_000);
        bench.Advance(210_000);
        Assert.Equal(TaskFailure.DeadlineMissed, Assert.Single(bench.Settlements).Failure);
    }

    [Fact]
    public void Small_runs_say_little_of_a_helpers_speed()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, RingerPermille = 0, HedgePermille = 0 });
        bench.Join(1, credits: 1);
        void Answer(double fuel, long runUs)
        {
            bench.Submit(fuelExpected: (ulong)fuel, deadlineUs: bench.Now + 1_000_000);
            var sent = bench.Assigned[^1];
            bench.Now += runUs + 5_000;
            var output = Bench.Right(sent.Input);
            bench.Coordinator.Result(sent.Helper, sent.Lease, output, KernelHash.Of(output), (ulong)fuel, (uint)runUs, 1, bench.Now);
            bench.Advance(1_100_000, 50_000);
        }

        for (var i = 0; i < 10; i++)
            Answer(8_000_000, 20_000);
        // Mostly setting up: 3 of fuel a microsecond, where large ones have 400.
        for (var i = 0; i < 50; i++)
            Answer(30_000, 10_000);
        bench.Submit(fuelExpected: 8_000_000, deadlineUs: bench.Now + 100_000);
        Assert.Equal(61, bench.Assigned.Count);
    }

    [Fact]
    public void Levels_are_a_peer_another_peer_a_cloud_worker_and_truth()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 1 });
        bench.Join(1, credits: 1);
        bench.Join(2, credits: 1);
        var cloud = bench.Join(3, credits: 1, tier: HelperTier.Cloud);
        bench.Submit(deadlineUs: bench.Now + 600_000);
        Assert.NotEqual(cloud, bench.Assigned[0].Helper);
        bench.Coordinator.Failure(bench.Assigned[0].Helper, bench.Assigned[0].Lease, WorkFault.Declined, 0, bench.Now);
        Assert.NotEqual(cloud, bench.Assigned[1].Helper);
        bench.Coordinator.Failure(bench.Assigned[1].Helper, bench.Assigned[1].Lease, WorkFault.Declined, 0, bench.Now);
        Assert.Equal(cloud, bench.Assigned[2].Helper);
        bench.Coordinator.Failure(cloud, bench.Assigned[2].Lease, WorkFault.Declined, 0, bench.Now);
        bench.Advance(100_000);
        bench.AnswerLocal(Assert.Single(bench.Locals));
        Assert.Equal(FailoverLevel.Truth, Assert.Single(bench.Settlements).Level);
    }

    [Fact]
    public void A_slow_copy_is_hedged_and_the_loser_is_cancelled()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, HedgePermille = 1_000, SchedulePermille = 500 });
        for (var i = 1; i <= 6; i++)
            bench.Join(i, credits: 60);
        bench.Submit(deadlineUs: bench.Now + 2_000_000);
        bench.Advance(400_000);
        Assert.Equal(2, bench.Assigned.Count);
        Assert.Equal(1, bench.Coordinator.Counters.Hedges);
        var loser = bench.Assigned[0];
        bench.Answer(bench.Assigned[1]);
        // New helpers are doubled, so the first copy runs on as the second opinion; another answer ends it.
        Assert.Equal(TaskOutcome.Provisional, Assert.Single(bench.Settlements).Outcome);
        bench.Answer(loser);
        Assert.Equal(TaskOutcome.Verified, bench.Settlements[1].Outcome);

        var cosmetic = new Bench(new WorkOptions { LocalRunsMax = 0, HedgePermille = 1_000, NewChecks = 1, SampleFloorPermille = 50, SamplePerDistrust = 0 }, kind: VerificationClass.Cosmetic);
        for (var i = 1; i <= 8; i++)
            cosmetic.Join(i, credits: 60);
        // Everybody gets its one check.
        for (var i = 0; i < 60; i++)
        {
            cosmetic.Submit($"t{i}");
            foreach (var sent in cosmetic.Assigned.ToArray())
                cosmetic.Answer(sent);
            for (var rest = cosmetic.Assigned.Count - 1; rest >= 0 && cosmetic.Coordinator.TaskCount > 0; rest--)
                cosmetic.Answer(cosmetic.Assigned[rest]);
            cosmetic.Assigned.Clear();
            cosmetic.Advance(5_000);
        }

        cosmetic.Cancelled.Clear();
        // Until one is not sampled, whose other copy is then of no use.
        for (var i = 0; i < 100 && cosmetic.Cancelled.Count == 0; i++)
        {
            cosmetic.Assigned.Clear();
            cosmetic.Submit($"slow{i}", deadlineUs: cosmetic.Now + 2_000_000);
            cosmetic.Advance(300_000);
            cosmetic.Answer(cosmetic.Assigned[^1]);
        }

        var (helper, lease) = cosmetic.Cancelled[0];
        Assert.Equal(WorkVerdict.Cancelled, cosmetic.Answer(Assert.Single(cosmetic.Assigned, s => s.Helper == helper && s.Lease == lease)));
    }

    [Fact]
    public void Hedges_stay_within_their_share()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0, HedgePermille = 30, TruthAuditPermille = 0, NewChecks = 1, WindowUs = 0 }, kind: VerificationClass.Cosmetic);
        for (var i = 1; i <= 20; i++)
            bench.Join(i, credits: 60);
        for (var i = 0; i < 1_000; i++)
        {
            bench.Submit($"t{i}", deadlineUs: bench.Now + 2_000_000);
            // Every fifth one takes much longer than the others.
            bench.Advance(i % 5 == 0 ? 400_000 : 20_000, 5_000);
            while (bench.Assigned.Count > 0)
            {
                var sent = bench.Assigned[^1];
                bench.Assigned.RemoveAt(bench.Assigned.Count - 1);
                bench.Answer(sent);
            }
        }

        var counters = bench.Coordinator.Counters;
        Assert.True(counters.Hedges > 5, $"{counters.Hedges}");
        Assert.True(counters.Hedges <= (0.03 * counters.Leases) + 1, $"{counters.Hedges} of {counters.Leases}");
    }

    [Fact]
    public void The_host_may_take_a_task_back()
    {
        var bench = new Bench();
        bench.Join(1);
        var task = bench.Submit().Task;
        Assert.True(bench.Coordinator.Cancel(task, bench.Now));
        Assert.False(bench.Coordinator.Cancel(task, bench.Now));
        Assert.Equal(TaskFailure.Cancelled, Assert.Single(bench.Settlements).Failure);
        Assert.Single(bench.Cancelled);
        Assert.Equal(WorkVerdict.Cancelled, bench.Answer(bench.Assigned[0]));
    }

    [Fact]
    public void Choosing_among_ten_thousand_parked_helpers_looks_at_a_few()
    {
        var bench = new Bench(new WorkOptions { LocalRunsMax = 0 });
        for (var i = 1; i <= 10_000; i++)
            bench.Join(i, credits: 1);
        Assert.Equal(10_000, bench.Coordinator.ParkedCount);
        for (var i = 0; i < 2_000; i++)
            bench.Submit($"t{i}", deadlineUs: bench.Now + 10_000_000);
        Assert.Equal(2_000, bench.Assigned.Count);
        Assert.Equal(2_000, bench.Assigned.Select(s => s.Helper).Distinct().Count());
        Assert.Equal(8_000, bench.Coordinator.ParkedCount);
    }
}
