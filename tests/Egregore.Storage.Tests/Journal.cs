using Egregore.Storage.KillTarget;
using Egregore.Storage.Sqlite;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Storage.Tests;

/// <summary>A journal file in a folder of its own, gone with the test.</summary>
public sealed class Journal : IDisposable
{
    public Journal(string? folder = null)
    {
        Folder = folder ?? Directory.CreateTempSubdirectory("egregore-journal-").FullName;
        File = Path.Combine(Folder, "world.journal");
        Game = new CounterGame();
        Definition = WorldDefinition.Of(Game);
    }

    public string Folder { get; }

    public string File { get; }

    public CounterGame Game { get; }

    public WorldDefinition Definition { get; }

    public SqliteJournalStore Store(SqliteJournalOptions? options = null) => new(File, options);

    /// <summary>Writes groups of one transaction each.</summary>
    public byte[] Fill(int groups, int noteBytes, bool snapshot = false)
    {
        using SqliteJournalStore store = Store();
        Truth truth = WorldRecovery.Open(Definition, store, new Nobody()).Truth;
        for (int i = 1; i <= groups; i++)
        {
            Add(truth, (ulong)i, new string('n', noteBytes));
            Persist(truth, store);
        }
        if (snapshot)
        {
            truth.RequestSnapshot();
            truth.TakeSnapshot()!.WriteAll(store);
        }
        return truth.Db.StateHash();
    }

    public static ActionOutcome Add(Truth truth, ulong id, string note) => truth.Run("add", new Add { Id = id, Amount = id, Note = note }, default, 1_000_000);

    public static void Persist(Truth truth, IJournalStore store)
    {
        while (truth.TakeGroup() is { } group)
        {
            store.Append(group.Number, group.Bytes.Span);
            truth.Persisted(group);
        }
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>Nobody listens.</summary>
public sealed class Nobody : ITruthOutput
{
    public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
    {
    }

    public void ReducerFailed(string reducer, Exception exception) => throw new InvalidOperationException(reducer, exception);
}
