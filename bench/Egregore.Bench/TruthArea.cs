using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Egregore.Storage.Sqlite;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Bench;

/// <summary>
/// <c>truth.*</c>: actions that change one row, acknowledged after their transaction is on disk (synchronous=FULL in all of them). Ours: 64 callers, each sends its next
/// action when the last is acknowledged, through <see cref="TruthHost"/>, which the server runs on too. The peer: the same reducers and records with one SQLite commit each.
/// </summary>
public sealed class TruthArea : IBenchArea
{
    private const int Callers = 64;
    private const int RunMs = 2_000;

    /// <inheritdoc/>
    public string Name => "truth";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        double inMemory = Sampling.Median(context.Repeats, InMemory);
        yield return Measure.Alone("truth.reducers", "ops/s", inMemory, "submitted, run, encoded for the journal and answered on one core, without a store");
        var loads = new List<Load>();
        for (int i = 0; i <= context.Repeats; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Load load = await RunLoadAsync(context, Callers).ConfigureAwait(false);
            if (i > 0)
            {
                loads.Add(load);
            }
        }
        double ours = Sampling.Middle(loads.Select(load => load.PerSecond));
        double perGroup = Sampling.Middle(loads.Select(load => load.PerGroup));
        double eachDelete = Sampling.Median(context.Repeats, () => OneCommitEach(context, SqliteJournalMode.Delete), warmUps: 0);
        yield return Measure.MoreIsBetter(
            "truth.durable", "ops/s", ours, "SQLite, one commit each", eachDelete, $"{Callers} callers, group commit ({perGroup:0} actions a commit); the peer in SQLite's default journal mode, both synchronous=FULL");
        cancellation.ThrowIfCancellationRequested();
        double eachWal = Sampling.Median(context.Repeats, () => OneCommitEach(context, SqliteJournalMode.Wal), warmUps: 0);
        yield return Measure.MoreIsBetter("truth.durable_wal", "ops/s", ours, "SQLite WAL, one commit each", eachWal, "the same, with the peer in the journal mode that we use");
        Load alone = await RunLoadAsync(context, 1).ConfigureAwait(false);
        yield return Measure.Alone("truth.p50_ms", "ms", alone.Percentile(0.50), "unloaded: one caller, from sent to acknowledged");
        yield return Measure.Alone("truth.p99_ms", "ms", alone.Percentile(0.99), "unloaded");
        yield return Measure.Alone("truth.p50_loaded_ms", "ms", Sampling.Middle(loads.Select(load => load.Percentile(0.50))), $"{Callers} callers at full rate");
        yield return Measure.Alone("truth.p99_loaded_ms", "ms", Sampling.Middle(loads.Select(load => load.Percentile(0.99))), $"{Callers} callers at full rate, snapshots included");
    }

    private static double InMemory()
    {
        var game = new Bank();
        var truth = new Truth(WorldDefinition.Of(game), new TruthOptions(), new Silence());
        ulong session = truth.Open(new PeerId(1, 1), 0, 0, 1).Session;
        byte[] buffer = new byte[256];
        long started = Stopwatch.GetTimestamp();
        const uint count = 400_000;
        for (uint i = 1; i <= count; i++)
        {
            int length = Action(i, i % 1000).Write(buffer);
            truth.Submit(session, buffer.AsSpan(0, length), i);
            if (i % 64 == 0)
            {
                truth.Persisted(truth.TakeGroup()!);
            }
        }
        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double OneCommitEach(BenchContext context, SqliteJournalMode mode)
    {
        using var folder = new Folder(context);
        using var store = new SqliteJournalStore(folder.Journal, new SqliteJournalOptions { Mode = mode });
        Truth truth = WorldRecovery.Open(WorldDefinition.Of(new Bank()), store, new Silence()).Truth;
        ulong session = truth.Open(new PeerId(1, 1), 0, 0, 1).Session;
        byte[] buffer = new byte[256];
        uint request = 0;
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started).TotalMilliseconds < RunMs)
        {
            request++;
            int length = Action(request, request % 1000).Write(buffer);
            truth.Submit(session, buffer.AsSpan(0, length), request);
            JournalGroup group = truth.TakeGroup()!;
            store.Append(group.Number, group.Bytes.Span);
            truth.Persisted(group);
        }
        return request / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<Load> RunLoadAsync(BenchContext context, int callers)
    {
        using var folder = new Folder(context);
        using var store = new SqliteJournalStore(folder.Journal);
        var answers = new Answers();
        Truth truth = WorldRecovery.Open(WorldDefinition.Of(new Bank()), store, answers).Truth;
        var inbox = new Inbox(truth);
        using var host = new TruthHost(truth, store, inbox, new TruthHostOptions { SnapshotEveryBytes = 8 * 1024 * 1024 });
        inbox.Host = host;
        var tasks = new Task<List<double>>[callers];
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < callers; i++)
        {
            ulong peer = (ulong)i + 1;
            ulong session = truth.Open(new PeerId(1, peer), 0, 0, 1).Session;
            var caller = new Caller(inbox, session, peer);
            answers.Add(session, caller);
            tasks[i] = Task.Run(() => caller.RunAsync(started));
        }
        host.Start();
        List<double>[] latencies = await Task.WhenAll(tasks).ConfigureAwait(false);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        double[] all = [.. latencies.SelectMany(list => list).Order()];
        return new Load(all, all.Length / seconds, all.Length / (double)Math.Max(1, host.Statistics.Groups));
    }

    private static ActionRequest Action(uint request, ulong account) =>
        new() { Request = request, Reducer = "deposit", Arguments = new Deposit { Id = account, Amount = 1 }.ToArray() };

    private sealed record Load(double[] LatenciesMs, double PerSecond, double PerGroup)
    {
        public double Percentile(double part) => LatenciesMs[Math.Min(LatenciesMs.Length - 1, (int)(LatenciesMs.Length * part))];
    }

    private sealed class Bank : IGame
    {
        public string Name => "bank";

        public int Version => 1;

        public void Define(WorldBuilder world)
        {
            TableDefinition<Account, ulong> accounts = world.Table<Account, ulong>("account", account => account.Id);
            world.Reducer<Deposit>("deposit", (ctx, args) =>
            {
                Table<Account, ulong> table = ctx.Table(accounts);
                long balance = table.Find(args.Id)?.Balance ?? 0;
                table.Put(new Account { Id = args.Id, Balance = balance + args.Amount });
            });
        }
    }

    /// <summary>One caller: sends an action, waits for its acknowledgement, sends the next.</summary>
    private sealed class Caller(Inbox inbox, ulong session, ulong account)
    {
        private TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Answered()
        {
            TaskCompletionSource answered = _answered;
            _answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            answered.SetResult();
        }

        public async Task<List<double>> RunAsync(long started)
        {
            var latencies = new List<double>(100_000);
            for (uint request = 1; Stopwatch.GetElapsedTime(started).TotalMilliseconds < RunMs; request++)
            {
                byte[] action = Action(request, account).ToArray();
                Task answered = _answered.Task;
                long sent = Stopwatch.GetTimestamp();
                inbox.Post(session, action);
                await answered.ConfigureAwait(false);
                latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }
            return latencies;
        }
    }

    /// <summary>What the callers sent, on truth's thread. The server's is <c>WorldHost</c>, with sockets around it.</summary>
    private sealed class Inbox(Truth truth) : ITruthWork
    {
        private readonly ConcurrentQueue<(ulong Session, byte[] Action)> _posted = new();

        public TruthHost? Host { get; set; }

        public void Post(ulong session, byte[] action)
        {
            _posted.Enqueue((session, action));
            Host!.Wake();
        }

        public void Take(long nowMs)
        {
            while (_posted.TryDequeue(out (ulong Session, byte[] Action) posted))
            {
                truth.Submit(posted.Session, posted.Action, nowMs);
            }
        }

        public void Tick(long tick, long nowMs)
        {
            truth.Tick(nowMs);
            truth.Flush();
        }

        public void EndTurn()
        {
        }

        public void Committed(GroupCommit commit)
        {
        }

        public void Stopped()
        {
        }

        public void Faulted(Exception exception) => Environment.FailFast("truth's thread ended", exception);
    }

    private sealed class Answers : ITruthOutput
    {
        private readonly ConcurrentDictionary<ulong, Caller> _callers = new();

        public void Add(ulong session, Caller caller) => _callers[session] = caller;

        public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
        {
            if (kind == Kind.ActionResult && ActionResultView.TryRead(payload, out ActionResultView result) == VerifyError.None)
            {
                if (result.Code != RefusalCode.None)
                {
                    throw new InvalidOperationException(result.Text);
                }
                _callers[session].Answered();
            }
        }

        public void ReducerFailed(string reducer, Exception exception) => throw new InvalidOperationException(reducer, exception);
    }

    private sealed class Silence : ITruthOutput
    {
        public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
        {
        }

        public void ReducerFailed(string reducer, Exception exception) => throw new InvalidOperationException(reducer, exception);
    }

    /// <summary>A folder beside bench/peers, on the disk of the clone: a temporary folder may lie in memory, where nothing is durable.</summary>
    private sealed class Folder : IDisposable
    {
        private readonly string _path;

        public Folder(BenchContext context)
        {
            _path = Path.Combine(Path.GetDirectoryName(context.PeersDirectory)!, "obj", $"truth-{Environment.ProcessId}-{Guid.NewGuid():n}");
            Directory.CreateDirectory(_path);
        }

        public string Journal => Path.Combine(_path, "world.journal");

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
