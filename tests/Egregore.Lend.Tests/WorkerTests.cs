using System.Diagnostics;
using Egregore.Cli.Lend;
using Egregore.Wire;

namespace Egregore.Lend.Tests;

/// <summary>Worker processes: real ones, that hang, are killed, and ask for more than there is.</summary>
public sealed class WorkerTests
{
    [Fact]
    public async Task A_worker_that_is_killed_fails_its_task_and_another_takes_its_place()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Forever, runMs: 60_000, fuel: long.MaxValue);
        await helper.View.UntilAsync(snapshot => snapshot.Slots.Busy == 1);
        var killed = Assert.Single(helper.Lender.ProcessIds);
        using (var process = Process.GetProcessById(killed))
            process.Kill();
        var failure = await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure);
        Assert.Equal((1UL, WorkFault.Internal), (failure.Lease, failure.Code));
        await coordinator.ParkedAsync(1);
        Assert.NotEqual(killed, Assert.Single(helper.Lender.ProcessIds));
        await coordinator.AssignAsync(2, ProbeKernel.Sum(9));
        Assert.Equal(2UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
        Assert.Equal(1, (await helper.View.UntilAsync(snapshot => snapshot.Done == 1)).Restarts);
    }

    [Fact]
    public async Task A_task_over_its_time_is_given_up_and_its_worker_made_anew()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        // Once, so that the kernel is there and only the run is measured.
        await coordinator.AssignAsync(1, ProbeKernel.Sum());
        await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult);
        await coordinator.ParkedAsync(1);
        var hung = Assert.Single(helper.Lender.ProcessIds);
        var started = Stopwatch.GetTimestamp();
        await coordinator.AssignAsync(2, ProbeKernel.Forever, runMs: 200, fuel: long.MaxValue);
        var failure = await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure);
        Assert.Equal((2UL, WorkFault.TooLate), (failure.Lease, failure.Code));
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 190, 10_000);
        await coordinator.ParkedAsync(1);
        Assert.NotEqual(hung, Assert.Single(helper.Lender.ProcessIds));
        Assert.False(IsAlive(hung));
        await coordinator.AssignAsync(3, ProbeKernel.Sum());
        Assert.Equal(3UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
    }

    [Fact]
    public async Task A_kernel_that_takes_all_memory_gets_its_bound_and_no_more()
    {
        const int Pages = 512;
        using var worker = await WorkerProcess.StartAsync(Confinement.Worker(null, 128 << 20, Pages), FakeCoordinator.Patience, CancellationToken.None);
        Assert.Null(await worker.LoadAsync(ProbeKernel.Hash, ProbeKernel.Module, CancellationToken.None));
        var run = await worker.RunAsync(ProbeKernel.Hash, default, ProbeKernel.Greedy, 1_000_000_000, 64, CancellationToken.None);
        Assert.Equal(WorkFault.None, run.Fault);
        var pages = BitConverter.ToUInt32(run.Output.Span);
        Assert.InRange(pages, 16u, (uint)Pages);
        Assert.InRange(ProcessTree.Of(worker.Id).ResidentBytes, 1L << 20, 300L << 20);
    }

    [Fact]
    public async Task A_worker_with_less_memory_than_a_run_may_ask_for_fails_that_run_alone()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator, worker: () => Confinement.Worker(null, 48 << 20, 4_096));
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Greedy);
        // The kernel is told that there is no more, or the process ends and another one is made.
        var (kind, code) = await coordinator.NextAnswerAsync();
        Assert.True(kind == Kind.WorkResult || code == WorkFault.Internal, $"{kind} {code}");
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(2, ProbeKernel.Sum());
        Assert.Equal(2UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
    }

    [Fact]
    public async Task A_run_sees_nothing_of_the_one_before()
    {
        using var worker = await WorkerProcess.StartAsync(Confinement.Worker(null, 128 << 20, 64), FakeCoordinator.Patience, CancellationToken.None);
        Assert.Null(await worker.LoadAsync(ProbeKernel.Hash, ProbeKernel.Module, CancellationToken.None));
        for (var i = 0; i < 2; i++)
        {
            var run = await worker.RunAsync(ProbeKernel.Hash, default, ProbeKernel.Remember, 1_000, 64, CancellationToken.None);
            Assert.Equal((WorkFault.None, 0u), (run.Fault, BitConverter.ToUInt32(run.Output.Span)));
        }
    }

    [Fact]
    public async Task A_worker_ends_with_its_input_even_while_a_kernel_runs()
    {
        using var process = Process.Start(Confinement.Worker(null, 128 << 20, 64))!;
        var output = process.StandardOutput.BaseStream;
        Assert.Equal(FrameType.Ready, (await WorkerFrames.ReadAsync(output, CancellationToken.None))!.Value.Type);
        await WorkerFrames.WriteAsync(process.StandardInput.BaseStream, FrameType.Load, ProbeKernel.Hash.ToArray(), ProbeKernel.Module, default, CancellationToken.None);
        Assert.Equal(FrameType.Loaded, (await WorkerFrames.ReadAsync(output, CancellationToken.None))!.Value.Type);
        var head = new byte[WorkerFrames.RunHead];
        ProbeKernel.Hash.Write(head.AsSpan(4));
        BitConverter.TryWriteBytes(head.AsSpan(36), long.MaxValue);
        await WorkerFrames.WriteAsync(process.StandardInput.BaseStream, FrameType.Run, head, ProbeKernel.Forever, default, CancellationToken.None);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(FakeCoordinator.Patience);
        Assert.True(process.HasExited);
    }

    [Fact]
    public async Task A_worker_that_says_something_else_is_not_believed()
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("printf 'not a frame at all'; echo why >&2");
        var error = await Assert.ThrowsAsync<WorkerException>(() => WorkerProcess.StartAsync(start, FakeCoordinator.Patience, CancellationToken.None));
        Assert.Contains("why", error.Message, StringComparison.Ordinal);
        start.FileName = "/no/such/program";
        await Assert.ThrowsAsync<WorkerException>(() => WorkerProcess.StartAsync(start, FakeCoordinator.Patience, CancellationToken.None));
    }

    [Fact]
    public async Task A_worker_that_does_not_start_is_tried_again_and_said()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator, worker: () => new ProcessStartInfo("/no/such/program") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true });
        await coordinator.WelcomeAsync();
        var shown = await helper.View.UntilAsync(snapshot => snapshot.Restarts >= 2);
        Assert.Equal((0, 1), (shown.Slots.Free, shown.Slots.Starting));
    }

    private static bool IsAlive(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
