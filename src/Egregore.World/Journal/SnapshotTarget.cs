using Egregore.Wire;

namespace Egregore.World.Journal;

/// <summary>What a recovery fills: the tables, rows of tables that are gone, and sessions.</summary>
internal sealed class SnapshotTarget
{
    private readonly HashSet<uint> _dropped = [];
    private readonly Dictionary<ulong, SessionState> _sessions = [];

    public SnapshotTarget(WorldDefinition definition, IReadOnlyList<StoredTable> stored, bool dropRemovedTables, int resultsPerSessionMax)
    {
        Db = new Database(definition);
        ResultsPerSessionMax = resultsPerSessionMax;
        foreach (StoredTable table in stored)
        {
            if (Db.Find(table.Id) is not null)
            {
                continue;
            }
            if (dropRemovedTables)
            {
                _dropped.Add(table.Id);
            }
            else
            {
                Kept.Add(table);
            }
        }
    }

    public Database Db { get; }

    public KeptTables Kept { get; } = new();

    public int ResultsPerSessionMax { get; }

    public IEnumerable<SessionState> Sessions => _sessions.Values.OrderBy(session => session.Id);

    public SessionState Session(ulong id, PeerId peer)
    {
        if (!_sessions.TryGetValue(id, out SessionState? session))
        {
            session = new SessionState(id, peer, new Feeds.SessionFeed(id, peer));
            _sessions.Add(id, session);
        }
        return session;
    }

    /// <summary>Applies one change; false when its table is not known or its bytes are none of that table.</summary>
    public bool Apply(uint tableId, ReadOnlySpan<byte> key, ReadOnlySpan<byte> row, bool delete)
    {
        if (Db.Find(tableId) is { } table)
        {
            return delete ? table.TryDeleteBytes(key) : table.TryPutBytes(row);
        }
        if (Kept.Find(tableId) is { } kept)
        {
            kept.Apply(key, row, delete);
            return true;
        }
        return _dropped.Contains(tableId);
    }

    /// <summary>Applies a transaction without running its reducer; false when one of its changes cannot be applied.</summary>
    public bool Apply(in RecordView record)
    {
        ChangeReader changes = record.ReadChanges();
        while (changes.MoveNext())
        {
            if (!Apply(changes.Table, changes.Key, changes.Row, changes.IsDelete))
            {
                return false;
            }
        }
        switch (record.Kind)
        {
            case RecordKind.Connect:
                Session(record.Session, record.Sender);
                break;
            case RecordKind.Disconnect:
                _sessions.Remove(record.Session);
                break;
            case RecordKind.Action when record.Session != 0:
                SessionState session = Session(record.Session, record.Sender);
                session.Request = Math.Max(session.Request, record.Request);
                session.Remember(new Answer(record.Request, record.Transaction, RefusalCode.None, "", true), ResultsPerSessionMax);
                break;
            default:
                break;
        }
        return true;
    }
}

/// <summary>What a truth begins with.</summary>
internal sealed class RecoveredState
{
    public ulong Transaction { get; init; }

    public long WorldTimeMs { get; init; }

    public ulong NextGroup { get; init; } = 1;

    public byte[] Head { get; init; } = new byte[JournalFormat.HashBytes];

    public KeptTables Kept { get; init; } = new();

    public IReadOnlyList<SessionState> Sessions { get; init; } = [];
}
