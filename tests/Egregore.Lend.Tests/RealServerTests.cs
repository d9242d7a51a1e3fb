using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Egregore.Server;
using Egregore.Server.Work;
using Egregore.Wire;
using VoxelArena;

namespace Egregore.Lend.Tests;

/// <summary>The helper against the real server: a kernel is uploaded, tasks are submitted, the helper computes them, truth checks and pays; and a helper that lies.</summary>
public sealed class RealServerTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-the-tests-of-lending";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lend-server");
    private EgregoreServer _server = null!;
    private HttpClient _http = null!;
    private string _kernel = "";

    public async Task InitializeAsync()
    {
        var options = new ServerOptions
        {
            Url = "http://127.0.0.1:0", DataFolder = _folder.FullName, Log = false, PagesFolder = "", BrowserFolder = "",
            Helpers = new HelpersOptions { ApiKeys = [new ApiKey("tests", Secret)] },
        };
        _server = await EgregoreServer.StartAsync(new VoxelArenaGame(), options);
        _http = new HttpClient { BaseAddress = _server.Address };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        using var module = new ByteArrayContent(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Kernels", "probe.wasm")));
        module.Headers.ContentType = new MediaTypeHeaderValue("application/wasm");
        using var reply = await _http.PostAsync("api/kernels?name=probe&class=simulated", module);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
        _kernel = (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("hash").GetString()!;
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_helper_computes_for_the_real_server_and_is_paid_and_trusted()
    {
        Assert.Equal(ProbeKernel.Hash.ToString(), _kernel);
        await using var helper = new Helper(_server.Address);
        await helper.View.UntilAsync(snapshot => snapshot is { State: "ready", Slots.Free: 1 });
        for (byte i = 0; helper.View.Ledger!.Accepted < 3; i++)
        {
            Assert.True(i < 40, "three accepted answers in forty tasks");
            var answer = await SubmitAsync(ProbeKernel.Loop(100_000u + i));
            Assert.Equal(BitConverter.GetBytes(100_000u + i), answer.GetProperty("output").GetBytesFromBase64());
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
        var key = EcdsaP256.Create();
        await using (var liar = await LyingHelper.JoinAsync(_server.Address, "liar", key))
        {
            for (var i = 0; liar.Standing.BannedMs == 0; i++)
            {
                Assert.True(i < 20, "banned within twenty lies");
                liar.Park(1);
                var submitted = SubmitAsync(ProbeKernel.Loop(1_000u + (uint)i));
                var task = await liar.TaskAsync();
                await liar.AnswerWrongAsync(task, park: 0);
                Assert.Equal(WorkVerdict.Wrong, (await liar.ReceiptAsync(task.Lease, WorkVerdict.Wrong, WorkVerdict.Accepted)).Verdict);
                // Truth has the right answer in the end, whatever was shown first.
                Assert.NotEqual("failed", (await submitted).GetProperty("outcome").GetString());
                await liar.StandingAsync(standing => standing.Kernels.Any(kernel => kernel.Wrong > i));
            }

            Assert.Contains("wrong", liar.Standing.Reason, StringComparison.Ordinal);
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => LyingHelper.JoinAsync(_server.Address, "liar", key));
        Assert.Contains("banned", refused.Message, StringComparison.Ordinal);
    }

    private async Task<JsonElement> SubmitAsync(byte[] input)
    {
        using var reply = await _http.PostAsJsonAsync("api/work/tasks", new { kernel = _kernel, input = Convert.ToBase64String(input), deadlineMs = 20_000 });
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
        return await reply.Content.ReadFromJsonAsync<JsonElement>();
    }
}
