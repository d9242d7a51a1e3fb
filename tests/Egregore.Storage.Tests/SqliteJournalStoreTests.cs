using Egregore.Storage.Sqlite;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Storage.Tests;

public sealed class SqliteJournalStoreTests
{
    [Fact]
    public void Groups_and_snapshots_are_read_as_written()
    {
        using var journal = new Journal();
        using (SqliteJournalStore store = journal.Store())
        {
            Assert.Empty(store.Snapshots());
            store.Append(1, [1, 2, 3]);
            store.Append(2, []);
            store.Append(3, new byte[100_000]);
            store.WriteSnapshotPart(2, 0, [9]);
            store.WriteSnapshotPart(2, 1, [8, 8]);
            Assert.Empty(store.Snapshots());
            store.CompleteSnapshot(2, 2, 2);
        }
        using SqliteJournalStore again = journal.Store();
        Assert.Equal([2ul], again.Snapshots());
        Assert.Equal([2ul, 3ul], again.ReadGroups(0).Select(group => group.Group));
        Assert.Equal(100_000, again.ReadGroups(3).Single().Bytes.Length);
        Assert.Equal([1, 2], again.ReadSnapshot(2).Select(part => part.Length));
        Assert.True(again.SizeBytes > 100_000);
    }

    [Fact]
    public void A_second_server_is_kept_out_and_a_reader_is_not()
    {
        using var journal = new Journal();
        journal.Fill(3, 10);
        using SqliteJournalStore store = journal.Store();
        Assert.Equal(3, store.ReadGroups(1).Count());
        var exception = Assert.Throws<JournalStoreException>(() => journal.Store());
        Assert.Contains("in use by another process", exception.Message, StringComparison.Ordinal);
        using SqliteJournalStore reader = journal.Store(new SqliteJournalOptions { ReadOnly = true });
        Assert.True(JournalReplay.Run(journal.Definition, reader).IsEqual);
    }

    [Fact]
    public void Snapshots_and_compaction_give_the_same_world()
    {
        using var journal = new Journal();
        byte[] hash = journal.Fill(50, 500, snapshot: true);
        using SqliteJournalStore store = journal.Store();
        RecoveredWorld world = WorldRecovery.Open(journal.Definition, store, new Nobody());
        Assert.Equal(hash, world.Truth.Db.StateHash());
        Assert.Equal(0, world.Transactions);
        for (int round = 0; round < 3; round++)
        {
            for (ulong i = 1; i <= 20; i++)
            {
                Journal.Add(world.Truth, i, $"{round}");
                Journal.Persist(world.Truth, store);
            }
            world.Truth.RequestSnapshot();
            world.Truth.TakeSnapshot()!.WriteAll(store);
        }
        Assert.Equal(2, store.Snapshots().Count);
        Assert.Equal(20, store.ReadGroups(0).Count());
        Assert.Equal(world.Truth.Db.StateHash(), WorldRecovery.Open(journal.Definition, store, new Nobody()).Truth.Db.StateHash());
    }

    [Fact]
    public void The_journals_own_bound_refuses_like_a_full_disk_and_heals()
    {
        using var journal = new Journal();
        using SqliteJournalStore store = journal.Store(new SqliteJournalOptions { JournalSizeBytesMax = 300_000 });
        Truth truth = WorldRecovery.Open(journal.Definition, store, new Nobody()).Truth;
        int kept = FillUp(truth, store);
        Assert.InRange(kept, 10, 60);
        // A snapshot replaces the groups: there is space again.
        truth.RequestSnapshot();
        store.Append(ulong.MaxValue >> 1, [1]);
        store.CompleteSnapshot(0, (ulong)kept - 3, 0);
        Assert.True(FillUp(truth, store) > 0);
    }

    [SmallDiskFact]
    public void A_full_disk_refuses_and_heals()
    {
        using SmallDisk disk = SmallDisk.TryMount(out string reason) ?? throw new InvalidOperationException(reason);
        string ballast = Path.Combine(disk.Folder, "ballast");
        System.IO.File.WriteAllBytes(ballast, new byte[1_000_000]);
        using var journal = new Journal(Directory.CreateDirectory(Path.Combine(disk.Folder, "j")).FullName);
        byte[] hash;
        using (SqliteJournalStore store = journal.Store(new SqliteJournalOptions { CheckpointPages = 50 }))
        {
            Truth truth = WorldRecovery.Open(journal.Definition, store, new Nobody()).Truth;
            Assert.True(FillUp(truth, store) > 0);
            System.IO.File.Delete(ballast);
            Assert.True(FillUp(truth, store) > 0);
            hash = truth.Db.StateHash();
        }
        using SqliteJournalStore again = journal.Store();
        RecoveredWorld world = WorldRecovery.Open(journal.Definition, again, new Nobody());
        Assert.Null(world.Damage);
        Assert.Equal(hash, world.Truth.Db.StateHash());
    }

    /// <summary>Appends until the store refuses; gives how many groups were kept. Truth is as after the last of them.</summary>
    private static int FillUp(Truth truth, SqliteJournalStore store)
    {
        for (int kept = 0; kept < 2000; kept++)
        {
            byte[] before = truth.Db.StateHash();
            ulong transaction = truth.Transaction;
            Journal.Add(truth, (ulong)(kept % 5) + 1, new string('x', 8000));
            JournalGroup group = truth.TakeGroup()!;
            try
            {
                store.Append(group.Number, group.Bytes.Span);
                truth.Persisted(group);
            }
            catch (JournalStoreException exception)
            {
                Assert.True(exception.Full, exception.Message);
                Assert.Contains("no space left", exception.Message, StringComparison.Ordinal);
                truth.Failed(group, exception.Message);
                Assert.Equal(before, truth.Db.StateHash());
                Assert.Equal(transaction, truth.Transaction);
                return kept;
            }
        }
        throw new InvalidOperationException("the store took everything");
    }
}
