using Egregore.World.Journal;

namespace Egregore.World;

/// <summary>What a replay found.</summary>
/// <param name="Snapshot">The snapshot it began from.</param>
/// <param name="Transactions">Transactions run again.</param>
/// <param name="Mismatches">Transactions whose changes differ from the journal's; the first hundred.</param>
/// <param name="MismatchCount">How many differ.</param>
/// <param name="StateHash">Hash of the state that running the reducers again gives.</param>
/// <param name="JournalHash">Hash of the state that the journal's changes give.</param>
/// <param name="Damage">Where the journal is damaged, or null; the replay ends there.</param>
public sealed record ReplayReport(
    ulong Snapshot,
    long Transactions,
    IReadOnlyList<ReplayMismatch> Mismatches,
    long MismatchCount,
    string StateHash,
    string JournalHash,
    JournalDamage? Damage)
{
    /// <summary>Whether running the reducers again gave the very same state.</summary>
    public bool IsEqual => MismatchCount == 0 && StateHash == JournalHash;
}

/// <summary>A transaction that came out differently.</summary>
public sealed record ReplayMismatch(ulong Transaction, string Reducer, string Reason);

/// <summary>
/// Runs a journal again: from its oldest snapshot, each reducer with its arguments, sender, time and seed as recorded. Each transaction's changes
/// are compared with the journal's byte for byte, and at the end the hash of all tables. Reads only.
/// </summary>
public static class JournalReplay
{
    private const int MismatchesMax = 100;

    /// <summary>Replays a store under a game's rules.</summary>
    /// <exception cref="JournalStoreException">The store cannot be read.</exception>
    /// <exception cref="SchemaRefusedException">The rows are not of this version of the game.</exception>
    public static ReplayReport Run(WorldDefinition definition, IJournalStore store, TruthOptions? options = null)
    {
        options ??= new TruthOptions();
        Rerun? rerun = null;
        var loading = new WorldRecovery.Loading(definition, store, options, new RecoveryOptions())
        {
            FromOldest = true,
            Loaded = target => rerun = new Rerun(target.Db, options),
            Visitor = (in RecordView record) => rerun!.Run(record),
        };
        loading.Run();
        if (loading.Plan.IsRefused)
        {
            throw new SchemaRefusedException("This journal is of another version of the game:\n  " + string.Join("\n  ", loading.Plan.Preview()));
        }
        return new ReplayReport(
            loading.Snapshot,
            loading.Transactions,
            rerun!.Mismatches,
            rerun.MismatchCount,
            Convert.ToHexStringLower(rerun.Db.StateHash()),
            Convert.ToHexStringLower(loading.Target.Db.StateHash()),
            loading.Damage);
    }

    /// <summary>The second database, in which reducers run.</summary>
    private sealed class Rerun
    {
        private readonly ReducerContext _context;
        private readonly TransactionLimits _limits;
        private readonly TruthOptions _options;
        private readonly JournalGroup _group = new();

        public Rerun(Database start, TruthOptions options)
        {
            _options = options;
            _limits = new TransactionLimits(options.RowChangesMax, options.RowSizeBytesMax);
            Db = new Database(start.Definition);
            Db.CopyFrom(start);
            _context = new ReducerContext(Db);
        }

        public Database Db { get; }

        public List<ReplayMismatch> Mismatches { get; } = [];

        public long MismatchCount { get; private set; }

        public void Run(in RecordView record)
        {
            string name = System.Text.Encoding.UTF8.GetString(record.Reducer);
            string? wrong = Execute(record, name);
            if (wrong is null)
            {
                return;
            }
            MismatchCount++;
            if (Mismatches.Count < MismatchesMax)
            {
                Mismatches.Add(new ReplayMismatch(record.Transaction, name, wrong));
            }
            // Go on from what the journal says, so that one difference is reported once.
            ChangeReader changes = record.ReadChanges();
            while (changes.MoveNext())
            {
                Table? table = Db.Find(changes.Table);
                _ = changes.IsDelete ? table?.TryDeleteBytes(changes.Key) : table?.TryPutBytes(changes.Row);
            }
        }

        private string? Execute(in RecordView record, string name)
        {
            ReducerDefinition? reducer = name.Length == 0 ? null : Db.Definition.FindReducer(name);
            object? arguments = reducer?.ReadArguments(record.Arguments);
            if (name.Length > 0 && arguments is null)
            {
                return reducer is null ? "this version of the game has no such reducer" : "the arguments are none of this reducer";
            }
            Db.Begin(_limits);
            try
            {
                _context.Begin(record.Sender, record.WorldTimeMs, record.Transaction, record.Seed, _options.ScheduledMax, prediction: false);
                if (record.Kind == RecordKind.Scheduled)
                {
                    Db.Table(Db.Definition.Scheduled).Delete(new ScheduledId(record.ScheduledAtMs, record.Session));
                }
                reducer?.Invoke(_context, arguments!);
                _group.Clear();
                int start = _group.Length;
                _group.Add(
                    new TransactionRecord
                    {
                        Kind = record.Kind,
                        Transaction = record.Transaction,
                        WorldTimeMs = record.WorldTimeMs,
                        Seed = record.Seed,
                        Reducer = record.Reducer,
                        Arguments = record.Arguments,
                    },
                    Db.Changes);
                if (_group.LastChanges(start).SequenceEqual(record.Changes))
                {
                    Db.Commit();
                    return null;
                }
                Db.Rollback();
                return "its changes differ";
            }
#pragma warning disable CA1031 // Whatever a reducer throws in a replay is a difference to report.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Db.Rollback();
                return $"it threw: {exception.Message}";
            }
        }
    }
}
