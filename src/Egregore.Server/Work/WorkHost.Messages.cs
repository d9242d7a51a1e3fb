using System.Net;
using System.Security.Cryptography;
using Egregore.Server.Api;
using Egregore.Server.Identity;
using Egregore.Server.Sockets;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>What helpers say.</summary>
internal sealed partial class WorkHost
{
    private const int NameMax = 32;

    public bool IsPrompt => true;

    public void Opened(SessionConnection connection) => _connections[connection] = 0;

    public void Closed(SessionConnection connection)
    {
        _connections.TryRemove(connection, out _);
        if (connection.Helper is not { } session)
            return;
        lock (_gate)
        {
            _sessions.Remove(session.Id);
            _coordinator.Leave(session.Id, NowUs);
        }

        Flush();
    }

    public void Receive(SessionConnection connection, ReadOnlySpan<byte> message, int frameBytes)
    {
        if (!connection.Bytes.TryTake(frameBytes, connection.LastReceivedMs))
            Refuse(connection, RefusalCode.RateLimited, "too many bytes");
        else
            Route(connection, message, inBatch: false);
    }

    public void Taken(SessionConnection connection) => Flush();

    private void Route(SessionConnection connection, ReadOnlySpan<byte> message, bool inBatch)
    {
        if (connection.IsClosing)
            return;
        if (!connection.Messages.TryTake(1, connection.LastReceivedMs))
        {
            Refuse(connection, RefusalCode.RateLimited, "too many messages");
            return;
        }

        // An output may be as long as its message: the limits of players' messages do not hold here, the socket's do.
        var error = EnvelopeCodec.TryRead(message, out var envelope);
        if (error != VerifyError.None)
        {
            Refuse(connection, RefusalCode.Malformed, Texts.Of(error));
            return;
        }

        var kind = envelope.Header.Kind;
        if (connection.Helper is not { } session)
        {
            Greet(connection, kind, envelope.Payload);
            return;
        }

        if (kind == Kind.Batch && !inBatch)
        {
            var batch = new BatchReader(envelope.Payload);
            while (batch.TryNext(out var inner))
                Route(connection, inner, inBatch: true);
            error = batch.Error;
        }
        else if (kind == Kind.Ping)
        {
            error = Answer(session, envelope.Payload);
        }
        else
        {
            Take(session, kind, envelope.Payload);
        }

        if (error != VerifyError.None)
            Refuse(connection, RefusalCode.Malformed, Texts.Of(error));
    }

    private void Greet(SessionConnection connection, Kind kind, ReadOnlySpan<byte> payload)
    {
        if (kind != Kind.HelperHello || connection.Greeted)
        {
            Turn(connection, RefusalCode.Unauthenticated, "the first message is a helper's hello");
            return;
        }

        connection.Greeted = true;
        if (HelperHello.TryRead(payload, out var hello) is var error and not VerifyError.None)
        {
            Turn(connection, RefusalCode.Malformed, Texts.Of(error));
            return;
        }

        if (_tickets.TryRedeem(hello!.Ticket, out var peer) is var result and not IdentityResult.Ok)
        {
            Turn(connection, Texts.CodeOf(result), Texts.OfTicket(result));
            return;
        }

        if (hello.Protocol > ProtocolVersion)
        {
            Turn(connection, RefusalCode.VersionMismatch, $"this is protocol {ProtocolVersion}");
            return;
        }

        if (hello.Tier > HelperTier.Cloud || (hello.Tier == HelperTier.Cloud && ApiKey.Find(_options.ApiKeys, hello.ApiKey) is null))
        {
            Turn(connection, RefusalCode.Forbidden, "a cloud worker needs an API key of this server");
            return;
        }

        if (Join(connection, peer, hello) is { } problem)
            Turn(connection, problem.Code, problem.Text);
    }

    private (RefusalCode Code, string Text)? Join(SessionConnection connection, PeerId peer, HelperHello hello)
    {
        lock (_gate)
        {
            var nowUs = NowUs;
            var profile = new HelperProfile
            {
                Owner = peer,
                AddressRange = RangeOf(connection.Address),
                Tier = hello.Tier,
                Slots = Math.Clamp((int)hello.Slots, 1, 64),
            };
            switch (_coordinator.Join(profile, nowUs, out var id))
            {
                case JoinStatus.Banned:
                    var view = _coordinator.StandingOf(peer, nowUs);
                    return (RefusalCode.Forbidden, $"banned for {Math.Max(1, (view?.BannedUs ?? 0) / 60_000_000)} minutes: {view?.Reason}");
                case JoinStatus.Overloaded:
                    return (RefusalCode.Overloaded, "no room for more helpers");
                case JoinStatus.BadProfile:
                    return (RefusalCode.Malformed, "slots are 1 to 64");
            }

            var session = new HelperSession(connection, id, peer, CutName(hello.Name), hello.Tier, profile.Slots, NowMs);
            _sessions.Add(id, session);
            connection.Helper = session;
            Send(session, Kind.HelperWelcome, new HelperWelcome
            {
                Peer = peer,
                Time = (ulong)NowMs,
                CreditsMax = (ushort)Math.Min(ushort.MaxValue, _options.Coordinator.CreditsMax),
                TaskBytesMax = (uint)TaskBytesMax,
                OutputBytesMax = (uint)Math.Max(0, _options.MessageBytesMax - 1_024),
                PublicKey = _key.PublicKey,
                Kernels = _expected.SelectMany(expected => expected.Kernel.ToArray()).ToArray(),
            }.ToArray());
            TellStanding(session, NowMs);
            // It may have gone while this was done; then nobody else takes it out.
            if (connection.IsClosing)
                Closed(connection);
        }

        return null;
    }

    /// <summary>Shared block and input of any task.</summary>
    public const int TaskBytesMax = 1 << 20;

    private void Take(HelperSession session, Kind kind, ReadOnlySpan<byte> payload)
    {
        ReceiveStatus status;
        lock (_gate)
            status = WorkWire.Receive(_coordinator, session.Id, kind, payload, NowUs);
        // A helper sees one task: whoever asks for anything of a world is told no, and it counts.
        if (status == ReceiveStatus.NotForHelpers)
            Refuse(session.Connection, RefusalCode.Forbidden, $"a helper does not send {kind}");
        else if (status == ReceiveStatus.Malformed)
            Refuse(session.Connection, RefusalCode.Malformed, $"not a {kind}");
    }

    private VerifyError Answer(HelperSession session, ReadOnlySpan<byte> payload)
    {
        if (PingView.TryRead(payload, out var ping) is var error and not VerifyError.None)
            return error;
        session.Connection.Send(Kind.Pong, 0, new Pong { Id = ping.Id, Sent = ping.Sent, Received = (ulong)NowMs }.ToArray());
        session.Connection.Flush();
        return VerifyError.None;
    }

    private static void Turn(SessionConnection connection, RefusalCode code, string text)
    {
        ServerMeter.Refused(code);
        connection.Close(code, text, SessionConnection.ClosePolicy);
    }

    private static void Refuse(SessionConnection connection, RefusalCode code, string text)
    {
        ServerMeter.Refused(code);
        if (!connection.Offences.TryTake(1, connection.LastReceivedMs))
        {
            connection.Close(code, "too many refused messages: " + text, SessionConnection.ClosePolicy);
            return;
        }

        if (connection.LastReceivedMs - connection.RefusedMs < 100)
            return;
        connection.RefusedMs = connection.LastReceivedMs;
        connection.Send(Kind.Refusal, 0, new Refusal { Code = code, Text = text }.ToArray());
        connection.Flush();
    }

    // A /24 or a /64; the operator's own machine is no range: everything that is tried there would share it.
    private static ulong RangeOf(string text)
    {
        if (!IPAddress.TryParse(text, out var address) || IPAddress.IsLoopback(address))
            return 0;
        var bytes = address.GetAddressBytes();
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes.AsSpan(0, bytes.Length == 4 ? 3 : 8), hash);
        return BitConverter.ToUInt64(hash) | 1;
    }

    private static string CutName(string name)
    {
        var kept = string.Concat(name.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(NameMax)).Trim();
        return kept.Length == 0 ? "helper" : kept;
    }
}
