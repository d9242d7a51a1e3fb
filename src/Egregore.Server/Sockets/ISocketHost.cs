namespace Egregore.Server.Sockets;

/// <summary>Who takes the messages of WebSockets at one path.</summary>
internal interface ISocketHost
{
    /// <summary>Bounds of its connections: message and queue sizes, rates, connections.</summary>
    ServerOptions Limits { get; }

    /// <summary>Truth's clock, milliseconds since the Unix epoch.</summary>
    long NowMs { get; }

    /// <summary>Whether another connection has no room.</summary>
    bool IsFull { get; }

    /// <summary>Whether its messages are decided at once, so that each is read when it comes. Otherwise they wait for the next tick, and may wait a millisecond for others.</summary>
    bool IsPrompt { get; }

    /// <summary>A connection has begun.</summary>
    void Opened(SessionConnection connection);

    /// <summary>Takes one binary message, on the connection's reading thread.</summary>
    void Receive(SessionConnection connection, ReadOnlySpan<byte> message, int frameBytes);

    /// <summary>All messages that came together were taken: what they gave rise to may leave.</summary>
    void Taken(SessionConnection connection);

    /// <summary>A connection has ended; the last call about it.</summary>
    void Closed(SessionConnection connection);
}
