using System.Buffers;
using Egregore.Server.Sessions;
using Egregore.Server.Sockets;
using Egregore.Wire;

namespace Egregore.Server.Hosting;

internal enum CommandType : byte
{
    /// <summary>A connection said hello: open or resume its session.</summary>
    Hello,

    /// <summary>A connection ended.</summary>
    Closed,

    /// <summary>A message of <see cref="Command.Kind"/> for truth.</summary>
    Message,
}

/// <summary>A hello whose ticket was good.</summary>
internal sealed record Greeting(PeerId Peer, Hello Hello);

/// <summary>Something for the world's loop to do. The payload is rented; whoever takes the command gives it back.</summary>
internal readonly record struct Command(CommandType Type, SessionConnection Connection, Session? Session, Greeting? Greeting, Kind Kind, byte[] Rented, int Length)
{
    public ReadOnlySpan<byte> Payload => Rented.AsSpan(0, Length);

    public static Command Hello(SessionConnection connection, Greeting greeting) => new(CommandType.Hello, connection, null, greeting, Kind.Hello, [], 0);

    public static Command Closed(SessionConnection connection) => new(CommandType.Closed, connection, null, null, Kind.None, [], 0);

    public static Command Message(SessionConnection connection, Session session, Kind kind, ReadOnlySpan<byte> payload)
    {
        var rented = ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(rented);
        return new Command(CommandType.Message, connection, session, null, kind, rented, payload.Length);
    }

    public void Return()
    {
        if (Rented.Length > 0)
            ArrayPool<byte>.Shared.Return(Rented);
    }
}
