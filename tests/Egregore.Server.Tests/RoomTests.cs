using Egregore.Server.Tests.Support;
using Egregore.Wire;
using Egregore.World.Area;

namespace Egregore.Server.Tests;

public sealed class RoomTests
{
    private const int Block = 256;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_players_meet_and_see_each_other_move(bool pipes)
    {
        await using var server = await TestServer.StartAsync(pipes: pipes);
        await using var first = await TestClient.JoinAsync(server, name: "first");
        await using var second = await TestClient.JoinAsync(server, name: "second\u202E\n who has a name that is much too long for a label");
        await first.SendAsync(Kind.Reflex, LineGame.State(0, 0), sequence: 1);
        await second.SendAsync(Kind.Reflex, LineGame.State(10 * Block, 0, look: 42), sequence: 1);

        var met = Assert.Single((await first.ReceiveAsync(Kind.Neighbours)).As<Neighbours>().Peers);
        Assert.Equal((second.Key.Id, "second who has a name that is mu"), (met.Peer, met.Name));
        Assert.Equal(first.Key.Id, Assert.Single((await second.ReceiveAsync(Kind.Neighbours)).As<Neighbours>().Peers).Peer);

        await second.SendAsync(Kind.Reflex, LineGame.State((10 * Block) + 100, -50, look: 43), sequence: 2);
        var seen = new RoomReader(lookBytes: 6);
        var last = default((ushort Handle, int X, int Z, byte Look));
        var frame = await first.ReceiveAsync(Kind.Room, received => (last = Seen(seen, received)).X == (10 * Block) + 100);
        Assert.True(frame.Sender.IsNone);
        Assert.NotEqual(0u, frame.As<RoomFrame>().Tick);
        Assert.Equal((met.Handle, -50, (byte)43), (last.Handle, last.Z, last.Look));
    }

    [Fact]
    public async Task Who_leaves_is_gone_from_the_others_sight()
    {
        await using var server = await TestServer.StartAsync();
        await using var first = await TestClient.JoinAsync(server);
        var second = await TestClient.JoinAsync(server);
        await first.SendAsync(Kind.Reflex, LineGame.State(0, 0), sequence: 1);
        await second.SendAsync(Kind.Reflex, LineGame.State(0, 0), sequence: 1);
        var met = Assert.Single((await first.ReceiveAsync(Kind.Neighbours)).As<Neighbours>().Peers);
        await second.DisposeAsync();
        var left = (await first.ReceiveAsync(Kind.Neighbours)).As<Neighbours>();
        Assert.Equal([met.Handle], left.Left.ToArray());
        Assert.Empty(left.Peers);
    }

    [Fact]
    public async Task A_step_that_breaks_the_rules_is_corrected_softly_and_nobody_sees_it()
    {
        await using var server = await TestServer.StartAsync();
        await using var cheat = await TestClient.JoinAsync(server);
        await using var watcher = await TestClient.JoinAsync(server);
        await watcher.SendAsync(Kind.Reflex, LineGame.State(0, 0), sequence: 1);
        await cheat.SendAsync(Kind.Reflex, LineGame.State(Block, 0), sequence: 1);
        await cheat.SendAsync(Kind.Reflex, LineGame.State(50 * Block, 0), sequence: 2);
        var refusal = (await cheat.ReceiveAsync(Kind.Refusal)).As<Refusal>();
        Assert.Equal((RefusalCode.Rejected, 2u, "too fast"), (refusal.Code, refusal.Sequence, refusal.Text));
        var correction = await cheat.ReceiveAsync(Kind.Reflex);
        Assert.Equal(LineGame.State(Block, 0), correction.Payload);
        Assert.Equal(1u, correction.Sequence);
        Assert.True(correction.Sender.IsNone);

        await cheat.SendAsync(Kind.Reflex, LineGame.State(Block + 10, 0), sequence: 3);
        var seen = new RoomReader(lookBytes: 6);
        while (true)
        {
            var x = Seen(seen, await watcher.ReceiveAsync(Kind.Room)).X;
            Assert.InRange(x, Block, Block + 10);
            if (x == Block + 10)
                break;
        }
    }

    [Fact]
    public async Task Movement_ticks_that_run_faster_than_time_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        await using var client = await TestClient.JoinAsync(server);
        await client.SendAsync(Kind.Reflex, LineGame.State(0, 0), sequence: 1);
        await client.SendAsync(Kind.Reflex, LineGame.State(1, 0), sequence: 1000);
        Assert.Equal(RefusalCode.BadTime, (await client.ReceiveAsync(Kind.Refusal)).As<Refusal>().Code);
    }

    [Fact]
    public async Task A_client_with_twenty_others_around_gets_at_most_4096_bytes_a_second()
    {
        await using var server = await TestServer.StartAsync();
        var clients = new List<TestClient>();
        for (var i = 0; i < 21; i++)
            clients.Add(await TestClient.JoinAsync(server, name: $"walker {i}"));
        using var enough = new CancellationTokenSource();
        var walks = clients.Select((client, i) => WalkAsync(client, i, enough.Token)).ToArray();

        // The measured one reads what comes for four seconds of the world's ticks, everything counted, after one second in which all met.
        var measured = clients[0];
        uint first = 0, last = 0;
        long bytes = 0;
        while (last - first < 80)
        {
            var received = await measured.ReceiveAsync();
            Assert.NotNull(received);
            bytes += first == 0 ? 0 : received.WireBytes;
            if (received.Kind != Kind.Room)
                continue;
            last = received.As<RoomFrame>().Tick;
            first = first == 0 && server.Report.Stats.Bodies == 21 ? last : first;
            last = Math.Max(last, first);
        }

        await enough.CancelAsync();
        await Task.WhenAll(walks);
        var perSecond = bytes / ((last - first) / 20.0);
        Assert.InRange(perSecond, 1000, 4096);
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    /// <summary>Walks as long as it is measured, however long that takes here.</summary>
    private static async Task WalkAsync(TestClient client, int i, CancellationToken enough)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var tick = 1; tick <= 1_200 && !enough.IsCancellationRequested; tick++)
        {
            await client.SendAsync(Kind.Reflex, LineGame.State((i * 2 * Block) + (tick * 40), tick * 20), sequence: (uint)tick);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>The one record of a frame.</summary>
    private static (ushort Handle, int X, int Z, byte Look) Seen(RoomReader reader, Received frame)
    {
        var room = frame.As<RoomFrame>();
        reader.Begin(room.CellX, room.CellZ);
        Assert.True(reader.TryNext(room.States.Span, out var record));
        var seen = (record.Handle, record.X, record.Z, record.Look[0]);
        Assert.False(reader.TryNext(room.States.Span, out _));
        Assert.True(reader.IsWhole);
        return seen;
    }
}
