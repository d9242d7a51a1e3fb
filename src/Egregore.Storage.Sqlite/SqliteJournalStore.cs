using Egregore.World.Journal;
using SQLitePCL;

namespace Egregore.Storage.Sqlite;

/// <summary>
/// A journal in one SQLite file: one row a group, one commit a group, WAL with synchronous=FULL, statements prepared once. A lock file beside it keeps a second
/// server out.
/// </summary>
/// <remarks>One thread at a time. A commit took 187 us on the machine the benchmarks ran on (WAL; 700 us with SQLite's default journal mode).</remarks>
public sealed class SqliteJournalStore : IJournalStore
{
    private const string Insert = "INSERT OR REPLACE INTO groups(number, bytes) VALUES(?1, ?2)";
    private const string DeleteFrom = "DELETE FROM groups WHERE number >= ?1";
    private const string SelectGroups = "SELECT number, bytes FROM groups WHERE number >= ?1 ORDER BY number";
    private const string InsertPart = "INSERT OR REPLACE INTO snapshot_parts(snapshot, part, bytes) VALUES(?1, ?2, ?3)";
    private const string SelectParts = "SELECT bytes FROM snapshot_parts WHERE snapshot = ?1 ORDER BY part";
    private const string SelectSnapshots = "SELECT number FROM snapshots ORDER BY number DESC";
    private const int PageBytes = 4096;
    private const int FormatVersion = 1;

    private readonly string _path;
    private readonly SqliteJournalOptions _options;
    private readonly FileStream? _lock;
    private SqliteConnection? _connection;
    private bool _uncertain;
    private string? _salvaged;

    /// <summary>Opens a journal, or makes an empty one.</summary>
    /// <exception cref="JournalStoreException">Another process holds it, or the place cannot be written; the message is one line for a person.</exception>
    public SqliteJournalStore(string path, SqliteJournalOptions? options = null)
    {
        _path = Path.GetFullPath(path);
        _options = options ?? new SqliteJournalOptions();
        if (_options.ReadOnly)
        {
            return;
        }
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            _lock = new FileStream(_path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new JournalStoreException($"the journal {_path} is in use by another process, or its folder cannot be written: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public long SizeBytes => Length(_path) + Length(_path + "-wal");

    /// <inheritdoc/>
    public void Append(ulong group, ReadOnlySpan<byte> bytes)
    {
        SqliteConnection connection = Connection();
        if (_salvaged is not null)
        {
            throw new JournalStoreException(_salvaged, damaged: true, full: false, new InvalidDataException());
        }
        bool done = false;
        try
        {
            if (_uncertain)
            {
                // An append whose outcome was not known may have left its group behind; truth has undone it.
                sqlite3_stmt delete = connection.Prepare(DeleteFrom);
                connection.Bind(delete, 1, group);
                connection.Finish(delete);
            }
            sqlite3_stmt insert = connection.Prepare(Insert);
            connection.Bind(insert, 1, group);
            connection.Bind(insert, 2, bytes);
            connection.Finish(insert);
            done = true;
            _uncertain = false;
        }
        finally
        {
            if (!done)
            {
                _uncertain = true;
                Close();
            }
        }
    }

    /// <inheritdoc/>
    public IEnumerable<StoredGroup> ReadGroups(ulong from)
    {
        SqliteConnection connection = Connection();
        sqlite3_stmt select = connection.Prepare(SelectGroups);
        connection.Bind(select, 1, from);
        while (connection.Step(select))
        {
            yield return new StoredGroup((ulong)raw.sqlite3_column_int64(select, 0), raw.sqlite3_column_blob(select, 1).ToArray());
        }
        raw.sqlite3_reset(select);
        if (_salvaged is not null)
        {
            throw new JournalStoreException(_salvaged, damaged: true, full: false, new InvalidDataException());
        }
    }

    /// <inheritdoc/>
    public void WriteSnapshotPart(ulong snapshot, int part, ReadOnlySpan<byte> bytes)
    {
        SqliteConnection connection = Connection();
        sqlite3_stmt insert = connection.Prepare(InsertPart);
        connection.Bind(insert, 1, snapshot);
        connection.Bind(insert, 2, (ulong)part);
        connection.Bind(insert, 3, bytes);
        connection.Finish(insert);
    }

    /// <inheritdoc/>
    public void CompleteSnapshot(ulong snapshot, ulong keepGroupsFrom, ulong keepSnapshotsFrom)
    {
        SqliteConnection connection = Connection();
        connection.Transaction(() =>
        {
            Run(connection, "INSERT OR REPLACE INTO snapshots(number) VALUES(?1)", snapshot);
            Run(connection, "DELETE FROM snapshots WHERE number < ?1", keepSnapshotsFrom);
            connection.Execute("DELETE FROM snapshot_parts WHERE snapshot NOT IN (SELECT number FROM snapshots)");
            Run(connection, "DELETE FROM groups WHERE number < ?1", keepGroupsFrom);
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<ulong> Snapshots()
    {
        if (_options.ReadOnly && !File.Exists(_path))
        {
            throw new JournalStoreException($"there is no journal {_path}");
        }
        SqliteConnection connection = Connection();
        var numbers = new List<ulong>();
        sqlite3_stmt select = connection.Prepare(SelectSnapshots);
        while (connection.Step(select))
        {
            numbers.Add((ulong)raw.sqlite3_column_int64(select, 0));
        }
        raw.sqlite3_reset(select);
        return numbers;
    }

    /// <inheritdoc/>
    public IEnumerable<ReadOnlyMemory<byte>> ReadSnapshot(ulong snapshot)
    {
        SqliteConnection connection = Connection();
        sqlite3_stmt select = connection.Prepare(SelectParts);
        connection.Bind(select, 1, snapshot);
        while (connection.Step(select))
        {
            yield return raw.sqlite3_column_blob(select, 0).ToArray();
        }
        raw.sqlite3_reset(select);
    }

    /// <inheritdoc/>
    public string SetAside()
    {
        Close();
        int number = 1;
        while (File.Exists($"{_path}.damaged-{number}"))
        {
            number++;
        }
        string aside = $"{_path}.damaged-{number}";
        // The log first: a database without its log is still one, a log without its database is nothing.
        Move(_path + "-wal", aside + "-wal");
        Move(_path, aside);
        File.Delete(_path + "-shm");
        return aside;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        _lock?.Dispose();
    }

    private static void Run(SqliteConnection connection, string sql, ulong number)
    {
        sqlite3_stmt statement = connection.Prepare(sql);
        connection.Bind(statement, 1, number);
        connection.Finish(statement);
    }

    private static void Move(string from, string to)
    {
        if (File.Exists(from))
        {
            File.Move(from, to);
        }
    }

    private static long Length(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? file.Length : 0;
    }

    private SqliteConnection Connection()
    {
        if (_connection is not null)
        {
            return _connection;
        }
        try
        {
            _connection = OpenPrepared(_path);
        }
        catch (JournalStoreException exception) when (exception.Damaged && !_options.ReadOnly)
        {
            _connection = SqliteSalvage.TryOpen(_path, _path + ".salvage", CreateFresh);
            if (_connection is null)
            {
                throw;
            }
            _salvaged = exception.Message;
        }
        return _connection;
    }

    private SqliteConnection OpenPrepared(string path)
    {
        var connection = new SqliteConnection(path, _options.ReadOnly);
        try
        {
            if (!_options.ReadOnly)
            {
                Prepare(connection);
            }
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void CreateFresh(string path)
    {
        using SqliteConnection fresh = OpenPrepared(path);
    }

    private void Prepare(SqliteConnection connection)
    {
        connection.Execute($"PRAGMA page_size = {PageBytes}");
        connection.Execute(_options.Mode == SqliteJournalMode.Wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE");
        connection.Execute("PRAGMA synchronous = FULL");
        connection.Execute($"PRAGMA wal_autocheckpoint = {_options.CheckpointPages}");
        if (_options.JournalSizeBytesMax > 0)
        {
            connection.Execute($"PRAGMA max_page_count = {Math.Max(8, _options.JournalSizeBytesMax / PageBytes)}");
        }
        long version = connection.Scalar("PRAGMA user_version");
        if (version > FormatVersion)
        {
            throw new JournalStoreException($"the journal {_path} was written by a newer version of Egregore (format {version}, this one knows {FormatVersion})");
        }
        if (version == 0)
        {
            connection.Transaction(() =>
            {
                connection.Execute("CREATE TABLE IF NOT EXISTS groups(number INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
                connection.Execute("CREATE TABLE IF NOT EXISTS snapshots(number INTEGER PRIMARY KEY)");
                connection.Execute("CREATE TABLE IF NOT EXISTS snapshot_parts(snapshot INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE(snapshot, part))");
                connection.Execute($"PRAGMA user_version = {FormatVersion}");
            });
        }
    }

    private void Close()
    {
        _connection?.Dispose();
        _connection = null;
        if (_salvaged is not null)
        {
            _salvaged = null;
            SqliteSalvage.Delete(_path + ".salvage");
        }
    }
}
