namespace Egregore.Storage.Sqlite;

/// <summary>Settings of a journal in SQLite.</summary>
public sealed record SqliteJournalOptions
{
    /// <summary>Largest database file, in bytes (the write-ahead log, at most a few MiB, comes on top); above it appends fail as on a full disk. 0: no bound. Default 0.</summary>
    public long JournalSizeBytesMax { get; init; }

    /// <summary>Opens without the lock and writes nothing: for a replay beside a running server. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Pages of 4 KiB in the write-ahead log after which they are moved into the database. Default 2,000.</summary>
    public int CheckpointPages { get; init; } = 2000;

    /// <summary>
    /// SQLite's journal mode. Default WAL; only the benchmark's peer uses another. Durability is the same: synchronous is FULL always.
    /// </summary>
    public SqliteJournalMode Mode { get; init; } = SqliteJournalMode.Wal;
}

/// <summary>How SQLite keeps a commit safe.</summary>
public enum SqliteJournalMode
{
    /// <summary>Write-ahead log: one sync a commit.</summary>
    Wal = 0,

    /// <summary>Rollback journal, SQLite's own default: several syncs a commit.</summary>
    Delete = 1,
}
