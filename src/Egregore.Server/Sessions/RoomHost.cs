using System.Collections.Immutable;
using Egregore.Server.Security;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Area;

namespace Egregore.Server.Sessions;

/// <summary>
/// Reflex states on the server's side: what came up is checked against the game's rules, what was accepted goes down in room frames to those who attend, and each session
/// hears who is near.
/// </summary>
/// <remarks>Belongs to the world's loop.</remarks>
internal sealed class RoomHost
{
    private const int CorrectionIntervalMs = 250;

    // Movement ticks may run a twentieth faster than truth's clock, because clocks differ, and come a second's worth at once, because arrival jitters.
    private const int PaceMarginParts = 20;

    // A client that begins has stepped a little before truth knew: half a second.
    private const int FirstSlackParts = 2;

    private const int UnjudgedPerSecond = 1;
    private const int UnjudgedBurst = 10;

    private readonly IReflexRules _rules;
    private readonly IRoomStates _states;
    private readonly IReflexKeeper? _keeper;
    private readonly ServerOptions _options;
    private readonly SessionTable _sessions;
    private readonly RoomBroadcaster _room;
    private readonly Session?[] _byHandle;
    private readonly int _framePeriod;
    private readonly byte[] _state;
    private readonly byte[] _look;
    private readonly byte[] _records = new byte[4096];
    private readonly byte[] _frame = new byte[4096 + RoomFrameCodec.OverheadBytes];
    private readonly ushort[] _direct = new ushort[Sockets.MessageRouter.ReportedLinksMax];
    private long _frameNumber;

    public RoomHost(IReflexRules rules, ServerOptions options, SessionTable sessions)
    {
        _rules = rules;
        _states = WholeRoomStates.Of(rules);
        _keeper = rules as IReflexKeeper;
        _options = options;
        _sessions = sessions;
        _framePeriod = options.Authority == Authority.Server ? 1 : Math.Max(1, options.TickRateHz / options.HybridRoomRateHz);
        var rate = Math.Max(1, options.TickRateHz / _framePeriod);
        _room = new RoomBroadcaster(options.Room with
        {
            Capacity = options.SessionsMax,
            TickRateHz = rate,
            NearRateHz = Math.Min(options.Room.NearRateHz, rate),
            FarRateHz = Math.Min(options.Room.FarRateHz, rate),
            LookAroundTicks = rate,
            LookBytes = _states.LookBytes,
        });
        _byHandle = new Session?[options.SessionsMax + 1];
        _state = new byte[rules.StateSizeBytes];
        _look = new byte[_states.LookBytes];
    }

    /// <summary>States accepted and refused since start.</summary>
    public long Accepted { get; private set; }

    public long Rejected { get; private set; }

    public long FramesSent { get; private set; }

    public int Bodies => _room.Count;

    /// <summary>Gives a connected session its place; it is seen once it has sent a state.</summary>
    public void Join(Session session)
    {
        if (session.Handle != 0 || !_room.TryJoin(out var handle))
            return;
        session.Handle = handle;
        session.ChargedBytes = session.Connection?.Outbox.BytesQueued ?? 0;
        _byHandle[handle] = session;
        // In a mesh world truth does not know where peers are: it introduces all to all, as many as one attends to.
        if (_options.Authority == Authority.Mesh && session.LastState.Length == 0)
            _room.Place(handle, 0, 0, 0, _look);
        else if (session.LastState.Length > 0)
            Place(session);
    }

    /// <summary>Takes the session out of everybody's sight; its last state is kept for a resume.</summary>
    public void Leave(Session session)
    {
        if (session.Handle == 0)
            return;
        _byHandle[session.Handle] = null;
        _room.Leave(session.Handle);
        session.Handle = 0;
    }

    public bool TryPosition(Session session, out int x, out int y, out int z)
    {
        x = y = z = 0;
        return session.Handle != 0 && _room.TryPosition(session.Handle, out x, out y, out z);
    }

    /// <summary>Before the states of a tick are taken.</summary>
    public void BeginTick(long nowMs) => _keeper?.BeginTick(nowMs);

    /// <summary>A session has a connection: its ticks begin anew, and its next state is judged from where truth has it.</summary>
    public void Attach(Session session, Database db, long nowMs)
    {
        // What is still queued is of the connection before.
        while (session.Reflexes.TryTake(out _, _state))
        {
        }

        session.Pace = new TokenBucket(_rules.TickRateHz + Math.Max(1, _rules.TickRateHz / PaceMarginParts), 2 * _rules.TickRateHz, nowMs);
        session.Unjudged = new TokenBucket(UnjudgedPerSecond, UnjudgedBurst, nowMs);
        session.LastTick = 0;
        if (session.LastState.Length > 0)
            return;
        session.AcceptedMs = nowMs;
        if (_keeper is not null && _keeper.TryStart(session.Peer, db, _state))
            session.LastState = _state.AsSpan().ToArray();
    }

    /// <summary>Checks what the session sent since the last tick.</summary>
    public void TakeStates(Session session, Database db, long nowMs)
    {
        while (session.Reflexes.TryTake(out var tick, _state))
        {
            if (session.LastState.Length == 0)
            {
                session.LastState = _state.AsSpan().ToArray();
                Accept(session, tick, nowMs);
                continue;
            }

            // Late and repeated states happen and are nobody's fault.
            if (tick <= session.LastTick)
                continue;
            // The first state of a connection numbers ticks in its own way; truth's clock says how many may have passed.
            var isFirst = session.LastTick == 0;
            var ticks = isFirst ? TicksSince(session.AcceptedMs, nowMs) + (_rules.TickRateHz / FirstSlackParts) : (int)Math.Min(tick - session.LastTick, int.MaxValue);
            if (!isFirst && (ticks > 2 * _rules.TickRateHz || !session.Pace.TryTake(ticks, nowMs)))
            {
                // Its clock jumped or runs too fast: it stays where it is, and counts on from here.
                session.LastTick = tick;
                Reject(session, tick, RefusalCode.BadTime, "movement ticks run faster than time", nowMs);
                continue;
            }

            var verdict = _options.Authority == Authority.Mesh ? Verdict.Accept : _rules.Check(session.LastState, _state, ticks, db);
            // What cannot be judged is believed now and then: gaps happen.
            if (verdict.Kind == VerdictKind.Ignore && !session.Unjudged.TryTake(1, nowMs))
                verdict = Verdict.Reject("too often out of truth's sight");
            if (verdict.Kind == VerdictKind.Reject)
            {
                session.LastTick = isFirst ? tick : session.LastTick;
                Reject(session, tick, RefusalCode.Rejected, verdict.Reason, nowMs);
                continue;
            }

            _state.CopyTo(session.LastState, 0);
            Accept(session, tick, nowMs);
        }
    }

    /// <summary>Keeps where the session stands, if it moved since it was kept.</summary>
    public void Keep(Session session, Truth truth, long nowMs)
    {
        if (_keeper is null || !session.MovedSinceKept || session.LastState.Length == 0)
            return;
        session.MovedSinceKept = false;
        _keeper.Keep(truth, session.Peer, session.LastState, nowMs);
    }

    /// <summary>Sends everybody whom they see and, when it is time for it, how those move. Outboxes are not flushed here.</summary>
    public void Broadcast(long tick)
    {
        if (tick % _framePeriod != 0)
            return;
        _frameNumber++;
        foreach (var session in _byHandle)
        {
            if (session is not null && session.Connection is { } connection)
                Broadcast(session, connection, tick);
        }
    }

    private void Broadcast(Session session, Sockets.SessionConnection connection, long tick)
    {
        var viewer = session.Handle;
        var queued = connection.Outbox.BytesQueued;
        _room.Charge(viewer, (int)Math.Clamp(queued - session.ChargedBytes, 0, int.MaxValue));
        session.ChargedBytes = queued;
        var changed = _room.LookAround(viewer, _frameNumber);
        if (changed)
            SendNeighbours(session);
        if (changed || session.LinksChanged)
            SetDirect(session);

        if (_options.Authority == Authority.Mesh)
            return;
        var written = _room.Compose(viewer, RoomFrameCodec.WireOverheadBytes, _records);
        if (written == 0)
            return;
        _room.TryPosition(viewer, out var x, out _, out var z);
        var length = RoomFrameCodec.Write(_frame, (uint)tick, RoomRecord.CellOf(x), RoomRecord.CellOf(z), _records.AsSpan(0, written));
        queued = connection.Outbox.BytesQueued;
        session.Send(Kind.Room, _frame.AsSpan(0, length));
        FramesSent++;
        // The room took its own bytes from the budget; what others queue meanwhile is charged at the next frame.
        session.ChargedBytes += Math.Min(connection.Outbox.BytesQueued - queued, RoomFrameCodec.WireOverheadBytes + written);
    }

    private void SendNeighbours(Session session)
    {
        var peers = ImmutableArray.CreateBuilder<Neighbour>(_room.Entered.Length);
        foreach (var handle in _room.Entered)
        {
            if (_byHandle[handle] is { } other && _room.TryPosition(handle, out var x, out var y, out var z))
                peers.Add(new Neighbour { Peer = other.Peer, Name = other.Name, Handle = handle, X = x, Y = y, Z = z });
        }

        session.Send(Kind.Neighbours, new Neighbours { Peers = peers.DrainToImmutable(), Left = [.. _room.Left] }.ToArray());
    }

    private void SetDirect(Session session)
    {
        session.LinksChanged = false;
        var count = 0;
        foreach (var link in session.Links)
        {
            if (link.Type == LinkType.Direct && _sessions.Find(link.Peer) is { Handle: not 0 } other)
                _direct[count++] = other.Handle;
        }

        _room.SetDirect(session.Handle, _direct.AsSpan(0, count));
    }

    private int TicksSince(long thenMs, long nowMs) => (int)Math.Clamp((nowMs - thenMs) * _rules.TickRateHz / 1000, 1, int.MaxValue / 2);

    private void Accept(Session session, uint tick, long nowMs)
    {
        session.LastTick = tick;
        session.AcceptedMs = nowMs;
        session.MovedSinceKept = true;
        Accepted++;
        Place(session);
    }

    private void Place(Session session)
    {
        if (session.Handle == 0)
            return;
        var position = _rules.Position(session.LastState);
        _states.Pack(session.LastState, _look);
        _room.Place(session.Handle, position.X, position.Y, position.Z, _look);
    }

    /// <summary>Soft correction: a refusal with the reason and the last good state, as a reflex without a sender, from which the client goes on.</summary>
    private void Reject(Session session, uint tick, RefusalCode code, string reason, long nowMs)
    {
        Rejected++;
        session.RejectedStates++;
        ServerMeter.RejectedStates.Add(1);
        if (nowMs - session.CorrectedMs < CorrectionIntervalMs)
            return;
        session.CorrectedMs = nowMs;
        session.Send(Kind.Refusal, new Refusal { Code = code, Sequence = tick, Text = reason }.ToArray());
        session.Connection?.Send(Kind.Reflex, session.LastTick, session.LastState);
    }
}
