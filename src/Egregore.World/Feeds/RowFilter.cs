using Egregore.Wire;

namespace Egregore.World.Feeds;

/// <summary>Which rows of a table a subscription wants.</summary>
internal abstract class RowFilter<TRow>
{
    public abstract bool Matches(TRow row);

    /// <summary>The rows in memory that match.</summary>
    public abstract IEnumerable<TRow> Rows();

    /// <summary>Whether another filter of the same table wants the same rows.</summary>
    public abstract override bool Equals(object? obj);

    public abstract override int GetHashCode();
}

internal sealed class AllFilter<TRow, TKey>(Table<TRow, TKey> table) : RowFilter<TRow>
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    public override bool Matches(TRow row) => true;

    public override IEnumerable<TRow> Rows() => table.Rows;

    public override bool Equals(object? obj) => obj is AllFilter<TRow, TKey>;

    public override int GetHashCode() => 0;
}

/// <summary>A filter by equality, whatever the indexed type.</summary>
internal interface IIndexFilter<TRow>
{
    /// <summary>Adds or removes a session's channel in the set of this filter's index.</summary>
    void Listen(ChannelSet<TRow>[] sets, SessionFeed session, bool add);
}

internal sealed class IndexFilter<TRow, TKey, TIndex>(TableIndex<TRow, TKey, TIndex> index, int ordinal, TIndex value) : RowFilter<TRow>, IIndexFilter<TRow>
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
    where TIndex : notnull
{
    public TIndex Value { get; } = value;

    private int Ordinal { get; } = ordinal;

    public override bool Matches(TRow row) => EqualityComparer<TIndex>.Default.Equals(index.Selector(row), Value);

    public override IEnumerable<TRow> Rows() => index.Rows(Value);

    public override bool Equals(object? obj) =>
        obj is IndexFilter<TRow, TKey, TIndex> other && other.Ordinal == Ordinal && EqualityComparer<TIndex>.Default.Equals(Value, other.Value);

    public override int GetHashCode() => HashCode.Combine(Ordinal, Value);

    public void Listen(ChannelSet<TRow>[] sets, SessionFeed session, bool add)
    {
        var set = (ChannelSet<TRow, TIndex>)sets[Ordinal];
        if (add)
        {
            set.Add(Value, session);
        }
        else
        {
            set.Remove(Value, session);
        }
    }
}

internal sealed class AreaFilter<TRow, TKey>(TableIndex<TRow, TKey, Cell> cells, Cell center, int radius) : RowFilter<TRow>
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    public Cell Center { get; } = center;

    public int Radius { get; } = radius;

    /// <summary>The cells of the area; those beyond the grid's ends do not exist.</summary>
    public IEnumerable<Cell> Cells()
    {
        for (long x = (long)Center.X - Radius; x <= (long)Center.X + Radius; x++)
        {
            for (long z = (long)Center.Z - Radius; z <= (long)Center.Z + Radius; z++)
            {
                if (x is >= int.MinValue and <= int.MaxValue && z is >= int.MinValue and <= int.MaxValue)
                {
                    yield return new Cell((int)x, (int)z);
                }
            }
        }
    }

    public bool Contains(Cell cell) => Center.DistanceTo(cell) <= Radius;

    public override bool Matches(TRow row) => Contains(cells.Selector(row));

    public override IEnumerable<TRow> Rows() => RowsOutside(null);

    public override bool Equals(object? obj) => obj is AreaFilter<TRow, TKey> other && other.Center == Center && other.Radius == Radius;

    public override int GetHashCode() => HashCode.Combine(Center, Radius);

    /// <summary>The rows of this area's cells that another area does not have.</summary>
    public IEnumerable<TRow> RowsOutside(AreaFilter<TRow, TKey>? other)
    {
        foreach (Cell cell in Cells())
        {
            if (other is not null && other.Contains(cell))
            {
                continue;
            }
            foreach (TRow row in cells.Rows(cell))
            {
                yield return row;
            }
        }
    }
}
