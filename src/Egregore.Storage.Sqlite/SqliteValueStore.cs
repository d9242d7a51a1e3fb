using Egregore.World.Journal;
using SQLitePCL;

namespace Egregore.Storage.Sqlite;

/// <summary>One value in an SQLite file, replaced whole in one transaction: after a kill or a power cut it is the old one or the new one.</summary>
/// <remarks>One thread at a time. Who may open it is the caller's to see to; a journal's lock does.</remarks>
public sealed class SqliteValueStore : IDisposable
{
    private readonly SqliteConnection _connection;

    /// <summary>Opens the file, or makes an empty one.</summary>
    /// <exception cref="JournalStoreException">It cannot be opened or is no such file; the message is one line for a person.</exception>
    public SqliteValueStore(string path)
    {
        _connection = new SqliteConnection(path, readOnly: false);
        try
        {
            _connection.Scalar("PRAGMA journal_mode=WAL");
            _connection.Execute("PRAGMA synchronous=FULL");
            _connection.Execute("CREATE TABLE IF NOT EXISTS kept(number INTEGER PRIMARY KEY CHECK(number = 1), bytes BLOB NOT NULL) STRICT");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The value; null: none was written yet.</summary>
    /// <exception cref="JournalStoreException">The file is damaged.</exception>
    public byte[]? Read()
    {
        sqlite3_stmt select = _connection.Prepare("SELECT bytes FROM kept WHERE number = 1");
        byte[]? bytes = _connection.Step(select) ? raw.sqlite3_column_blob(select, 0).ToArray() : null;
        raw.sqlite3_reset(select);
        return bytes;
    }

    /// <summary>Replaces the value; it is on disk when this returns.</summary>
    /// <exception cref="JournalStoreException">It could not be written; the old one is kept.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        sqlite3_stmt insert = _connection.Prepare("INSERT OR REPLACE INTO kept(number, bytes) VALUES(1, ?1)");
        _connection.Bind(insert, 1, bytes);
        _connection.Finish(insert);
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
