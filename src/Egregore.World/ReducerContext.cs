using System.Diagnostics.CodeAnalysis;
using Egregore.Wire;

namespace Egregore.World;

/// <summary>What a reducer may use: the tables, who calls, the time of the world and seeded random numbers. Valid during the call only.</summary>
/// <remarks>A reducer is deterministic: it reads nothing else. Truth, a client's prediction and a replay run the same code.</remarks>
public sealed class ReducerContext
{
    private readonly DeterministicRandom _random = new(0);
    private ulong _seed;
    private bool _seeded;
    private int _scheduled;
    private int _scheduledMax;

    internal ReducerContext(Database db) => Db = db;

    /// <summary>The tables.</summary>
    public Database Db { get; }

    /// <summary>A table by its handle: the same as <c>Db.Table(table)</c>.</summary>
    public Table<TRow, TKey> Table<TRow, TKey>(TableDefinition<TRow, TKey> table)
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey> => Db.Table(table);

    /// <summary>The peer that asked; default for scheduled reducers.</summary>
    public PeerId Sender { get; private set; }

    /// <summary>Milliseconds since the Unix epoch as truth counts them; never falls. In a prediction: the client's estimate of it.</summary>
    public long WorldTimeMs { get; private set; }

    /// <summary>The transaction's number, from 1; 0 in a prediction.</summary>
    public ulong Transaction { get; private set; }

    /// <summary>Whether this runs on a client's cache ahead of truth.</summary>
    public bool IsPrediction { get; private set; }

    /// <summary>Seeded by the transaction. A prediction draws other numbers than truth will: keep what depends on them out of predicted reducers.</summary>
    public DeterministicRandom Random
    {
        get
        {
            if (!_seeded)
            {
                _seeded = true;
                _random.Reset(_seed);
            }
            return _random;
        }
    }

    /// <summary>Ends the reducer; its transaction leaves no trace and the caller gets the reason.</summary>
    /// <exception cref="ReducerRejectedException">Always.</exception>
    [DoesNotReturn]
    [SuppressMessage("Performance", "CA1822", Justification = "Reads as what the context does.")]
    public void Reject(string reason) => throw new ReducerRejectedException(reason);

    /// <summary>Lets a reducer run at a time of the world (at once when it has passed, in a transaction of its own). Kept in the journal.</summary>
    /// <returns>The call's id, for <see cref="Cancel"/>.</returns>
    /// <exception cref="ReducerRejectedException">Over the bound of scheduled calls of a transaction or of the world.</exception>
    public ScheduledId Schedule<TArgs>(string reducer, TArgs arguments, long atMs)
        where TArgs : class, IFlatTable<TArgs>
    {
        if (IsPrediction)
        {
            return default;
        }
        if (Db.Definition.FindReducer(reducer) is not ReducerDefinition<TArgs>)
        {
            throw new InvalidOperationException($"No reducer {reducer} with arguments {typeof(TArgs)}.");
        }
        Table<ScheduledCall, ScheduledId> calls = Db.Table(Db.Definition.Scheduled);
        if (_scheduled >= 0xFFFF || calls.Count >= _scheduledMax)
        {
            throw new ReducerRejectedException("too many scheduled calls");
        }
        var id = new ScheduledId(atMs, (Transaction << 16) | (uint)_scheduled++);
        calls.Insert(new ScheduledCall { Id = id.Number, At = atMs, Reducer = reducer, Arguments = arguments.ToArray() });
        return id;
    }

    /// <summary>Takes back a scheduled call; false when it is not there (any more).</summary>
    public bool Cancel(ScheduledId id) => !IsPrediction && Db.Table(Db.Definition.Scheduled).Delete(id);

    internal void Begin(PeerId sender, long worldTimeMs, ulong transaction, ulong seed, int scheduledMax, bool prediction)
    {
        Sender = sender;
        WorldTimeMs = worldTimeMs;
        Transaction = transaction;
        IsPrediction = prediction;
        _seed = seed;
        _seeded = false;
        _scheduled = 0;
        _scheduledMax = scheduledMax;
    }
}
