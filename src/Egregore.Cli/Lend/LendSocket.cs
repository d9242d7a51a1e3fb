using System.Net.Sockets;
using System.Net.WebSockets;
using System.Threading.Channels;
using Egregore.Cli.Bots;
using Egregore.Wire;

namespace Egregore.Cli.Lend;

/// <summary>
/// One connection to <c>/work</c>: envelopes in and out. What comes waits in a bounded queue, so that a server that sends faster than the helper reads is slowed down by TCP; what goes out
/// waits in one too, and a connection that is slower than that is over.
/// </summary>
internal sealed class LendSocket : IAsyncDisposable
{
    private const int MessageBytesMax = 32 << 20;
    private const int ReceivedMax = 256;
    private const int WaitingMax = 1024;
    private const int SilenceMs = 20_000;
    private static readonly VerifyLimits Limits = VerifyLimits.OfSize(MessageBytesMax);

    private readonly ClientWebSocket _socket;
    private readonly Channel<byte[]> _received = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(ReceivedMax) { SingleReader = true, SingleWriter = true });
    private readonly Channel<byte[]> _waiting = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(WaitingMax) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;
    private readonly Task _sending;
    private uint _sequence;

    private LendSocket(ClientWebSocket socket)
    {
        _socket = socket;
        _receiving = ReceiveAsync();
        _sending = SendAsync();
    }

    /// <summary>The envelopes of each message; ends with the connection.</summary>
    public ChannelReader<byte[]> Received => _received.Reader;

    /// <summary>Why the connection ended, for people.</summary>
    public string Closed { get; private set; } = "the connection was lost";

    /// <summary>Logs in and opens the connection.</summary>
    /// <returns>The connection, and the ticket for its hello.</returns>
    /// <exception cref="HttpRequestException">The server is not there, or refused.</exception>
    /// <exception cref="WebSocketException">The server is not there, or refused.</exception>
    public static async Task<(LendSocket Socket, string Ticket)> OpenAsync(Uri url, HttpClient http, EcdsaP256 key, CancellationToken cancel)
    {
        var ticket = await new TruthLogin(http).TicketAsync(key, cancel);
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            var address = new UriBuilder(url) { Scheme = url.Scheme == "https" ? "wss" : "ws", Path = "/work" };
            await socket.ConnectAsync(address.Uri, cancel);
            return (new LendSocket(socket), ticket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends one message; false where too much waits already, and then the connection is of no use any more.</summary>
    public bool Send<T>(Kind kind, T message)
        where T : class, IFlatTable<T>
    {
        var payload = message.ToArray();
        var envelope = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        var length = EnvelopeCodec.Write(envelope, kind, ++_sequence, payload);
        return _waiting.Writer.TryWrite(envelope[..length]);
    }

    /// <summary>Takes a message apart.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static void Read(ReadOnlySpan<byte> message, Action<Kind, byte[]> take)
    {
        if (EnvelopeCodec.TryRead(message, Limits, out var envelope) is var error and not VerifyError.None)
            throw new InvalidDataException(error.ToString());
        if (envelope.Header.Kind != Kind.Batch)
        {
            take(envelope.Header.Kind, envelope.Payload.ToArray());
            return;
        }

        var batch = new BatchReader(envelope.Payload);
        while (batch.TryNext(out var bytes))
        {
            if (EnvelopeCodec.TryRead(bytes, Limits, out var inner) is var wrong and not VerifyError.None)
                throw new InvalidDataException(wrong.ToString());
            if (inner.Header.Kind == Kind.Batch)
                throw new InvalidDataException("a batch in a batch");
            take(inner.Header.Kind, inner.Payload.ToArray());
        }

        if (batch.Error != VerifyError.None)
            throw new InvalidDataException(batch.Error.ToString());
    }

    /// <summary>Reads a table of a message.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static T Parse<T>(byte[] payload)
        where T : class, IFlatTable<T> =>
        T.TryRead(payload, Limits, out var value) is var error and not VerifyError.None ? throw new InvalidDataException($"{typeof(T).Name}: {error}") : value!;

    /// <summary>Sends what waits and closes; after half a second at most.</summary>
    public async Task CloseAsync()
    {
        _waiting.Writer.TryComplete();
        using var limit = new CancellationTokenSource(500);
        try
        {
            await _sending.WaitAsync(limit.Token);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // It is over either way.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _waiting.Writer.TryComplete();
        _socket.Abort();
        await _sending;
        await _receiving;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task SendAsync()
    {
        try
        {
            await foreach (var message in _waiting.Reader.ReadAllAsync(_stop.Token))
                await _socket.SendAsync(message, WebSocketMessageType.Binary, true, _stop.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or SocketException)
        {
            // The reading side says that it is over.
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                limit.CancelAfter(SilenceMs);
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    if (length == buffer.Length)
                        Array.Resize(ref buffer, Math.Min(MessageBytesMax, 2 * length));
                    result = await _socket.ReceiveAsync(buffer.AsMemory(length), limit.Token);
                    length += result.Count;
                }
                while (!result.EndOfMessage && length < MessageBytesMax);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    Closed = $"the server closed the connection{(_socket.CloseStatusDescription is { Length: > 0 } text ? $": {LendLedger.Clean(text)}" : "")}";
                    break;
                }

                if (!result.EndOfMessage)
                {
                    Closed = $"the server sent a message of more than {MessageBytesMax >> 20} MiB";
                    break;
                }

                await _received.Writer.WriteAsync(buffer.AsSpan(0, length).ToArray(), _stop.Token);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            Closed = "the server fell silent";
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or SocketException)
        {
            // Closed says it.
        }

        _received.Writer.TryComplete();
    }
}
