using Egregore.Server.Hosting;
using Egregore.Server.Identity;
using Egregore.Server.Sessions;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Egregore.World;

namespace Egregore.Server.Sockets;

/// <summary>
/// Where a client's message goes. Runs on the connection's reading thread: pings are answered and other peers' messages forwarded at once, what truth has to decide is
/// queued for the world's loop, reflex states wait for its next tick.
/// </summary>
internal sealed class MessageRouter(ServerOptions options, WorldDefinition game, SessionTable sessions, CommandQueue commands, Tickets tickets, TimeProvider time) : ISocketHost
{
    /// <summary>Version of the protocol that Hello.protocol names; 0 there says nothing.</summary>
    public const ushort ProtocolVersion = 1;

    /// <summary>Most links taken from one report.</summary>
    public const int ReportedLinksMax = 32;

    private const int RefusalIntervalMs = 100;

    private readonly int _stateBytes = game.Reflex?.StateSizeBytes ?? 0;
    private readonly string _gameId = GameId(game);

    /// <summary>Truth's clock, milliseconds since the Unix epoch.</summary>
    public long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    public ServerOptions Limits => options;

    // Some more than sessions: a connection that is being replaced, or has not said hello yet.
    public bool IsFull => sessions.ConnectionCount >= options.SessionsMax + (options.SessionsMax / 4) + 16;

    public bool IsPrompt => false;

    public void Opened(SessionConnection connection) => sessions.Add(connection);

    // Truth's thread flushes what it decides.
    public void Taken(SessionConnection connection)
    {
    }

    public void Closed(SessionConnection connection)
    {
        sessions.Remove(connection);
        commands.TryAdd(Command.Closed(connection));
    }

    /// <summary>A game as Hello and Welcome name it: <c>NAME/VERSION</c>.</summary>
    public static string GameId(WorldDefinition game) => $"{game.Name}/{game.Version}";

    /// <summary>Takes one binary message: an envelope, or a batch of them.</summary>
    public void Receive(SessionConnection connection, ReadOnlySpan<byte> message, int frameBytes)
    {
        if (!connection.Bytes.TryTake(frameBytes, connection.LastReceivedMs))
        {
            Refuse(connection, RefusalCode.RateLimited, 0, "too many bytes");
            return;
        }

        Route(connection, message, inBatch: false);
    }

    private void Route(SessionConnection connection, ReadOnlySpan<byte> message, bool inBatch)
    {
        if (connection.IsClosing)
            return;
        if (!connection.Messages.TryTake(1, connection.LastReceivedMs))
        {
            Refuse(connection, RefusalCode.RateLimited, 0, "too many messages");
            return;
        }

        var error = EnvelopeCodec.TryRead(message, out var envelope);
        if (error != VerifyError.None)
        {
            Refuse(connection, RefusalCode.Malformed, 0, Texts.Of(error));
            return;
        }

        var header = envelope.Header;
        if (envelope.Time != 0 && (long)(envelope.Time >> 16) > connection.LastReceivedMs + options.ClockSkewMaxMs)
        {
            Refuse(connection, RefusalCode.BadTime, header.Sequence, "its time is ahead of truth's clock");
            return;
        }

        if (connection.Session is not { } session)
        {
            Greet(connection, header, envelope.Payload);
            return;
        }

        if (envelope.HasTarget && envelope.Target is { IsNone: false } target)
        {
            Forward(connection, session, envelope, target);
            return;
        }

        switch (header.Kind)
        {
            case Kind.Batch when !inBatch:
                Unpack(connection, envelope.Payload);
                break;
            case Kind.Reflex:
                if (envelope.Payload.Length != _stateBytes || _stateBytes == 0)
                    Refuse(connection, RefusalCode.Malformed, header.Sequence, "not a state of this game");
                else if (!session.Reflexes.TryAdd(header.Sequence, envelope.Payload))
                    Refuse(connection, RefusalCode.RateLimited, header.Sequence, "too many states");
                break;
            case Kind.Ping:
                Answer(connection, session, header, envelope.Payload);
                break;
            case Kind.Action:
                if (!connection.Actions.TryTake(1, connection.LastReceivedMs))
                    Refuse(connection, RefusalCode.RateLimited, header.Sequence, "too many actions");
                else
                    Queue(connection, session, header, envelope.Payload);
                break;
            case Kind.PhotoRequest:
                if (PhotoRequestView.TryRead(envelope.Payload, out _) is var problem and not VerifyError.None)
                    Refuse(connection, RefusalCode.Malformed, header.Sequence, Texts.Of(problem));
                else if (!connection.Actions.TryTake(1, connection.LastReceivedMs))
                    Refuse(connection, RefusalCode.RateLimited, header.Sequence, "too many pictures");
                else
                    Queue(connection, session, header, envelope.Payload);
                break;
            case Kind.Subscribe:
                Queue(connection, session, header, envelope.Payload);
                break;
            case Kind.PeerLeave:
                if (PeerLeaveView.TryRead(envelope.Payload, out var leave) != VerifyError.None || leave.Peer != session.Peer)
                    Refuse(connection, RefusalCode.Malformed, header.Sequence, "a goodbye names the peer itself");
                else
                    Queue(connection, session, header, envelope.Payload);
                break;
            case Kind.MeshReport:
                Report(connection, session, header, envelope.Payload);
                break;
            case Kind.Checkpoint:
                // Truth checks every state it is sent; checkpoints are for peers that see only some of them.
                break;
            default:
                Refuse(connection, RefusalCode.Malformed, header.Sequence, "truth takes no message of this kind without a target");
                break;
        }
    }

    private void Greet(SessionConnection connection, in Header header, ReadOnlySpan<byte> payload)
    {
        if (header.Kind != Kind.Hello || connection.Greeted)
        {
            Turn(connection, RefusalCode.Unauthenticated, connection.Greeted ? "wait for the welcome" : "the first message is a hello");
            return;
        }

        connection.Greeted = true;
        if (Hello.TryRead(payload, out var hello) is var error and not VerifyError.None)
        {
            Turn(connection, RefusalCode.Malformed, Texts.Of(error));
            return;
        }

        var result = tickets.TryRedeem(hello!.Ticket, out var peer);
        if (result != IdentityResult.Ok)
        {
            Turn(connection, Texts.CodeOf(result), Texts.OfTicket(result));
            return;
        }

        if (hello.Protocol > ProtocolVersion || (hello.Game.Length > 0 && hello.Game != _gameId))
        {
            Turn(connection, RefusalCode.VersionMismatch, $"this is {_gameId} with protocol {ProtocolVersion}");
            return;
        }

        if (!commands.TryAdd(Command.Hello(connection, new Greeting(peer, hello))))
            connection.Close(RefusalCode.Overloaded, "the world is overloaded", SessionConnection.CloseTryAgainLater);
    }

    private static void Turn(SessionConnection connection, RefusalCode code, string text)
    {
        ServerMeter.Refused(code);
        connection.Close(code, text, SessionConnection.ClosePolicy);
    }

    private void Unpack(SessionConnection connection, ReadOnlySpan<byte> payload)
    {
        var batch = new BatchReader(payload);
        while (batch.TryNext(out var envelope))
            Route(connection, envelope, inBatch: true);
        if (batch.Error != VerifyError.None)
            Refuse(connection, RefusalCode.Malformed, 0, Texts.Of(batch.Error));
    }

    /// <summary>Passes a message on without looking into it. The sender is whom truth authenticated, whatever the envelope says.</summary>
    private void Forward(SessionConnection connection, Session session, in EnvelopeView envelope, PeerId target)
    {
        var header = envelope.Header;
        if (!IsForPeers(header.Kind))
        {
            Refuse(connection, RefusalCode.Forbidden, header.Sequence, "peers do not send each other messages of this kind through truth");
            return;
        }

        if (sessions.Find(target) is not { } other || other == session ||
            !other.Relay(header.Kind, header.Sequence, envelope.Payload, header.Ttl, session.Peer, envelope.Time, envelope.Signature))
        {
            // Whom somebody cannot reach is no offence: peers go while messages are under way.
            Tell(connection, RefusalCode.UnknownTarget, header.Sequence, "that peer is not here", target);
            return;
        }

        other.Flush();
    }

    private bool IsForPeers(Kind kind) => kind switch
    {
        Kind.Signal or (>= Kind.PeerJoin and < Kind.Batch) => true,
        // In a mesh world truth decides nothing, so that these can only be between peers.
        Kind.Action or Kind.ActionResult or Kind.Subscribe or Kind.Delta => options.Authority == Authority.Mesh,
        _ => false,
    };

    private void Answer(SessionConnection connection, Session session, in Header header, ReadOnlySpan<byte> payload)
    {
        if (PingView.TryRead(payload, out var ping) != VerifyError.None)
        {
            Refuse(connection, RefusalCode.Malformed, header.Sequence, "not a ping");
            return;
        }

        var pong = new Pong { Id = ping.Id, Sent = ping.Sent, Received = (ulong)NowMs };
        Span<byte> bytes = stackalloc byte[pong.SizeMax];
        session.Send(Kind.Pong, bytes[..pong.Write(bytes)]);
    }

    private void Queue(SessionConnection connection, Session session, in Header header, ReadOnlySpan<byte> payload)
    {
        var command = Command.Message(connection, session, header.Kind, payload);
        if (commands.TryAdd(command))
            return;
        command.Return();
        Tell(connection, RefusalCode.Overloaded, header.Sequence, "the world is overloaded");
    }

    private static void Report(SessionConnection connection, Session session, in Header header, ReadOnlySpan<byte> payload)
    {
        if (MeshReport.TryRead(payload, out var report) != VerifyError.None || report!.Links.Length > ReportedLinksMax)
        {
            Refuse(connection, RefusalCode.Malformed, header.Sequence, "not a report of links");
            return;
        }

        session.Links = [.. report.Links];
    }

    /// <summary>Refuses a message and counts it against its sender, who is closed for too many.</summary>
    private static void Refuse(SessionConnection connection, RefusalCode code, uint sequence, string text)
    {
        Tell(connection, code, sequence, text);
        if (!connection.Offences.TryTake(1, connection.LastReceivedMs))
            connection.Close(code, "too many refused messages: " + text, SessionConnection.ClosePolicy);
    }

    /// <summary>Says no, at most ten times a second: an answer to each message of a flood would be a flood.</summary>
    private static void Tell(SessionConnection connection, RefusalCode code, uint sequence, string text, PeerId? target = null)
    {
        ServerMeter.Refused(code);
        if (connection.LastReceivedMs - connection.RefusedMs < RefusalIntervalMs)
            return;
        connection.RefusedMs = connection.LastReceivedMs;
        connection.Send(Kind.Refusal, 0, new Refusal { Code = code, Sequence = sequence, Text = text, Target = target }.ToArray());
    }
}
