using Egregore.Storage.Sqlite;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Storage.Tests;

public sealed class DamageTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Damaged_bytes_anywhere_in_the_file_never_crash_and_good_transactions_in_front_are_kept(int seed)
    {
        using var journal = new Journal();
        journal.Fill(120, 300);
        byte[] good = File.ReadAllBytes(journal.File);
        var hashes = new List<string>();
        using (SqliteJournalStore store = journal.Store())
        {
            RecoveredWorld whole = WorldRecovery.Open(journal.Definition, store, new Nobody());
            Assert.Null(whole.Damage);
        }
        var random = new DeterministicRandom((ulong)seed);
        int found = 0;
        for (int round = 0; round < 12; round++)
        {
            byte[] bytes = [.. good];
            int at = 4096 + random.Next(bytes.Length - 4096 - 600);
            for (int i = 0; i < 512; i++)
            {
                bytes[at + i] ^= (byte)(1 + random.Next(255));
            }
            Delete(journal);
            File.WriteAllBytes(journal.File, bytes);
            using SqliteJournalStore store = journal.Store();
            try
            {
                RecoveredWorld world = WorldRecovery.Open(journal.Definition, store, new Nobody());
                if (world.Damage is null)
                {
                    // The bytes belonged to nothing that is kept.
                    Assert.Equal(120ul, world.Truth.Transaction);
                    continue;
                }
                found++;
                Assert.Equal(world.Damage.Transaction is 0 ? world.Truth.Transaction : world.Damage.Transaction - 1, world.Truth.Transaction);
                Assert.Equal((int)world.Truth.Transaction, world.Truth.Db.Table(journal.Game.Counters).Count);
                Assert.Equal(bytes, File.ReadAllBytes(world.SetAside!));
                // The world goes on from there.
                Journal.Add(world.Truth, 1000, "after");
                Journal.Persist(world.Truth, store);
                RecoveredWorld again = WorldRecovery.Open(journal.Definition, store, new Nobody());
                Assert.Null(again.Damage);
                Assert.Equal(world.Truth.Db.StateHash(), again.Truth.Db.StateHash());
            }
            catch (JournalStoreException exception)
            {
                found++;
                Assert.True(exception.Damaged, exception.Message);
                Assert.Contains("Move it away", exception.Message, StringComparison.Ordinal);
            }
        }
        Assert.True(found > 6, $"{found} of 12 damages were found");
    }

    [Fact]
    public void A_truncated_file_is_damage()
    {
        using var journal = new Journal();
        journal.Fill(200, 300, snapshot: false);
        using (var file = new FileStream(journal.File, FileMode.Open))
        {
            file.SetLength(file.Length * 6 / 10 / 4096 * 4096);
        }
        using SqliteJournalStore store = journal.Store();
        RecoveredWorld world = WorldRecovery.Open(journal.Definition, store, new Nobody());
        Assert.NotNull(world.Damage);
        Assert.InRange(world.Truth.Transaction, 10ul, 199ul);
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(0, 4096)]
    [InlineData(100, 300)]
    public void A_damaged_first_page_loses_nothing(int at, int count)
    {
        using var journal = new Journal();
        byte[] hash = journal.Fill(50, 300);
        byte[] bytes = File.ReadAllBytes(journal.File);
        Array.Fill(bytes, (byte)0xEE, at, count);
        File.WriteAllBytes(journal.File, bytes);
        using SqliteJournalStore store = journal.Store();
        RecoveredWorld world = WorldRecovery.Open(journal.Definition, store, new Nobody());
        Assert.Equal(51ul, world.Damage!.Transaction);
        Assert.Equal(hash, world.Truth.Db.StateHash());
        Assert.Equal(bytes, File.ReadAllBytes(world.SetAside!));
        Assert.False(File.Exists(journal.File + ".salvage"));
        Assert.Null(WorldRecovery.Open(journal.Definition, store, new Nobody()).Damage);
    }

    [Fact]
    public void A_file_that_is_no_database_is_said_to_be_so_and_left_alone()
    {
        using var journal = new Journal();
        byte[] text = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("this is no journal. ", 1000)));
        File.WriteAllBytes(journal.File, text);
        using SqliteJournalStore store = journal.Store();
        var exception = Assert.Throws<JournalStoreException>(() => WorldRecovery.Open(journal.Definition, store, new Nobody()));
        Assert.True(exception.Damaged);
        Assert.Equal(text, File.ReadAllBytes(journal.File));
    }

    private static void Delete(Journal journal)
    {
        foreach (string file in Directory.GetFiles(journal.Folder))
        {
            File.Delete(file);
        }
    }
}
