using Egregore.Wire;

namespace Egregore.World.Client;

/// <summary>Applies the Deltas of one batch as one: all deletes, then all upserts; a reset drops what the batch does not name.</summary>
internal sealed class BatchApplier(Database db, int rowsMax)
{
    /// <summary>Applies a batch, or leaves the tables as they were and says why.</summary>
    /// <param name="batch">Deltas that were verified.</param>
    /// <param name="resetAll">Whether every table is reset.</param>
    public RefusalCode Apply(List<byte[]> batch, bool resetAll)
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
        for (int pass = 0; pass < 3 && code == RefusalCode.None; pass++)
        {
            for (int i = 0; i < batch.Count && code == RefusalCode.None; i++)
            {
                DeltaView.TryRead(batch[i], out DeltaView delta);
                TableDeltaView.Vector tables = delta.Tables;
                for (int t = 0; t < tables.Count && code == RefusalCode.None; t++)
                {
                    code = Apply(tables[t], pass);
                }
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

    private RefusalCode Apply(TableDeltaView delta, int pass)
    {
        Table? table = db.Find(delta.Name);
        if (table is null || table.Definition.IsSystem)
        {
            return RefusalCode.UnknownTarget;
        }
        switch (pass)
        {
            case 0 when delta.Reset:
                table.DeleteAll();
                return RefusalCode.None;
            case 1:
                RowView.Vector deletes = delta.Deletes;
                for (int i = 0; i < deletes.Count; i++)
                {
                    if (!table.TryDeleteBytes(deletes[i].Bytes))
                    {
                        return RefusalCode.Malformed;
                    }
                }
                return RefusalCode.None;
            case 2:
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
