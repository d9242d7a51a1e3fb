using Egregore.Wire;

namespace Egregore.World;

/// <summary>All rows of a table at one instant. Rows are immutable, so this is a copy of references, and may be read on another thread.</summary>
internal abstract class TableImage(TableDefinition definition)
{
    public TableDefinition Definition { get; } = definition;

    public abstract int Count { get; }

    /// <summary>Bytes that <see cref="Write"/> may need for a row.</summary>
    public abstract int SizeMax(int row);

    public abstract int KeySizeMax(int row);

    public abstract int WriteKey(int row, Span<byte> destination);

    public abstract int Write(int row, Span<byte> destination);
}

internal sealed class TableImage<TRow, TKey>(TableDefinition<TRow, TKey> definition, TRow[] rows) : TableImage(definition)
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    public override int Count => rows.Length;

    public override int SizeMax(int row) => rows[row].SizeMax;

    public override int KeySizeMax(int row) => definition.Codec.SizeBytes(definition.Key(rows[row]));

    public override int WriteKey(int row, Span<byte> destination) => definition.Codec.Write(definition.Key(rows[row]), destination);

    public override int Write(int row, Span<byte> destination) => rows[row].Write(destination);
}
