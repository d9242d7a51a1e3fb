using Egregore.Wire;
using Egregore.World.Journal;

namespace Egregore.World.Client;

/// <summary>
/// Applies the Deltas of a batch as one: patches to the rows as they were before it, then all deletes, then all upserts and what the patches gave; a reset
/// drops what the batch does not name. Several batches are applied one behind the other.
/// </summary>
internal sealed class BatchApplier(Database db, int rowsMax)
{
    private readonly List<(Table Table, object Row)> _patched = [];

    /// <summary>Tables with patches that do not fit the rows that are here; the rows of these patches are as before.</summary>
    public HashSet<Table> Unread { get; } = [];

    /// <summary>Applies Deltas, or leaves the tables as they were and says why.</summary>
    /// <param name="deltas">Deltas that were verified; whole batches.</param>
    /// <param name="resetAll">Whether every table is reset.</param>
    public RefusalCode Apply(List<byte[]> deltas, bool resetAll)
    {
        db.Begin(new TransactionLimits(int.MaxValue, int.MaxValue));
        RefusalCode code = RefusalCode.None;
        foreach (Table table in db.Tables)
        {
            if (resetAll && !table.Definition.IsSystem)
            {
                table.DeleteAll();
            }
        }
        int from = 0;
        for (int to = 1; to <= deltas.Count && code == RefusalCode.None; to++)
        {
            DeltaView.TryRead(deltas[to - 1], out DeltaView last);
            if (!last.More || to == deltas.Count)
            {
                code = ApplyBatch(deltas, from, to);
                from = to;
            }
        }
        if (code == RefusalCode.None && RowCount() > rowsMax)
        {
            code = RefusalCode.Overloaded;
        }
        if (code == RefusalCode.None)
        {
            db.Commit();
        }
        else
        {
            db.Rollback();
        }
        return code;
    }

    private RefusalCode ApplyBatch(List<byte[]> deltas, int from, int to)
    {
        _patched.Clear();
        RefusalCode code = RefusalCode.None;
        for (int pass = 0; pass < 4; pass++)
        {
            for (int i = from; i < to; i++)
            {
                DeltaView.TryRead(deltas[i], out DeltaView delta);
                TableDeltaView.Vector tables = delta.Tables;
                for (int t = 0; t < tables.Count; t++)
                {
                    code = Apply(tables[t], pass);
                    if (code != RefusalCode.None)
                    {
                        return code;
                    }
                }
            }
        }
        foreach ((Table table, object row) in _patched)
        {
            table.Put(row);
        }
        return code;
    }

    private RefusalCode Apply(TableDeltaView delta, int pass)
    {
        Table? table = db.Find(delta.Name);
        if (table is null || table.Definition.IsSystem)
        {
            return RefusalCode.UnknownTarget;
        }
        switch (pass)
        {
            case 0:
                ReadPatches(table, delta);
                return _patched.Count > rowsMax ? RefusalCode.Overloaded : RefusalCode.None;
            case 1 when delta.Reset:
                table.DeleteAll();
                return RefusalCode.None;
            case 2:
                RowView.Vector deletes = delta.Deletes;
                for (int i = 0; i < deletes.Count; i++)
                {
                    if (!table.TryDeleteBytes(deletes[i].Bytes))
                    {
                        return RefusalCode.Malformed;
                    }
                }
                return RefusalCode.None;
            case 3:
                RowView.Vector upserts = delta.Upserts;
                for (int i = 0; i < upserts.Count; i++)
                {
                    if (!table.TryPutBytes(upserts[i].Bytes))
                    {
                        return RefusalCode.Malformed;
                    }
                }
                return RefusalCode.None;
            default:
                return RefusalCode.None;
        }
    }

    /// <summary>Either all patches of a TableDelta fit, and give rows that its checksum knows, or none of them counts.</summary>
    private void ReadPatches(Table table, TableDeltaView delta)
    {
        int first = _patched.Count;
        uint check = JournalFormat.CrcStart;
        if (!TryReadPatches(table, delta.Patches, ref check) || (delta.HasPatches && ~check != delta.Patched))
        {
            _patched.RemoveRange(first, _patched.Count - first);
            Unread.Add(table);
        }
    }

    private bool TryReadPatches(Table table, ReadOnlySpan<byte> patches, ref uint check)
    {
        Span<byte> key = stackalloc byte[byte.MaxValue];
        int keyLength = 0;
        while (!patches.IsEmpty)
        {
            int same = patches[0];
            int others = patches.Length > 1 ? patches[1] : 0;
            if (patches.Length < 2 + others || same > keyLength || same + others > key.Length)
            {
                return false;
            }
            patches.Slice(2, others).CopyTo(key[same..]);
            keyLength = same + others;
            patches = patches[(2 + others)..];
            if (table.TryPatchBytes(key[..keyLength], ref patches, ref check) is not { } row)
            {
                return false;
            }
            _patched.Add((table, row));
        }
        return true;
    }

    private int RowCount()
    {
        int count = 0;
        foreach (Table table in db.Tables)
        {
            count += table.Count;
        }
        return count;
    }
}
