using Egregore.Server.Tests.Support;
using Egregore.Wire;

namespace Egregore.Server.Tests;

public sealed class ActionTests
{
    [Fact]
    public async Task An_action_is_answered_once_durable_and_its_rows_reach_the_subscribers()
    {
        await using var server = await TestServer.StartAsync();
        await using var actor = await TestClient.JoinAsync(server);
        await using var watcher = await TestClient.JoinAsync(server);
        await watcher.SendAsync(Kind.Subscribe, new Subscribe { Id = 1, TableName = "marks" });
        await watcher.ReceiveAsync(Kind.Delta, r => r.As<Delta>().Initial == 1);
        await actor.ActAsync(1, "set-mark", new SetMark { Id = 3, Text = "hello" }.ToArray());
        var result = (await actor.ReceiveAsync(Kind.ActionResult)).As<ActionResult>();
        Assert.Equal((RefusalCode.None, 1u), (result.Code, result.Request));
        Assert.NotEqual(0UL, result.Transaction);

        var delta = (await watcher.ReceiveAsync(Kind.Delta)).As<Delta>();
        var row = Assert.Single(Assert.Single(delta.Tables).Upserts);
        Assert.Equal(VerifyError.None, Mark.TryRead(row.Bytes.Span, out var mark));
        Assert.Equal((3u, "hello"), (mark!.Id, mark.Text));
    }

    [Fact]
    public async Task What_was_answered_is_there_after_a_restart()
    {
        using var folder = new TestFolder();
        await using (var server = await TestServer.StartAsync(folder: folder.Path))
        {
            await using var actor = await TestClient.JoinAsync(server);
            await actor.ActAsync(1, "set-mark", new SetMark { Id = 7, Text = "kept" }.ToArray());
            await actor.ReceiveAsync(Kind.ActionResult);
        }

        await using (var server = await TestServer.StartAsync(folder: folder.Path))
        {
            await using var reader = await TestClient.JoinAsync(server);
            await reader.SendAsync(Kind.Subscribe, new Subscribe { Id = 1, TableName = "marks" });
            var delta = (await reader.ReceiveAsync(Kind.Delta, r => r.As<Delta>().Tables.Length > 0)).As<Delta>();
            Assert.Equal(VerifyError.None, Mark.TryRead(delta.Tables[0].Upserts[0].Bytes.Span, out var mark));
            Assert.Equal("kept", mark!.Text);
        }
    }

    [Fact]
    public async Task Wrong_actions_get_a_reason_and_leave_no_trace()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        var arguments = new SetMark { Id = 1, Text = "x" }.ToArray();
        Assert.Equal(RefusalCode.UnknownReducer, await ResultAsync(client, 1, "no-such", arguments));
        Assert.Equal(RefusalCode.UnknownReducer, await ResultAsync(client, 2, "$connect", []));
        Assert.Equal(RefusalCode.BadArguments, await ResultAsync(client, 3, "set-mark", [1, 2, 3]));
        Assert.Equal(RefusalCode.Rejected, await ResultAsync(client, 4, "set-mark", new SetMark { Id = LineGame.IdMax + 1 }.ToArray()));
        Assert.Equal(RefusalCode.Internal, await ResultAsync(client, 5, "fail", arguments));
        Assert.Equal(RefusalCode.TooLarge, await ResultAsync(client, 6, "set-mark", new byte[8000]));
        Assert.Equal(RefusalCode.None, await ResultAsync(client, 7, "set-mark", arguments));
    }

    [Fact]
    public async Task A_repeated_request_is_answered_as_before_and_not_run_again()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        var arguments = new SetMark { Id = 1, Text = "x" }.ToArray();
        await client.ActAsync(1, "set-mark", arguments);
        var first = (await client.ReceiveAsync(Kind.ActionResult)).As<ActionResult>();
        await client.ActAsync(1, "set-mark", arguments);
        var second = (await client.ReceiveAsync(Kind.ActionResult)).As<ActionResult>();
        Assert.Equal(first, second);
    }

    private static async Task<RefusalCode> ResultAsync(TestClient client, uint request, string reducer, byte[] arguments)
    {
        await client.ActAsync(request, reducer, arguments);
        var result = (await client.ReceiveAsync(Kind.ActionResult, r => r.As<ActionResult>().Request == request)).As<ActionResult>();
        Assert.Equal(result.Code == RefusalCode.None, result.Transaction != 0);
        return result.Code;
    }
}
