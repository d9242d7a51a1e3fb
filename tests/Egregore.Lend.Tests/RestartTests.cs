using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Egregore.EndToEnd.Tests;
using Egregore.Storage.Sqlite;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Lend.Tests;

/// <summary>A real server process, killed and started again: whom it trusted it trusts, whom it banned stays banned, and nobody's credits are gone or made of nothing.</summary>
public sealed class RestartTests
{
    private const string Secret = "a-secret-of-the-tests-of-restarts";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Trust_bans_and_balances_outlive_a_killed_server()
    {
        var environment = new Dictionary<string, string> { ["EGREGORE_API_KEYS"] = "tests=" + Secret };
        using var server = await ServerProcess.StartAsync(environment);
        using var http = new HttpClient { BaseAddress = new Uri(server.Address) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        var kernel = await UploadAsync(http);
        using var liarsKey = EcdsaP256.Create();
        using var honestKey = EcdsaP256.Create();

        string reason;
        await using (var liar = await LyingHelper.JoinAsync(new Uri(server.Address), "liar", liarsKey))
        {
            for (uint i = 0; liar.Standing.BannedMs == 0; i++)
            {
                Assert.True(i < 20, "banned within twenty lies");
                liar.Park(1);
                var running = SubmitAsync(http, kernel, 1_000 + i);
                await liar.AnswerWrongAsync(await liar.TaskAsync(), park: 0);
                await running;
                await liar.StandingAsync(standing => standing.Kernels.Any(known => known.Wrong > i));
            }

            reason = liar.Standing.Reason;
        }

        var honest = await LyingHelper.JoinAsync(new Uri(server.Address), "honest", honestKey);
        // Trusted, and then on until what is kept has been written twice: the second time holds all of this.
        var kept = Path.Combine(server.DataPath, "work.db-wal");
        var (written, times) = (DateTime.MinValue, 0);
        var deadline = DateTime.UtcNow + Patience;
        for (uint i = 0; times < 2; i++)
        {
            Assert.True(DateTime.UtcNow < deadline, $"trusted and kept in time; sampled {honest.Standing.Kernels.FirstOrDefault()?.Sampled}, written {times} times");
            await ComputeAsync(honest, http, kernel, 5_000 + i);
            if (honest.Standing.Kernels is not [{ Sampled: < 1_000 }] || honest.Standing.Balance == 0)
                continue;
            if (File.GetLastWriteTimeUtc(kept) is var now && now != written)
                (written, times) = (now, times + 1);
        }

        await server.KillAsync();
        await honest.DisposeAsync();

        // What lies there adds up.
        byte[] bytes;
        using (var store = new SqliteValueStore(Path.Combine(server.DataPath, "work.db")))
            bytes = store.Read()!;
        var read = new WorkCoordinator(new WorkOptions(), new Silent(), 1);
        Assert.Null(read.ImportStanding(bytes, 1, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000));
        Assert.Equal(0, read.Ledger.Accounts.Sum(account => account.Balance));
        var balance = read.StandingOf(PeerId.FromPublicKey(honestKey.PublicKey.Span), 1)!.Balance;
        Assert.True(balance > 0, "it was paid");

        await server.RestartAsync();
        Assert.Equal(kernel, await UploadAsync(http));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => LyingHelper.JoinAsync(new Uri(server.Address), "liar", liarsKey));
        Assert.Contains("banned", refused.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);

        await using var back = await LyingHelper.JoinAsync(new Uri(server.Address), "honest", honestKey);
        var standing = await back.StandingAsync(standing => standing.Kernels.Length > 0);
        Assert.Equal(balance, standing.Balance);
        Assert.InRange(standing.Kernels[0].Sampled, 1, 999);
        Assert.True(standing.Kernels[0].Accepted >= 10, "what it did before counts");
        await ComputeAsync(back, http, kernel, 9_000);
        await back.StandingAsync(now => now.Balance > balance);
    }

    private static async Task ComputeAsync(LyingHelper helper, HttpClient http, string kernel, uint times)
    {
        helper.Park(1);
        var running = SubmitAsync(http, kernel, times);
        await helper.AnswerAsync(await helper.TaskAsync(), park: 0);
        await running;
        var accepted = helper.Standing.Kernels.FirstOrDefault()?.Accepted ?? 0;
        await helper.StandingAsync(standing => standing.Kernels.Length > 0 && standing.Kernels[0].Accepted > accepted);
    }

    private static async Task<string> UploadAsync(HttpClient http)
    {
        using var module = new ByteArrayContent(await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "Kernels", "probe.wasm")));
        module.Headers.ContentType = new MediaTypeHeaderValue("application/wasm");
        using var reply = await http.PostAsync("api/kernels?name=probe&class=simulated", module);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
        return (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("hash").GetString()!;
    }

    private static async Task SubmitAsync(HttpClient http, string kernel, uint times)
    {
        using var reply = await http.PostAsJsonAsync("api/tasks", new { kernel, input = Convert.ToBase64String(ProbeKernel.Loop(times)), deadlineMs = 20_000 });
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
    }

    private sealed class Silent : IWorkSink
    {
        public void Assign(HelperId helper, in Assignment assignment)
        {
        }

        public void Cancel(HelperId helper, ulong lease)
        {
        }

        public void Receipt(HelperId helper, in Receipt receipt)
        {
        }

        public void StandingChanged(HelperId helper)
        {
        }

        public void RunHere(in LocalRun run)
        {
        }

        public void Settled(in Settlement settlement)
        {
        }

        public void Posted(in Egregore.Work.Credits.LedgerLine line)
        {
        }
    }
}
