using Egregore.Wasm.Execution;

namespace Egregore.Wasm;

/// <summary>A table of references: functions, or objects of the host.</summary>
public sealed class Table
{
    private readonly int maximum;

    /// <summary>A table of the minimum's size.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="type">Its type.</param>
    /// <param name="initial">What every entry holds at first.</param>
    /// <exception cref="LimitException">It is larger than the store allows.</exception>
    /// <exception cref="ArgumentException">The initial value is not of the table's type.</exception>
    public Table(Store store, TableType type, object? initial = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        Store = store;
        Element = type.Element;
        Check(initial);
        DeclaredMaximum = type.Maximum;
        int ceiling = store.Limits.TableEntriesMax;
        maximum = (int)Math.Min(type.Maximum ?? uint.MaxValue, (uint)ceiling);
        if (type.Minimum > (uint)ceiling) throw new LimitException(nameof(StoreLimits.TableEntriesMax), ceiling);
        if (!store.TryTakeEntries((int)type.Minimum)) throw new LimitException(nameof(StoreLimits.TotalTableEntriesMax), store.Limits.TotalTableEntriesMax);
        Entries = new object?[type.Minimum];
        if (initial is not null) Array.Fill(Entries, initial);
    }

    /// <summary>Its store.</summary>
    public Store Store { get; }

    /// <summary>What it holds.</summary>
    public ValueType Element { get; }

    /// <summary>Entries now.</summary>
    public int Size => Entries.Length;

    /// <summary>Its type, with the size now as the minimum.</summary>
    public TableType Type => new(Element, (uint)Size, DeclaredMaximum);

    /// <summary>An entry: a <see cref="Func"/>, an object of the host, or null.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <exception cref="ArgumentException">The value set is not of the table's type, or a function of another store.</exception>
    /// <exception cref="IndexOutOfRangeException">There is no such entry.</exception>
    public object? this[int index]
    {
        get => Entries[index];
        set
        {
            Check(value);
            Entries[index] = value;
        }
    }

    internal uint? DeclaredMaximum { get; }

    /// <summary>Exactly the entries: emitted code takes its length as the bound. A table of functions holds only <see cref="Func"/> and null.</summary>
    internal object?[] Entries;

    /// <summary>Adds entries; cost in proportion to the table's whole size.</summary>
    /// <param name="entries">How many more.</param>
    /// <param name="initial">What they hold.</param>
    /// <returns>The entries before, or -1 where the table's maximum or a limit of the store does not allow it.</returns>
    /// <exception cref="ArgumentException">The value is not of the table's type, or a function of another store.</exception>
    public int Grow(int entries, object? initial = null)
    {
        Check(initial);
        return GrowUnchecked(entries, initial);
    }

    internal int GrowUnchecked(int entries, object? initial)
    {
        int before = Entries.Length;
        if (entries == 0) return before;
        if ((uint)entries > (uint)(maximum - before) || !Store.TryTakeEntries(entries)) return -1;
        object?[] grown;
        try
        {
            grown = new object?[before + entries];
        }
        catch (OutOfMemoryException)
        {
            Store.GiveEntriesBack(entries);
            return -1;
        }

        Entries.CopyTo(grown, 0);
        if (initial is not null) Array.Fill(grown, initial, before, entries);
        Entries = grown;
        return before;
    }

    private void Check(object? value)
    {
        if (Element != ValueType.FuncRef || value is null) return;
        if (value is not Func func) throw new ArgumentException("A table of functions holds functions only.", nameof(value));
        if (func.Store != Store) throw new ArgumentException("A function of another store.", nameof(value));
    }
}
