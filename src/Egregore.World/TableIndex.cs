using Egregore.Wire;

namespace Egregore.World;

/// <summary>A secondary index of one table.</summary>
internal abstract class TableIndex<TRow, TKey>(string name)
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    public string Name { get; } = name;

    public abstract void Change(TKey key, TRow? before, TRow? after);

    /// <summary>The filter of a subscription by equality, or null where the bytes are no key of this index.</summary>
    public abstract Feeds.RowFilter<TRow>? Filter(ReadOnlySpan<byte> key, int ordinal);

    /// <summary>Makes the channels of a feed over this index.</summary>
    public abstract Feeds.ChannelSet<TRow> CreateChannels();
}

/// <summary>An index over values of one type: buckets by value, each sorted by primary key.</summary>
internal sealed class TableIndex<TRow, TKey, TIndex>(string name, Func<TRow, TIndex> selector, KeyCodec<TIndex> codec) : TableIndex<TRow, TKey>(name)
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
    where TIndex : notnull
{
    private static readonly OrderedMap<TKey, TRow> None = new();
    private readonly Dictionary<TIndex, OrderedMap<TKey, TRow>> _buckets = [];

    public Func<TRow, TIndex> Selector { get; } = selector;

    public KeyCodec<TIndex> Codec { get; } = codec;

    public OrderedMap<TKey, TRow> Rows(TIndex value) => _buckets.TryGetValue(value, out OrderedMap<TKey, TRow>? bucket) ? bucket : None;

    public override void Change(TKey key, TRow? before, TRow? after)
    {
        if (before is not null)
        {
            TIndex value = Selector(before);
            if (after is not null && EqualityComparer<TIndex>.Default.Equals(value, Selector(after)))
            {
                _buckets[value].Set(key, after);
                return;
            }
            OrderedMap<TKey, TRow> bucket = _buckets[value];
            bucket.Set(key, null);
            if (bucket.Count == 0)
            {
                _buckets.Remove(value);
            }
        }
        if (after is not null)
        {
            TIndex value = Selector(after);
            if (!_buckets.TryGetValue(value, out OrderedMap<TKey, TRow>? bucket))
            {
                bucket = new OrderedMap<TKey, TRow>();
                _buckets.Add(value, bucket);
            }
            bucket.Set(key, after);
        }
    }

    public override Feeds.RowFilter<TRow>? Filter(ReadOnlySpan<byte> key, int ordinal) =>
        Codec.TryRead(key, out TIndex value) ? new Feeds.IndexFilter<TRow, TKey, TIndex>(this, ordinal, value) : null;

    public override Feeds.ChannelSet<TRow> CreateChannels() => new Feeds.ChannelSet<TRow, TIndex>(Selector);
}
