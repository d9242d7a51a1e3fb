using Egregore.Wire;
using Egregore.World.Client;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

/// <summary>Rows that a session has are sent as what is other in their bytes.</summary>
public sealed class PatchTests
{
    private static readonly string Name = new('n', 60);

    private readonly World _world = new();
    private readonly ClientCache _cache;
    private readonly ulong _session;
    private readonly ulong _other;
    private uint _request;

    public PatchTests()
    {
        _session = _world.Open(1);
        _other = _world.Open(2);
        _cache = new ClientCache(_world.Definition, new PeerId(1, 1));
        _world.Output.Caches[_session] = _cache;
        Subscribe(new Subscribe { Id = 1, TableName = "item" });
        Put(7, 1, Name);
        _world.Settle();
        _world.Output.Sent.Clear();
    }

    private OrderedMap<ulong, Item> Rows => _cache.Db.Table(_world.Game.Items).Rows;

    [Fact]
    public void A_row_that_is_there_comes_as_what_is_other_in_it()
    {
        Put(7, 2, Name);
        Put(7, 3, Name);
        TableDelta table = Settled();
        Assert.Empty(table.Upserts);
        // No byte of the key is known, all eight follow, then one run of one byte in the row.
        Assert.Equal("0008" + "0000000000000007", Convert.ToHexString(table.Patches.Span[..10]));
        Assert.Equal(3, table.Patches.Span[^2]);
        Assert.InRange(table.Patches.Length, 13, 17);
        Assert.Equal(3, Rows.Find(7)!.Count);
    }

    [Fact]
    public void Keys_go_on_from_the_key_before()
    {
        Put(8, 1, Name);
        _world.Settle();
        _world.Output.Sent.Clear();
        Put(7, 2, Name);
        Put(8, 2, Name);
        TableDelta table = Settled();
        Assert.InRange(table.Patches.Span.IndexOf([(byte)7, (byte)1, (byte)8]), 12, table.Patches.Length);
        Assert.Equal([2, 2], new[] { Rows.Find(7)!.Count, Rows.Find(8)!.Count });
    }

    [Fact]
    public void A_row_of_another_length_and_a_new_one_come_whole()
    {
        Put(7, 2, Name + "!");
        Put(9, 1, Name);
        TableDelta table = Settled();
        Assert.Equal(2, table.Upserts.Length);
        Assert.Equal(0, table.Patches.Length);
        Assert.Equal(Name + "!", Rows.Find(7)!.Name);
    }

    [Fact]
    public void Who_names_no_schema_or_another_one_gets_rows_whole()
    {
        _world.Subscribe(_other, new Subscribe { Id = 1, TableName = "item" });
        ulong third = _world.Open(3);
        _world.Subscribe(third, new Subscribe { Id = 1, TableName = "item", RowSchema = Item.Schema.Hash + 1 });
        _world.Settle();
        _world.Output.Sent.Clear();
        Put(7, 2, Name);
        _world.Settle();
        foreach (ulong session in new[] { _other, third })
        {
            TableDelta table = Assert.Single(Deltas(session).SelectMany(delta => delta.Tables));
            Assert.Single(table.Upserts);
            Assert.Equal(0, table.Patches.Length);
        }
        Assert.Empty(Deltas(_session).SelectMany(delta => delta.Tables).SelectMany(table => table.Upserts));
        Assert.Equal(2, Rows.Find(7)!.Count);
    }

    [Fact]
    public void A_row_that_leaves_one_subscription_and_stays_in_another_stays()
    {
        byte[] key = new byte[8];
        key[7] = 2;
        Subscribe(new Subscribe { Id = 2, TableName = "item", Index = "owner", Key = key });
        _world.Settle();
        Act(new PutItem { Id = 7, Owner = 3, Count = 5, Name = Name });
        _world.Settle();
        Assert.Equal(_world.Truth.Db.Table(_world.Game.Items).Rows, Rows);
        Assert.Equal(0, _cache.UnreadTables);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    public void Whatever_changes_comes_out_the_same(int seed)
    {
        var random = new DeterministicRandom((ulong)seed);
        int patches = 0;
        for (int i = 0; i < 300; i++)
        {
            int count = random.Next(6) + 1;
            for (int k = 0; k < count; k++)
            {
                ulong id = (ulong)random.Next(5) * 255;
                char[] name = (Rows.Find(id)?.Name ?? new string('a', 1 + (random.Next(50) * random.Next(50)))).ToCharArray();
                for (int n = random.Next(8); n > 0; n--)
                {
                    int at = random.Next(name.Length);
                    name.AsSpan(at, Math.Min(1 + random.Next(40), name.Length - at)).Fill((char)('a' + random.Next(26)));
                }
                Act(new PutItem { Id = id, Owner = 2, Count = random.Next(3) == 0 ? random.Next(int.MaxValue) : 1, Name = new string(name) });
            }
            _world.Output.Sent.Clear();
            _world.Settle();
            patches += Deltas(_session).Sum(delta => delta.Tables.Count(table => table.Patches.Length > 0));
            Assert.Equal(_world.Truth.Db.Table(_world.Game.Items).Rows, Rows);
        }
        Assert.InRange(patches, 200, int.MaxValue);
        Assert.Equal(0, _cache.UnreadTables);
    }

    [Fact]
    public void Patches_that_do_not_fit_change_nothing_and_the_rows_are_asked_for_whole()
    {
        Put(7, 2, Name);
        _world.Output.Caches.Remove(_session);
        _world.Settle();
        Delta delta = Assert.Single(Deltas(_session));
        TableDelta table = Assert.Single(delta.Tables);
        delta = delta with { Tables = [table with { Patched = table.Patched + 1 }] };
        Assert.Equal(RefusalCode.None, _cache.Receive(Kind.Delta, delta.ToArray()));
        Assert.Equal(1, Rows.Find(7)!.Count);
        Assert.Equal(1, _cache.UnreadTables);

        _world.Output.Caches[_session] = _cache;
        Subscribe again = Assert.Single(_cache.TakeAgain());
        Assert.Empty(_cache.TakeAgain());
        Assert.Equal((1u, 0ul), (again.Id, again.RowSchema));
        _world.Subscribe(_session, again);
        _world.Output.Sent.Clear();
        TableDelta reset = Settled();
        Assert.True(reset.Reset);
        Assert.Equal(_world.Truth.Db.Table(_world.Game.Items).Rows, Rows);

        _world.Output.Sent.Clear();
        Put(7, 3, Name);
        Assert.Single(Settled().Upserts);
        Assert.Equal(3, Rows.Find(7)!.Count);
    }

    [Fact]
    public void Damaged_patches_never_break_a_cache()
    {
        var random = new DeterministicRandom(5);
        Put(7, 2, Name);
        TableDelta table = Settled();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] patches = table.Patches.ToArray();
            for (int n = 1 + random.Next(3); n > 0; n--)
            {
                patches[random.Next(patches.Length)] = (byte)random.Next(256);
            }
            if (random.Chance(1, 3))
            {
                patches = patches[..random.Next(patches.Length)];
            }
            // The checksum of a truth that lies may fit.
            var delta = new Delta { Transaction = _cache.Transaction, Tables = [table with { Patches = patches, Patched = random.Chance(1, 2) ? table.Patched : (uint)random.NextUInt64() }] };
            RefusalCode code = _cache.Receive(Kind.Delta, delta.ToArray());
            Assert.Equal(RefusalCode.None, code);
            Assert.Equal((2, Name), (Rows.Find(7)!.Count, Rows.Find(7)!.Name));
        }
    }

    [Fact]
    public void What_changes_while_a_cache_waits_for_first_rows_counts()
    {
        Put(8, 1, Name);
        _world.Settle();
        Subscribe(new Subscribe { Id = 2, TableName = "block" });
        _world.Settle();
        // Another session: the second subscription arrives later than the first, and rows change and go between them.
        _world.Truth.End(_session, _world.Now);
        _world.Settle();
        ulong session = _world.Open(1);
        _world.Output.Caches[session] = _cache;
        byte[][] subscribes = [.. _cache.Connected(sameSession: false, resumed: false).Select(message => message.Payload)];
        Assert.Equal(2, subscribes.Length);
        _world.Truth.Subscribe(session, subscribes[0]);
        _world.Settle();
        Put(7, 2, Name);
        _world.Act(_other, ++_request, "take-item", new TakeItem { Id = 8 });
        _world.Settle();
        Assert.Equal(1, Rows.Find(7)!.Count);
        _world.Truth.Subscribe(session, subscribes[1]);
        _world.Settle();
        Assert.Equal(_world.Truth.Db.Table(_world.Game.Items).Rows, Rows);
        Assert.Equal(0, _cache.UnreadTables);
    }

    private void Subscribe(Subscribe subscribe) => Assert.Equal(RefusalCode.None, _world.Subscribe(_session, _cache.Subscribed(subscribe)));

    private void Put(ulong id, int count, string name) => Act(new PutItem { Id = id, Owner = 2, Count = count, Name = name });

    private void Act(PutItem item) => _world.Act(_other, ++_request, "put-item", item);

    private TableDelta Settled()
    {
        _world.Settle();
        return Assert.Single(Deltas(_session).SelectMany(delta => delta.Tables));
    }

    private List<Delta> Deltas(ulong session) => [.. _world.Output.Sent.Where(message => message.Session == session && message.Kind == Kind.Delta).Select(message =>
    {
        Assert.Equal(VerifyError.None, Delta.TryRead(message.Payload, out Delta? delta));
        return delta!;
    })];
}
