using System.Collections.Concurrent;
using System.Net.WebSockets;
using Egregore.Peer;
using Egregore.Wire;

namespace Egregore.Cli.Bots;

/// <summary>
/// Carries out what a bot's participant decides: one WebSocket to truth, direct links over WebRTC, a native key. Without links its dials fail, and the mesh relays through truth.
/// The swarm's one thread calls <see cref="Pump"/> and everything else; the socket's tasks only fill and empty queues.
/// </summary>
internal sealed class BotHost(Uri socketUri, TruthLogin login, EcdsaP256 key, DirectLinks? links) : IParticipantHost, IAsyncDisposable
{
    private const int MessageBytesMax = 64 * 1024;
    private const int QueueMax = 4096;
    private const int RetryMs = 2_000;

    private readonly ConcurrentQueue<byte[]> _received = new();
    private readonly Queue<(PeerId Peer, uint Connection)> _refusedDials = new();
    private readonly Queue<(uint Request, byte[] Signature)> _signed = new();
    private readonly Queue<(uint Request, bool Valid)> _verified = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryStream _outgoing = new();
    private ClientWebSocket? _socket;
    private Task _receiving = Task.CompletedTask;
    private Task _sending = Task.CompletedTask;
    private byte[] _sendBuffer = new byte[4096];
    private volatile bool _closed;
    private bool _opened;
    private Task<(ClientWebSocket Socket, string Ticket)>? _reconnecting;
    private long _retryAtMs;

    public Participant Participant { get; set; } = null!;

    public DirectLinks? Links => links;

    public bool Connected => _opened && !_closed;

    private long _bytesIn;
    private long _bytesOut;
    private long _messagesIn;

    /// <summary>Bytes in and out and messages in since the last call.</summary>
    public (long BytesIn, long BytesOut, long MessagesIn) TakeFigures()
    {
        var figures = (_bytesIn, _bytesOut, _messagesIn);
        _bytesIn = _bytesOut = _messagesIn = 0;
        return figures;
    }

    /// <summary>Logs in and opens the socket.</summary>
    /// <exception cref="HttpRequestException">The server is not there or refused.</exception>
    /// <exception cref="WebSocketException">The socket was refused.</exception>
    public async Task ConnectAsync(long nowMs, CancellationToken cancel) => Opened(await OpenAsync(cancel), nowMs);

    /// <summary>Hands over what came, and sends what the participant had to say since the last time, in one go.</summary>
    public void Pump(long nowMs)
    {
        while (_refusedDials.TryDequeue(out var dial))
            Participant.LinkClosed(dial.Peer, dial.Connection, nowMs);
        links?.Pump(Participant, nowMs);
        while (_signed.TryDequeue(out var signed))
            Participant.Signed(signed.Request, signed.Signature, nowMs);
        while (_verified.TryDequeue(out var verified))
            Participant.Verified(verified.Request, verified.Valid, nowMs);
        while (_received.TryDequeue(out var message))
        {
            _messagesIn++;
            _bytesIn += message.Length;
            Participant.ReceiveTruth(message, nowMs);
        }

        if (_opened && _closed)
        {
            _opened = false;
            _retryAtMs = nowMs + RetryMs;
            Participant.TruthClosed(nowMs);
        }

        Reconnect(nowMs);
    }

    private void Reconnect(long nowMs)
    {
        if (_opened || _retryAtMs == 0)
            return;
        if (_reconnecting is null)
        {
            if (nowMs >= _retryAtMs)
                _reconnecting = OpenAsync(_stop.Token);
            return;
        }

        if (!_reconnecting.IsCompleted)
            return;
        if (_reconnecting.IsCompletedSuccessfully)
            Opened(_reconnecting.Result, nowMs);
        else
            _retryAtMs = nowMs + RetryMs;
        _reconnecting = null;
    }

    private async Task<(ClientWebSocket Socket, string Ticket)> OpenAsync(CancellationToken cancel)
    {
        var ticket = await login.TicketAsync(key, cancel);
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        await socket.ConnectAsync(socketUri, cancel);
        return (socket, ticket);
    }

    private void Opened((ClientWebSocket Socket, string Ticket) opened, long nowMs)
    {
        _socket?.Dispose();
        _socket = opened.Socket;
        _closed = false;
        _opened = true;
        _outgoing.SetLength(0);
        Participant.TruthOpened(opened.Ticket, nowMs);
        // Its hello must not wait for those who join with it: truth gives it five seconds.
        Flush();
        _receiving = ReceiveAsync(opened.Socket);
    }

    /// <summary>Sends what was collected since the last flush, unless the last send is still under way.</summary>
    public void Flush()
    {
        if (_outgoing.Length == 0 || !_sending.IsCompleted || !Connected)
            return;
        var length = (int)_outgoing.Length;
        if (_sendBuffer.Length < length)
            _sendBuffer = new byte[length * 2];
        _outgoing.GetBuffer().AsSpan(0, length).CopyTo(_sendBuffer);
        _outgoing.SetLength(0);
        _bytesOut += length;
        _sending = SendAsync(_socket!, length);
    }

    public void SendTruth(ReadOnlySpan<byte> message)
    {
        Span<byte> size = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(size, message.Length);
        if (_outgoing.Length + message.Length > 4 * MessageBytesMax)
            return;
        _outgoing.Write(size);
        _outgoing.Write(message);
    }

    public void SendLink(PeerId peer, LinkChannel channel, ReadOnlySpan<byte> message) => links?.Send(peer, channel, message);

    public void Dial(PeerId peer, uint connection)
    {
        if (links is null)
            _refusedDials.Enqueue((peer, connection));
        else
            links.Offer(peer, connection);
    }

    public void RemoteSignal(PeerId peer, uint connection, SignalType type, string data, string mid)
    {
        if (links is null)
            _refusedDials.Enqueue((peer, connection));
        else
            links.Signal(peer, connection, type, data, mid);
    }

    public void HangUp(PeerId peer) => links?.HangUp(peer);

    public void Sign(uint request, ReadOnlySpan<byte> bytes) => _signed.Enqueue((request, key.Sign(bytes)));

    public void Verify(uint request, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> bytes) =>
        _verified.Enqueue((request, EcdsaP256.Verify(publicKey, bytes, signature)));

    public async ValueTask DisposeAsync()
    {
        links?.Dispose();
        await _stop.CancelAsync();
        _socket?.Abort();
        await _receiving;
        await _sending;
        _socket?.Dispose();
        _stop.Dispose();
        await _outgoing.DisposeAsync();
    }

    /// <summary>Messages go out one by one: each is a message of its own on the socket.</summary>
    private async Task SendAsync(ClientWebSocket socket, int length)
    {
        try
        {
            for (var at = 0; at < length;)
            {
                var size = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(_sendBuffer.AsSpan(at));
                await socket.SendAsync(_sendBuffer.AsMemory(at + 4, size), WebSocketMessageType.Binary, true, _stop.Token);
                at += 4 + size;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            _closed = true;
        }
    }

    private async Task ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[MessageBytesMax];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), _stop.Token);
                    length += result.Count;
                }
                while (!result.EndOfMessage && length < buffer.Length);

                if (result.MessageType == WebSocketMessageType.Close || !result.EndOfMessage || _received.Count >= QueueMax)
                    break;
                _received.Enqueue(buffer.AsSpan(0, length).ToArray());
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The swarm sees it at its next pump and connects again.
        }

        _closed = true;
    }
}
