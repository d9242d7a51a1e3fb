using System.Security.Cryptography;
using Egregore.Cli.Lend;
using Egregore.Server;
using Egregore.Wire;

namespace Egregore.Lend.Tests;

/// <summary>The helper of the command line, over a real socket, with real worker processes.</summary>
public sealed class LenderTests
{
    [Fact]
    public async Task It_says_hello_parks_what_is_free_computes_and_shows_a_signed_receipt()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator, cores: 2);
        var hello = await coordinator.WelcomeAsync();
        Assert.Equal((1, "test", HelperTier.Peer, 2), (hello.Protocol, hello.Name, hello.Tier, hello.Slots));
        Assert.Equal("ticket-of-" + helper.Key.Peer, hello.Ticket);
        await coordinator.ParkedAsync(2);

        var input = ProbeKernel.Sum(1, 2, 3);
        await coordinator.AssignAsync(41, input);
        var result = await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult);
        Assert.Equal(41UL, result.Lease);
        Assert.Equal(BitConverter.GetBytes(6u), result.Output.ToArray());
        Assert.Equal(SHA256.HashData(result.Output.Span), result.Hash.ToArray());
        Assert.True(result.Fuel > 0 && result.RunUs > 0);
        await coordinator.ParkedAsync(1);

        await coordinator.SendAsync(Kind.WorkReceipt, coordinator.Receipt(41, WorkVerdict.Accepted, result.Fuel, 120_000));
        await coordinator.SendAsync(Kind.WorkStanding, new WorkStanding { Balance = 120_000, Kernels = [new KernelStanding { Kernel = ProbeKernel.Hash.ToArray(), Name = "probe", Trust = 700, Accepted = 1, Sampled = 1_000 }] });
        var shown = await helper.View.UntilAsync(snapshot => snapshot is { Accepted: 1, BalanceMillionths: 120_000 });
        Assert.Equal((1L, 120_000L, 0L), (shown.Done, shown.EarnedMillionths, shown.Forged));
        Assert.True(Assert.Single(helper.View.Receipts).Signed);
    }

    [Fact]
    public async Task A_receipt_that_truth_has_not_signed_is_shown_as_forged_and_not_counted()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Sum());
        await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult);
        using var stranger = EcdsaP256.Create();
        await coordinator.SendAsync(Kind.WorkReceipt, coordinator.Receipt(1, WorkVerdict.Accepted, 1, 5_000, stranger));
        // Signed by truth, but about more than it says here.
        await coordinator.SendAsync(Kind.WorkReceipt, coordinator.Receipt(1, WorkVerdict.Accepted, 1, 5_000) with { Credits = 5_001 });
        var shown = await helper.View.UntilAsync(snapshot => snapshot.Forged == 2);
        Assert.Equal(0, shown.EarnedMillionths);
    }

    public static TheoryData<string, WorkFault> Faults => new()
    {
        { nameof(ProbeKernel.Trap), WorkFault.Trapped }, { nameof(ProbeKernel.Refuse), WorkFault.Trapped }, { nameof(ProbeKernel.TooMuch), WorkFault.TooLarge }, { nameof(ProbeKernel.Forever), WorkFault.OutOfFuel },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_task_that_does_not_end_well_is_a_failure_with_its_code(string what, WorkFault expected)
    {
        var input = what switch { nameof(ProbeKernel.Trap) => ProbeKernel.Trap, nameof(ProbeKernel.Refuse) => ProbeKernel.Refuse, nameof(ProbeKernel.TooMuch) => ProbeKernel.TooMuch, _ => ProbeKernel.Forever };
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(7, input, fuel: 100_000);
        var failure = await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure);
        Assert.Equal((7UL, expected), (failure.Lease, failure.Code));
        Assert.True(failure.Fuel > 0);
        Assert.NotEmpty(failure.Text);
        await coordinator.ParkedAsync(1);
    }

    [Fact]
    public async Task A_kernel_that_cannot_be_had_or_has_other_bytes_is_missing()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        coordinator.Kernels[ProbeKernel.Hash.ToString()] = [.. ProbeKernel.Module, 0];
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Sum());
        var failure = await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure);
        Assert.Equal(WorkFault.Missing, failure.Code);
        Assert.Contains("not those of kernel", failure.Text, StringComparison.Ordinal);
        coordinator.Kernels.Clear();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(2, ProbeKernel.Sum());
        Assert.Contains("404", (await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shared_block_is_kept_and_said_to_be_held()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        byte[] block = [0, 10, 20];
        var hash = SHA256.HashData(block);
        var assign = new WorkAssign { Lease = 1, Kernel = ProbeKernel.Hash.ToArray(), Shared = hash, SharedBytes = block, Input = (byte[])[5], RunMs = 60_000, Fuel = 100_000, OutputMax = 64 };
        await coordinator.SendAsync(Kind.WorkAssign, assign);
        Assert.Equal(BitConverter.GetBytes(35u), (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Output.ToArray());
        var park = await coordinator.ExpectAsync<WorkPark>(Kind.WorkPark);
        Assert.Equal([.. ProbeKernel.Hash.ToArray(), .. hash], park.Held.ToArray());
        await coordinator.SendAsync(Kind.WorkAssign, assign with { Lease = 2, SharedBytes = default });
        Assert.Equal(2UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
        Assert.Equal(1, coordinator.KernelRequests);
        await coordinator.ParkedAsync(1);
        await coordinator.SendAsync(Kind.WorkAssign, assign with { Lease = 3, Shared = new byte[32], SharedBytes = block });
        Assert.Equal(WorkFault.Missing, (await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure)).Code);
    }

    [Fact]
    public async Task A_cancelled_task_is_not_answered()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Loop(20_000_000));
        await coordinator.SendAsync(Kind.WorkCancel, new WorkCancel { Lease = 1 });
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(2, ProbeKernel.Sum());
        // What comes first is the answer to the second one.
        Assert.Equal(2UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
        Assert.Equal(1, (await helper.View.UntilAsync(snapshot => snapshot.Done == 1)).Cancelled);
    }

    [Fact]
    public async Task More_than_was_parked_is_declined()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Forever, runMs: 3_000, fuel: long.MaxValue);
        await coordinator.AssignAsync(2, ProbeKernel.Sum());
        Assert.Equal((2UL, WorkFault.Declined), await FailureAsync(coordinator));
    }

    [Fact]
    public async Task Workers_that_never_rest_have_the_next_task_at_hand()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator, share: 1);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(2);
        await coordinator.AssignAsync(1, ProbeKernel.Forever, runMs: 600, fuel: long.MaxValue);
        await coordinator.AssignAsync(2, ProbeKernel.Sum(4), runMs: 10_000);
        // One runs and one waits; a third one has no place.
        await coordinator.AssignAsync(3, ProbeKernel.Sum());
        Assert.Equal((3UL, WorkFault.Declined), await FailureAsync(coordinator));
        Assert.Equal((1UL, WorkFault.TooLate), await FailureAsync(coordinator));
        var result = await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult);
        Assert.Equal((2UL, 4u), (result.Lease, BitConverter.ToUInt32(result.Output.Span)));
    }

    [Fact]
    public async Task What_waits_for_a_worker_may_be_cancelled_or_run_out_of_time()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator, cores: 2, share: 1);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(4);
        await coordinator.AssignAsync(1, ProbeKernel.Forever, runMs: 2_000, fuel: long.MaxValue);
        await coordinator.AssignAsync(2, ProbeKernel.Forever, runMs: 2_000, fuel: long.MaxValue);
        await coordinator.AssignAsync(3, ProbeKernel.Sum(), runMs: 100);
        await coordinator.AssignAsync(4, ProbeKernel.Sum(), runMs: 10_000);
        await coordinator.SendAsync(Kind.WorkCancel, new WorkCancel { Lease = 4 });
        Assert.Equal((3UL, WorkFault.TooLate), await FailureAsync(coordinator));
        Assert.Equal([(1UL, WorkFault.TooLate), (2UL, WorkFault.TooLate)], new[] { await FailureAsync(coordinator), await FailureAsync(coordinator) }.Order());
        var shown = await helper.View.UntilAsync(snapshot => snapshot is { Failed: 3, Slots.Busy: 0 });
        Assert.Equal((0L, 1L), (shown.Done, shown.Cancelled));
    }

    private static async Task<(ulong Lease, WorkFault Code)> FailureAsync(FakeCoordinator coordinator)
    {
        var failure = await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure);
        return (failure.Lease, failure.Code);
    }

    [Fact]
    public async Task It_comes_back_after_a_cut_and_after_the_server_was_away()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        coordinator.Away = true;
        await using var helper = new Helper(coordinator);
        Assert.Contains("503", (await helper.View.UntilAsync(snapshot => snapshot.State == "away")).Why, StringComparison.Ordinal);
        coordinator.Away = false;
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(1, ProbeKernel.Forever, runMs: 600, fuel: long.MaxValue);
        await helper.View.UntilAsync(snapshot => snapshot.Slots.Busy == 1);
        coordinator.Cut();
        Assert.Equal("away", (await helper.View.UntilAsync(snapshot => snapshot.State == "away")).State);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(2, ProbeKernel.Sum());
        Assert.Equal(2UL, (await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult)).Lease);
    }

    [Fact]
    public async Task A_refusal_is_shown_with_its_reason_and_one_that_no_attempt_will_change_ends_it()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var banned = new Helper(coordinator);
        await coordinator.RefuseAsync(RefusalCode.Forbidden, "banned for 59 min");
        Assert.Contains("banned for 59 min", (await banned.View.UntilAsync(snapshot => snapshot.State == "refused")).Why, StringComparison.Ordinal);

        await using var other = new Helper(coordinator);
        await coordinator.RefuseAsync(RefusalCode.VersionMismatch, "this is protocol 2");
        var error = await Assert.ThrowsAsync<EgregoreEnvironmentException>(() => other.Running.WaitAsync(FakeCoordinator.Patience));
        Assert.Contains("this is protocol 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_no_message_end_the_connection_and_nothing_else()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.SendRawAsync(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 });
        Assert.Contains("cannot read", (await helper.View.UntilAsync(snapshot => snapshot.State == "away")).Why, StringComparison.Ordinal);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
    }

    [Fact]
    public async Task It_leaves_with_its_slots_taken_back_what_runs_finished_and_the_socket_closed()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator, cores: 2);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(2);
        await coordinator.AssignAsync(1, ProbeKernel.Sum());
        await coordinator.ExpectAsync<WorkResult>(Kind.WorkResult);
        await coordinator.ParkedAsync(1);
        await coordinator.AssignAsync(2, ProbeKernel.Forever, runMs: 60_000, fuel: long.MaxValue);
        await helper.View.UntilAsync(snapshot => snapshot is { Done: 1, Slots.Busy: 1 });
        await helper.StopAsync();
        Assert.True((await coordinator.ExpectAsync<WorkPark>(Kind.WorkPark)).Paused);
        var failure = await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure);
        Assert.Equal((2UL, WorkFault.Declined), (failure.Lease, failure.Code));
        await coordinator.ClosedAsync();
    }

    [Fact]
    public async Task A_ban_pauses_it_and_says_why()
    {
        await using var coordinator = await FakeCoordinator.StartAsync();
        await using var helper = new Helper(coordinator);
        await coordinator.WelcomeAsync();
        await coordinator.ParkedAsync(1);
        await coordinator.SendAsync(Kind.WorkStanding, new WorkStanding { BannedMs = 3_600_000, Reason = "wrong: an invariant is broken" });
        var paused = await helper.View.UntilAsync(snapshot => snapshot.State == "paused");
        Assert.Contains("wrong: an invariant is broken", paused.Why, StringComparison.Ordinal);
        Assert.True((await coordinator.ExpectAsync<WorkPark>(Kind.WorkPark)).Paused);
        await coordinator.SendAsync(Kind.WorkStanding, new WorkStanding());
        await coordinator.ParkedAsync(1);
    }

    [Fact]
    public async Task On_battery_it_pauses_declines_what_comes_and_goes_on_with_mains()
    {
        var power = Directory.CreateTempSubdirectory("lend-power");
        try
        {
            var battery = Directory.CreateDirectory(Path.Combine(power.FullName, "BAT0")).FullName;
            File.WriteAllText(Path.Combine(battery, "type"), "Battery\n");
            File.WriteAllText(Path.Combine(battery, "capacity"), "57\n");
            File.WriteAllText(Path.Combine(battery, "status"), "Charging\n");
            await using var coordinator = await FakeCoordinator.StartAsync();
            await using var helper = new Helper(coordinator, senses: new PauseSenses("/none", power.FullName, 1, onBattery: false));
            await coordinator.WelcomeAsync();
            await coordinator.ParkedAsync(1);
            File.WriteAllText(Path.Combine(battery, "status"), "Discharging\n");
            Assert.Contains("57 %", (await helper.View.UntilAsync(snapshot => snapshot.State == "paused")).Why, StringComparison.Ordinal);
            Assert.True((await coordinator.ExpectAsync<WorkPark>(Kind.WorkPark)).Paused);
            await coordinator.AssignAsync(3, ProbeKernel.Sum());
            Assert.Equal(WorkFault.Declined, (await coordinator.ExpectAsync<WorkFailure>(Kind.WorkFailure)).Code);
            File.WriteAllText(Path.Combine(battery, "status"), "Full\n");
            await coordinator.ParkedAsync(1);
        }
        finally
        {
            power.Delete(recursive: true);
        }
    }
}
