using System.Collections.Immutable;

namespace Egregore.World;

/// <summary>Everything that a game registered; immutable. Databases, truths, caches and replays are made from it.</summary>
public sealed class WorldDefinition
{
    private readonly Dictionary<string, ReducerDefinition> _reducers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReducerDefinition>.AlternateLookup<ReadOnlySpan<char>> _reducersBySpan;

    internal WorldDefinition(
        string name,
        int version,
        ImmutableArray<TableDefinition> tables,
        ImmutableArray<ReducerDefinition> reducers,
        TableDefinition<ScheduledCall, ScheduledId> scheduled,
        IReflexRules? reflex)
    {
        Name = name;
        Version = version;
        AllTables = tables;
        Reducers = reducers;
        Scheduled = scheduled;
        Reflex = reflex;
        foreach (ReducerDefinition reducer in reducers)
        {
            _reducers.Add(reducer.Name, reducer);
        }
        _reducersBySpan = _reducers.GetAlternateLookup<ReadOnlySpan<char>>();
        OnConnect = _reducers.GetValueOrDefault(WorldBuilder.ConnectName);
        OnDisconnect = _reducers.GetValueOrDefault(WorldBuilder.DisconnectName);
    }

    /// <summary>The game's name.</summary>
    public string Name { get; }

    /// <summary>The game's version.</summary>
    public int Version { get; }

    /// <summary>The game's tables, in the order of their registration.</summary>
    public IEnumerable<TableDefinition> Tables => AllTables.Where(table => !table.IsSystem);

    /// <summary>The game's reducers, in the order of their registration.</summary>
    public ImmutableArray<ReducerDefinition> Reducers { get; }

    /// <summary>The rules of reflex states, or null for a game without movement.</summary>
    public IReflexRules? Reflex { get; }

    internal ImmutableArray<TableDefinition> AllTables { get; }

    internal TableDefinition<ScheduledCall, ScheduledId> Scheduled { get; }

    internal ReducerDefinition? OnConnect { get; }

    internal ReducerDefinition? OnDisconnect { get; }

    /// <summary>Asks a game for everything it registers.</summary>
    /// <exception cref="ArgumentException">Names that clash or are no names.</exception>
    public static WorldDefinition Of(IGame game)
    {
        var builder = new WorldBuilder();
        game.Define(builder);
        return builder.Build(game);
    }

    /// <summary>A reducer by name, or null.</summary>
    public ReducerDefinition? FindReducer(string name) => _reducers.GetValueOrDefault(name);

    /// <summary>A reducer by its name's characters, without allocating.</summary>
    internal ReducerDefinition? FindReducer(ReadOnlySpan<char> name) => _reducersBySpan.TryGetValue(name, out ReducerDefinition? reducer) ? reducer : null;
}
