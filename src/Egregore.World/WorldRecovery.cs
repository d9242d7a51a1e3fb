using Egregore.World.Journal;

namespace Egregore.World;

/// <summary>How a world is opened.</summary>
public sealed record RecoveryOptions
{
    /// <summary>Drops rows of tables that this version of the game lacks; by default they are kept aside in the journal.</summary>
    public bool DropRemovedTables { get; init; }
}

/// <summary>A world opened from its journal.</summary>
/// <param name="Truth">As after its last good transaction.</param>
/// <param name="Schema">What was applied to rows of an older version of the game.</param>
/// <param name="Damage">Where the journal was damaged, or null.</param>
/// <param name="SetAside">Where the damaged journal is kept, or null.</param>
/// <param name="Snapshot">The number of the snapshot it began from; 0 for a new world.</param>
/// <param name="Transactions">Transactions applied on top of the snapshot.</param>
public sealed record RecoveredWorld(Truth Truth, SchemaPlan Schema, JournalDamage? Damage, string? SetAside, ulong Snapshot, long Transactions);

/// <summary>The rows kept cannot be those of this version of the game; nothing was changed.</summary>
public sealed class SchemaRefusedException : Exception
{
    public SchemaRefusedException()
    {
    }

    public SchemaRefusedException(string message)
        : base(message)
    {
    }

    public SchemaRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Opens a world from its journal: the newest good snapshot, then every change behind it (no game code runs). A damaged journal gives its last good
/// transaction; its file is kept aside.
/// </summary>
public static class WorldRecovery
{
    /// <summary>Opens a world, or begins a new one in an empty store.</summary>
    /// <exception cref="SchemaRefusedException">A step of the schema plan cannot be applied.</exception>
    /// <exception cref="JournalStoreException">The store cannot be used, or nothing in it can be read.</exception>
    public static RecoveredWorld Open(WorldDefinition definition, IJournalStore store, ITruthOutput output, TruthOptions? options = null, RecoveryOptions? recovery = null)
    {
        options ??= new TruthOptions();
        recovery ??= new RecoveryOptions();
        options.Validate();
        var loading = new Loading(definition, store, options, recovery);
        loading.Run();
        if (loading.Plan.IsRefused)
        {
            throw new SchemaRefusedException("This version of the game cannot take over its world:\n  " + string.Join("\n  ", loading.Plan.Preview()));
        }
        string? aside = loading.Damage is null ? null : store.SetAside();
        var truth = new Truth(loading.Target.Db, options, output, loading.State());
        if (loading.Damage is not null || loading.Snapshot == 0 || !loading.Plan.IsEmpty)
        {
            truth.RequestSnapshot();
            SnapshotJob job = truth.TakeSnapshot()!;
            job.WriteAll(store);
        }
        return new RecoveredWorld(truth, loading.Plan, loading.Damage, aside, loading.Snapshot, loading.Transactions);
    }

    /// <summary>Reads a store: the snapshot, then groups until the end or to damage.</summary>
    internal sealed class Loading(WorldDefinition definition, IJournalStore store, TruthOptions options, RecoveryOptions recovery)
    {
        private byte[] _head = new byte[JournalFormat.HashBytes];
        private ulong _nextGroup = 1;
        private ulong _transaction;
        private long _worldTimeMs;
        private bool _stopped;

        public SnapshotTarget Target { get; private set; } = new(definition, [], false, options.ResultsPerSessionMax);

        public SchemaPlan Plan { get; private set; } = new([]);

        public JournalDamage? Damage { get; private set; }

        public ulong Snapshot { get; private set; }

        public long Transactions { get; private set; }

        /// <summary>Called for each good record before its changes are applied.</summary>
        public RecordVisitor? Visitor { get; init; }

        /// <summary>Whether the oldest snapshot is the start (a replay), not the newest.</summary>
        public bool FromOldest { get; init; }

        /// <summary>Called when the snapshot is loaded.</summary>
        public Action<SnapshotTarget>? Loaded { get; init; }

        public RecoveredState State() => new()
        {
            Transaction = _transaction,
            WorldTimeMs = _worldTimeMs,
            NextGroup = _nextGroup,
            Head = _head,
            Kept = Target.Kept,
            Sessions = [.. Target.Sessions],
        };

        public void Run()
        {
            LoadSnapshot();
            Loaded?.Invoke(Target);
            if (Plan.IsRefused)
            {
                return;
            }
            try
            {
                foreach (StoredGroup stored in store.ReadGroups(_nextGroup))
                {
                    ApplyGroup(stored);
                    if (_stopped)
                    {
                        return;
                    }
                }
            }
            catch (JournalStoreException exception) when (exception.Damaged)
            {
                Damage = new JournalDamage(_nextGroup, _transaction + 1, -1, exception.Message);
            }
        }

        private void LoadSnapshot()
        {
            IReadOnlyList<ulong> numbers;
            try
            {
                numbers = store.Snapshots();
            }
            catch (JournalStoreException exception) when (exception.Damaged)
            {
                throw new JournalStoreException($"Nothing in this journal can be read ({exception.Message}). Move it away to begin a new world.", true, false, exception);
            }
            foreach (ulong number in FromOldest ? numbers.Reverse() : numbers)
            {
                string? wrong;
                SnapshotTarget? target = null;
                SnapshotHeader? header = null;
                try
                {
                    wrong = SnapshotReader.TryRead(
                        store.ReadSnapshot(number),
                        found =>
                        {
                            header = found;
                            Plan = SchemaPlan.Compare(found.Tables, definition, recovery.DropRemovedTables);
                            return new SnapshotTarget(definition, found.Tables, recovery.DropRemovedTables, options.ResultsPerSessionMax);
                        },
                        out target);
                }
                catch (JournalStoreException exception) when (exception.Damaged)
                {
                    wrong = exception.Message;
                }
                if (Plan.IsRefused)
                {
                    return;
                }
                if (wrong is null)
                {
                    Target = target!;
                    Snapshot = number;
                    _nextGroup = header!.Number;
                    _transaction = header.Transaction;
                    _worldTimeMs = header.WorldTimeMs;
                    _head = [.. header.Head];
                    return;
                }
                Damage ??= new JournalDamage(number, 0, -1, $"snapshot {number}: {wrong}");
                Plan = new SchemaPlan([]);
            }
            if (numbers.Count > 0)
            {
                throw new JournalStoreException($"No snapshot in this journal can be read ({Damage!.Reason}). Move it away to begin a new world.", true, false, new InvalidDataException());
            }
        }

        private void ApplyGroup(in StoredGroup stored)
        {
            if (stored.Group != _nextGroup)
            {
                Stop(new JournalDamage(_nextGroup, _transaction + 1, -1, $"the group is missing; the next one there is {stored.Group}"));
                return;
            }
            var reader = new GroupReader(stored.Bytes.Span, _nextGroup, _transaction + 1, _head);
            while (reader.MoveNext())
            {
                RecordView record = reader.Current;
                Visitor?.Invoke(record);
                if (!Target.Apply(record))
                {
                    Stop(new JournalDamage(_nextGroup, record.Transaction, 0, "a change is none of its table"));
                    return;
                }
                _transaction = record.Transaction;
                _worldTimeMs = record.WorldTimeMs;
                Transactions++;
            }
            if (reader.Damage is not null)
            {
                Stop(reader.Damage);
                return;
            }
            _head = reader.Head.ToArray();
            _nextGroup++;
        }

        private void Stop(JournalDamage damage)
        {
            Damage = damage;
            _stopped = true;
        }
    }
}

internal delegate void RecordVisitor(in RecordView record);
