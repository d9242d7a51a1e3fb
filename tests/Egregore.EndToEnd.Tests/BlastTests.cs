using System.Net.Http.Json;
using System.Text.Json;
using Egregore.Lend.Tests;
using Egregore.Wire;

namespace Egregore.EndToEnd.Tests;

/// <summary>A blast whose pieces helpers compute: a tab on /lend and a program, then helpers that die, lie, stall and flood.</summary>
public sealed class BlastTests(BrowserFixture browser) : IClassFixture<BrowserFixture>, IDisposable
{
    private const int FrameMs = 100;
    private readonly HttpClient _http = new();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Helpers_compute_a_blast_and_none_that_dies_lies_stalls_or_floods_is_felt()
    {
        using var server = await ServerProcess.StartAsync();
        _http.BaseAddress = new Uri(server.Address);
        // Drawing by software would take the cores that are lent.
        await using var ada = await browser.OpenAsync(server.Address + "/?draw=off", "Ada");
        await using var lend = await browser.LendAsync(server.Address);
        using var machine = new LendProcess(server.Address, "--cores", "1", "--busy", "100", "--name", "machine");
        await WaitAsync(work => Stat(work, "parked") >= 2, "two helpers to park");

        // A first blast, whose tasks find kernels that were never run.
        await BlastAsync(ada, 0.4);
        await RestAsync();

        // Two hundred bodies and more.
        var before = await WorkAsync();
        for (var yaw = 1.9; yaw < 7; yaw += 1.2)
            await BlastAsync(ada, yaw);
        var (awake, late) = await RestAsync();
        var after = await WorkAsync();
        var helped = Physics(after, "byHelpers") - Physics(before, "byHelpers");
        var truth = Physics(after, "byTruth") - Physics(before, "byTruth");
        Assert.True(awake >= 200, $"{awake} bodies were awake at one time");
        Assert.True(helped >= 9 * truth, $"{helped} answers by helpers, {truth} by truth\n{after}");
        Assert.True(late <= 2 * FrameMs, $"a frame was {late} ms late\n{after}");
        Assert.True(after.GetProperty("helpers").EnumerateArray().Sum(helper => helper.GetProperty("credits").GetDouble()) > 0, "nobody was paid");

        // Now the others.
        using var stop = new CancellationTokenSource();
        await using var liar = await LyingHelper.JoinAsync(new Uri(server.Address), "liar");
        await using var slow = await LyingHelper.JoinAsync(new Uri(server.Address), "slow");
        await using var flood = await LyingHelper.JoinAsync(new Uri(server.Address), "flood");
        Task[] others =
        [
            RunAsync(liar, (helper, task) => helper.AnswerWrongAsync(task), stop.Token),
            RunAsync(slow, async (helper, task) =>
            {
                await Task.Delay(1_000, stop.Token);
                await helper.AnswerAsync(task);
            }, stop.Token),
            RunAsync(flood, async (helper, task) =>
            {
                var run = await helper.ComputeAsync(task);
                for (var i = 0; i < 50; i++)
                    helper.Answer(task.Lease, run.Output, run.Fuel, (byte)(i == 0 ? 1 : 0));
            }, stop.Token),
        ];
        await BlastAsync(ada, 0.9);
        await BlastAsync(ada, 2.6);
        machine.Kill();
        var (_, lateNow) = await RestAsync();
        for (var i = 0; i < 6 && !IsBanned(await WorkAsync(), "liar"); i++)
        {
            await BlastAsync(ada, 3.4 + (0.7 * i));
            lateNow = Math.Max(lateNow, (await RestAsync()).LateMs);
        }

        var end = await WorkAsync();
        Assert.True(lateNow <= 2 * FrameMs, $"a frame was {lateNow} ms late\n{end}");
        Assert.True(IsBanned(end, "liar"), $"the liar is not banned\n{end}");
        Assert.Contains(end.GetProperty("refused").EnumerateArray(), refusal => Text(refusal, "name") == "liar" && Text(refusal, "verdict") == "Wrong" && Text(refusal, "reason").Length > 0);
        Assert.Contains(end.GetProperty("refused").EnumerateArray(), refusal => Text(refusal, "name") == "flood");
        Assert.All(end.GetProperty("helpers").EnumerateArray().Where(helper => Text(helper, "name") == "liar"), helper => Assert.Equal(0, helper.GetProperty("credits").GetDouble()));

        // Truth's bodies are the page's, and they lie still.
        await ada.UntilAsync("window.egregore.bodies().length > 100 && window.egregore.bodies().every(body => !body.awake && Number.isFinite(body.x) && body.y > 0)");
        Assert.Empty(ada.Errors);
        Assert.Empty(lend.Errors);
        await stop.CancelAsync();
        await Task.WhenAll(others);
    }

    private static bool IsBanned(JsonElement work, string name) =>
        work.GetProperty("helpers").EnumerateArray().Any(helper => Text(helper, "name") == name && helper.GetProperty("bannedSeconds").GetDouble() > 0)
        || work.GetProperty("refused").EnumerateArray().Any(refusal => Text(refusal, "name") == name && Text(refusal, "verdict") == "Banned");

    private static async Task RunAsync(LyingHelper helper, Func<LyingHelper, WorkAssign, Task> answer, CancellationToken stop)
    {
        try
        {
            helper.Park(1);
            while (!stop.IsCancellationRequested)
                await answer(helper, await helper.TaskAsync().WaitAsync(stop));
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException or IOException or System.Net.WebSockets.WebSocketException)
        {
            // It was turned out, or the test is over.
        }
    }

    private static async Task BlastAsync(Player player, double yaw)
    {
        await player.EvaluateAsync<JsonElement?>($"window.egregore.look({yaw.ToString(System.Globalization.CultureInfo.InvariantCulture)}, -0.5)");
        await player.UntilAsync("window.egregore.target() !== null");
        await player.EvaluateAsync<JsonElement?>("window.egregore.act('blast')");
        // A player may blast once in a while; what is too early is refused.
        await Task.Delay(1_100);
    }

    /// <summary>Waits until all bodies sleep; gives how many were awake at one time, and the longest that a frame was late.</summary>
    private async Task<(long Awake, long LateMs)> RestAsync()
    {
        long awake = 0, late = 0;
        await WaitAsync(
            work =>
            {
                awake = Math.Max(awake, Physics(work, "awake"));
                late = Math.Max(late, Physics(work, "lateMs"));
                return Physics(work, "frames") > 0 && Physics(work, "awake") == 0;
            },
            "all bodies to sleep");
        return (awake, late);
    }

    private async Task WaitAsync(Func<JsonElement, bool> that, string what)
    {
        var work = await WorkAsync();
        for (var i = 0; !that(work); i++)
        {
            Assert.True(i < 300, $"waited 90 s for {what}\n{work}");
            await Task.Delay(300);
            work = await WorkAsync();
        }
    }

    private Task<JsonElement> WorkAsync() => _http.GetFromJsonAsync<JsonElement>("api/work");

    private static long Stat(JsonElement work, string name) => work.GetProperty("stats").GetProperty(name).GetInt64();

    private static long Physics(JsonElement work, string name) => work.GetProperty("physics").GetProperty(name).GetInt64();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
