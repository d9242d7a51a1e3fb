using Egregore.Wire;

namespace Egregore.World.Client;

/// <summary>Collects which rows of a table were touched, and tells the net changes.</summary>
internal abstract class TableWatch
{
    public abstract void Begin();

    public abstract void End();

    /// <summary>Calls the listeners; they may read the cache and start actions.</summary>
    public abstract void Tell();
}

internal sealed class TableWatch<TRow, TKey>(Table<TRow, TKey> table) : TableWatch
    where TRow : class, IFlatTable<TRow>
    where TKey : notnull, IComparable<TKey>
{
    private readonly Dictionary<TKey, TRow?> _touched = [];
    private readonly Queue<(TRow? Before, TRow? After)> _changes = new();

    public event Action<TRow?, TRow?>? Changed;

    public override void Begin()
    {
        if (Changed is not null)
        {
            table.Touched = _touched;
        }
    }

    public override void End()
    {
        table.Touched = null;
        if (_touched.Count == 0)
        {
            return;
        }
        foreach (TKey key in _touched.Keys.Order())
        {
            TRow? before = _touched[key];
            TRow? after = table.Find(key);
            if (!ReferenceEquals(before, after) && (before is null || !before.Equals(after)))
            {
                _changes.Enqueue((before, after));
            }
        }
        _touched.Clear();
    }

    public override void Tell()
    {
        while (_changes.TryDequeue(out (TRow? Before, TRow? After) change))
        {
            Changed?.Invoke(change.Before, change.After);
        }
    }
}
