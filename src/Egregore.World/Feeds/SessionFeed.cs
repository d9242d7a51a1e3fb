using Egregore.Wire;

namespace Egregore.World.Feeds;

/// <summary>What one session is subscribed to, and what waits to be sent to it in this flush.</summary>
internal sealed class SessionFeed(ulong session, PeerId viewer)
{
    public ulong Session { get; } = session;

    public PeerId Viewer { get; } = viewer;

    /// <summary>Whether its connection is there; nothing is sent to others.</summary>
    public bool Connected { get; set; } = true;

    /// <summary>An answer was sent since the last flush: the session is owed a Delta that says how far the rows are.</summary>
    public bool Answered { get; set; }

    /// <summary>The last transaction sent.</summary>
    public ulong SentTransaction { get; set; }

    /// <summary>The transaction at which what it is subscribed to last changed; resuming from there or before needs all rows.</summary>
    public ulong SubscribedTransaction { get; set; }

    /// <summary>Resumed: what it missed is sent with the next flush, from this transaction on; null: it missed nothing.</summary>
    public ulong? ResumeFrom { get; set; }

    /// <summary>By id, in the order of their arrival.</summary>
    public List<Subscription> Subscriptions { get; } = [];

    public List<Block> Blocks { get; } = [];

    /// <summary>The tables whose patches it reads.</summary>
    public HashSet<TableFeed> Patched { get; } = [];

    /// <summary>Tables whose patches it could not read: all their rows are sent again with the next flush.</summary>
    public HashSet<TableFeed> Unread { get; } = [];

    public Subscription? Find(uint id)
    {
        foreach (Subscription subscription in Subscriptions)
        {
            if (subscription.Id == id)
            {
                return subscription;
            }
        }
        return null;
    }
}

/// <summary>One subscription of one session.</summary>
/// <param name="Id">The session's own number, 1 to 65,535.</param>
/// <param name="Feed">The table's feed.</param>
/// <param name="Filter">Its RowFilter.</param>
internal sealed record Subscription(uint Id, TableFeed Feed, object Filter);

/// <summary>A row's patch, and what it stands for, in the bytes of a feed.</summary>
/// <param name="Key">The row's key.</param>
/// <param name="Runs">A RowPatch; empty where there is none.</param>
/// <param name="Row">The row as it becomes.</param>
internal readonly record struct Patch((int Offset, int Length) Key, (int Offset, int Length) Runs, (int Offset, int Length) Row);

/// <summary>An encoded TableDelta in the flush's arena.</summary>
/// <param name="Offset">Where it begins; a multiple of 8.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Table">Where in it the table stands.</param>
/// <param name="Rows">Row tables in it.</param>
internal readonly record struct Block(int Offset, int Length, int Table, int Rows);
