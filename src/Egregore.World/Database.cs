using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Egregore.Wire;

namespace Egregore.World;

/// <summary>One write of one row: null before is an insert, null after a delete.</summary>
internal readonly record struct RowChange(Table Table, object? Before, object? After);

/// <summary>Bounds of one transaction; see <see cref="TruthOptions"/> for the defaults.</summary>
internal readonly record struct TransactionLimits(int RowChangesMax, int RowSizeBytesMax);

/// <summary>All tables of one world in one place: truth's own, a client's cache, a replay's. In memory, one thread.</summary>
public sealed class Database
{
    private readonly Table[] _tables;
    private readonly Dictionary<string, Table> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, Table> _byId = [];
    private readonly Dictionary<Type, Table> _byRow = [];
    private readonly List<RowChange> _log = [];
    private TransactionLimits _limits;
    private bool _logging;
    private bool _writable;

    /// <summary>Makes empty tables as the definition says.</summary>
    public Database(WorldDefinition definition)
    {
        Definition = definition;
        _tables = new Table[definition.AllTables.Length];
        for (int i = 0; i < _tables.Length; i++)
        {
            Table table = definition.AllTables[i].Create(this);
            _tables[i] = table;
            _byName.Add(table.Definition.Name, table);
            _byId.Add(table.Definition.Id, table);
            _byRow.TryAdd(table.GetType(), table);
        }
    }

    /// <summary>What the game registered.</summary>
    public WorldDefinition Definition { get; }

    internal ReadOnlySpan<Table> Tables => _tables;

    /// <summary>The changes of the open (or just ended) transaction, in order.</summary>
    internal List<RowChange> Changes => _log;

    /// <summary>A table by its handle.</summary>
    public Table<TRow, TKey> Table<TRow, TKey>(TableDefinition<TRow, TKey> table)
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey> => (Table<TRow, TKey>)_tables[table.Ordinal];

    /// <summary>A table by the types of its rows and keys, for code that lacks the handle; the first registered of those types.</summary>
    /// <exception cref="KeyNotFoundException">No such table.</exception>
    public Table<TRow, TKey> Table<TRow, TKey>()
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey> =>
        _byRow.TryGetValue(typeof(Table<TRow, TKey>), out Table? table)
            ? (Table<TRow, TKey>)table
            : throw new KeyNotFoundException($"No table of {typeof(TRow)} by {typeof(TKey)}.");

    /// <summary>A table by its name, or null.</summary>
    public Table? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>
    /// SHA-256 over all tables by name and their rows by key: the same for the same content, whatever its history. Linear in the rows.
    /// </summary>
    /// <returns>32 bytes.</returns>
    public byte[] StateHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[4096];
        Table[] sorted = [.. _tables];
        Array.Sort(sorted, static (left, right) => string.CompareOrdinal(left.Definition.Name, right.Definition.Name));
        foreach (Table table in sorted)
        {
            TableImage image = table.Image();
            if (image.Count == 0)
            {
                continue;
            }
            Journal.JournalFormat.WriteUInt32(buffer, table.Definition.Id);
            Journal.JournalFormat.WriteUInt32(buffer.AsSpan(4), (uint)image.Count);
            hash.AppendData(buffer, 0, 8);
            for (int row = 0; row < image.Count; row++)
            {
                int size = image.SizeMax(row) + 4;
                if (size > buffer.Length)
                {
                    buffer = new byte[size * 2];
                }
                int length = image.Write(row, buffer.AsSpan(4));
                Journal.JournalFormat.WriteUInt32(buffer, (uint)length);
                hash.AppendData(buffer, 0, length + 4);
            }
        }
        return hash.GetHashAndReset();
    }

    /// <summary>Takes over all rows of a database of the same definition (references: rows are immutable).</summary>
    internal void CopyFrom(Database other)
    {
        for (int i = 0; i < _tables.Length; i++)
        {
            _tables[i].CopyFrom(other._tables[i]);
        }
    }

    internal Table? Find(uint id) => _byId.GetValueOrDefault(id);

    /// <summary>Opens a transaction; writes are logged until it ends.</summary>
    internal void Begin(in TransactionLimits limits)
    {
        _limits = limits;
        _log.Clear();
        _logging = true;
        _writable = true;
    }

    /// <summary>Ends the transaction and keeps its writes; <see cref="Changes"/> holds them until the next one begins.</summary>
    internal void Commit()
    {
        _logging = false;
        _writable = false;
    }

    /// <summary>Ends the transaction and undoes its writes.</summary>
    internal void Rollback()
    {
        _logging = false;
        _writable = false;
        for (int i = _log.Count - 1; i >= 0; i--)
        {
            RowChange change = _log[i];
            change.Table.Undo(change);
        }
        _log.Clear();
    }

    internal static void Undo(ReadOnlySpan<RowChange> changes)
    {
        for (int i = changes.Length - 1; i >= 0; i--)
        {
            changes[i].Table.Undo(changes[i]);
        }
    }

    internal void CheckWrite(Table table, int sizeBytes)
    {
        if (!_writable)
        {
            throw new InvalidOperationException($"Table {table.Definition.Name} is written by reducers only.");
        }
        if (_log.Count >= _limits.RowChangesMax)
        {
            throw new ReducerRejectedException($"more than {_limits.RowChangesMax} row changes in one transaction");
        }
        if (sizeBytes > _limits.RowSizeBytesMax)
        {
            throw new ReducerRejectedException($"{table.Definition.Name}: a row may take at most {_limits.RowSizeBytesMax} bytes");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Log(in RowChange change)
    {
        if (_logging)
        {
            _log.Add(change);
        }
    }
}
