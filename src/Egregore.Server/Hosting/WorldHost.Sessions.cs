using Egregore.Server.Sessions;
using Egregore.Server.Sockets;
using Egregore.Server.Telemetry;
using Egregore.Wire;

namespace Egregore.Server.Hosting;

// Sessions come, lose their connection, come back, and end.
internal sealed partial class WorldHost
{
    private void Open(SessionConnection connection, Greeting greeting)
    {
        if (connection.IsClosing)
            return;
        var now = NowMs;
        var hello = greeting.Hello;
        var old = _sessions.Find(greeting.Peer);
        if (old is null && _sessions.Count >= _options.SessionsMax)
        {
            Refuse(connection, RefusalCode.Overloaded, $"the world is full: {_options.SessionsMax} sessions", SessionConnection.CloseTryAgainLater);
            return;
        }

        // A peer has one session: whoever speaks with its key now is it.
        if (old?.Connection is { } other)
        {
            Detach(old, now);
            other.Close(RefusalCode.Replayed, "the peer connected again", SessionConnection.ClosePolicy);
        }

        var opening = _truth.Open(greeting.Peer, hello.Session, hello.LastTransaction, now);
        if (opening.Code != RefusalCode.None)
        {
            if (old is not null && _truth.PeerOf(old.Id) is null)
                End(old);
            Refuse(connection, opening.Code, opening.Text, SessionConnection.ClosePolicy);
            return;
        }

        var session = old;
        if (session is null || session.Id != opening.Session)
        {
            if (old is not null)
                End(old);
            session = new Session(opening.Session, greeting.Peer, CutName(hello.Name), Definition.Reflex?.StateSizeBytes ?? 0, now);
            _sessions.Add(session);
            ServerMeter.SessionsOpened.Add(1);
        }
        else
        {
            ServerMeter.SessionsResumed.Add(1);
        }

        session.DetachedMs = 0;
        session.IsOpen = true;
        connection.Session = session;
        session.Connection = connection;
        Welcome(session, opening.Resumed);
        _room?.Attach(session, _truth.Db, now);
        _room?.Join(session);
        _unflushed.Add(session);
    }

    private void Welcome(Session session, bool resumed) => session.Send(Kind.Welcome, new Welcome
    {
        Session = session.Id,
        Peer = session.Peer,
        World = _options.World,
        Game = MessageRouter.GameId(Definition),
        Authority = _options.Authority,
        Seed = _options.Seed,
        TickRateHz = (byte)_options.TickRateHz,
        Time = (ulong)NowMs,
        Transaction = _truth.DurableTransaction,
        Resumed = resumed,
        IceServers = [.. _options.IceServers],
    }.ToArray());

    private void Detach(SessionConnection connection)
    {
        if (connection.Session is { } session && session.Connection == connection)
            Detach(session, NowMs);
    }

    private void Detach(Session session, long nowMs)
    {
        session.Connection = null;
        session.DetachedMs = Math.Max(1, nowMs);
        session.Links = [];
        _photos?.Left(session);
        _room?.Leave(session);
        _room?.Keep(session, _truth, nowMs);
        _truth.Disconnected(session.Id, nowMs);
    }

    /// <summary>The owner says goodbye: nobody will resume it.</summary>
    private void Leave(Session session, long nowMs)
    {
        var connection = session.Connection;
        Detach(session, nowMs);
        _truth.End(session.Id, nowMs);
        End(session);
        connection?.Close(RefusalCode.None, "goodbye", SessionConnection.CloseNormal);
    }

    private void End(Session session)
    {
        session.IsOpen = false;
        _sessions.Remove(session);
    }

    /// <summary>Ends what waited too long: hellos, silent connections, sessions nobody resumed.</summary>
    private void Sweep(long nowMs)
    {
        foreach (var connection in _sessions.Connections)
        {
            if (connection.Session is null && nowMs - connection.OpenedMs > _options.HelloTimeoutMs)
                Refuse(connection, RefusalCode.Unauthenticated, "no hello in time", SessionConnection.ClosePolicy);
            else if (nowMs - connection.LastReceivedMs > _options.IdleSeconds * 1000L)
                connection.Close(RefusalCode.None, "silent too long", SessionConnection.CloseGoingAway);
        }

        foreach (var session in _sessions.All)
        {
            if (session.DetachedMs != 0 && nowMs - session.DetachedMs > _options.ResumeSeconds * 1000L)
                End(session);
        }
    }

    private static void Refuse(SessionConnection connection, RefusalCode code, string text, ushort closeCode)
    {
        ServerMeter.Refused(code);
        connection.Close(code, text, closeCode);
    }

    /// <summary>A name is shown to others: no control characters, 32 characters at most.</summary>
    private static string CutName(string name)
    {
        Span<char> kept = stackalloc char[32];
        var length = 0;
        foreach (var c in name)
        {
            if (length == kept.Length)
                break;
            if (!char.IsControl(c) && c is not ('\u202A' or '\u202B' or '\u202D' or '\u202E' or '\u2066' or '\u2067' or '\u2068'))
                kept[length++] = c;
        }

        // Half a surrogate pair is no character.
        if (length > 0 && char.IsHighSurrogate(kept[length - 1]))
            length--;
        return new string(kept[..length]).Trim();
    }
}
