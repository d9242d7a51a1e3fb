using Egregore.Wire;

namespace Egregore.World.Feeds;

/// <summary>
/// The feed of one table. Changes of a batch are coalesced by key (first before, last after). Shared tables are encoded once for each
/// channel; tables with row-level visibility once for each viewer, and the rows a viewer was sent are kept.
/// </summary>
internal sealed class TableFeed<TRow, TKey> : TableFeed
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    private readonly Table<TRow, TKey> _table;
    private readonly Channel _all = new();
    private readonly ChannelSet<TRow>[] _indexes;
    private readonly ChannelSet<TRow, Cell>? _cells;
    private readonly List<Channel> _dirty = [];
    private readonly List<PrivateView> _views = [];
    private readonly ChangeBatch _batch = new();
    private readonly RowBuffer _rows;
    private readonly List<Block> _blocks = [];
    private readonly List<Block> _patchedBlocks = [];
    private bool _judgeAgain;

    public TableFeed(Table<TRow, TKey> table)
    {
        _table = table;
        _rows = new RowBuffer(table.Typed);
        _indexes = [.. table.Indexes.Select(index => index.CreateChannels())];
        _cells = table.Cells is null ? null : new ChannelSet<TRow, Cell>(table.Cells.Selector);
    }

    public override TableDefinition Definition => _table.Definition;

    public override bool HasSubscribers => _all.Count > 0 || _views.Count > 0 || _cells is { Count: > 0 } || _indexes.Any(index => index.Count > 0);

    public override bool HasChanges => _batch.Count > 0;

    public override void Record(in RowChange change) => _batch.Add(_table.Typed.Key((TRow)(change.After ?? change.Before)!), (TRow?)change.Before, (TRow?)change.After);

    public override object? ParseFilter(in SubscribeRequest request, out string reason)
    {
        reason = "";
        if (request.IsArea)
        {
            reason = _table.Cells is null ? $"table {Definition.Name} has no cells" : "";
            return _table.Cells is null ? null : new AreaFilter<TRow, TKey>(_table.Cells, request.Center, request.Radius);
        }
        if (request.Index.Length == 0)
        {
            return new AllFilter<TRow, TKey>(_table);
        }
        for (int i = 0; i < _table.Indexes.Length; i++)
        {
            TableIndex<TRow, TKey> index = _table.Indexes[i];
            if (index.Name == request.Index)
            {
                RowFilter<TRow>? filter = index.Filter(request.Key, i);
                reason = filter is null ? $"the key's bytes are none of index {index.Name}" : "";
                return filter;
            }
        }
        reason = $"table {Definition.Name} has no such index";
        return null;
    }

    public override void Listen(SessionFeed session, object filter)
    {
        if (Definition.IsPrivate)
        {
            PrivateView? view = FindView(session);
            if (view is null)
            {
                view = new PrivateView(session);
                _views.Add(view);
            }
            view.Filters.Add((RowFilter<TRow>)filter);
            return;
        }
        ForChannels(filter, session, add: true);
    }

    public override void Unlisten(SessionFeed session, object filter)
    {
        if (Definition.IsPrivate)
        {
            FindView(session)?.Filters.RemoveAll(known => ReferenceEquals(known, filter));
            return;
        }
        ForChannels(filter, session, add: false);
    }

    public override void Forget(SessionFeed session) => _views.RemoveAll(view => ReferenceEquals(view.Session, session));

    public override bool DependsOn(TableFeed other) => Definition.IsPrivate && _table.Typed.VisibleDependsOn.Contains(other.Definition);

    public override void JudgeAgain() => _judgeAgain |= Definition.IsPrivate;

    public override void Publish(FlushContext context)
    {
        if (Definition.IsPrivate)
        {
            PublishPrivate(context);
            return;
        }
        for (int i = 0; i < _batch.Count; i++)
        {
            (_, TRow? before, TRow? after) = _batch[i];
            if (ReferenceEquals(before, after))
            {
                continue;
            }
            Mark(_all.Count > 0 ? _all : null, before is null ? null : _all, after is null ? null : _all, i);
            foreach (ChannelSet<TRow> index in _indexes)
            {
                MarkIn(index, before, after, i);
            }
            if (_cells is not null)
            {
                MarkIn(_cells, before, after, i);
            }
        }
        foreach (Channel channel in _dirty)
        {
            Publish(context, channel);
            channel.Upserts.Clear();
            channel.Deletes.Clear();
            channel.Changes.Clear();
        }
        _dirty.Clear();
    }

    /// <summary>Encodes a channel at most twice: whole, and with patches; only what somebody listens for.</summary>
    private void Publish(FlushContext context, Channel channel)
    {
        _blocks.Clear();
        _patchedBlocks.Clear();
        for (int i = 0; i < channel.Count; i++)
        {
            SessionFeed session = channel.Subscriber(i);
            if (!session.Connected || session.ResumeFrom is not null)
            {
                continue;
            }
            bool patched = channel.Changes.Count > 0 && session.Patched.Contains(this);
            List<Block> blocks = patched ? _patchedBlocks : _blocks;
            if (blocks.Count == 0)
            {
                Encode(context, channel, patched, blocks);
            }
            session.Blocks.AddRange(blocks);
        }
    }

    private void Encode(FlushContext context, Channel channel, bool patched, List<Block> blocks)
    {
        int upserts = channel.Upserts.Count;
        foreach (int entry in channel.Upserts)
        {
            _rows.Add(_batch, entry, delete: false);
        }
        foreach (int entry in channel.Changes)
        {
            if (!patched || !_rows.TryAddPatch(_batch, entry))
            {
                _rows.Add(_batch, entry, delete: false);
                upserts++;
            }
        }
        foreach (int entry in channel.Deletes)
        {
            _rows.Add(_batch, entry, delete: true);
        }
        context.Arena.Encode(Definition.Name, _rows.Slices, upserts, _rows.Bytes, reset: false, blocks);
        context.Arena.EncodePatches(Definition.Name, _rows.Patches, _rows.Bytes, blocks);
        _rows.EndBlock();
    }

    public override void EndBatch()
    {
        _batch.Clear();
        _rows.Clear();
        _judgeAgain = false;
    }

    public override void Difference(FlushContext context, SessionFeed session, object? before, object? after)
    {
        if (Definition.IsPrivate)
        {
            PrivateView? view = FindView(session);
            if (view is not null)
            {
                Judge(context, view, reset: false);
            }
            return;
        }
        var old = (RowFilter<TRow>?)before;
        var now = (RowFilter<TRow>?)after;
        int upserts = 0;
        if (now is not null)
        {
            // From one area to the next only the cells of one and not of the other are walked.
            IEnumerable<TRow> gained = now is AreaFilter<TRow, TKey> area ? area.RowsOutside(old as AreaFilter<TRow, TKey>) : now.Rows();
            foreach (TRow row in Durable(context, gained, now))
            {
                if (old is null || !old.Matches(row))
                {
                    _rows.AddRow(row);
                    upserts++;
                }
            }
        }
        if (old is not null)
        {
            IEnumerable<TRow> lost = old is AreaFilter<TRow, TKey> area ? area.RowsOutside(now as AreaFilter<TRow, TKey>) : old.Rows();
            foreach (TRow row in Durable(context, lost, old))
            {
                if ((now is null || !now.Matches(row)) && !MatchesAny(session, row))
                {
                    _rows.AddKey(_table.Typed.Key(row));
                }
            }
        }
        context.Arena.Encode(Definition.Name, _rows.Slices, upserts, _rows.Bytes, reset: false, session.Blocks);
        _rows.EndBlock();
    }

    public override void Resync(FlushContext context, SessionFeed session)
    {
        if (Definition.IsPrivate)
        {
            PrivateView? view = FindView(session);
            if (view is not null)
            {
                Judge(context, view, reset: true);
            }
            return;
        }
        var union = new OrderedMap<TKey, TRow>();
        foreach (Subscription subscription in session.Subscriptions)
        {
            if (ReferenceEquals(subscription.Feed, this))
            {
                var filter = (RowFilter<TRow>)subscription.Filter;
                foreach (TRow row in Durable(context, filter.Rows(), filter))
                {
                    union.Set(_table.Typed.Key(row), row);
                }
            }
        }
        foreach (TRow row in union)
        {
            _rows.AddRow(row);
        }
        context.Arena.Encode(Definition.Name, _rows.Slices, union.Count, _rows.Bytes, reset: true, session.Blocks);
        _rows.EndBlock();
    }

    public override void Resume(FlushContext context, SessionFeed session, IEnumerable<RowChange> missed)
    {
        if (Definition.IsPrivate)
        {
            Resync(context, session);
            return;
        }
        var batch = new ChangeBatch();
        foreach (RowChange change in missed)
        {
            if (ReferenceEquals(change.Table, _table))
            {
                batch.Add(_table.Typed.Key((TRow)(change.After ?? change.Before)!), (TRow?)change.Before, (TRow?)change.After);
            }
        }
        int upserts = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (batch[i].After is { } after && MatchesAny(session, after))
            {
                _rows.AddRow(after);
                upserts++;
            }
        }
        for (int i = 0; i < batch.Count; i++)
        {
            (TKey key, TRow? before, TRow? after) = batch[i];
            if ((after is null || !MatchesAny(session, after)) && before is not null && MatchesAny(session, before))
            {
                _rows.AddKey(key);
            }
        }
        context.Arena.Encode(Definition.Name, _rows.Slices, upserts, _rows.Bytes, reset: false, session.Blocks);
        _rows.EndBlock();
    }

    private void MarkIn(ChannelSet<TRow> set, TRow? before, TRow? after, int entry)
    {
        if (set.Count == 0)
        {
            return;
        }
        Channel? from = before is null ? null : set.Find(before);
        Channel? to = after is null ? null : set.Find(after);
        Mark(to, ReferenceEquals(from, to) ? from : null, to, entry);
        if (!ReferenceEquals(from, to))
        {
            Mark(from, from, null, entry);
        }
    }

    private void Mark(Channel? channel, Channel? from, Channel? to, int entry)
    {
        if (channel is null)
        {
            return;
        }
        if (!channel.IsDirty)
        {
            _dirty.Add(channel);
        }
        if (to is not null)
        {
            (from is null ? channel.Upserts : channel.Changes).Add(entry);
        }
        else if (from is not null)
        {
            channel.Deletes.Add(entry);
        }
    }

    private void ForChannels(object filter, SessionFeed session, bool add)
    {
        switch (filter)
        {
            case AllFilter<TRow, TKey> when add:
                _all.Add(session);
                break;
            case AllFilter<TRow, TKey>:
                _all.Remove(session);
                break;
            case AreaFilter<TRow, TKey> area:
                foreach (Cell cell in area.Cells())
                {
                    if (add)
                    {
                        _cells!.Add(cell, session);
                    }
                    else
                    {
                        _cells!.Remove(cell, session);
                    }
                }
                break;
            case IIndexFilter<TRow> index:
                index.Listen(_indexes, session, add);
                break;
            default:
                throw new InvalidOperationException("A filter of another table.");
        }
    }

    private void PublishPrivate(FlushContext context)
    {
        foreach (PrivateView view in _views)
        {
            if (!view.Session.Connected || view.Session.ResumeFrom is not null)
            {
                continue;
            }
            if (_judgeAgain)
            {
                Judge(context, view, reset: false);
                continue;
            }
            int upserts = 0;
            for (int i = 0; i < _batch.Count; i++)
            {
                (TKey key, _, TRow? after) = _batch[i];
                if (after is not null && IsVisible(view, after) && !ReferenceEquals(view.Sent.Set(key, after), after))
                {
                    _rows.Add(_batch, i, delete: false);
                    upserts++;
                }
            }
            for (int i = 0; i < _batch.Count; i++)
            {
                (TKey key, _, TRow? after) = _batch[i];
                if ((after is null || !IsVisible(view, after)) && view.Sent.Set(key, null) is not null)
                {
                    _rows.Add(_batch, i, delete: true);
                }
            }
            context.Arena.Encode(Definition.Name, _rows.Slices, upserts, _rows.Bytes, reset: false, view.Session.Blocks);
            _rows.EndBlock();
        }
    }

    /// <summary>Judges all subscribed rows for a viewer anew, and sends what differs from what was sent (all, when it is a reset).</summary>
    private void Judge(FlushContext context, PrivateView view, bool reset)
    {
        var target = new OrderedMap<TKey, TRow>();
        foreach (RowFilter<TRow> filter in view.Filters)
        {
            foreach (TRow row in Durable(context, filter.Rows(), filter))
            {
                if (_table.Typed.Visible!(view.Session.Viewer, row, _table.Database))
                {
                    target.Set(_table.Typed.Key(row), row);
                }
            }
        }
        int upserts = 0;
        foreach (TRow row in target)
        {
            if (reset || !ReferenceEquals(view.Sent.Find(_table.Typed.Key(row)), row))
            {
                _rows.AddRow(row);
                upserts++;
            }
        }
        if (!reset)
        {
            foreach (TRow row in view.Sent)
            {
                TKey key = _table.Typed.Key(row);
                if (target.Find(key) is null)
                {
                    _rows.AddKey(key);
                }
            }
        }
        context.Arena.Encode(Definition.Name, _rows.Slices, upserts, _rows.Bytes, reset, view.Session.Blocks);
        _rows.EndBlock();
        view.Sent = target;
    }

    private bool IsVisible(PrivateView view, TRow row)
    {
        foreach (RowFilter<TRow> filter in view.Filters)
        {
            if (filter.Matches(row))
            {
                return _table.Typed.Visible!(view.Session.Viewer, row, _table.Database);
            }
        }
        return false;
    }

    private bool MatchesAny(SessionFeed session, TRow row)
    {
        foreach (Subscription subscription in session.Subscriptions)
        {
            if (ReferenceEquals(subscription.Feed, this) && ((RowFilter<TRow>)subscription.Filter).Matches(row))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Rows in memory, with what is not durable undone.</summary>
    private IEnumerable<TRow> Durable(FlushContext context, IEnumerable<TRow> rows, RowFilter<TRow> filter)
    {
        OrderedMap<TKey, Before>? undone = null;
        foreach (RowChange change in context.InFlight)
        {
            if (ReferenceEquals(change.Table, _table))
            {
                undone ??= new OrderedMap<TKey, Before>();
                TKey key = _table.Typed.Key((TRow)(change.Before ?? change.After)!);
                if (undone.Find(key) is null)
                {
                    undone.Set(key, new Before((TRow?)change.Before));
                }
            }
        }
        foreach (TRow row in rows)
        {
            if (undone?.Find(_table.Typed.Key(row)) is null)
            {
                yield return row;
            }
        }
        if (undone is null)
        {
            yield break;
        }
        foreach (Before before in undone)
        {
            if (before.Row is not null && filter.Matches(before.Row))
            {
                yield return before.Row;
            }
        }
    }

    private PrivateView? FindView(SessionFeed session) => _views.Find(view => ReferenceEquals(view.Session, session));

    private sealed record Before(TRow? Row);

    private sealed class PrivateView(SessionFeed session)
    {
        public SessionFeed Session { get; } = session;

        public List<RowFilter<TRow>> Filters { get; } = [];

        /// <summary>What the viewer was sent.</summary>
        public OrderedMap<TKey, TRow> Sent { get; set; } = new();
    }

    /// <summary>Changes by key, in order of first change: the row before all of them and after all of them.</summary>
    private sealed class ChangeBatch
    {
        private readonly List<(TKey Key, TRow? Before, TRow? After)> _changes = [];
        private readonly Dictionary<TKey, int> _byKey = [];

        public int Count => _changes.Count;

        public (TKey Key, TRow? Before, TRow? After) this[int index] => _changes[index];

        public void Add(TKey key, TRow? before, TRow? after)
        {
            if (_byKey.TryGetValue(key, out int at))
            {
                _changes[at] = (key, _changes[at].Before, after);
                return;
            }
            _byKey.Add(key, _changes.Count);
            _changes.Add((key, before, after));
        }

        public void Clear()
        {
            _changes.Clear();
            _byKey.Clear();
        }
    }

    /// <summary>Encoded rows and keys; each entry of a batch is encoded once in a flush, however many channels it belongs to.</summary>
    private sealed class RowBuffer(TableDefinition<TRow, TKey> definition)
    {
        private readonly List<(int Offset, int Length)> _slices = [];
        private readonly Dictionary<int, (int Offset, int Length)> _encoded = [];
        private readonly List<Patch> _patches = [];
        private readonly Dictionary<int, Patch> _patchOf = [];
        private byte[] _bytes = new byte[4096];
        private int _length;

        public ReadOnlySpan<(int Offset, int Length)> Slices => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_slices);

        public ReadOnlySpan<Patch> Patches => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_patches);

        public ReadOnlySpan<byte> Bytes => _bytes;

        public void Add(ChangeBatch batch, int entry, bool delete) => _slices.Add(Encode(batch, entry, delete));

        /// <summary>Adds what differs in a row; false: it has to be sent whole.</summary>
        public bool TryAddPatch(ChangeBatch batch, int entry)
        {
            if (!_patchOf.TryGetValue(entry, out Patch patch))
            {
                patch = EncodePatch(batch, entry);
                _patchOf.Add(entry, patch);
            }
            if (patch.Runs.Length == 0)
            {
                return false;
            }
            _patches.Add(patch);
            return true;
        }

        public void AddRow(TRow row) => _slices.Add(EncodeRow(row));

        public void AddKey(TKey key) => _slices.Add(EncodeKey(key));

        public void EndBlock()
        {
            _slices.Clear();
            _patches.Clear();
            if (_encoded.Count == 0)
            {
                _length = 0;
            }
        }

        public void Clear()
        {
            _slices.Clear();
            _encoded.Clear();
            _patches.Clear();
            _patchOf.Clear();
            _length = 0;
        }

        private (int Offset, int Length) Encode(ChangeBatch batch, int entry, bool delete)
        {
            int id = delete ? ~entry : entry;
            if (!_encoded.TryGetValue(id, out (int Offset, int Length) slice))
            {
                slice = delete ? EncodeKey(batch[entry].Key) : EncodeRow(batch[entry].After!);
                _encoded.Add(id, slice);
            }
            return slice;
        }

        private Patch EncodePatch(ChangeBatch batch, int entry)
        {
            (int Offset, int Length) key = Encode(batch, entry, delete: true);
            (int Offset, int Length) row = Encode(batch, entry, delete: false);
            if (key.Length > byte.MaxValue)
            {
                return default;
            }
            (int Offset, int Length) before = EncodeRow(batch[entry].Before!);
            Room(row.Length);
            Span<byte> runs = _bytes.AsSpan(_length, row.Length);
            int length = RowPatch.Write(_bytes.AsSpan(before.Offset, before.Length), _bytes.AsSpan(row.Offset, row.Length), runs);
            // The row before is of no further use: the patch takes its place.
            runs[..length].CopyTo(_bytes.AsSpan(before.Offset));
            _length = before.Offset + length;
            return new Patch(key, (before.Offset, length), row);
        }

        private (int Offset, int Length) EncodeRow(TRow row)
        {
            int length = row.Write(Room(row.SizeMax));
            return Take(length);
        }

        private (int Offset, int Length) EncodeKey(TKey key)
        {
            int length = definition.Codec.Write(key, Room(definition.Codec.SizeBytes(key)));
            return Take(length);
        }

        private Span<byte> Room(int size)
        {
            if (_length + size > _bytes.Length)
            {
                Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + size));
            }
            return _bytes.AsSpan(_length, size);
        }

        private (int Offset, int Length) Take(int length)
        {
            (int, int) slice = (_length, length);
            _length += length;
            return slice;
        }
    }
}
