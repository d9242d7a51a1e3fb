using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Egregore.Server.Transport;

/// <summary>Kestrel's transport on Linux: connections on poll loops. Elsewhere Kestrel's own is used, and sessions go through its pipes.</summary>
internal sealed class PollTransport : IConnectionListenerFactory, IDisposable
{
    private const int Backlog = 512;

    private const int AcceptPauseMs = 100;

    private readonly PollLoop[] _loops;
    private readonly PollLoop _prompt;
    private int _next;

    /// <summary>One loop up to eight cores: it reads 100,000 messages a second and more; the world's loop is full before.</summary>
    public PollTransport(ILogger<PollTransport> log)
    {
        _loops = [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount / 8, 1, 8)).Select(i => new PollLoop($"poll {i}", patient: true, log))];
        _prompt = new PollLoop("poll prompt", patient: false, log);
    }

    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <exception cref="AddressInUseException">Another program listens there.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.Listen(Backlog);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket?.Dispose();
            throw new AddressInUseException(e.Message, e);
        }

        return ValueTask.FromResult<IConnectionListener>(new Listener(this, socket));
    }

    public void Dispose()
    {
        foreach (var loop in _loops)
            loop.Dispose();
        _prompt.Dispose();
    }

    private PollLoop NextLoop() => _loops[(uint)Interlocked.Increment(ref _next) % (uint)_loops.Length];

    private sealed class Listener(PollTransport transport, Socket socket) : IConnectionListener
    {
        private static long s_connections;

        public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    var accepted = await socket.AcceptAsync(cancellationToken);
                    accepted.NoDelay = true;
                    var connection = new PollConnection(accepted, transport.NextLoop(), transport._prompt, Interlocked.Increment(ref s_connections).ToString("x"));
                    connection.Socket.Start();
                    return connection;
                }
                catch (Exception e) when (e is ObjectDisposedException || e is SocketException { SocketErrorCode: SocketError.OperationAborted })
                {
                    return null;
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
                {
                    // It went while it waited to be accepted; the next may be better.
                }
                catch (SocketException)
                {
                    // Out of descriptors, most likely: others will be given back.
                    await Task.Delay(AcceptPauseMs, cancellationToken);
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
