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

/// <summary>Something for the world's loop to do. The payload is rented; whoever takes the command gives it back.</summary>
internal readonly record struct Command(CommandType Type, SessionConnection Connection, Session? Session, Kind Kind, uint Sequence, byte[] Rented, int Length)
{
    public ReadOnlySpan<byte> Payload => Rented.AsSpan(0, Length);

    public static Command Message(SessionConnection connection, Session session, Kind kind, uint sequence, ReadOnlySpan<byte> payload)
    {
        var rented = ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(rented);
        return new Command(CommandType.Message, connection, session, kind, sequence, rented, payload.Length);
    }

    public void Return()
    {
        if (Rented.Length > 0)
            ArrayPool<byte>.Shared.Return(Rented);
    }
}
