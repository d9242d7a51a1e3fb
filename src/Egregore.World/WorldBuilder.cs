using Egregore.Wire;

namespace Egregore.World;

/// <summary>Where a game registers its tables, reducers and rules; handed to <see cref="IGame.Define"/>.</summary>
public sealed class WorldBuilder
{
    internal const string ConnectName = "$connect";
    internal const string DisconnectName = "$disconnect";
    private const string ScheduledName = "$scheduled";

    private readonly List<TableDefinition> _tables = [];
    private readonly List<ReducerDefinition> _reducers = [];
    private IReflexRules? _reflex;

    internal WorldBuilder() =>
        Scheduled = Add(new TableDefinition<ScheduledCall, ScheduledId>(ScheduledName, 0, static call => new ScheduledId(call.At, call.Id), new ScheduledIdCodec())
        {
            IsSystem = true,
        });

    internal TableDefinition<ScheduledCall, ScheduledId> Scheduled { get; }

    /// <summary>Registers a table. Keep the result: it is the handle to the rows (<c>ctx.Table(handle)</c>).</summary>
    /// <param name="name">Lower-case letters, digits, <c>-</c> and <c>_</c>, at most 48; never changed once a world has rows.</param>
    /// <param name="key">The primary key; a pure function of the row.</param>
    /// <param name="codec">How keys are written as bytes; needed for key types that <see cref="KeyCodec.For{TKey}"/> does not know.</param>
    public TableDefinition<TRow, TKey> Table<TRow, TKey>(string name, Func<TRow, TKey> key, KeyCodec<TKey>? codec = null)
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey>
    {
        CheckName(name, "table");
        return Add(new TableDefinition<TRow, TKey>(name, _tables.Count, key, codec ?? KeyCodec.For<TKey>()));
    }

    /// <summary>Registers a reducer: one transaction each time it runs. Whatever it throws, the tables are as before.</summary>
    /// <param name="name">Lower-case letters, digits, <c>-</c> and <c>_</c>, at most 48.</param>
    /// <param name="body">Deterministic: reads its context and arguments only.</param>
    public ReducerDefinition Reducer<TArgs>(string name, Action<ReducerContext, TArgs> body)
        where TArgs : class, IFlatTable<TArgs>
    {
        CheckName(name, "reducer");
        return Add(new ReducerDefinition<TArgs>(name, body));
    }

    /// <summary>Runs when a peer opens a new session; a rejection refuses the session.</summary>
    public void OnConnect(Action<ReducerContext> body) => Add(new LifecycleReducer(ConnectName, body));

    /// <summary>Runs when a session ends for good (after the time in which it may be resumed).</summary>
    public void OnDisconnect(Action<ReducerContext> body) => Add(new LifecycleReducer(DisconnectName, body));

    /// <summary>Registers the rules of reflex states.</summary>
    public void Reflex(IReflexRules rules)
    {
        if (_reflex is not null)
        {
            throw new InvalidOperationException("A game has one set of reflex rules.");
        }
        _reflex = rules;
    }

    internal static void CheckName(string name, string what)
    {
        bool good = name.Length is > 0 and <= 48;
        foreach (char c in name)
        {
            good &= c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_';
        }
        if (!good)
        {
            throw new ArgumentException($"'{name}' is no {what} name: lower-case letters, digits, - and _, at most 48.", nameof(name));
        }
    }

    internal WorldDefinition Build(IGame game)
    {
        foreach (TableDefinition table in _tables)
        {
            table.Frozen = true;
        }
        return new WorldDefinition(game.Name, game.Version, [.. _tables], [.. _reducers], Scheduled, _reflex);
    }

    private T Add<T>(T definition)
    {
        if (definition is TableDefinition table)
        {
            foreach (TableDefinition other in _tables)
            {
                if (other.Name == table.Name || other.Id == table.Id)
                {
                    throw new ArgumentException($"Two tables are named {table.Name} (or their names' hashes collide: choose another).");
                }
            }
            _tables.Add(table);
        }
        if (definition is ReducerDefinition reducer)
        {
            foreach (ReducerDefinition other in _reducers)
            {
                if (other.Name == reducer.Name)
                {
                    throw new ArgumentException($"Two reducers are named {reducer.Name}.");
                }
            }
            _reducers.Add(reducer);
        }
        return definition;
    }
}
