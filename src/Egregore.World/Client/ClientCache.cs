using Egregore.Wire;

namespace Egregore.World.Client;

/// <summary>A subscriber's rows, with predicted actions on top; sans-I/O, also in a tab. One thread.</summary>
public sealed class ClientCache
{
    public ClientCache(WorldDefinition definition, PeerId self, ClientCacheOptions? options = null) => throw new NotImplementedException();

    /// <summary>The rows as the screen shows them: confirmed ones with pending predictions on top.</summary>
    public Database Db => throw new NotImplementedException();

    /// <summary>The last transaction of truth in the cache (for Hello.last_transaction).</summary>
    public ulong Transaction => throw new NotImplementedException();

    /// <summary>Tells of each net change of a table's visible rows: null before is an insert, null after a delete.</summary>
    public void Watch<TRow, TKey>(TableDefinition<TRow, TKey> table, Action<TRow?, TRow?> changed)
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey> => throw new NotImplementedException();

    /// <summary>Tells how each action ended.</summary>
    public Action<ActionResult>? Settled { get; set; }

    /// <summary>Starts an action: a predicted one shows at once. Send the result as the payload of an Action envelope.</summary>
    public ActionRequest? Act<TArgs>(string reducer, TArgs arguments, long worldTimeMs)
        where TArgs : class, IFlatTable<TArgs> => throw new NotImplementedException();

    /// <summary>A Subscribe to send; remembered for a reconnect. The same id again replaces it.</summary>
    public void Subscribed(Subscribe subscribe) => throw new NotImplementedException();

    /// <summary>A payload from truth of kind Delta or ActionResult.</summary>
    public RefusalCode Receive(Kind kind, ReadOnlySpan<byte> payload) => throw new NotImplementedException();

    /// <summary>After a Welcome: gives the Subscribes (when not resumed) and the unanswered ActionRequests to send, in order.</summary>
    public IReadOnlyList<(Kind Kind, byte[] Payload)> Connected(bool resumed) => throw new NotImplementedException();

    /// <summary>Whether a row is shown ahead of truth.</summary>
    public bool IsProvisional<TRow, TKey>(TableDefinition<TRow, TKey> table, TKey key)
        where TRow : class, IFlatTable<TRow>
        where TKey : notnull, IComparable<TKey> => throw new NotImplementedException();
}
