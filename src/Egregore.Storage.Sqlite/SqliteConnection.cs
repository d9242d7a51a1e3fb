using Egregore.World.Journal;
using SQLitePCL;

namespace Egregore.Storage.Sqlite;

/// <summary>One connection to SQLite with its statements prepared once. Errors become <see cref="JournalStoreException"/> in one place.</summary>
internal sealed class SqliteConnection : IDisposable
{
    private readonly sqlite3 _db;
    private readonly Dictionary<string, sqlite3_stmt> _statements = new(StringComparer.Ordinal);
    private readonly string _path;

    public SqliteConnection(string path, bool readOnly)
    {
        SqliteLibrary.Ensure();
        _path = path;
        int flags = readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE;
        int code = raw.sqlite3_open_v2(path, out _db, flags | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK)
        {
            JournalStoreException error = Error(code);
            _db.Dispose();
            throw error;
        }
        raw.sqlite3_extended_result_codes(_db, 1);
        raw.sqlite3_busy_timeout(_db, 5000);
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    public void Execute(string sql)
    {
        sqlite3_stmt statement = Prepare(sql);
        Finish(statement);
    }

    public long Scalar(string sql)
    {
        sqlite3_stmt statement = Prepare(sql);
        long value = Step(statement) ? raw.sqlite3_column_int64(statement, 0) : 0;
        raw.sqlite3_reset(statement);
        return value;
    }

    /// <summary>The statement of a text, prepared once and reset.</summary>
    public sqlite3_stmt Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out sqlite3_stmt? statement))
        {
            Check(raw.sqlite3_prepare_v2(_db, sql, out statement));
            _statements.Add(sql, statement);
        }
        raw.sqlite3_reset(statement);
        return statement;
    }

    public void Bind(sqlite3_stmt statement, int index, ulong value) => Check(raw.sqlite3_bind_int64(statement, index, checked((long)value)));

    public void Bind(sqlite3_stmt statement, int index, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(statement, index, value));

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Step(sqlite3_stmt statement)
    {
        int code = raw.sqlite3_step(statement);
        if (code is raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return code == raw.SQLITE_ROW;
        }
        JournalStoreException error = Error(code);
        raw.sqlite3_reset(statement);
        throw error;
    }

    /// <summary>Runs a bound statement to its end.</summary>
    public void Finish(sqlite3_stmt statement)
    {
        while (Step(statement))
        {
        }
        raw.sqlite3_reset(statement);
        raw.sqlite3_clear_bindings(statement);
    }

    /// <summary>Several statements as one transaction.</summary>
    public void Transaction(Action body)
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            body();
            Execute("COMMIT");
        }
        catch
        {
            if (raw.sqlite3_get_autocommit(_db) == 0)
            {
                Execute("ROLLBACK");
            }
            throw;
        }
    }

    public void Dispose()
    {
        foreach (sqlite3_stmt statement in _statements.Values)
        {
            statement.Dispose();
        }
        _statements.Clear();
        _db.Dispose();
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw Error(code);
        }
    }

    private JournalStoreException Error(int code)
    {
        int primary = code & 0xFF;
        string detail = raw.sqlite3_errmsg(_db).utf8_to_string();
        bool damaged = primary is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;
        bool full = primary == raw.SQLITE_FULL;
        string text = primary switch
        {
            raw.SQLITE_FULL => $"no space left for the journal {_path}",
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => $"the journal file {_path} is damaged: {detail}",
            raw.SQLITE_CANTOPEN => $"the journal file {_path} cannot be opened",
            raw.SQLITE_READONLY => $"the journal file {_path} cannot be written",
            raw.SQLITE_BUSY => $"another process holds the journal {_path}",
            _ => $"the journal {_path}: {detail} (SQLite code {code})",
        };
        return new JournalStoreException(text, damaged, full, new InvalidOperationException(detail));
    }
}
