using Egregore.Server.Hosting;
using Egregore.Server.Sessions;
using Egregore.Server.Sockets;
using Egregore.Server.Work;
using Egregore.Storage.Sqlite;
using Egregore.Wire;
using Egregore.World;

namespace Egregore.Server.Telemetry;

/// <summary>Makes a <see cref="WorldReport"/> once a second on the world's loop and hands it to whoever reads or waits.</summary>
internal sealed class WorldStatistics
{
    private const int SessionsShownMax = 1000;

    private readonly TruthHost _host;
    private readonly WorldInfo _world;
    private readonly WorkReporter _work;
    private readonly Dictionary<SessionConnection, Totals> _before = [];
    private volatile WorldReport? _latest;
    private TaskCompletionSource<WorldReport> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Totals _total;
    private Totals _totalBefore;
    private long _startMs;
    private long _lastMs;
    private long _lastTick;
    private int _ticks;
    private double _tickMsSum;
    private double _tickMsMax;
    private long _actionsBefore;

    public WorldStatistics(ServerOptions options, WorldDefinition game, TruthHost host, WorkReporter work)
    {
        _work = work;
        _host = host;
        _world = new WorldInfo(
            options.World,
            MessageRouter.GameId(game),
            NameOf(options.Authority),
            options.Seed.ToString(),
            options.TickRateHz,
            [.. game.Tables.Select(table => table.Name)],
            [.. game.Reducers.Where(reducer => !reducer.IsInternal).Select(reducer => reducer.Name)]);
        ServerMeter.Observe(this);
    }

    /// <summary>Actions since start; counted by the loop.</summary>
    public long Actions { get; set; }

    /// <summary>The last report.</summary>
    public WorldReport Latest => _latest ?? throw new InvalidOperationException("the loop has not begun");

    /// <summary>Whether the journal's last groups could not be written.</summary>
    public bool JournalFails { get; private set; }

    public bool HasBegun => _latest is not null;

    /// <summary>Ends with the report after the last one.</summary>
    public Task<WorldReport> NextAsync() => Volatile.Read(ref _next).Task;

    public void TickDone(double milliseconds)
    {
        _ticks++;
        _tickMsSum += milliseconds;
        _tickMsMax = Math.Max(_tickMsMax, milliseconds);
    }

    public void Refresh(Truth truth, SessionTable sessions, RoomHost? room, PhysicsHost? physics, int commands, long nowMs)
    {
        _startMs = _startMs == 0 ? nowMs : _startMs;
        var journal = _host.Statistics;
        Count(sessions);
        var seconds = Math.Max(0.001, (nowMs - _lastMs) / 1000.0);
        var stats = new WorldStats(
            nowMs,
            (nowMs - _startMs) / 1000.0,
            _host.Tick,
            (_host.Tick - _lastTick) / seconds,
            _host.SkippedTicks,
            _ticks == 0 ? 0 : _tickMsSum / _ticks,
            _tickMsMax,
            sessions.Count,
            sessions.ConnectionCount,
            room?.Bodies ?? 0,
            (_total.MessagesIn - _totalBefore.MessagesIn) / seconds,
            (_total.MessagesOut - _totalBefore.MessagesOut) / seconds,
            (_total.BytesIn - _totalBefore.BytesIn) / seconds,
            (_total.BytesOut - _totalBefore.BytesOut) / seconds,
            (Actions - _actionsBefore) / seconds,
            room?.Accepted ?? 0,
            room?.Rejected ?? 0,
            commands,
            truth.Transaction,
            truth.DurableTransaction,
            journal.Groups,
            journal.Transactions,
            journal.Bytes,
            journal.Failures,
            journal.CommitMs,
            GC.GetTotalMemory(false) / 1e6,
            ServerMeter.RefusalsByCode);
        JournalFails = journal.LastError is not null;
        var infos = sessions.All.Take(SessionsShownMax).Select(session => Describe(session, room)).OrderBy(info => info.Peer, StringComparer.Ordinal).ToArray();
        var report = new WorldReport(_world, stats, infos, MeshGraph.Of(sessions.All.Take(SessionsShownMax), infos), _work.Take(sessions.Count, physics?.TakeInfo(), nowMs));
        _totalBefore = _total;
        _actionsBefore = Actions;
        _lastMs = nowMs;
        _lastTick = _host.Tick;
        _ticks = 0;
        _tickMsSum = 0;
        _tickMsMax = 0;
        _latest = report;
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult(report);
    }

    public static string NameOf(Authority authority) => authority switch
    {
        Authority.Server => "server",
        Authority.Hybrid => "hybrid",
        _ => "mesh",
    };

    /// <summary>Sums what connections counted; a connection that went takes its figures with it, so differences are summed.</summary>
    private void Count(SessionTable sessions)
    {
        var seen = new HashSet<SessionConnection>();
        foreach (var connection in sessions.Connections)
        {
            seen.Add(connection);
            var now = Totals.Of(connection);
            _total += now - _before.GetValueOrDefault(connection);
            _before[connection] = now;
        }

        foreach (var gone in _before.Keys.Where(connection => !seen.Contains(connection)).ToArray())
            _before.Remove(gone);
    }

    private static SessionInfo Describe(Session session, RoomHost? room)
    {
        int x = 0, y = 0, z = 0;
        var placed = room?.TryPosition(session, out x, out y, out z) ?? false;
        var totals = session.Connection is { } connection ? Totals.Of(connection) : default;
        return new SessionInfo(
            session.Peer.ToString(),
            session.Name,
            session.Connection is not null,
            session.OpenedMs,
            placed ? x / 256.0 : null,
            placed ? y / 256.0 : null,
            placed ? z / 256.0 : null,
            totals.MessagesIn,
            totals.MessagesOut,
            totals.BytesIn,
            totals.BytesOut,
            session.RejectedStates);
    }

    private readonly record struct Totals(long MessagesIn, long MessagesOut, long BytesIn, long BytesOut)
    {
        public static Totals operator +(Totals a, Totals b) => new(a.MessagesIn + b.MessagesIn, a.MessagesOut + b.MessagesOut, a.BytesIn + b.BytesIn, a.BytesOut + b.BytesOut);

        public static Totals operator -(Totals a, Totals b) => new(a.MessagesIn - b.MessagesIn, a.MessagesOut - b.MessagesOut, a.BytesIn - b.BytesIn, a.BytesOut - b.BytesOut);

        public static Totals Of(SessionConnection connection) =>
            new(connection.MessagesReceived, connection.Outbox.MessagesSent, connection.BytesReceived, connection.Outbox.BytesSent);
    }
}
