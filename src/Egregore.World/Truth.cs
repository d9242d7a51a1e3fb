using System.Text;
using Egregore.Wire;
using Egregore.World.Feeds;
using Egregore.World.Journal;

namespace Egregore.World;

/// <summary>
/// The server of truth as a sans-I/O core: executes actions in memory, each in one transaction, fills groups for its host to persist, and
/// answers and publishes only what is durable.
/// </summary>
/// <remarks>
/// One thread. The host: calls <see cref="Submit"/> for each action, <see cref="Tick"/> and <see cref="Flush"/> once a tick,
/// <see cref="TakeGroup"/> whenever its writer is idle, then <see cref="Persisted"/> or <see cref="Failed"/>. One group is being written
/// while the next one fills. Times handed in are milliseconds since the Unix epoch; one that lies behind the last is taken as the last.
/// </remarks>
public sealed partial class Truth
{
    private readonly TruthOptions _options;
    private readonly ITruthOutput _output;
    private readonly Publisher _publisher;
    private readonly ReducerContext _context;
    private readonly TransactionLimits _limits;
    private readonly DeterministicRandom _random;
    private readonly Dictionary<ulong, SessionState> _sessions = [];
    private readonly List<SessionState> _disconnected = [];
    private readonly byte[] _answer = new byte[1024];
    private JournalGroup _open = new();
    private JournalGroup _spare = new();
    private JournalGroup? _writing;

    /// <summary>A new, empty world. <see cref="WorldRecovery.Open"/> makes one from a journal, and writes the new world's first snapshot.</summary>
    /// <exception cref="ArgumentException">An option that cannot work; names it.</exception>
    public Truth(WorldDefinition definition, TruthOptions options, ITruthOutput output)
        : this(new Database(definition), options, output, new RecoveredState())
    {
    }

    internal Truth(Database db, TruthOptions options, ITruthOutput output, RecoveredState state)
    {
        options.Validate();
        Db = db;
        _options = options;
        _output = output;
        _limits = new TransactionLimits(options.RowChangesMax, options.RowSizeBytesMax);
        _random = new DeterministicRandom(options.RandomSeed);
        _context = new ReducerContext(db);
        Transaction = state.Transaction;
        DurableTransaction = state.Transaction;
        WorldTimeMs = state.WorldTimeMs;
        NextGroup = state.NextGroup;
        state.Head.CopyTo(_head, 0);
        Kept = state.Kept;
        _publisher = new Publisher(db, options, output, state.Transaction);
        foreach (SessionState session in state.Sessions)
        {
            _sessions.Add(session.Id, session);
            _disconnected.Add(session);
        }
    }

    /// <summary>What the game registered.</summary>
    public WorldDefinition Definition => Db.Definition;

    /// <summary>The tables, ahead of the journal by what is being written: for rules and checks, not for answers to peers.</summary>
    public Database Db { get; }

    /// <summary>The last transaction executed.</summary>
    public ulong Transaction { get; private set; }

    /// <summary>The last transaction that is durable.</summary>
    public ulong DurableTransaction { get; private set; }

    /// <summary>Milliseconds since the Unix epoch; the largest time handed in so far.</summary>
    public long WorldTimeMs { get; private set; }

    /// <summary>What happened so far.</summary>
    public TruthCounters Counters { get; } = new();

    /// <summary>Sessions, connected or resumable.</summary>
    public int SessionCount => _sessions.Count;

    /// <summary>Runs a reducer for the host itself or for a peer without session. The result is durable once <see cref="DurableTransaction"/> has reached it.</summary>
    public ActionOutcome Run<TArgs>(string reducer, TArgs arguments, PeerId sender, long nowMs)
        where TArgs : class, IFlatTable<TArgs>
    {
        Advance(nowMs);
        if (Definition.FindReducer(reducer) is not ReducerDefinition<TArgs> definition)
        {
            return Refused(RefusalCode.UnknownReducer, "no such reducer");
        }
        var call = new Call(RecordKind.Action, definition, arguments) { Sender = sender, ArgumentBytes = arguments.ToArray() };
        return Execute(call);
    }

    /// <summary>
    /// An ActionRequest's bytes. The answer, an ActionResult, is sent once it is durable; a refusal as soon as nothing undurable stands before
    /// it. A request number that was answered before is answered the same and not run again.
    /// </summary>
    public void Submit(ulong session, ReadOnlySpan<byte> actionRequest, long nowMs)
    {
        Advance(nowMs);
        if (!_sessions.TryGetValue(session, out SessionState? state) || state.HasEnded)
        {
            Answer(session, new Answer(0, 0, RefusalCode.Unauthenticated, "no such session", true));
            return;
        }
        VerifyError error = ActionRequestView.TryRead(actionRequest, out ActionRequestView view);
        if (error != VerifyError.None || view.Request == 0)
        {
            Counters.Refused++;
            Answer(session, new Answer(0, 0, RefusalCode.Malformed, error == VerifyError.None ? "request numbers begin with 1" : $"no action: {error}", true));
            return;
        }
        if (view.Request <= state.Request)
        {
            Repeat(state, view.Request);
            return;
        }
        RefusalCode code = Prepare(view, out ReducerDefinition? reducer, out object? arguments, out string text);
        if (code != RefusalCode.None)
        {
            // These depend on nothing but the request itself: answered at once, not remembered.
            Counters.Refused++;
            Answer(session, new Answer(view.Request, 0, code, text, true));
            return;
        }
        uint previous = state.Request;
        var call = new Call(RecordKind.Action, reducer!, arguments!)
        {
            Sender = state.Peer,
            Session = session,
            Request = view.Request,
            ArgumentBytes = view.Arguments,
        };
        ActionOutcome outcome = Execute(call);
        state.Request = view.Request;
        Settle(state, previous, new Answer(view.Request, outcome.Transaction, outcome.Code, outcome.Text, false));
    }

    private void Repeat(SessionState state, uint request)
    {
        Counters.Repeated++;
        if (!state.TryFind(request, out Answer known))
        {
            Answer(state.Id, new Answer(request, 0, RefusalCode.Replayed, "this request was answered long ago", true));
        }
        else if (known.IsGiven)
        {
            Answer(state.Id, known);
        }
    }

    private RefusalCode Prepare(ActionRequestView view, out ReducerDefinition? reducer, out object? arguments, out string text)
    {
        arguments = null;
        Span<char> name = stackalloc char[64];
        reducer = view.ReducerUtf8.Length <= name.Length && Encoding.UTF8.TryGetChars(view.ReducerUtf8, name, out int length)
            ? Definition.FindReducer(name[..length])
            : null;
        if (reducer is null || reducer.IsInternal)
        {
            text = "no such reducer";
            return RefusalCode.UnknownReducer;
        }
        if (view.Arguments.Length > _options.ArgumentBytesMax)
        {
            text = $"arguments take at most {_options.ArgumentBytesMax} bytes";
            return RefusalCode.TooLarge;
        }
        if (_open.Length > _options.GroupBytesMax)
        {
            text = "the journal does not keep up";
            return RefusalCode.Overloaded;
        }
        arguments = reducer.ReadArguments(view.Arguments);
        text = arguments is null ? $"the arguments are none of {reducer.Name}" : "";
        return arguments is null ? RefusalCode.BadArguments : RefusalCode.None;
    }

    /// <summary>Remembers an answer and gives it when everything it may rest on is durable.</summary>
    private void Settle(SessionState state, uint previousRequest, Answer answer)
    {
        JournalGroup? waitFor = answer.Transaction != 0 || !_open.IsEmpty ? _open : _writing;
        if (waitFor is null)
        {
            answer = answer with { IsGiven = true };
            state.Remember(answer, _options.ResultsPerSessionMax);
            Answer(state.Id, answer);
            return;
        }
        state.Remember(answer, _options.ResultsPerSessionMax);
        waitFor.Answers.Add(new PendingAnswer(state, RecordKind.Action, previousRequest, answer));
    }

    /// <summary>One transaction: runs the reducer and, when it does not throw, adds its record to the open group.</summary>
    private ActionOutcome Execute(in Call call)
    {
        ulong transaction = Transaction + 1;
        ulong seed = _random.NextUInt64();
        Db.Begin(_limits);
        try
        {
            _context.Begin(call.Sender, WorldTimeMs, transaction, seed, _options.ScheduledMax, prediction: false);
            if (call.Kind == RecordKind.Scheduled)
            {
                Db.Table(Definition.Scheduled).Delete(call.Scheduled);
            }
            call.Reducer?.Invoke(_context, call.Arguments);
            _open.Add(
                new TransactionRecord
                {
                    Kind = call.Kind,
                    Transaction = transaction,
                    WorldTimeMs = WorldTimeMs,
                    Seed = seed,
                    Sender = call.Sender,
                    Session = call.Kind == RecordKind.Scheduled ? call.Scheduled.Number : call.Session,
                    Request = call.Request,
                    ScheduledAtMs = call.Scheduled.AtMs,
                    Reducer = call.Reducer is null ? default : call.Reducer.NameUtf8,
                    Arguments = call.ArgumentBytes,
                },
                Db.Changes);
        }
        catch (ReducerRejectedException rejection)
        {
            Db.Rollback();
            return Refused(RefusalCode.Rejected, rejection.Message);
        }
#pragma warning disable CA1031 // A game's bug must not stop the world: whatever it throws, its transaction leaves no trace, and the host is told.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Db.Rollback();
            Counters.ReducersFailed++;
            _output.ReducerFailed(call.Reducer?.Name ?? "", exception);
            return Refused(RefusalCode.Internal, "the reducer failed");
        }
        Db.Commit();
        Transaction = transaction;
        Counters.Executed++;
        return new ActionOutcome(RefusalCode.None, "", transaction);
    }

    private ActionOutcome Refused(RefusalCode code, string text)
    {
        Counters.Refused++;
        return new ActionOutcome(code, text, 0);
    }

    private void Advance(long nowMs) => WorldTimeMs = Math.Max(WorldTimeMs, nowMs);

    private void Answer(ulong session, in Answer answer)
    {
        const int slots = 4;
        string text = answer.Text.Length > 200 ? answer.Text[..200] : answer.Text;
        var writer = new FlatWriter(_answer);
        int table = writer.BeginTable(slots, true);
        writer.Add(table, slots, 1, answer.Transaction);
        writer.Add(table, slots, 0, answer.Request);
        int textAt = text.Length == 0 ? 0 : writer.AddOffset(table, slots, 3);
        writer.Add(table, slots, 2, answer.Code);
        writer.EndTable(table, slots);
        writer.Patch(0, table);
        if (text.Length > 0)
        {
            writer.String(textAt, text);
        }
        _output.Send(session, Kind.ActionResult, _answer.AsSpan(0, writer.Length));
    }

    /// <summary>What one transaction runs.</summary>
    private readonly ref struct Call(RecordKind kind, ReducerDefinition? reducer, object arguments)
    {
        public RecordKind Kind { get; } = kind;

        public ReducerDefinition? Reducer { get; } = reducer;

        public object Arguments { get; } = arguments;

        public ReadOnlySpan<byte> ArgumentBytes { get; init; }

        public PeerId Sender { get; init; }

        public ulong Session { get; init; }

        public uint Request { get; init; }

        public ScheduledId Scheduled { get; init; }
    }
}

/// <summary>What running a reducer gave.</summary>
/// <param name="Code">None, or why it left no trace.</param>
/// <param name="Text">The reason.</param>
/// <param name="Transaction">Durable once <see cref="Truth.DurableTransaction"/> has reached it; 0: refused.</param>
public readonly record struct ActionOutcome(RefusalCode Code, string Text, ulong Transaction);

/// <summary>What a truth has done so far; read by the host's meters.</summary>
public sealed class TruthCounters
{
    /// <summary>Transactions executed, those undone later included.</summary>
    public long Executed { get; internal set; }

    /// <summary>Actions refused, for whatever reason.</summary>
    public long Refused { get; internal set; }

    /// <summary>Requests that were answered before.</summary>
    public long Repeated { get; internal set; }

    /// <summary>Reducers that threw something else than a rejection.</summary>
    public long ReducersFailed { get; internal set; }

    /// <summary>Transactions undone because their group could not be kept.</summary>
    public long Undone { get; internal set; }

    /// <summary>Groups persisted.</summary>
    public long Groups { get; internal set; }
}
