using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Egregore.Server.Tests.Support;
using Egregore.Server.Work;
using Egregore.Wire;
using Egregore.Work;
using Microsoft.Extensions.DependencyInjection;

namespace Egregore.Server.Tests.Work;

public sealed class HelperTests
{
    private const string Secret = "a-secret-of-the-tests-000001";

    [Fact]
    public async Task A_helper_computes_a_task_and_is_paid_with_a_signed_receipt()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        await using var helper = (await TestHelper.JoinAsync(server, name: "Ada")).Start();
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);

        var answer = await RunAsync(server, kernel, [1, 2, 3]);
        Assert.Equal([1, 2, 3], Convert.FromBase64String(answer.Output!));
        var report = await server.WaitAsync(report => report.Work.Stats.ByPeers >= 1 && report.Work.Helpers is [{ Accepted: >= 1 }]);
        Assert.Equal("Ada", report.Work.Helpers[0].Name);

        await UntilAsync(() => helper.Receipts.Any(receipt => receipt.Verdict == WorkVerdict.Accepted && receipt.Credits > 0));
        var receipt = helper.Receipts.First(receipt => receipt.Credits > 0);
        var bytes = new byte[ReceiptBytes.Size];
        ReceiptBytes.Write(
            bytes, helper.Welcome.Peer!.Value, new Receipt(receipt.Lease, KernelHash.Read(receipt.Kernel.Span), receipt.Verdict, receipt.Fuel, receipt.Credits, null), receipt.Time);
        Assert.True(EcdsaP256.Verify(helper.Welcome.PublicKey.Span, bytes, receipt.Signature.Span));
        bytes[83]++;
        Assert.False(EcdsaP256.Verify(helper.Welcome.PublicKey.Span, bytes, receipt.Signature.Span), "a receipt for more credits than were paid");
    }

    [Fact]
    public async Task Without_helpers_truth_computes()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        var answer = await RunAsync(server, kernel, [9]);
        Assert.Equal(("verified", "truth", "truth"), (answer.Outcome, answer.By, answer.Level));
        Assert.Equal([9], Convert.FromBase64String(answer.Output!));
    }

    [Fact]
    public async Task A_liar_is_banned_with_its_reason_and_nothing_wrong_of_a_critical_task_stands()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build(), "critical");
        var key = new TestKey();
        await using var liar = await TestHelper.JoinAsync(server, key, "Liar");
        liar.Lie = (_, output) => [.. output.Select(b => (byte)(b ^ 1))];
        liar.Start();
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);
        for (var i = 0; i < 6; i++)
        {
            var answer = await RunAsync(server, kernel, [(byte)i]);
            Assert.Equal([(byte)i], Convert.FromBase64String(answer.Output!));
        }

        var report = await server.WaitAsync(report => report.Work.Stats.Bans == 1);
        Assert.Contains(report.Work.Refused, refusal => refusal.Verdict == "Wrong" && refusal.Name == "Liar" && refusal.Reason.Length > 0);
        await UntilAsync(() => liar.Standing.BannedMs > 0);
        Assert.StartsWith("wrong", liar.Standing.Reason, StringComparison.Ordinal);
        Assert.All(liar.Receipts, receipt => Assert.True(receipt.Credits <= 0, "a liar is not paid"));

        // With the same key it does not come in again.
        await using var again = await TestHelper.ConnectAsync(server, key);
        var refusal = await again.Client.ReceiveUntilClosedAsync();
        Assert.Equal(RefusalCode.Forbidden, refusal.Code);
        Assert.Contains("banned for", refusal.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_helper_that_stalls_or_dies_delays_nobody()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        var stalling = await TestHelper.JoinAsync(server);
        stalling.Answers = _ => false;
        stalling.Start();
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);
        Assert.Equal([4], Convert.FromBase64String((await RunAsync(server, kernel, [4])).Output!));

        var running = RunAsync(server, kernel, [5]);
        await stalling.DisposeAsync();
        Assert.Equal([5], Convert.FromBase64String((await running).Output!));
        await server.WaitAsync(report => report.Work.Stats.Helpers == 0);
    }

    [Fact]
    public async Task Fuel_that_was_not_used_is_not_paid()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build(), "critical");
        await using var greedy = await TestHelper.JoinAsync(server);
        greedy.Claim = fuel => fuel + 1_000;
        greedy.Start();
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);
        await RunAsync(server, kernel, [1]);
        await UntilAsync(() => greedy.Receipts.Any(receipt => receipt.Verdict == WorkVerdict.Wrong));
        Assert.All(greedy.Receipts, receipt => Assert.Equal(0, receipt.Credits));
    }

    [Fact]
    public async Task Results_that_are_repeated_foreign_or_forged_are_refused()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        await using var honest = await TestHelper.JoinAsync(server);
        await honest.Client.SendAsync(Kind.WorkPark, new WorkPark { Slots = 1 });
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);
        var running = RunAsync(server, kernel, [7]);
        var assign = (await honest.Client.ReceiveAsync(Kind.WorkAssign)).As<WorkAssign>();

        await using var thief = await TestHelper.JoinAsync(server);
        await thief.AnswerAsync(assign, [8], 10);
        var stolen = (await thief.Client.ReceiveAsync(Kind.WorkReceipt)).As<WorkReceipt>();
        Assert.Equal((WorkVerdict.Refused, 0), (stolen.Verdict, stolen.Credits));

        await honest.AnswerAsync(assign, [7], 10);
        await running;
        await honest.AnswerAsync(assign, [7], 10);
        await honest.Client.ReceiveAsync(Kind.WorkReceipt, message => message.As<WorkReceipt>() is { Verdict: WorkVerdict.Refused, Credits: 0 });
    }

    [Fact]
    public async Task A_result_with_another_hash_than_its_output_is_a_forgery()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        await using var forger = await TestHelper.JoinAsync(server);
        await forger.Client.SendAsync(Kind.WorkPark, new WorkPark { Slots = 1 });
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);
        var running = RunAsync(server, kernel, [7]);
        var assign = (await forger.Client.ReceiveAsync(Kind.WorkAssign)).As<WorkAssign>();
        await forger.Client.SendAsync(Kind.WorkResult, new WorkResult { Lease = assign.Lease, Output = new byte[] { 7 }, Hash = new byte[32], Fuel = 10 });
        await running;
        await server.WaitAsync(report => report.Work.Stats.Forged + report.Work.Stats.Wrong > 0);
    }

    [Fact]
    public async Task Whoever_asks_for_more_than_a_task_is_told_no_and_it_counts()
    {
        await using var server = await StartAsync();
        await using var curious = await TestHelper.JoinAsync(server);
        await curious.Client.SendAsync(Kind.Subscribe, new Subscribe { Id = 1, TableName = "players" });
        var refusal = (await curious.Client.ReceiveAsync(Kind.Refusal)).As<Refusal>();
        Assert.Equal(RefusalCode.Forbidden, refusal.Code);
        await server.WaitAsync(report => report.Work.Stats.Forged > 0 || report.Work.Helpers.Any(helper => helper.Reason.Length > 0));
    }

    [Fact]
    public async Task A_ticket_works_once_and_a_cloud_worker_needs_a_key()
    {
        await using var server = await StartAsync();
        await using var first = new TestClient();
        await first.ConnectAsync(server, path: "/work");
        var ticket = await first.TicketAsync(server);
        await first.SendAsync(Kind.HelperHello, new HelperHello { Ticket = ticket, Slots = 1 });
        await first.ReceiveAsync(Kind.HelperWelcome);
        await using var second = new TestClient();
        await second.ConnectAsync(server, path: "/work");
        await second.SendAsync(Kind.HelperHello, new HelperHello { Ticket = ticket, Slots = 1 });
        Assert.Equal(RefusalCode.Replayed, (await second.ReceiveUntilClosedAsync()).Code);

        await using var cloud = await TestHelper.ConnectAsync(server, tier: HelperTier.Cloud, apiKey: "not-a-key-of-this-server");
        Assert.Equal(RefusalCode.Forbidden, (await cloud.Client.ReceiveUntilClosedAsync()).Code);
        await using var allowed = await TestHelper.JoinAsync(server, tier: HelperTier.Cloud, apiKey: Secret);
        await server.WaitAsync(report => report.Work.Helpers.Any(helper => helper.Tier == "cloud"));
    }

    [Fact]
    public async Task Kernels_are_uploaded_with_a_key_alone_and_can_be_revoked()
    {
        await using var server = await StartAsync();
        var module = Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build();
        using (var refused = await server.Http.PostAsync("/api/kernels?name=echo", new ByteArrayContent(module)))
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using (var refused = await server.Http.SendAsync(Keyed(HttpMethod.Post, "/api/kernels?name=echo", new ByteArrayContent(module[..^4]))))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("not taken", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        var kernel = await UploadAsync(server, module);
        using (var served = await server.Http.GetAsync($"/kernels/{kernel}.wasm"))
        {
            Assert.Equal(KernelHash.Of(await served.Content.ReadAsByteArrayAsync()).ToString(), kernel);
            Assert.Contains("immutable", served.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        }

        using (var revoked = await server.Http.SendAsync(Keyed(HttpMethod.Delete, $"/api/kernels/{kernel}")))
            Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        using (var gone = await server.Http.GetAsync($"/kernels/{kernel}.wasm"))
            Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        using (var refused = await server.Http.SendAsync(Keyed(HttpMethod.Post, "/api/tasks", JsonContent.Create(new TaskSubmitted(kernel, "AA==", null, null)))))
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task A_kernel_that_never_ends_or_asks_for_everything_fails_its_task_and_nothing_else()
    {
        await using var server = await StartAsync();
        var endless = await UploadAsync(server, Sandbox.Tests.Kernels.Writer([0x03, 0x40, 0x0C, 0, 0x0B, 0x42, 0]).Build(), fuel: 100_000);
        var answer = await RunAsync(server, endless, [1], 2_000);
        Assert.Equal(("failed", "KernelRefused"), (answer.Outcome, answer.Failure));
        var echo = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        Assert.Equal("verified", (await RunAsync(server, echo, [1])).Outcome);
    }

    [Fact]
    public async Task The_ledger_adds_up_to_zero()
    {
        await using var server = await StartAsync();
        var kernel = await UploadAsync(server, Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        await using var helper = (await TestHelper.JoinAsync(server)).Start();
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);
        for (var i = 0; i < 20; i++)
            await RunAsync(server, kernel, [(byte)i]);
        var balances = server.Server.Services.GetRequiredService<WorkHost>().With((coordinator, _) => coordinator.Ledger.Accounts.Sum(account => account.Balance));
        Assert.Equal(0, balances);
        using var csv = await server.Http.SendAsync(Keyed(HttpMethod.Get, "/api/ledger.csv"));
        Assert.True((await csv.Content.ReadAsStringAsync()).Split('\n').Length > 3);
        using var refused = await server.Http.GetAsync("/api/ledger.csv");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private static Task<TestServer> StartAsync() =>
        TestServer.StartAsync(options => options with { Helpers = new HelpersOptions { ApiKeys = [new ApiKey("tests", Secret)] } });

    private static async Task<string> UploadAsync(TestServer server, byte[] module, string kind = "simulated", ulong fuel = 1_000_000)
    {
        using var response = await server.Http.SendAsync(Keyed(HttpMethod.Post, $"/api/kernels?name=test&class={kind}&fuel={fuel}&price=100000000", new ByteArrayContent(module)));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<KernelUploaded>())!.Hash;
    }

    private static async Task<TaskAnswer> RunAsync(TestServer server, string kernel, byte[] input, int deadlineMs = 400)
    {
        using var response = await server.Http.SendAsync(
            Keyed(HttpMethod.Post, "/api/tasks", JsonContent.Create(new TaskSubmitted(kernel, Convert.ToBase64String(input), null, deadlineMs))));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<TaskAnswer>())!;
    }

    private static HttpRequestMessage Keyed(HttpMethod method, string path, HttpContent? content = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        return request;
    }

    private static async Task UntilAsync(Func<bool> that)
    {
        for (var i = 0; !that(); i++)
        {
            Assert.True(i < 400, "it did not happen within 20 s");
            await Task.Delay(50);
        }
    }
}
