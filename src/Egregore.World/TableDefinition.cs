using System.Text;
using Egregore.Wire;

namespace Egregore.World;

/// <summary>What a game registered of a table. Games hold the typed <see cref="TableDefinition{TRow, TKey}"/> as the handle to its rows: <c>ctx.Table(blocks)</c>.</summary>
public abstract class TableDefinition
{
    private protected TableDefinition(string name, int ordinal, TableSchema schema)
    {
        Name = name;
        Ordinal = ordinal;
        Schema = schema;
        Id = Fnv(name);
    }

    /// <summary>The table's name, as subscriptions and deltas use it.</summary>
    public string Name { get; }

    /// <summary>What the game's <c>.fbs</c> says of a row.</summary>
    public TableSchema Schema { get; }

    /// <summary>Whether rows have a cell, so that a subscription by area of interest is possible.</summary>
    public abstract bool HasCells { get; }

    /// <summary>Whether a peer sees only some rows.</summary>
    public abstract bool IsPrivate { get; }

    /// <summary>Names of the secondary indexes, in the order of their registration.</summary>
    public abstract IReadOnlyList<string> IndexNames { get; }

    /// <summary>The type of the primary key, as a schema comparison names it.</summary>
    internal abstract string KeyType { get; }

    /// <summary>The table's id in the journal: 32-bit FNV-1a of its name.</summary>
    internal uint Id { get; }

    internal int Ordinal { get; }

    internal bool Frozen { get; set; }

    /// <summary>Rows of the engine itself (scheduled calls): never sent, and not to be subscribed to.</summary>
    internal bool IsSystem { get; init; }

    internal abstract Table Create(Database database);

    internal static uint Fnv(string name)
    {
        uint hash = 2166136261;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 16777619;
        }
        return hash;
    }
}

/// <summary>A table's registration: rows of <typeparamref name="TRow"/> by a primary key. Add to it only inside <see cref="IGame.Define"/>.</summary>
public sealed class TableDefinition<TRow, TKey> : TableDefinition
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    private readonly List<string> _indexNames = [];
    private readonly List<Func<TableIndex<TRow, TKey>>> _indexes = [];

    internal TableDefinition(string name, int ordinal, Func<TRow, TKey> key, KeyCodec<TKey> codec)
        : base(name, ordinal, TRow.Schema)
    {
        Key = key;
        Codec = codec;
    }

    /// <summary>A row's primary key.</summary>
    public Func<TRow, TKey> Key { get; }

    /// <summary>How a key is written as bytes.</summary>
    public KeyCodec<TKey> Codec { get; }

    /// <inheritdoc/>
    public override bool HasCells => CellOf is not null;

    /// <inheritdoc/>
    public override bool IsPrivate => Visible is not null;

    /// <inheritdoc/>
    public override IReadOnlyList<string> IndexNames => _indexNames;

    internal override string KeyType => typeof(TKey).Name;

    /// <summary>The area-of-interest cell of a row, or null.</summary>
    internal Func<TRow, Cell>? CellOf { get; private set; }

    internal Func<PeerId, TRow, Database, bool>? Visible { get; private set; }

    internal TableDefinition[] VisibleDependsOn { get; private set; } = [];

    /// <summary>Adds a secondary index (not unique): <c>ctx.Table(items).Where("owner", id)</c>, and subscriptions by equality on it.</summary>
    /// <param name="name">The index's name, unique in the table.</param>
    /// <param name="selector">The indexed value; a pure function of the row.</param>
    /// <param name="codec">How the value is written as bytes; needed for types that <see cref="KeyCodec.For{TKey}"/> does not know.</param>
    public TableDefinition<TRow, TKey> Index<TIndex>(string name, Func<TRow, TIndex> selector, KeyCodec<TIndex>? codec = null)
        where TIndex : notnull
    {
        WorldBuilder.CheckName(name, "index");
        Open();
        if (_indexNames.Contains(name))
        {
            throw new ArgumentException($"Table {Name} has two indexes named {name}.", nameof(name));
        }
        KeyCodec<TIndex> keyCodec = codec ?? KeyCodec.For<TIndex>();
        _indexNames.Add(name);
        _indexes.Add(() => new TableIndex<TRow, TKey, TIndex>(name, selector, keyCodec));
        return this;
    }

    /// <summary>Gives each row an area-of-interest cell; a pure function of the row.</summary>
    public TableDefinition<TRow, TKey> Cell(Func<TRow, Cell> selector)
    {
        Open();
        CellOf = selector;
        return this;
    }

    /// <summary>
    /// Row-level visibility: a row is sent to a viewer only where <paramref name="predicate"/> holds. A row that becomes visible is sent as an
    /// upsert, one that becomes invisible as a delete.
    /// </summary>
    /// <param name="predicate">Pure: depends on the row, the viewer, and the rows of the tables named in <paramref name="dependsOn"/>.</param>
    /// <param name="dependsOn">Tables whose changes may change the answer; after such a change all subscribed rows are judged again.</param>
    public TableDefinition<TRow, TKey> VisibleTo(Func<PeerId, TRow, Database, bool> predicate, params TableDefinition[] dependsOn)
    {
        Open();
        Visible = predicate;
        VisibleDependsOn = dependsOn;
        return this;
    }

    internal override Table Create(Database database)
    {
        var indexes = new TableIndex<TRow, TKey>[_indexes.Count];
        for (int i = 0; i < indexes.Length; i++)
        {
            indexes[i] = _indexes[i]();
        }
        return new Table<TRow, TKey>(this, database, indexes);
    }

    private void Open()
    {
        if (Frozen)
        {
            throw new InvalidOperationException($"Table {Name} is complete: add to it inside IGame.Define.");
        }
    }
}
