using System.Diagnostics;
using Egregore.Server.Identity;
using Egregore.Server.Sessions;
using Egregore.Server.Sockets;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Journal;

namespace Egregore.Server.Hosting;

/// <summary>
/// The world's loop: one thread that owns truth. Commands (hellos, actions, subscriptions) wake it and are done at once; at each tick it takes reflex states, runs what is
/// scheduled, flushes deltas and room frames, and hands every session's outbox to the transport in one write.
/// </summary>
internal sealed partial class WorldHost : IDisposable
{
    // How far back a walker may find itself after a crash.
    private const int KeepSeconds = 10;

    private readonly ServerOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Truth _truth;
    private readonly SessionTable _sessions;
    private readonly CommandQueue _commands;
    private readonly JournalWriter _journal;
    private readonly RoomHost? _room;
    private readonly List<Session> _unflushed = [];
    private readonly Thread _thread;
    private readonly TickClock _clock;
    private long _snapshotDueBytes;
    private volatile bool _stop;

    public WorldHost(
        ServerOptions options,
        Func<ITruthOutput, Truth> open,
        IJournalStore store,
        SessionTable sessions,
        CommandQueue commands,
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
        _journal = new JournalWriter(store, commands.Wake);
        _clock = new TickClock(options.TickRateHz);
        Statistics = new WorldStatistics(options, Definition, _clock);
        _snapshotDueBytes = options.SnapshotEveryBytes;
        _thread = new Thread(Run) { IsBackground = true, Name = "world" };
    }

    public WorldDefinition Definition { get; }

    public WorldStatistics Statistics { get; }

    /// <summary>What ended the loop against its will; the process ends with it.</summary>
    public event Action<Exception>? Faulted;

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Start() => _thread.Start();

    /// <summary>Lets the loop end: sessions are told, the journal takes what is left.</summary>
    public void BeginStop()
    {
        _stop = true;
        _commands.Wake();
    }

    /// <summary>Ends the loop and waits for it.</summary>
    public void Stop()
    {
        BeginStop();
        if (_thread.IsAlive && Thread.CurrentThread != _thread)
            _thread.Join();
    }

    public void Dispose()
    {
        Stop();
        _journal.Dispose();
    }

    private void Run()
    {
        try
        {
            Refresh();
            while (!_stop)
            {
                TakeCommands();
                TakeJournal();
                if (_clock.IsDue)
                    Tick();
                FlushAnswers();
                _commands.Wait(_clock.WaitMs);
            }

            Finish();
        }
        catch (Exception e)
        {
            // A bug of ours: nothing that a peer or the environment does ends here. The journal holds what was acknowledged; the process ends.
            LogFault(_log, e);
            Faulted?.Invoke(e);
        }
    }

    private void TakeCommands()
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
                        Statistics.Actions += command.Kind == Kind.Action ? 1 : 0;
                        if (command.Kind == Kind.Action)
                            _truth.Submit(session.Id, command.Payload, NowMs);
                        else if (_truth.Subscribe(session.Id, command.Payload) is var code and not RefusalCode.None)
                            ServerMeter.Refused(code);
                        break;
                }
            }
            finally
            {
                command.Return();
            }
        }
    }

    private void TakeJournal()
    {
        if (_journal.TryTakeDone(out var outcome))
        {
            if (outcome.Failure is null)
            {
                _snapshotDueBytes -= outcome.Group.Bytes.Length;
                _truth.Persisted(outcome.Group);
            }
            else
            {
                LogJournal(_log, outcome.Failure);
                _truth.Failed(outcome.Group, outcome.Failure);
            }
        }

        if (_journal.IsIdle && _truth.TakeGroup() is { } group)
            _journal.Write(group);
        if (_snapshotDueBytes <= 0)
        {
            _snapshotDueBytes = _options.SnapshotEveryBytes;
            _truth.RequestSnapshot();
        }

        if (!_journal.IsSnapshotting && _truth.TakeSnapshot() is { } snapshot)
            _journal.Write(snapshot);
    }

    private void Tick()
    {
        var started = Stopwatch.GetTimestamp();
        var now = NowMs;
        var tick = _clock.Next();
        if (_room is not null)
        {
            _room.BeginTick(now);
            foreach (var session in _sessions.All)
                _room.TakeStates(session, _truth.Db, now);
        }

        _truth.Tick(now);
        _truth.Flush();
        _room?.Broadcast(tick);
        foreach (var session in _sessions.All)
            session.Flush();
        _unflushed.Clear();
        if (tick % Math.Max(1, _options.TickRateHz / 4) == 0)
            Sweep(now);
        if (_room is not null && tick % (KeepSeconds * _options.TickRateHz) == 0)
        {
            foreach (var session in _sessions.All)
                _room.Keep(session, _truth, now);
        }

        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        ServerMeter.TickMs.Record(elapsed);
        Statistics.TickDone(elapsed);
        if (tick % _options.TickRateHz == 0)
            Refresh();
    }

    /// <summary>Answers do not wait for the tick.</summary>
    private void FlushAnswers()
    {
        foreach (var session in _unflushed)
            session.Flush();
        _unflushed.Clear();
    }

    private void Refresh() => Statistics.Refresh(_truth, _journal, _sessions, _room, _commands.Count, NowMs);

    private void Finish()
    {
        TakeCommands();
        // At most two groups: the one under way and the one that filled meanwhile.
        while (true)
        {
            TakeJournal();
            if (_journal.IsIdle)
                break;
            _commands.Wait(100);
        }

        _truth.Flush();
        foreach (var connection in _sessions.Connections)
            connection.Close(RefusalCode.Overloaded, "the server is going down", SessionConnection.CloseGoingAway);
        Refresh();
    }

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
