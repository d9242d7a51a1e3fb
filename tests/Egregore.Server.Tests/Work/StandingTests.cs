using System.Net.Http.Headers;
using Egregore.Server.Tests.Support;
using Egregore.Server.Work;
using Egregore.Storage.Sqlite;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Server.Tests.Work;

/// <summary>Helpers' trust, bans and balances over a stop and a start of the server. That they outlive a kill is shown with a real process, by the tests of lending.</summary>
public sealed class StandingTests
{
    private const string Secret = "a-secret-of-the-tests-000001";

    [Fact]
    public async Task A_liar_is_still_banned_after_a_restart_until_its_hour_is_over_and_a_helper_keeps_what_it_earned()
    {
        using var folder = new TestFolder();
        using var key = new TestKey();
        await using (var server = await StartAsync(folder.Path))
        {
            var kernel = await UploadAsync(server);
            await using var liar = await TestHelper.JoinAsync(server, key, "Liar");
            liar.Lie = (_, output) => [.. output.Select(b => (byte)(b ^ 1))];
            liar.Start();
            await server.WaitAsync(report => report.Work.Stats.Parked == 1);
            for (byte i = 0; i < 6; i++)
                await RunAsync(server, kernel, i);
            await server.WaitAsync(report => report.Work.Stats.Bans == 1);
        }

        await using var again = await StartAsync(folder.Path);
        await using var refused = await TestHelper.ConnectAsync(again, key);
        var refusal = await refused.Client.ReceiveUntilClosedAsync();
        Assert.Equal(RefusalCode.Forbidden, refusal.Code);
        Assert.Contains("wrong", refusal.Text, StringComparison.Ordinal);
        Assert.Contains("banned for", refusal.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_file_ends_the_start_with_one_clear_line_and_none_is_a_beginning()
    {
        using var folder = new TestFolder();
        var path = Path.Combine(folder.Path, "work.db");
        await File.WriteAllBytesAsync(path, [.. "this is no database, and never was one. "u8.ToArray(), .. new byte[8_192]]);
        Assert.Contains(path, await ProblemAsync(folder.Path), StringComparison.Ordinal);

        File.Delete(path);
        using (var store = new SqliteValueStore(path))
            store.Write([.. "egregore-standing-1"u8, .. new byte[100]]);
        Assert.Contains("its checksum is wrong; move the file away", await ProblemAsync(folder.Path), StringComparison.Ordinal);

        File.Delete(path);
        await using var server = await StartAsync(folder.Path);
        Assert.Equal(0, server.Report.Work.Stats.Bans);
    }

    private static async Task<string> ProblemAsync(string folder) => (await Assert.ThrowsAsync<EgregoreEnvironmentException>(() => StartAsync(folder))).Message;

    private static Task<TestServer> StartAsync(string folder) =>
        TestServer.StartAsync(options => options with { Helpers = options.Helpers with { ApiKeys = [new ApiKey("tests", Secret)] } }, folder);

    private static async Task<string> UploadAsync(TestServer server)
    {
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        using var body = new ByteArrayContent(Sandbox.Tests.Kernels.Writer(Sandbox.Tests.Kernels.EchoBody).Build());
        using var response = await server.Http.PostAsync("/api/kernels?name=echo&class=critical", body);
        response.EnsureSuccessStatusCode();
        return (await System.Net.Http.Json.HttpContentJsonExtensions.ReadFromJsonAsync<KernelUploaded>(response.Content))!.Hash;
    }

    private static async Task RunAsync(TestServer server, string kernel, byte input)
    {
        using var response = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(server.Http, "/api/tasks", new { kernel, input = Convert.ToBase64String([input]), deadlineMs = 20_000 });
        response.EnsureSuccessStatusCode();
    }
}
