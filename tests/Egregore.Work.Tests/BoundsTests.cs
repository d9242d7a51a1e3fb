namespace Egregore.Work.Tests;

public sealed class BoundsTests
{
    [Fact]
    public void A_flood_of_submits_is_refused_with_a_reason_and_sheds_cosmetic_tasks_first()
    {
        var bench = new Bench(new WorkOptions { WaitingMax = 16, TasksMax = 64, LocalRunsMax = 0 }, kind: VerificationClass.Cosmetic);
        for (var i = 0; i < 20; i++)
            bench.Submit($"c{i}", VerificationClass.Cosmetic, tag: (ulong)i);
        // Cosmetic tasks have three quarters.
        Assert.Equal(12, bench.Coordinator.WaitingCount);
        Assert.Equal(SubmitStatus.Overloaded, bench.Submit("c", VerificationClass.Cosmetic).Status);
        for (var i = 0; i < 16; i++)
            Assert.Equal(SubmitStatus.Accepted, bench.Submit($"s{i}", VerificationClass.Simulated).Status);
        Assert.Equal(16, bench.Coordinator.WaitingCount);
        Assert.Equal(12, bench.Coordinator.Counters.Shed);
        Assert.Equal(SubmitStatus.Overloaded, bench.Submit("s", VerificationClass.Simulated).Status);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (ulong)i), bench.Settlements.Select(s => s.Tag));
        Assert.All(bench.Settlements, s => Assert.Equal(TaskFailure.Overloaded, s.Failure));
    }

    [Fact]
    public void Bytes_kept_are_bounded()
    {
        var bench = new Bench(new WorkOptions { BytesMax = 10_000, LocalRunsMax = 0 });
        var taken = 0;
        while (bench.Submit(new string('x', 1_000)).Taken)
            taken++;
        Assert.Equal(10, taken);
        // A timer is at most a millisecond late.
        bench.Advance(201_000);
        Assert.Equal(0, bench.Coordinator.TaskCount);
        Assert.True(bench.Submit(new string('x', 1_000)).Taken);
    }

    [Fact]
    public void What_is_unknown_or_out_of_range_is_refused_with_its_reason()
    {
        var bench = new Bench();
        Assert.Equal(SubmitStatus.UnknownWorld, bench.Submit(world: 99).Status);
        Assert.Equal(SubmitStatus.BadDeadline, bench.Submit(deadlineUs: bench.Now).Status);
        Assert.Equal(SubmitStatus.BadDeadline, bench.Submit(deadlineUs: bench.Now + 61_000_000).Status);
        Assert.Equal(SubmitStatus.BadReplicas, bench.Submit(replicas: 7).Status);
        Assert.Equal(SubmitStatus.BadReplicas, bench.Submit(replicas: -1).Status);
        Assert.Equal(SubmitStatus.TooLarge, bench.Submit(new string('x', 4_097)).Status);
        var task = new WorkTask { Kernel = KernelHash.Of("other"u8), World = new WorldId(Bench.World), Input = [] };
        Assert.Equal(SubmitStatus.UnknownKernel, bench.Coordinator.Submit(task, bench.Now).Status);
        task = new WorkTask { Kernel = bench.Kernel, World = new WorldId(Bench.World), Input = [], Shared = KernelHash.Of("nothing"u8) };
        Assert.Equal(SubmitStatus.UnknownBlock, bench.Coordinator.Submit(task, bench.Now).Status);
        Assert.Equal(8, bench.Coordinator.Counters.Refused);
        Assert.Equal(0, bench.Coordinator.TaskCount);
    }

    [Fact]
    public void A_repeated_key_is_the_same_task_while_it_is_remembered()
    {
        var bench = new Bench(new WorkOptions { ReplaysMax = 4 });
        var first = bench.Submit(key: 5);
        Assert.Equal((SubmitStatus.Repeated, first.Task), (bench.Submit("other input", key: 5).Status, bench.Submit(key: 5).Task));
        bench.Advance(300_000);
        Assert.False(bench.Coordinator.IsLive(first.Task));
        Assert.Equal(new SubmitResult(SubmitStatus.Repeated, first.Task), bench.Submit(key: 5));
        // Another world's key is another key; older ones are forgotten.
        bench.Coordinator.AddWorld(new WorldId(8), new WorldTerms());
        Assert.Equal(SubmitStatus.Accepted, bench.Submit(key: 5, world: 8).Status);
        for (var i = 10; i < 13; i++)
            Assert.Equal(SubmitStatus.Accepted, bench.Submit(key: (UInt128)i).Status);
        Assert.Equal(SubmitStatus.Accepted, bench.Submit(key: 5).Status);
    }

    [Fact]
    public void Helpers_owners_worlds_kernels_and_blocks_are_bounded()
    {
        var bench = new Bench(new WorkOptions { HelpersMax = 2, OwnersMax = 2, WorldsMax = 2, KernelsMax = 1, BlocksMax = 2 });
        bench.Join(1);
        var second = bench.Join(2);
        Assert.Equal(JoinStatus.Overloaded, bench.Coordinator.Join(new HelperProfile { Owner = Bench.Peer(3), Slots = 1 }, bench.Now, out _));
        bench.Coordinator.Leave(second, bench.Now);
        // The owner that left is forgotten for the new one.
        Assert.Equal(JoinStatus.Joined, bench.Coordinator.Join(new HelperProfile { Owner = Bench.Peer(3), Slots = 1 }, bench.Now, out _));
        Assert.Null(bench.Coordinator.StandingOf(Bench.Peer(2), bench.Now));
        Assert.Equal(JoinStatus.BadProfile, bench.Coordinator.Join(new HelperProfile { Owner = Bench.Peer(4), Slots = 0 }, bench.Now, out _));
        Assert.Equal(JoinStatus.BadProfile, bench.Coordinator.Join(new HelperProfile { Owner = default, Slots = 1 }, bench.Now, out _));
        Assert.True(bench.Coordinator.AddWorld(new WorldId(1), new WorldTerms()));
        Assert.False(bench.Coordinator.AddWorld(new WorldId(2), new WorldTerms()));
        Assert.False(bench.Coordinator.AddKernel(new KernelManifest { Hash = KernelHash.Of("k2"u8), Name = "k2" }));
        for (byte i = 0; i < 10; i++)
            Assert.True(bench.Coordinator.AddBlock([i], out _));
        // Blocks in use do not make room.
        bench.Coordinator.AddBlock([8], out var eighth);
        bench.Coordinator.AddBlock([9], out var ninth);
        foreach (var block in new[] { eighth, ninth })
            Assert.True(bench.Coordinator.Submit(new WorkTask { Kernel = bench.Kernel, World = new WorldId(1), Input = [1], Shared = block }, bench.Now).Taken);
        Assert.False(bench.Coordinator.AddBlock([100], out _));
    }

    [Fact]
    public void Calls_from_within_a_decision_are_submits_only()
    {
        var bench = new Bench();
        bench.Join(1);
        bench.Join(2);
        SubmitResult next = default;
        Exception? thrown = null;
        bench.OnSettled = settled =>
        {
            if (settled.Tag != 1)
                return;
            next = bench.Submit("next", tag: 2);
            thrown = Record.Exception(() => bench.Coordinator.Tick(bench.Now));
        };
        bench.Submit(tag: 1);
        bench.Answer(bench.Assigned[0]);
        Assert.Equal(SubmitStatus.Accepted, next.Status);
        Assert.IsType<InvalidOperationException>(thrown);
        Assert.Contains(bench.Assigned, sent => sent.Input.AsSpan().SequenceEqual("next"u8));
    }

    [Fact]
    public void Options_out_of_range_are_refused_at_the_start()
    {
        foreach (var options in new[]
        {
            new WorkOptions { SampleFloorPermille = 49 }, new WorkOptions { DeadlineUs = 0 }, new WorkOptions { LatePenalty = 9 }, new WorkOptions { CriticalQuorum = 1 },
            new WorkOptions { WaitingMax = 0 }, new WorkOptions { ReplicasMax = 9 }, new WorkOptions { WindowUs = 2_000_000 },
        })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new Bench(options));
        }
    }
}
