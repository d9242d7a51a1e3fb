using Egregore.Wire;

namespace Egregore.World.Client;

/// <summary>
/// A subscriber's rows: what truth sent, with pending predicted actions run on top. When something comes from truth, predictions are taken back,
/// the rows are applied, and what is still pending is run again; only the net difference is told, so a prediction that was right makes no noise.
/// </summary>
/// <remarks>Sans-I/O, also in a tab; one thread. Bytes from truth are verified all the same: what is not sound is refused with a reason.</remarks>
public sealed class ClientCache
{
    private readonly ClientCacheOptions _options;
    private readonly PeerId _self;
    private readonly ReducerContext _context;
    private readonly List<PendingAction> _pending = [];
    private readonly List<Subscribe> _subscriptions = [];
    private readonly List<Subscribe> _cancelled = [];
    private readonly List<byte[]> _batch = [];
    private readonly HashSet<uint> _awaited = [];
    private readonly List<TableWatch> _watches = [];
    private readonly HashSet<string> _unread = new(StringComparer.Ordinal);
    private readonly List<Subscribe> _again = [];
    private int _batchBytes;
    private bool _batchIsOpen;
    private bool _resync;
    private ulong _batchTransaction;
    private uint _request;
    private long _worldTimeMs;

    /// <summary>An empty cache.</summary>
    /// <param name="definition">The same game as truth's.</param>
    /// <param name="self">The peer whose cache it is: the sender of its predictions.</param>
    /// <param name="options">Bounds.</param>
    public ClientCache(WorldDefinition definition, PeerId self, ClientCacheOptions? options = null)
    {
        _options = options ?? new ClientCacheOptions();
        _self = self;
        Db = new Database(definition);
        _context = new ReducerContext(Db);
        foreach (Table table in Db.Tables)
        {
            _watches.Add(table.CreateWatch());
        }
    }

    /// <summary>The rows as the screen shows them: confirmed ones with pending predictions on top.</summary>
    public Database Db { get; }

    /// <summary>The last transaction of truth in the cache (for Hello.last_transaction).</summary>
    public ulong Transaction { get; private set; }

    /// <summary>Actions without an answer, or whose rows have not come yet.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Tells how each action ended: its request number, its transaction (0: refused), code and reason.</summary>
    public Action<ActionResult>? Settled { get; set; }

    /// <summary>Tells of each net change of a table's visible rows: null before is an insert, null after a delete. Called after the cache is consistent.</summary>
    public void Watch<TRow, TKey>(TableDefinition<TRow, TKey> table, Action<TRow?, TRow?> changed)
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey> => ((TableWatch<TRow, TKey>)_watches[table.Ordinal]).Changed += changed;

    /// <summary>Whether a row is shown ahead of truth (or, deleted by a prediction, not shown any more).</summary>
    public bool IsProvisional<TRow, TKey>(TableDefinition<TRow, TKey> table, TKey key)
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey>
    {
        Table<TRow, TKey> rows = Db.Table(table);
        foreach (PendingAction action in _pending)
        {
            foreach (RowChange change in action.Changes)
            {
                if (ReferenceEquals(change.Table, rows) && EqualityComparer<TKey>.Default.Equals(table.Key((TRow)(change.After ?? change.Before)!), key))
                {
                    return true;
                }
            }
        }
        return false;
    }

    /// <summary>Starts an action. A predicted one shows at once. Send the result's bytes as the payload of an Action envelope.</summary>
    /// <returns>Null when <see cref="ClientCacheOptions.PendingMax"/> actions have no answer yet.</returns>
    /// <exception cref="ArgumentException">No such reducer with these arguments.</exception>
    public ActionRequest? Act<TArgs>(string reducer, TArgs arguments, long worldTimeMs)
        where TArgs : class, IFlatTable<TArgs>
    {
        if (Db.Definition.FindReducer(reducer) is not ReducerDefinition<TArgs> definition)
        {
            throw new ArgumentException($"No reducer {reducer} with arguments {typeof(TArgs)}.", nameof(reducer));
        }
        if (_pending.Count >= _options.PendingMax)
        {
            return null;
        }
        _worldTimeMs = worldTimeMs;
        var request = new ActionRequest { Request = ++_request, Reducer = reducer, Arguments = arguments.ToArray() };
        var action = new PendingAction(request, definition, arguments);
        _pending.Add(action);
        BeginChange();
        Predict(action);
        EndChange();
        return request;
    }

    /// <summary>Tables of which a patch did not fit the rows that are here; from then on truth sends their rows whole.</summary>
    public int UnreadTables => _unread.Count;

    /// <summary>Remembers a Subscribe for a reconnect. The same id again replaces it; a cancel forgets it.</summary>
    /// <returns>What the host sends: the Subscribe with the schema of the table's rows, so that truth sends what changes in them as patches.</returns>
    public Subscribe Subscribed(Subscribe subscribe)
    {
        if (!_unread.Contains(subscribe.TableName))
        {
            subscribe = subscribe with { RowSchema = Db.Find(subscribe.TableName)?.Definition.Schema.Hash ?? 0 };
        }
        _subscriptions.RemoveAll(known => known.Id == subscribe.Id);
        _cancelled.RemoveAll(known => known.Id == subscribe.Id);
        if (!subscribe.Cancel)
        {
            _subscriptions.Add(subscribe);
        }
        else
        {
            _cancelled.Add(subscribe);
            _awaited.Remove(subscribe.Id);
        }
        return subscribe;
    }

    /// <summary>After <see cref="Receive"/>: what to send because patches did not fit, or nothing. All rows of these tables come again.</summary>
    public IReadOnlyList<Subscribe> TakeAgain()
    {
        if (_again.Count == 0)
        {
            return [];
        }
        Subscribe[] again = [.. _again];
        _again.Clear();
        return again;
    }

    /// <summary>
    /// Truth refused a subscription (Refusal.subscription): it is not asked for again, and a resync that waits for its first rows waits no longer. Rows of an
    /// earlier subscription under the same id go on until the session ends.
    /// </summary>
    /// <returns>None, or why the rows that waited were refused.</returns>
    public RefusalCode SubscriptionRefused(uint id)
    {
        _subscriptions.RemoveAll(known => known.Id == id);
        // A batch that is still coming is applied at its end.
        return _awaited.Remove(id) && _resync && _awaited.Count == 0 && !_batchIsOpen ? ApplyBatch(_batchTransaction) : RefusalCode.None;
    }

    /// <summary>A payload from truth of kind Delta or ActionResult.</summary>
    /// <returns>None, or why it was refused; the cache is as before then.</returns>
    public RefusalCode Receive(Kind kind, ReadOnlySpan<byte> payload) => kind switch
    {
        Kind.Delta => ReceiveDelta(payload),
        Kind.ActionResult => ReceiveResult(payload),
        _ => RefusalCode.UnknownTarget,
    };

    /// <summary>
    /// After a Welcome: what to send, in order. Subscriptions are asked for again; when they do not go on, the cache waits for all first rows before
    /// it changes anything. Unanswered actions are sent again in the same session; in another one their outcome is not known, and they are settled so.
    /// </summary>
    /// <param name="sameSession">Welcome.session is the one the Hello named.</param>
    /// <param name="resumed">Welcome.resumed.</param>
    public IReadOnlyList<(Kind Kind, byte[] Payload)> Connected(bool sameSession, bool resumed)
    {
        var send = new List<(Kind, byte[])>();
        _batch.Clear();
        _batchBytes = 0;
        _again.Clear();
        _awaited.Clear();
        _batchIsOpen = false;
        _batchTransaction = Transaction;
        _resync = !resumed && (_subscriptions.Count > 0 || Transaction > 0);
        if (!resumed)
        {
            _cancelled.Clear();
        }
        // Also in a session that goes on: the last ones may have been lost with the connection. What truth has already costs nothing.
        foreach (Subscribe subscribe in _cancelled.Concat(_subscriptions))
        {
            send.Add((Kind.Subscribe, subscribe.ToArray()));
        }
        if (!resumed)
        {
            _awaited.UnionWith(_subscriptions.Select(subscribe => subscribe.Id));
        }
        if (!sameSession)
        {
            ForgetPending();
        }
        foreach (PendingAction action in _pending)
        {
            if (action.Transaction == 0)
            {
                send.Add((Kind.Action, action.Request.ToArray()));
            }
        }
        if (_resync && _awaited.Count == 0)
        {
            ApplyBatch(Transaction);
        }
        return send;
    }

    private void ForgetPending()
    {
        _request = 0;
        PendingAction[] lost = [.. _pending];
        BeginChange();
        TakeBack();
        _pending.Clear();
        EndChange();
        foreach (PendingAction action in lost.Where(action => action.Transaction == 0))
        {
            Settled?.Invoke(new ActionResult { Request = action.Request.Request, Code = RefusalCode.Unauthenticated, Text = "the session ended; the outcome is not known" });
        }
    }

    private RefusalCode ReceiveResult(ReadOnlySpan<byte> payload)
    {
        if (ActionResult.TryRead(payload, out ActionResult? result) != VerifyError.None)
        {
            return RefusalCode.Malformed;
        }
        int at = _pending.FindIndex(action => action.Request.Request == result!.Request);
        if (at < 0 || _pending[at].Transaction != 0)
        {
            return RefusalCode.None;
        }
        if (result!.Transaction > Transaction)
        {
            // Confirmed, but its rows come with a later Delta: the prediction stands in for them until then.
            _pending[at].Transaction = result.Transaction;
        }
        else
        {
            BeginChange();
            TakeBack();
            _pending.RemoveAt(at);
            RunPending();
            EndChange();
        }
        Settled?.Invoke(result);
        return RefusalCode.None;
    }

    private RefusalCode ReceiveDelta(ReadOnlySpan<byte> payload)
    {
        if (DeltaView.TryRead(payload, out DeltaView delta) != VerifyError.None)
        {
            return RefusalCode.Malformed;
        }
        if (_batchBytes + payload.Length > _options.BatchBytesMax)
        {
            return RefusalCode.TooLarge;
        }
        _batch.Add(payload.ToArray());
        _batchBytes += payload.Length;
        _batchIsOpen = delta.More;
        if (delta.More)
        {
            return RefusalCode.None;
        }
        _batchTransaction = delta.Transaction;
        if (_resync)
        {
            _awaited.Remove(delta.Initial);
            if (_awaited.Count > 0)
            {
                return RefusalCode.None;
            }
        }
        return ApplyBatch(delta.Transaction);
    }

    private RefusalCode ApplyBatch(ulong transaction)
    {
        BeginChange();
        TakeBack();
        var applier = new BatchApplier(Db, _options.RowsMax);
        RefusalCode code = applier.Apply(_batch, _resync);
        foreach (Table table in applier.Unread)
        {
            AskWhole(table.Definition.Name);
        }
        _batch.Clear();
        _batchBytes = 0;
        if (code == RefusalCode.None)
        {
            // After a resync truth may stand earlier than the cache did (a damaged journal): what it says counts.
            Transaction = _resync ? transaction : Math.Max(Transaction, transaction);
            _resync = false;
            _pending.RemoveAll(action => action.Transaction != 0 && action.Transaction <= Transaction);
        }
        RunPending();
        EndChange();
        return code;
    }

    private void AskWhole(string table)
    {
        if (!_unread.Add(table))
        {
            return;
        }
        for (int i = 0; i < _subscriptions.Count; i++)
        {
            if (_subscriptions[i].TableName == table)
            {
                _subscriptions[i] = _subscriptions[i] with { RowSchema = 0 };
                _again.Add(_subscriptions[i]);
            }
        }
    }

    private void Predict(PendingAction action)
    {
        action.Changes.Clear();
        if (!action.Reducer.IsPredicted)
        {
            return;
        }
        Db.Begin(new TransactionLimits(_options.RowChangesMax, _options.RowSizeBytesMax));
        try
        {
            _context.Begin(_self, _worldTimeMs, 0, action.Request.Request, 0, prediction: true);
            action.Reducer.Invoke(_context, action.Arguments);
            Db.Commit();
            action.Changes.AddRange(Db.Changes);
        }
#pragma warning disable CA1031 // A prediction that fails (a refusal, rows that are not here) shows nothing; truth's answer decides.
        catch (Exception)
#pragma warning restore CA1031
        {
            Db.Rollback();
        }
    }

    private void TakeBack()
    {
        for (int i = _pending.Count - 1; i >= 0; i--)
        {
            Database.Undo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending[i].Changes));
            _pending[i].Changes.Clear();
        }
    }

    private void RunPending()
    {
        foreach (PendingAction action in _pending)
        {
            Predict(action);
        }
    }

    private void BeginChange()
    {
        foreach (TableWatch watch in _watches)
        {
            watch.Begin();
        }
    }

    private void EndChange()
    {
        foreach (TableWatch watch in _watches)
        {
            watch.End();
        }
        foreach (TableWatch watch in _watches)
        {
            watch.Tell();
        }
    }

    private sealed class PendingAction(ActionRequest request, ReducerDefinition reducer, object arguments)
    {
        public ActionRequest Request { get; } = request;

        public ReducerDefinition Reducer { get; } = reducer;

        public object Arguments { get; } = arguments;

        /// <summary>Truth's transaction once it is confirmed.</summary>
        public ulong Transaction { get; set; }

        /// <summary>What the prediction wrote.</summary>
        public List<RowChange> Changes { get; } = [];
    }
}
