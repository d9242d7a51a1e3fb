using Egregore.Wire;
using Egregore.World.Journal;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

public sealed class JournalTests
{
    [Fact]
    public void Crc_is_castagnoli() => Assert.Equal(0xE3069283u, JournalFormat.Crc32C("123456789"u8));

    [Fact]
    public void Random_numbers_are_pinned()
    {
        var random = new DeterministicRandom(42);
        Assert.Equal([0x15780B2E0C2EC716ul, 0x6104D9866D113A7Eul, 0xAE17533239E499A1ul], new[] { random.NextUInt64(), random.NextUInt64(), random.NextUInt64() });
    }

    [Fact]
    public void Golden_bytes_of_a_group()
    {
        var truth = new Truth(TestGame.Create().Definition, new TruthOptions { RandomSeed = 7 }, new Output());
        truth.Run("put-item", new PutItem { Id = 1, Owner = 2, Count = 3, Name = "a" }, new PeerId(0x0102030405060708, 9), 1_000_000);
        truth.Run("take-item", new TakeItem { Id = 1 }, default, 1_000_001);
        string golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "group-v1.hex")).ReplaceLineEndings("");
        Assert.Equal(golden, Convert.ToHexStringLower(truth.TakeGroup()!.Bytes.Span));
    }

    [Fact]
    public void Golden_journal_is_read_by_every_later_version()
    {
        string golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "group-v1.hex")).ReplaceLineEndings("");
        var world = new World();
        world.Store.Append(1, Convert.FromHexString(golden));
        World again = world.Restart();
        Assert.Null(again.Recovered.Damage);
        Assert.Equal(2ul, again.Truth.Transaction);
        Assert.True(JournalReplay.Run(again.Definition, again.Store).IsEqual);
    }

    [Fact]
    public void Any_damaged_byte_is_found_and_what_is_before_it_is_kept()
    {
        var world = new World();
        ulong session = world.Open(1);
        var hashes = new List<byte[]> { world.Truth.Db.StateHash() };
        world.Persist();
        hashes.Add(world.Truth.Db.StateHash());
        for (uint i = 1; i <= 6; i++)
        {
            if (i % 3 == 0)
            {
                world.Act(session, i, "roll", new Roll { Id = 5, Sides = 9 });
            }
            else
            {
                world.Act(session, i, "put-item", World.Item(i, 1));
            }
            hashes.Add(world.Truth.Db.StateHash());
            if (i % 3 == 0)
            {
                world.Persist();
            }
        }
        hashes[0] = new Database(world.Definition).StateHash();
        foreach (ulong group in world.Store.Groups.Keys.ToArray())
        {
            for (int at = 0; at < world.Store.Groups[group].Length; at++)
            {
                MemoryStore damaged = world.Store.Copy();
                damaged.Groups[group][at] ^= 0x41;
                RecoveredWorld recovered = WorldRecovery.Open(world.Definition, damaged, new Output());
                Assert.NotNull(recovered.Damage);
                Assert.Equal(group, recovered.Damage.Group);
                Assert.Equal(recovered.Truth.Transaction + 1, recovered.Damage.Transaction);
                Assert.Equal(hashes[(int)recovered.Truth.Transaction], recovered.Truth.Db.StateHash());
                Assert.Equal("aside 1", recovered.SetAside);
                RecoveredWorld again = WorldRecovery.Open(world.Definition, damaged, new Output());
                Assert.Null(again.Damage);
                Assert.Equal(recovered.Truth.Db.StateHash(), again.Truth.Db.StateHash());
            }
        }
    }

    [Fact]
    public void Records_in_front_of_the_damage_in_a_group_are_kept()
    {
        var world = new World();
        ulong session = world.Open(1);
        for (uint i = 1; i <= 9; i++)
        {
            world.Act(session, i, "put-item", World.Item(i, 1));
        }
        world.Persist();
        byte[] bytes = world.Store.Groups[1];
        bytes[bytes.Length - 40] ^= 1;
        World again = world.Restart();
        Assert.Equal(9ul, again.Truth.Transaction);
        Assert.Equal(10ul, again.Recovered.Damage!.Transaction);
        Assert.True(again.Recovered.Damage.Byte > 64);
        Assert.Contains("checksum", again.Recovered.Damage.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_group_is_damage()
    {
        var world = new World();
        ulong session = world.Open(1);
        for (uint i = 1; i <= 5; i++)
        {
            world.Act(session, i, "put-item", World.Item(i, 1));
            world.Persist();
        }
        world.Store.Groups.Remove(3);
        World again = world.Restart();
        Assert.Equal(3ul, again.Recovered.Damage!.Group);
        Assert.Equal(3ul, again.Truth.Transaction);
    }

    [Fact]
    public void A_snapshot_drops_what_is_older_and_keeps_the_one_before_as_a_reserve()
    {
        var world = new World();
        ulong session = world.Open(1);
        uint request = 0;
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 5; i++)
            {
                world.Act(session, ++request, "put-item", World.Item(request, round));
                world.Persist();
            }
            // Taken while transactions go on.
            world.Act(session, ++request, "put-item", World.Item(request, round));
            world.Truth.RequestSnapshot();
            Assert.Null(world.Truth.TakeSnapshot());
            JournalGroup group = world.Truth.TakeGroup()!;
            world.Act(session, ++request, "put-item", World.Item(1, 77 + round));
            Assert.Null(world.Truth.TakeSnapshot());
            world.Store.Append(group.Number, group.Bytes.Span);
            world.Truth.Persisted(group);
            world.Truth.TakeSnapshot()!.WriteAll(world.Store);
            world.Persist();
        }
        Assert.Equal(2, world.Store.Complete.Count);
        Assert.Equal(world.Store.Complete.First(), world.Store.Groups.Keys.First());
        World again = world.Restart();
        Assert.Equal(world.Truth.Db.StateHash(), again.Truth.Db.StateHash());
        Assert.Equal(world.Store.Complete.Last(), again.Recovered.Snapshot);
        // The newest snapshot is damaged: the one before it and the groups since give the same.
        world.Store.Parts[world.Store.Complete.Last()][3][30] ^= 1;
        World reserve = world.Restart();
        Assert.NotNull(reserve.Recovered.Damage);
        Assert.Equal(world.Truth.Db.StateHash(), reserve.Truth.Db.StateHash());
    }

    [Fact]
    public void A_snapshot_of_a_group_that_fails_is_abandoned()
    {
        var world = new World();
        ulong session = world.Open(1);
        world.Persist();
        world.Act(session, 1, "put-item", World.Item(1, 1));
        world.Truth.RequestSnapshot();
        JournalGroup group = world.Truth.TakeGroup()!;
        world.Truth.Failed(group, "full");
        Assert.Null(world.Truth.TakeSnapshot());
        SnapshotJob job = world.Truth.TakeSnapshot()!;
        job.WriteAll(world.Store);
        Assert.Equal(world.Truth.Db.StateHash(), world.Restart().Truth.Db.StateHash());
    }

    [Fact]
    public void Replay_finds_rules_that_changed()
    {
        var world = new World();
        world.Truth.Run("put-item", World.Item(1, 5), default, world.Now);
        world.Truth.Run("put-item", World.Item(2, 5), default, world.Now);
        world.Truth.Run("take-item", new TakeItem { Id = 2 }, default, world.Now);
        world.Persist();
        Assert.True(JournalReplay.Run(world.Definition, world.Store).IsEqual);
        ReplayReport report = JournalReplay.Run(WorldDefinition.Of(new ChangedGame()), world.Store);
        Assert.False(report.IsEqual);
        Assert.Equal(3, report.Transactions);
        Assert.Equal([1ul, 2ul, 3ul], report.Mismatches.Select(mismatch => mismatch.Transaction));
        Assert.Equal("take-item", report.Mismatches[2].Reducer);
    }

    /// <summary>The same tables, but items count double and cannot be taken.</summary>
    private sealed class ChangedGame : IGame
    {
        public string Name => "test-game";

        public int Version => 2;

        public void Define(WorldBuilder world)
        {
            world.Table<Block, long>("block", block => block.Key);
            world.Table<Friend, ulong>("friend", friend => friend.Id);
            world.Table<Secret, ulong>("secret", secret => secret.Id);
            TableDefinition<Item, ulong> items = world.Table<Item, ulong>("item", item => item.Id);
            world.Reducer<PutItem>("put-item", (ctx, args) => ctx.Table(items).Put(new Item { Id = args.Id, Owner = args.Owner, Count = args.Count * 2, Name = args.Name }));
        }
    }
}
