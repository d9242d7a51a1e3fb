using Egregore.Wire;
using Egregore.World.Journal;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

public sealed class TruthTests
{
    [Fact]
    public void An_action_is_answered_when_its_group_is_durable_and_not_before()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Persist();
        world.Act(session, 1, "put-item", World.Item(7, 3));
        Assert.Equal(3, world.Truth.Db.Table(world.Game.Items).Find(7)!.Count);
        JournalGroup group = world.Truth.TakeGroup()!;
        world.Act(session, 2, "put-item", World.Item(8, 3));
        Assert.Null(world.Truth.TakeGroup());
        Assert.Empty(world.Output.Results);
        world.Truth.Persisted(group);
        ActionResult result = Assert.Single(world.Output.Results);
        Assert.Equal((1u, RefusalCode.None, world.Truth.DurableTransaction), (result.Request, result.Code, result.Transaction));
        world.Persist();
        Assert.Equal(2, world.Output.Results.Count());
    }

    [Fact]
    public void A_reducer_that_rejects_or_throws_leaves_no_trace()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Act(session, 1, "put-item", World.Item(7, 3));
        world.Persist();
        byte[] before = world.Truth.Db.StateHash();
        world.Act(session, 2, "put-item", World.Item(7, 4, fail: 1));
        world.Act(session, 3, "put-item", World.Item(9, 4, fail: 2));
        Assert.Equal(before, world.Truth.Db.StateHash());
        Assert.Equal((RefusalCode.Rejected, "as asked"), (world.Result(2).Code, world.Result(2).Text));
        Assert.Equal(RefusalCode.Internal, world.Result(3).Code);
        Assert.IsType<InvalidOperationException>(Assert.Single(world.Output.Failures));
        Assert.False(world.Truth.HasOpenGroup);
    }

    [Fact]
    public void Bad_actions_get_a_clear_answer()
    {
        var world = new World(new TruthOptions { ArgumentBytesMax = 100, RowChangesMax = 1, RowSizeBytesMax = 200 });
        ulong session = world.Open(1);
        world.Persist();
        world.Act(session, 1, "no-such", World.Item(1, 1));
        world.Act(session, 2, "ring", new Later { Id = 1 });
        world.Act(session, 3, "$connect", new Later { Id = 1 });
        world.Act(session, 4, "put-item", World.Item(1, 1) with { Name = new string('x', 200) });
        world.Truth.Submit(session, new ActionRequest { Request = 5, Reducer = "put-item", Arguments = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 } }.ToArray(), world.Now);
        world.Truth.Submit(session, new byte[] { 1, 2, 3 }, world.Now);
        world.Act(12345, 1, "put-item", World.Item(1, 1));
        world.Act(session, 0, "put-item", World.Item(1, 1));
        Assert.Equal(
            [
                RefusalCode.UnknownReducer, RefusalCode.UnknownReducer, RefusalCode.UnknownReducer, RefusalCode.TooLarge, RefusalCode.BadArguments,
                RefusalCode.Malformed, RefusalCode.Unauthenticated, RefusalCode.Malformed,
            ],
            world.Output.Results.Select(result => result.Code));
        Assert.All(world.Output.Results, result => Assert.NotEqual("", result.Text));
        Assert.Equal(1, world.Truth.Db.Table(world.Game.Items).Count);
        world.Act(session, 6, "put-block", new PutBlock { Key = 1, Kind = 1 });
        world.Persist();
        Assert.Equal(RefusalCode.None, world.Result(6).Code);
    }

    [Fact]
    public void Random_bytes_as_actions_and_subscriptions_harm_nothing()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Persist();
        byte[] before = world.Truth.Db.StateHash();
        var random = new DeterministicRandom(99);
        byte[] good = new ActionRequest { Request = 1, Reducer = "put-item", Arguments = World.Item(1, 1).ToArray() }.ToArray();
        byte[] subscribe = new Subscribe { Id = 1, TableName = "block", Area = true, Radius = 2 }.ToArray();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = random.Chance(1, 2) ? [.. good] : [.. subscribe];
            int flips = 1 + random.Next(4);
            for (int f = 0; f < flips; f++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            byte[] cut = bytes[..random.Next(bytes.Length + 1)];
            world.Truth.Submit(session, cut, world.Now);
            world.Truth.Subscribe(session, cut);
            if (i % 500 == 0)
            {
                world.Output.Sent.Clear();
                world.Settle();
            }
        }
        world.Settle();
        Assert.NotNull(world.Truth.Db.StateHash());
        Assert.NotEmpty(before);
    }

    [Fact]
    public void A_repeat_is_answered_as_before_and_not_run_again()
    {
        var world = new World(new TruthOptions { ResultsPerSessionMax = 4 });
        ulong session = world.Open(1);
        world.Act(session, 1, "put-item", World.Item(1, 1));
        world.Act(session, 1, "put-item", World.Item(1, 2));
        world.Persist();
        world.Act(session, 1, "put-item", World.Item(1, 3));
        world.Act(session, 2, "put-item", World.Item(1, 9, fail: 1));
        world.Act(session, 2, "put-item", World.Item(1, 9));
        Assert.Equal(1, world.Truth.Db.Table(world.Game.Items).Find(1)!.Count);
        ActionResult[] results = [.. world.Output.Results];
        Assert.Equal([1u, 1u, 2u, 2u], results.Select(result => result.Request));
        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[2], results[3]);
        for (uint i = 3; i < 10; i++)
        {
            world.Act(session, i, "put-item", World.Item(i, 1));
        }
        world.Persist();
        world.Act(session, 2, "put-item", World.Item(1, 9));
        Assert.Equal(RefusalCode.Replayed, world.Output.Results.Last().Code);
    }

    [Fact]
    public void A_restart_remembers_requests_so_that_a_retry_is_not_run_twice()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Act(session, 1, "put-item", World.Item(1, 1));
        world.Persist();
        World again = world.Restart();
        SessionOpening opening = again.Truth.Open(new PeerId(1, 1), session, 0, again.Now);
        Assert.Equal((session, true, false), (opening.Session, opening.SameSession, opening.Resumed));
        again.Act(session, 1, "put-item", World.Item(1, 5));
        Assert.Equal(1, again.Truth.Db.Table(again.Game.Items).Find(1)!.Count);
        Assert.Equal(world.Result(1).Transaction, again.Result(1).Transaction);
        Assert.NotEqual(session, again.Truth.Open(new PeerId(1, 2), session, 0, again.Now).Session);
    }

    [Fact]
    public void A_group_that_fails_is_undone_with_all_behind_it()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Act(session, 1, "put-item", World.Item(1, 1));
        world.Persist();
        byte[] before = world.Truth.Db.StateHash();
        ulong transaction = world.Truth.Transaction;
        world.Act(session, 2, "put-item", World.Item(1, 2));
        world.Act(session, 3, "put-block", new PutBlock { Key = 5, Kind = 1 });
        JournalGroup group = world.Truth.TakeGroup()!;
        world.Act(session, 4, "take-item", new TakeItem { Id = 1 });
        world.Act(session, 5, "put-block", new PutBlock { Key = 5, Kind = 1 });
        world.Truth.Failed(group, "no space left");
        Assert.Equal(before, world.Truth.Db.StateHash());
        Assert.Equal(transaction, world.Truth.Transaction);
        foreach (uint request in new uint[] { 2, 3, 4, 5 })
        {
            Assert.Equal((RefusalCode.StorageUnavailable, "no space left"), (world.Result(request).Code, world.Result(request).Text));
        }
        // Space is back: the same requests are run.
        world.Act(session, 2, "put-item", World.Item(1, 2));
        world.Persist();
        Assert.Equal((RefusalCode.None, transaction + 1), (world.Result(2).Code, world.Result(2).Transaction));
    }

    [Fact]
    public void Scheduled_reducers_run_in_order_and_survive_a_restart()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Act(session, 1, "later", new Later { Id = 50, At = world.Now + 1000, Times = 3 });
        world.Persist();
        world = world.Restart();
        world.Now += 999;
        world.Truth.Tick(world.Now);
        Assert.Null(world.Truth.Db.Table(world.Game.Items).Find(50));
        for (int i = 0; i < 5; i++)
        {
            world.Now += 100;
            world.Truth.Tick(world.Now);
        }
        Assert.Equal(3, world.Truth.Db.Table(world.Game.Items).Find(50)!.Count);
        world.Persist();
        Assert.True(JournalReplay.Run(world.Definition, world.Store).IsEqual);
    }

    [Fact]
    public void Sessions_connect_disconnect_and_end()
    {
        var world = new World(new TruthOptions { ResumeWithinMs = 1000, SessionsMax = 2 });
        ulong session = world.Open(1);
        Assert.Equal((RefusalCode.Rejected, "banned"), (world.Truth.Open(new PeerId(1, 666), 0, 0, world.Now).Code, world.Truth.Open(new PeerId(1, 666), 0, 0, world.Now).Text));
        ulong other = world.Open(2);
        Assert.Equal(RefusalCode.Overloaded, world.Truth.Open(new PeerId(1, 3), 0, 0, world.Now).Code);
        Assert.Equal(2, world.Truth.Db.Table(world.Game.Items).Count);
        world.Truth.Disconnected(session, world.Now);
        world.Now += 500;
        world.Truth.Tick(world.Now);
        Assert.True(world.Truth.Open(new PeerId(1, 1), session, 0, world.Now).Resumed);
        world.Truth.Disconnected(session, world.Now);
        world.Now += 1000;
        world.Truth.Tick(world.Now);
        world.Persist();
        Assert.Equal(1, world.Truth.SessionCount);
        Assert.Null(world.Truth.Db.Table(world.Game.Items).Find(1_000_001));
        // After a restart the other one's connection is gone too, and its time runs.
        World again = world.Restart();
        again.Truth.Tick(again.Now);
        again.Now += 1000;
        again.Truth.Tick(again.Now);
        again.Persist();
        Assert.Equal(0, again.Truth.Db.Table(again.Game.Items).Count);
        Assert.NotEqual(0ul, other);
    }

    [Fact]
    public void A_new_session_of_a_peer_connects_after_the_one_before_has_disconnected()
    {
        var world = new World();
        ulong first = world.Open(1);
        world.Persist();
        world.Truth.Disconnected(first, world.Now);
        ulong second = world.Open(1);
        Assert.NotEqual(first, second);
        Assert.Null(world.Truth.PeerOf(first));
        world.Act(first, 1, "put-item", World.Item(1, 1));
        Assert.Equal(RefusalCode.Unauthenticated, world.Output.Results.Last().Code);
        Assert.False(world.Truth.Open(new PeerId(1, 2), first, 0, world.Now).SameSession);
        world.Persist();
        Assert.Equal(2, world.Truth.SessionCount);
        world.Now += world.Options.ResumeWithinMs + 1;
        world.Truth.Tick(world.Now);
        world.Persist();
        Assert.NotNull(world.Truth.Db.Table(world.Game.Items).Find(1_000_001));
        Assert.True(JournalReplay.Run(world.Definition, world.Store).IsEqual);

        // After a restart as well: the session that was not resumed ends before the new one begins.
        World again = world.Restart();
        ulong third = again.Open(1);
        again.Persist();
        again.Now += again.Options.ResumeWithinMs + 1;
        again.Truth.Tick(again.Now);
        again.Persist();
        Assert.NotEqual(second, third);
        Assert.NotNull(again.Truth.Db.Table(again.Game.Items).Find(1_000_001));
        Assert.True(JournalReplay.Run(again.Definition, again.Store).IsEqual);
    }

    [Fact]
    public void A_session_that_its_owner_ends_disconnects_at_once_and_once()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Persist();
        world.Truth.End(session, world.Now);
        world.Truth.End(session, world.Now);
        world.Truth.End(12345, world.Now);
        Assert.Null(world.Truth.Db.Table(world.Game.Items).Find(1_000_001));
        ulong transaction = world.Truth.Transaction;
        world.Persist();
        world.Now += world.Options.ResumeWithinMs + 1;
        world.Truth.Tick(world.Now);
        Assert.Equal((transaction, 0), (world.Truth.Transaction, world.Truth.SessionCount));
        World again = world.Restart();
        Assert.Equal(0, again.Truth.SessionCount);
        Assert.True(JournalReplay.Run(world.Definition, world.Store).IsEqual);
    }

    [Fact]
    public void An_end_that_could_not_be_kept_is_tried_again_and_the_session_is_not_resumed()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Persist();
        world.Truth.End(session, world.Now);
        ulong refused = world.Open(1);
        world.Truth.Failed(world.Truth.TakeGroup()!, "full");
        Assert.NotNull(world.Truth.Db.Table(world.Game.Items).Find(1_000_001));
        Assert.Null(world.Truth.PeerOf(refused));
        SessionOpening opening = world.Truth.Open(new PeerId(1, 1), session, 0, world.Now);
        Assert.False(opening.SameSession);
        world.Truth.Tick(world.Now);
        world.Persist();
        Assert.Equal(1, world.Truth.SessionCount);
        Assert.Equal(new PeerId(1, 1), world.Truth.PeerOf(opening.Session));
        Assert.NotNull(world.Truth.Db.Table(world.Game.Items).Find(1_000_001));
        Assert.True(JournalReplay.Run(world.Definition, world.Store).IsEqual);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void Random_transactions_agree_with_a_model(int seed)
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Persist();
        var random = new DeterministicRandom((ulong)seed);
        var durable = new SortedDictionary<ulong, int>();
        var model = new SortedDictionary<ulong, int>();
        uint request = 0;
        for (int i = 0; i < 3000; i++)
        {
            ulong id = (ulong)random.Next(40);
            int count = random.Next(1000);
            switch (random.Next(8))
            {
                case 0:
                    world.Act(session, ++request, "put-item", World.Item(id, count, fail: 1));
                    break;
                case 1:
                    world.Act(session, ++request, "put-item", World.Item(id, count, fail: 2));
                    break;
                case 2 or 3:
                    world.Act(session, ++request, "take-item", new TakeItem { Id = id });
                    model.Remove(id);
                    break;
                case 4 when random.Chance(1, 4) && world.Truth.TakeGroup() is { } group:
                    world.Truth.Failed(group, "full");
                    model = new SortedDictionary<ulong, int>(durable);
                    request = 1_000_000u + (uint)i * 10;
                    break;
                case 5 when random.Chance(1, 4):
                    world.Persist();
                    durable = new SortedDictionary<ulong, int>(model);
                    break;
                default:
                    world.Act(session, ++request, "put-item", World.Item(id, count));
                    model[id] = count;
                    break;
            }
            Assert.Equal(model, world.Truth.Db.Table(world.Game.Items).Rows.Where(item => item.Id < 1000).ToDictionary(item => item.Id, item => item.Count));
            ulong owner = id % 5;
            Assert.Equal(
                model.Keys.Where(key => key % 5 == owner),
                world.Truth.Db.Table(world.Game.Items).Where("owner", owner).Where(item => item.Id < 1000).Select(item => item.Id));
        }
        world.Persist();
        World again = world.Restart();
        Assert.Equal(world.Truth.Db.StateHash(), again.Truth.Db.StateHash());
        ReplayReport replay = JournalReplay.Run(world.Definition, world.Store);
        Assert.True(replay.IsEqual);
        Assert.Equal(Convert.ToHexStringLower(world.Truth.Db.StateHash()), replay.StateHash);
    }
}
