using Egregore.Wire;

namespace Egregore.Lend.Tests;

/// <summary>The helper against the real server: a kernel is uploaded, tasks are submitted, the helper computes them, truth checks and pays; and a helper that lies.</summary>
public sealed class RealServerTests
{
    [Fact]
    public async Task A_helper_computes_for_the_real_server_and_is_paid_and_trusted()
    {
        await using var server = await RealServer.StartAsync();
        Assert.Equal(ProbeKernel.Hash.ToString(), server.Kernel);
        await using var helper = new Helper(server.Address);
        await helper.View.UntilAsync(snapshot => snapshot is { State: "ready", Slots.Free: 1 });
        for (byte i = 0; helper.View.Ledger!.Accepted < 3; i++)
        {
            Assert.True(i < 200, "three accepted answers in two hundred tasks");
            var answer = await server.SubmitAsync(ProbeKernel.Loop(100_000u + i));
            Assert.Equal(BitConverter.GetBytes(100_000u + i), answer.GetProperty("output").GetBytesFromBase64());
            // What is checked is accepted within a second.
            await Task.Delay(50);
        }

        var shown = await helper.View.UntilAsync(snapshot => snapshot is { EarnedMillionths: > 0, BalanceMillionths: > 0, RttMs: not null });
        Assert.Equal((0L, 0L, 0L), (shown.Rejected, shown.Forged, shown.Failed));
        var kernel = Assert.Single(helper.View.Ledger!.Standing!.Kernels);
        Assert.Equal(("probe", 0u), (kernel.Name, kernel.Wrong));
        Assert.Contains(helper.View.Receipts, record => record.Signed == true);
    }

    [Fact]
    public async Task A_helper_that_lies_is_found_out_banned_and_not_let_in_again()
    {
        await using var server = await RealServer.StartAsync();
        using var key = EcdsaP256.Create();
        await using (var liar = await LyingHelper.JoinAsync(server.Address, "liar", key))
        {
            for (var i = 0; liar.Standing.BannedMs == 0; i++)
            {
                Assert.True(i < 20, "banned within twenty lies");
                liar.Park(1);
                var submitted = server.SubmitAsync(ProbeKernel.Loop(1_000u + (uint)i));
                var task = await liar.TaskAsync();
                await liar.AnswerWrongAsync(task, park: 0);
                Assert.Equal(WorkVerdict.Wrong, (await liar.ReceiptAsync(task.Lease, WorkVerdict.Wrong, WorkVerdict.Accepted)).Verdict);
                // Truth has the right answer in the end, whatever was shown first.
                Assert.NotEqual("failed", (await submitted).GetProperty("outcome").GetString());
                await liar.StandingAsync(standing => standing.Kernels.Any(kernel => kernel.Wrong > i));
            }

            Assert.Contains("wrong", liar.Standing.Reason, StringComparison.Ordinal);
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => LyingHelper.JoinAsync(server.Address, "liar", key));
        Assert.Contains("banned", refused.Message, StringComparison.Ordinal);
    }
}
