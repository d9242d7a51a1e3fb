using System.Diagnostics;
using Egregore.Server.Identity;
using Egregore.Server.Photos;
using Egregore.Server.Sessions;
using Egregore.Server.Sockets;
using Egregore.Server.Telemetry;
using Egregore.Server.Work;
using Egregore.Storage.Sqlite;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Server.Hosting;

/// <summary>
/// The world on truth's thread, which <see cref="TruthHost"/> runs. Commands (hellos, actions, subscriptions) wake it and are done at once; at each tick it takes reflex states,
/// runs what is scheduled, flushes deltas and room frames, and hands every session's outbox to the transport in one write.
/// </summary>
internal sealed partial class WorldHost : ITruthWork, IDisposable
{
    // How far back a walker may find itself after a crash.
    private const int KeepSeconds = 10;

    private readonly ServerOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Truth _truth;
    private readonly SessionTable _sessions;
    private readonly CommandQueue _commands;
    private readonly TruthHost _host;
    private readonly RoomHost? _room;
    private readonly PhysicsHost? _physics;
    private readonly PhotoHost? _photos;
    private readonly List<Session> _unflushed = [];

    public WorldHost(
        ServerOptions options,
        Func<ITruthOutput, Truth> open,
        IJournalStore store,
        SessionTable sessions,
        CommandQueue commands,
        PhysicsHost? physics,
        PhotoHost? photos,
        WorkReporter work,
        TimeProvider time,
        ILogger log)
    {
        _options = options;
        _log = log;
        _time = time;
        _sessions = sessions;
        _commands = commands;
        _truth = open(new TruthOutput(this));
        Definition = _truth.Definition;
        _room = Definition.Reflex is { } rules ? new RoomHost(rules, options, sessions) : null;
        _host = new TruthHost(_truth, store, this, new TruthHostOptions { TickRateHz = options.TickRateHz, SnapshotEveryBytes = options.SnapshotEveryBytes }, time);
        _commands.Woken = _host.Wake;
        _physics = physics;
        if (_physics is not null)
            _physics.Woken = _host.Wake;
        _photos = photos;
        if (_photos is not null)
            _photos.Woken = _host.Wake;
        Statistics = new WorldStatistics(options, Definition, _host, work);
        Refresh();
    }

    public WorldDefinition Definition { get; }

    public WorldStatistics Statistics { get; }

    /// <summary>What ended the loop against its will; the process ends with it.</summary>
    public event Action<Exception>? Faulted;

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Start() => _host.Start();

    /// <summary>Lets the loop end: sessions are told, the journal takes what is left.</summary>
    public void BeginStop() => _host.BeginStop();

    /// <summary>Ends the loop and waits for it.</summary>
    public void Stop() => _host.Stop();

    public void Dispose() => _host.Dispose();

    public void Take(long nowMs)
    {
        while (_commands.TryTake(out var command))
        {
            try
            {
                switch (command.Type)
                {
                    case CommandType.Hello:
                        Open(command.Connection, command.Greeting!);
                        break;
                    case CommandType.Closed:
                        Detach(command.Connection);
                        break;
                    case CommandType.Message when command.Session is { IsOpen: true } session && session.Connection == command.Connection:
                        Run(session, command, nowMs);
                        break;
                }
            }
            finally
            {
                command.Return();
            }
        }

        _physics?.Take(_truth, nowMs);
        _photos?.Take(nowMs);
    }

    private void Run(Session session, in Command command, long nowMs)
    {
        switch (command.Kind)
        {
            case Kind.Action:
                Statistics.Actions++;
                _truth.Submit(session.Id, command.Payload, nowMs);
                break;
            case Kind.PeerLeave:
                Leave(session, nowMs);
                break;
            case Kind.PhotoRequest when _photos is not null:
                _photos.Take(session, command.Payload, _truth.Db, nowMs);
                break;
            case Kind.PhotoRequest:
                if (PhotoRequestView.TryRead(command.Payload, out var request) == VerifyError.None && !request.Cancel)
                    PhotoHost.Refuse(session, request.Photo, "this server has no pictures traced");
                break;
            default:
                if (_truth.Subscribe(session.Id, command.Payload) is var code and not RefusalCode.None)
                    ServerMeter.Refused(code);
                break;
        }
    }

    public void Committed(GroupCommit commit)
    {
        ServerMeter.CommitMs.Record(commit.Elapsed.TotalMilliseconds);
        using var activity = ServerMeter.Activities.StartActivity("journal.commit", ActivityKind.Internal, default(ActivityContext), startTime: commit.StartedAt);
        activity?.SetEndTime((commit.StartedAt + commit.Elapsed).UtcDateTime);
        if (commit.Failure is not null)
            LogJournal(_log, commit.Failure);
    }

    public void Tick(long tick, long nowMs)
    {
        var started = Stopwatch.GetTimestamp();
        if (_room is not null)
        {
            _room.BeginTick(nowMs);
            foreach (var session in _sessions.All)
                _room.TakeStates(session, _truth.Db, nowMs);
        }

        _truth.Tick(nowMs);
        _physics?.Tick(_truth, nowMs);
        _photos?.Tick(nowMs);
        _truth.Flush();
        _room?.Broadcast(tick);
        foreach (var session in _sessions.All)
            session.Flush();
        _unflushed.Clear();
        if (tick % Math.Max(1, _options.TickRateHz / 4) == 0)
            Sweep(nowMs);
        if (_room is not null && tick % (KeepSeconds * _options.TickRateHz) == 0)
        {
            foreach (var session in _sessions.All)
                _room.Keep(session, _truth, nowMs);
        }

        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        ServerMeter.TickMs.Record(elapsed);
        Statistics.TickDone(elapsed);
        if (tick % _options.TickRateHz == 0)
            Refresh();
    }

    /// <summary>Answers do not wait for the tick.</summary>
    public void EndTurn()
    {
        foreach (var session in _unflushed)
            session.Flush();
        _unflushed.Clear();
    }

    public void Stopped()
    {
        foreach (var connection in _sessions.Connections)
            connection.Close(RefusalCode.Overloaded, "the server is going down", SessionConnection.CloseGoingAway);
        Refresh();
    }

    void ITruthWork.Faulted(Exception exception)
    {
        // A bug of ours: nothing that a peer or the environment does ends here. The journal holds what was acknowledged; the process ends.
        LogFault(_log, exception);
        Faulted?.Invoke(exception);
    }

    private void Refresh() => Statistics.Refresh(_truth, _sessions, _room, _physics, _commands.Count, NowMs);

    [LoggerMessage(Level = LogLevel.Error, Message = "journal: {Failure}; actions of this group were refused")]
    private static partial void LogJournal(ILogger log, string failure);

    [LoggerMessage(Level = LogLevel.Critical, Message = "the world's loop ended")]
    private static partial void LogFault(ILogger log, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "reducer {Reducer} failed; its transaction left no trace")]
    private static partial void LogReducer(ILogger log, string reducer, Exception exception);

    private sealed class TruthOutput(WorldHost host) : ITruthOutput
    {
        public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
        {
            if (host._sessions.Find(session) is not { } found || !found.Send(kind, payload))
                return;
            if (host._unflushed.Count < host._options.SessionsMax)
                host._unflushed.Add(found);
        }

        public void ReducerFailed(string reducer, Exception exception) => LogReducer(host._log, reducer, exception);
    }
}
