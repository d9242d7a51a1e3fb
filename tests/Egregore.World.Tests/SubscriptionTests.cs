using Egregore.Wire;
using Egregore.World.Client;
using Egregore.World.Journal;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

public sealed class SubscriptionTests
{
    [Fact]
    public void First_rows_then_changes_and_what_left_is_deleted()
    {
        var world = new World();
        ulong session = world.Open(1);
        ClientCache cache = Attach(world, session, 1);
        Put(world, session, 1, 10, x: 5, z: 5);
        Put(world, session, 2, 11, x: 500, z: 5);
        world.Settle();
        Area(world, cache, session, 1, 0, 0, 2);
        world.Settle();
        Assert.Equal([10L], Keys(world, cache));
        Put(world, session, 3, 12, x: 20, z: 20);
        world.Settle();
        Assert.Equal([10L, 12L], Keys(world, cache));
        world.Act(session, 4, "take-block", new TakeBlock { Key = 10 });
        world.Settle();
        Assert.Equal([12L], Keys(world, cache));
        Assert.Equal(world.Truth.DurableTransaction, cache.Transaction);
    }

    [Fact]
    public void Moving_the_area_sends_only_the_difference()
    {
        var world = new World();
        ulong session = world.Open(1);
        ClientCache cache = Attach(world, session, 1);
        for (int i = 0; i < 20; i++)
        {
            Put(world, session, (uint)i + 1, i, x: i * 16, z: 0);
        }
        Area(world, cache, session, 1, 5, 0, 2);
        world.Settle();
        Assert.Equal([3L, 4L, 5L, 6L, 7L], Keys(world, cache));
        world.Output.Sent.Clear();
        Area(world, cache, session, 1, 6, 0, 2);
        world.Settle();
        Assert.Equal([4L, 5L, 6L, 7L, 8L], Keys(world, cache));
        Assert.Equal(VerifyError.None, Delta.TryRead(Assert.Single(world.Output.Sent).Payload, out Delta? delta));
        TableDelta table = Assert.Single(delta!.Tables);
        Assert.Single(table.Upserts);
        Assert.Single(table.Deletes);
    }

    [Fact]
    public void Subscribers_of_a_cell_get_the_very_same_table_bytes()
    {
        var world = new World();
        var sessions = new List<ulong>();
        for (ulong peer = 1; peer <= 3; peer++)
        {
            ulong session = world.Open(peer);
            sessions.Add(session);
            Area(world, Attach(world, session, peer), session, 1, 0, 0, 1);
        }
        world.Settle();
        world.Output.Sent.Clear();
        Put(world, sessions[0], 1, 7, 3, 3);
        world.Settle();
        byte[][] deltas = [.. world.Output.Sent.Where(message => message.Kind == Kind.Delta).Select(message => message.Payload)];
        Assert.Equal(3, deltas.Length);
        Assert.Equal(deltas[0], deltas[1]);
        Assert.Equal(deltas[0], deltas[2]);
    }

    [Fact]
    public void Nothing_undurable_is_sent()
    {
        var world = new World();
        ulong session = world.Open(1);
        ClientCache cache = Attach(world, session, 1);
        Put(world, session, 1, 1, 0, 0);
        world.Settle();
        world.Act(session, 2, "take-block", new TakeBlock { Key = 1 });
        Put(world, session, 3, 2, 0, 0);
        JournalGroup group = world.Truth.TakeGroup()!;
        Put(world, session, 4, 3, 0, 0);
        Area(world, cache, session, 1, 0, 0, 1);
        world.Truth.Flush();
        Assert.Equal([1L], Keys(world, cache));
        world.Truth.Failed(group, "full");
        world.Truth.Flush();
        Assert.Equal([1L], Keys(world, cache));
    }

    [Fact]
    public void A_secret_is_sent_to_whom_may_see_it_and_taken_back()
    {
        var world = new World();
        ulong owner = world.Open(1);
        ulong other = world.Open(2);
        ClientCache mine = Attach(world, owner, 1);
        ClientCache theirs = Attach(world, other, 2);
        Whole(world, mine, owner, 1, "secret");
        Whole(world, theirs, other, 1, "secret");
        world.Act(owner, 1, "put-secret", new PutSecret { Id = 9, Owner = 1, Text = "the hidden word" });
        world.Settle();
        Assert.Single(mine.Db.Table(world.Game.Secrets).Rows);
        Assert.Empty(theirs.Db.Table(world.Game.Secrets).Rows);
        Assert.DoesNotContain(world.Output.Sent, message => message.Session == other && message.Payload.AsSpan().IndexOf("the hidden word"u8) >= 0);
        world.Act(owner, 2, "put-friend", new PutFriend { Id = 1, A = 1, B = 2 });
        world.Settle();
        Assert.Single(theirs.Db.Table(world.Game.Secrets).Rows);
        world.Act(owner, 3, "put-friend", new PutFriend { Id = 1, Delete = true });
        world.Settle();
        Assert.Empty(theirs.Db.Table(world.Game.Secrets).Rows);
        world.Act(owner, 4, "put-secret", new PutSecret { Id = 9, Owner = 2, Text = "given away" });
        world.Settle();
        Assert.Empty(mine.Db.Table(world.Game.Secrets).Rows);
        Assert.Equal("given away", theirs.Db.Table(world.Game.Secrets).Find(9)!.Text);
    }

    [Fact]
    public void Bad_subscriptions_get_a_clear_answer()
    {
        var world = new World(new TruthOptions { SubscriptionsPerSessionMax = 2, RadiusMax = 3 });
        ulong session = world.Open(1);
        Assert.Equal(RefusalCode.UnknownTarget, world.Subscribe(session, new Subscribe { Id = 1, TableName = "nothing" }));
        Assert.Equal(RefusalCode.UnknownTarget, world.Subscribe(session, new Subscribe { Id = 1, TableName = "$scheduled" }));
        Assert.Equal(RefusalCode.Malformed, world.Subscribe(session, new Subscribe { Id = 70_000, TableName = "block" }));
        Assert.Equal(RefusalCode.TooLarge, world.Subscribe(session, new Subscribe { Id = 1, TableName = "block", Area = true, Radius = 4 }));
        Assert.Equal(RefusalCode.BadArguments, world.Subscribe(session, new Subscribe { Id = 1, TableName = "item", Area = true }));
        Assert.Equal(RefusalCode.BadArguments, world.Subscribe(session, new Subscribe { Id = 1, TableName = "item", Index = "color" }));
        Assert.Equal(RefusalCode.BadArguments, world.Subscribe(session, new Subscribe { Id = 1, TableName = "item", Index = "owner", Key = new byte[3] }));
        Assert.Equal(RefusalCode.None, world.Subscribe(session, new Subscribe { Id = 1, TableName = "item" }));
        Assert.Equal(RefusalCode.None, world.Subscribe(session, new Subscribe { Id = 2, TableName = "block", Area = true, CellX = int.MaxValue, CellZ = int.MinValue, Radius = 3 }));
        Assert.Equal(RefusalCode.Overloaded, world.Subscribe(session, new Subscribe { Id = 3, TableName = "item" }));
        Assert.Equal(8, world.Output.Sent.Count(message => message.Kind == Kind.Refusal));
        world.Settle();
    }

    [Fact]
    public void A_large_first_batch_comes_in_several_messages_and_is_applied_as_one()
    {
        var world = new World();
        ulong session = world.Open(1);
        for (uint i = 1; i <= 3000; i++)
        {
            world.Act(session, i, "put-item", World.Item(i, 1) with { Name = new string('n', 60) });
        }
        world.Settle();
        ClientCache cache = Attach(world, session, 1);
        int changes = 0;
        int sizeAtFirst = -1;
        cache.Watch(world.Game.Items, (_, _) =>
        {
            changes++;
            sizeAtFirst = sizeAtFirst < 0 ? cache.Db.Table(world.Game.Items).Count : sizeAtFirst;
        });
        world.Output.Sent.Clear();
        Whole(world, cache, session, 1, "item");
        world.Settle();
        Assert.True(world.Output.Sent.Count > 3);
        Assert.All(world.Output.Sent, message => Assert.True(message.Payload.Length <= 48 * 1024));
        Assert.Equal(3001, changes);
        Assert.Equal(3001, sizeAtFirst);
    }

    [Fact]
    public void Resuming_sends_one_batch_of_what_changed()
    {
        var world = new World();
        ulong session = world.Open(1);
        ulong other = world.Open(2);
        ClientCache cache = Attach(world, session, 1);
        Area(world, cache, session, 1, 0, 0, 1);
        world.Settle();
        for (uint i = 1; i <= 20; i++)
        {
            Put(world, other, i, i, (int)i % 3, 0);
        }
        world.Settle();
        world.Output.Caches.Remove(session);
        world.Truth.Disconnected(session, world.Now);
        Put(world, other, 21, 99, 1, 1);
        world.Act(other, 22, "take-block", new TakeBlock { Key = 3 });
        Put(world, other, 23, 98, 999, 1);
        world.Settle();
        world.Output.Sent.Clear();
        SessionOpening opening = world.Truth.Open(new PeerId(1, 1), session, cache.Transaction, world.Now);
        Assert.True(opening.Resumed);
        world.Output.Caches[session] = cache;
        foreach ((Kind kind, byte[] payload) in cache.Connected(opening.SameSession, opening.Resumed))
        {
            Assert.Equal(Kind.Subscribe, kind);
            world.Truth.Subscribe(session, payload);
        }
        world.Settle();
        Assert.Equal(VerifyError.None, Delta.TryRead(Assert.Single(world.Output.Sent).Payload, out Delta? delta));
        Assert.Equal(1, delta!.Tables.Sum(table => table.Upserts.Length));
        Assert.Equal(1, delta.Tables.Sum(table => table.Deletes.Length));
        Assert.Equal(20, Keys(world, cache).Count());
    }

    [Fact]
    public void First_rows_that_were_lost_with_the_connection_are_sent_again()
    {
        var world = new World();
        ulong session = world.Open(1);
        ClientCache cache = Attach(world, session, 1);
        Area(world, cache, session, 1, 0, 0, 1);
        for (uint i = 1; i <= 20; i++)
        {
            Put(world, session, i, i, (int)i * 16, 0);
        }
        world.Settle();
        // The area moves, and its new rows never arrive.
        world.Output.Caches.Clear();
        Area(world, cache, session, 1, 10, 0, 1);
        world.Settle();
        world.Truth.Disconnected(session, world.Now);
        SessionOpening opening = world.Truth.Open(new PeerId(1, 1), session, cache.Transaction, world.Now);
        world.Output.Caches[session] = cache;
        foreach ((_, byte[] payload) in cache.Connected(opening.SameSession, opening.Resumed))
        {
            world.Truth.Subscribe(session, payload);
        }
        world.Settle();
        Assert.Equal([9L, 10L, 11L], Keys(world, cache));
    }

    [Theory]
    [InlineData(21, 0)]
    [InlineData(22, 8)]
    [InlineData(23, 100000)]
    [InlineData(24, 200)]
    public void Caches_are_truth_filtered_by_subscription_and_visibility(int seed, int recent)
    {
        var world = new World(new TruthOptions { RecentChangesMax = recent, DeltaBytesMax = 20_000 });
        world.Output.Keep = false;
        var random = new DeterministicRandom((ulong)seed);
        var clients = new List<Client>();
        for (ulong peer = 1; peer <= 4; peer++)
        {
            clients.Add(new Client(world, peer));
        }
        ulong actor = world.Open(99);
        uint request = 0;
        for (int step = 0; step < 1500; step++)
        {
            Client client = clients[random.Next(clients.Count)];
            switch (random.Next(16))
            {
                case 0:
                    client.SubscribeArea(random);
                    break;
                case 1:
                    client.SubscribeOther(random);
                    break;
                case 2:
                    client.Cancel(random);
                    break;
                case 3 when random.Chance(1, 3):
                    client.Fail(random);
                    break;
                case 4:
                    client.Reconnect();
                    break;
                case 5:
                    world.Act(actor, ++request, "put-secret", new PutSecret { Id = (ulong)random.Next(15), Owner = (ulong)random.Next(5), Text = $"{step}", Delete = random.Chance(1, 3) });
                    break;
                case 6:
                    world.Act(actor, ++request, "put-friend", new PutFriend { Id = (ulong)random.Next(10), A = (ulong)random.Next(5), B = (ulong)random.Next(5), Delete = random.Chance(1, 2) });
                    break;
                case 7 or 8:
                    world.Act(actor, ++request, "put-item", World.Item((ulong)random.Next(30), step) with { Owner = (ulong)random.Next(5) });
                    break;
                case 9:
                    world.Act(actor, ++request, "take-item", new TakeItem { Id = (ulong)random.Next(30) });
                    break;
                case 10 or 11:
                    Put(world, actor, ++request, random.Next(100), random.Next(160) - 80, random.Next(160) - 80);
                    break;
                case 12:
                    world.Act(actor, ++request, "take-block", new TakeBlock { Key = random.Next(100) });
                    break;
                case 13 when random.Chance(1, 3) && world.Truth.TakeGroup() is { } group:
                    if (random.Chance(1, 2))
                    {
                        world.Truth.Failed(group, "full");
                        request += 1000;
                    }
                    else
                    {
                        world.Truth.Persisted(group);
                    }
                    break;
                case 14:
                    world.Truth.Flush();
                    break;
                default:
                    foreach (Client each in clients)
                    {
                        each.Reconnect();
                    }
                    while (world.Truth.TakeGroup() is { } open)
                    {
                        world.Truth.Persisted(open);
                    }
                    world.Truth.Flush();
                    foreach (Client each in clients)
                    {
                        each.Check();
                    }
                    break;
            }
        }
    }

    private static ClientCache Attach(World world, ulong session, ulong peer)
    {
        var cache = new ClientCache(world.Definition, new PeerId(1, peer));
        world.Output.Caches[session] = cache;
        return cache;
    }

    private static void Put(World world, ulong session, uint request, long key, int x, int z) =>
        world.Act(session, request, "put-block", new PutBlock { Key = key, Kind = 1, X = x, Z = z });

    private static IEnumerable<long> Keys(World world, ClientCache cache) => cache.Db.Table(world.Game.Blocks).Rows.Select(block => block.Key);

    private static void Area(World world, ClientCache cache, ulong session, uint id, int x, int z, ushort radius) =>
        Send(world, cache, session, new Subscribe { Id = id, TableName = "block", Area = true, CellX = x, CellZ = z, Radius = radius });

    private static void Whole(World world, ClientCache cache, ulong session, uint id, string table) =>
        Send(world, cache, session, new Subscribe { Id = id, TableName = table });

    private static void Send(World world, ClientCache cache, ulong session, Subscribe subscribe)
    {
        Assert.Equal(RefusalCode.None, world.Subscribe(session, cache.Subscribed(subscribe)));
    }

    /// <summary>A client that subscribes, drops and comes back, and knows by itself what it should hold.</summary>
    private sealed class Client
    {
        private readonly World _world;
        private readonly PeerId _peer;
        private readonly ClientCache _cache;
        private readonly Dictionary<uint, Subscribe> _wanted = [];
        private readonly Dictionary<long, Block> _mirror = [];
        private ulong _session;
        private bool _connected;
        private bool _deaf;
        private bool _dumb;

        public Client(World world, ulong peer)
        {
            _world = world;
            _peer = new PeerId(1, peer);
            _cache = new ClientCache(world.Definition, _peer);
            _cache.Watch(world.Game.Blocks, (before, after) =>
            {
                Assert.Equal(before, _mirror.GetValueOrDefault((before ?? after)!.Key));
                Assert.NotEqual(before, after);
                _mirror.Remove((before ?? after)!.Key);
                if (after is not null)
                {
                    _mirror.Add(after.Key, after);
                }
            });
            Reconnect();
        }

        /// <summary>A connection that dies: first what truth sends or what the client sends is lost, then it is closed.</summary>
        public void Fail(DeterministicRandom random)
        {
            _deaf |= _connected && random.Chance(1, 2);
            _dumb |= _connected && random.Chance(1, 2);
            if (_deaf)
            {
                _world.Output.Caches.Remove(_session);
            }
            if (random.Chance(1, 3))
            {
                Drop();
            }
        }

        public void Reconnect()
        {
            if (_deaf || _dumb)
            {
                Drop();
            }
            if (_connected)
            {
                return;
            }
            _deaf = false;
            _dumb = false;
            SessionOpening opening = _world.Truth.Open(_peer, _session, _cache.Transaction, _world.Now);
            _session = opening.Session;
            _connected = true;
            _world.Output.Caches[_session] = _cache;
            foreach ((Kind kind, byte[] payload) in _cache.Connected(opening.SameSession, opening.Resumed))
            {
                Assert.Equal(Kind.Subscribe, kind);
                Assert.Equal(RefusalCode.None, _world.Truth.Subscribe(_session, payload));
            }
        }

        public void Drop()
        {
            if (_connected)
            {
                _connected = false;
                _world.Output.Caches.Remove(_session);
                _world.Truth.Disconnected(_session, _world.Now);
            }
        }

        public void SubscribeArea(DeterministicRandom random) => Want(new Subscribe
        {
            Id = 1 + (uint)random.Next(3),
            TableName = "block",
            Area = true,
            CellX = random.Next(8) - 4,
            CellZ = random.Next(8) - 4,
            Radius = (ushort)random.Next(4),
        });

        public void SubscribeOther(DeterministicRandom random)
        {
            switch (random.Next(5))
            {
                case 0:
                    Want(new Subscribe { Id = 4, TableName = "item" });
                    break;
                case 1:
                    byte[] key = new byte[8];
                    key[7] = (byte)random.Next(5);
                    Want(new Subscribe { Id = 5, TableName = "item", Index = "owner", Key = key });
                    break;
                case 2:
                    Want(new Subscribe { Id = 6, TableName = "block" });
                    break;
                case 3:
                    Want(new Subscribe { Id = (uint)random.Next(3) + 1, TableName = "friend" });
                    break;
                default:
                    Want(new Subscribe { Id = 7, TableName = "secret" });
                    break;
            }
        }

        public void Cancel(DeterministicRandom random)
        {
            uint id = 1 + (uint)random.Next(7);
            if (_connected && _wanted.Remove(id, out Subscribe? known))
            {
                Subscribe cancel = known with { Cancel = true };
                _cache.Subscribed(cancel);
                if (!_dumb)
                {
                    _world.Subscribe(_session, cancel);
                }
            }
        }

        public void Check()
        {
            Equal(_world.Game.Blocks, block => _wanted.Values.Any(want => want.TableName == "block"
                && (!want.Area || new Cell(want.CellX, want.CellZ).DistanceTo(new Cell(block.X >> 4, block.Z >> 4)) <= want.Radius)));
            Equal(_world.Game.Items, item => _wanted.Values.Any(want => want.TableName == "item" && (want.Index.Length == 0 || want.Key.Span[7] == item.Owner)));
            Equal(_world.Game.Friends, _ => _wanted.Values.Any(want => want.TableName == "friend"));
            Equal(_world.Game.Secrets, secret => _wanted.ContainsKey(7) && _world.Game.SeesSecret(_peer, secret, _world.Truth.Db));
            Assert.Equal(_cache.Db.Table(_world.Game.Blocks).Rows.Select(block => block.Key), _mirror.Keys.Order());
            Assert.Equal(0, _cache.UnreadTables);
        }

        private void Want(Subscribe subscribe)
        {
            if (_connected)
            {
                _wanted[subscribe.Id] = subscribe;
                subscribe = _cache.Subscribed(subscribe);
                if (!_dumb)
                {
                    Assert.Equal(RefusalCode.None, _world.Subscribe(_session, subscribe));
                }
            }
        }

        private void Equal<TRow, TKey>(TableDefinition<TRow, TKey> table, Func<TRow, bool> wanted)
            where TRow : class, IFlatTable<TRow>
            where TKey : notnull, IComparable<TKey> =>
            Assert.Equal(_world.Truth.Db.Table(table).Rows.Where(wanted), _cache.Db.Table(table).Rows);
    }
}
