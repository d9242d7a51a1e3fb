using Egregore.Wire;
using Egregore.World.Journal;

namespace Egregore.World;

/// <summary>The rows of one table in one <see cref="Database"/>.</summary>
public abstract class Table
{
    private protected Table(TableDefinition definition, Database database)
    {
        Definition = definition;
        Database = database;
    }

    /// <summary>What the game registered.</summary>
    public TableDefinition Definition { get; }

    /// <summary>Rows.</summary>
    public abstract int Count { get; }

    internal Database Database { get; }

    /// <summary>Puts back what a change replaced.</summary>
    internal abstract void Undo(in RowChange change);

    /// <summary>Bytes that <see cref="WriteKey"/> may need.</summary>
    internal abstract int KeySizeMax(in RowChange change);

    /// <summary>Writes a changed row's key; gives the bytes written.</summary>
    internal abstract int WriteKey(in RowChange change, Span<byte> destination);

    internal abstract int RowSizeMax(object row);

    internal abstract int WriteRow(object row, Span<byte> destination);

    /// <summary>Reads a row and puts it, logged when a transaction is open; false: the bytes are no row.</summary>
    internal abstract bool TryPutBytes(ReadOnlySpan<byte> row);

    /// <summary>Reads a key and applies the patch that <paramref name="patches"/> begins with to the bytes of its row, which stays as it is, and goes past it.</summary>
    /// <param name="key">The row's key.</param>
    /// <param name="patches">From the patch's first byte on.</param>
    /// <param name="check">Of the rows before; goes on over the bytes of this one.</param>
    /// <returns>The row as it becomes; null: there is no row of the key, or what comes out is none.</returns>
    internal abstract object? TryPatchBytes(scoped ReadOnlySpan<byte> key, ref ReadOnlySpan<byte> patches, ref uint check);

    /// <summary>Puts a row, logged when a transaction is open.</summary>
    internal abstract void Put(object row);

    /// <summary>Reads a key and deletes its row, if there is one; false: the bytes are no key.</summary>
    internal abstract bool TryDeleteBytes(ReadOnlySpan<byte> key);

    /// <summary>All rows by rising key, as they are now: references only.</summary>
    internal abstract TableImage Image();

    internal abstract void CopyFrom(Table other);

    internal abstract Feeds.TableFeed CreateFeed();

    internal abstract Client.TableWatch CreateWatch();

    /// <summary>Deletes every row, logged as each other write.</summary>
    internal abstract void DeleteAll();
}

/// <summary>The rows of one table. Rows are immutable records: to change one, put another with the same key.</summary>
/// <remarks>Writing is possible inside a transaction only (in a reducer). One thread. Iteration is by rising key, and may change the table as it goes.</remarks>
public sealed class Table<TRow, TKey> : Table
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    private readonly OrderedMap<TKey, TRow> _rows = new();
    private readonly TableIndex<TRow, TKey>[] _indexes;
    private readonly TableIndex<TRow, TKey, Cell>? _cells;
    private readonly Func<TRow, TKey> _key;

    internal Table(TableDefinition<TRow, TKey> definition, Database database, TableIndex<TRow, TKey>[] indexes)
        : base(definition, database)
    {
        Typed = definition;
        _key = definition.Key;
        _indexes = indexes;
        _cells = definition.CellOf is null ? null : new TableIndex<TRow, TKey, Cell>("", definition.CellOf, KeyCodec.For<Cell>());
    }

    /// <inheritdoc/>
    public override int Count => _rows.Count;

    /// <summary>All rows by rising key.</summary>
    public OrderedMap<TKey, TRow> Rows => _rows;

    internal TableDefinition<TRow, TKey> Typed { get; }

    internal TableIndex<TRow, TKey>[] Indexes => _indexes;

    internal TableIndex<TRow, TKey, Cell>? Cells => _cells;

    /// <summary>When not null: the row that each key had when it was first written, for a cache's net changes.</summary>
    internal Dictionary<TKey, TRow?>? Touched { get; set; }

    /// <summary>The row of a key, or null.</summary>
    public TRow? Find(TKey key) => _rows.Find(key);

    /// <summary>Whether a key has a row.</summary>
    public bool Contains(TKey key) => _rows.Find(key) is not null;

    /// <summary>Adds a row.</summary>
    /// <exception cref="ReducerRejectedException">Its key has a row already.</exception>
    public void Insert(TRow row)
    {
        TKey key = _key(row);
        if (_rows.Find(key) is not null)
        {
            throw new ReducerRejectedException($"{Typed.Name}: there is a row with this key already");
        }
        Write(key, null, row);
    }

    /// <summary>Replaces the row with the same key.</summary>
    /// <exception cref="ReducerRejectedException">Its key has no row.</exception>
    public void Update(TRow row)
    {
        TKey key = _key(row);
        TRow before = _rows.Find(key) ?? throw new ReducerRejectedException($"{Typed.Name}: there is no row with this key");
        Write(key, before, row);
    }

    /// <summary>Adds a row or replaces the one with the same key.</summary>
    public void Put(TRow row)
    {
        TKey key = _key(row);
        Write(key, _rows.Find(key), row);
    }

    /// <summary>Deletes a key's row; false when there was none.</summary>
    public bool Delete(TKey key)
    {
        TRow? before = _rows.Find(key);
        if (before is null)
        {
            return false;
        }
        Write(key, before, null);
        return true;
    }

    /// <summary>Rows whose value of an index equals <paramref name="value"/>, by rising key.</summary>
    /// <exception cref="ArgumentException">No index of that name and type.</exception>
    public OrderedMap<TKey, TRow> Where<TIndex>(string index, TIndex value)
        where TIndex : notnull
    {
        foreach (TableIndex<TRow, TKey> candidate in _indexes)
        {
            if (candidate.Name == index && candidate is TableIndex<TRow, TKey, TIndex> typed)
            {
                return typed.Rows(value);
            }
        }
        throw new ArgumentException($"Table {Typed.Name} has no index {index} of {typeof(TIndex)}.", nameof(index));
    }

    /// <summary>Rows of one area-of-interest cell, by rising key.</summary>
    /// <exception cref="InvalidOperationException">The table's rows have no cells.</exception>
    public OrderedMap<TKey, TRow> InCell(Cell cell) =>
        (_cells ?? throw new InvalidOperationException($"Table {Typed.Name} has no cells.")).Rows(cell);

    internal override void Undo(in RowChange change) => SetRow(_key((TRow)(change.Before ?? change.After)!), (TRow?)change.After, (TRow?)change.Before);

    internal override int KeySizeMax(in RowChange change) => Typed.Codec.SizeBytes(_key((TRow)(change.Before ?? change.After)!));

    internal override int WriteKey(in RowChange change, Span<byte> destination) => Typed.Codec.Write(_key((TRow)(change.Before ?? change.After)!), destination);

    internal override int RowSizeMax(object row) => ((TRow)row).SizeMax;

    internal override int WriteRow(object row, Span<byte> destination) => ((TRow)row).Write(destination);

    internal override bool TryPutBytes(ReadOnlySpan<byte> row)
    {
        if (TRow.TryRead(row, out TRow? value) != VerifyError.None)
        {
            return false;
        }
        TKey key = _key(value!);
        ApplyRow(key, value);
        return true;
    }

    internal override object? TryPatchBytes(scoped ReadOnlySpan<byte> key, ref ReadOnlySpan<byte> patches, ref uint check)
    {
        const int stackBytes = 512;
        if (!Typed.Codec.TryRead(key, out TKey value) || _rows.Find(value) is not { } before)
        {
            return null;
        }
        int size = before.SizeMax;
        Span<byte> bytes = size <= stackBytes ? stackalloc byte[stackBytes] : new byte[size];
        bytes = bytes[..before.Write(bytes)];
        if (!RowPatch.TryApply(bytes, ref patches) || TRow.TryRead(bytes, out TRow? after) != VerifyError.None || _key(after!).CompareTo(value) != 0)
        {
            return null;
        }
        check = JournalFormat.CrcMore(check, bytes);
        return after;
    }

    internal override void Put(object row) => ApplyRow(_key((TRow)row), (TRow)row);

    internal override bool TryDeleteBytes(ReadOnlySpan<byte> key)
    {
        if (!Typed.Codec.TryRead(key, out TKey value))
        {
            return false;
        }
        ApplyRow(value, null);
        return true;
    }

    internal override TableImage Image() => new TableImage<TRow, TKey>(Typed, _rows.ToArray());

    internal override void CopyFrom(Table other)
    {
        foreach (TRow row in ((Table<TRow, TKey>)other)._rows)
        {
            TKey key = _key(row);
            SetRow(key, _rows.Find(key), row);
        }
    }

    internal override Feeds.TableFeed CreateFeed() => new Feeds.TableFeed<TRow, TKey>(this);

    internal override Client.TableWatch CreateWatch() => new Client.TableWatch<TRow, TKey>(this);

    internal override void DeleteAll()
    {
        foreach (TRow row in _rows.ToArray())
        {
            ApplyRow(_key(row), null);
        }
    }

    /// <summary>Writes without a transaction's bounds: recovery, and a cache that applies what truth sent.</summary>
    internal void ApplyRow(TKey key, TRow? after)
    {
        TRow? before = _rows.Find(key);
        if (before is not null || after is not null)
        {
            SetRow(key, before, after);
            Database.Log(new RowChange(this, before, after));
        }
    }

    private void Write(TKey key, TRow? before, TRow? after)
    {
        Database.CheckWrite(this, after is null ? 0 : after.SizeMax);
        SetRow(key, before, after);
        Database.Log(new RowChange(this, before, after));
    }

    private void SetRow(TKey key, TRow? before, TRow? after)
    {
        Touched?.TryAdd(key, before);
        _rows.Set(key, after);
        foreach (TableIndex<TRow, TKey> index in _indexes)
        {
            index.Change(key, before, after);
        }
        _cells?.Change(key, before, after);
    }
}
