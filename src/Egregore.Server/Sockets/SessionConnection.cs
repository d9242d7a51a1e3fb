using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Egregore.Server.Security;
using Egregore.Server.Sessions;
using Egregore.Server.Telemetry;
using Egregore.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Egregore.Server.Sockets;

/// <summary>
/// One WebSocket: reads frames straight from the transport's pipe, hands whole messages to the router, and owns the outbox. Reading is one thread at a time and
/// synchronous between two reads, so messages are unmasked into a buffer of the thread's and nothing is allocated for them.
/// </summary>
internal sealed class SessionConnection
{
    // RFC 6455, section 7.4.1, and the IANA registry.
    public const ushort CloseNormal = 1000, CloseGoingAway = 1001, CloseProtocolError = 1002, CloseUnsupported = 1003, ClosePolicy = 1008, CloseTooLarge = 1009, CloseTryAgainLater = 1013;

    [ThreadStatic]
    private static byte[]? t_payload;

    private readonly IDuplexPipe _transport;
    private readonly IConnectionLifetimeFeature _lifetime;
    private readonly MessageRouter _router;
    private readonly ServerOptions _options;
    private readonly Outbox _outbox;
    private readonly Lock _closeLock = new();
    private byte[]? _fragments;
    private int _fragmentBytes;
    private byte _fragmentOpcode;
    private volatile bool _closing;
    private volatile bool _aborted;

    public SessionConnection(IDuplexPipe transport, Socket? socket, IConnectionLifetimeFeature lifetime, string address, MessageRouter router, ServerOptions options, long nowMs)
    {
        _transport = transport;
        _lifetime = lifetime;
        _router = router;
        _options = options;
        _outbox = new Outbox(socket, transport.Output, options.SendQueueBytesMax);
        Address = address;
        OpenedMs = nowMs;
        LastReceivedMs = nowMs;
        Messages = new TokenBucket(options.MessagesPerSecond, 2 * options.MessagesPerSecond, nowMs);
        Bytes = new TokenBucket(options.BytesPerSecond, Math.Max(4 * options.BytesPerSecond, options.MessageBytesMax), nowMs);
        Actions = new TokenBucket(options.ActionsPerSecond, 2 * options.ActionsPerSecond, nowMs);
        Offences = new TokenBucket(1, options.OffencesMax, nowMs);
    }

    /// <summary>The remote address; for limits only, never shown.</summary>
    public string Address { get; }

    public long OpenedMs { get; }

    public long LastReceivedMs { get; private set; }

    /// <summary>Null until the hello was accepted.</summary>
    public Session? Session { get; set; }

    /// <summary>Whether a hello was taken and its welcome is under way.</summary>
    public bool Greeted { get; set; }

    public bool IsClosing => _closing;

    public Outbox Outbox => _outbox;

    /// <summary>Messages and bytes received, framing included.</summary>
    public long MessagesReceived { get; private set; }

    public long BytesReceived { get; private set; }

    // Used by the reading thread only.
    public TokenBucket Messages;
    public TokenBucket Bytes;
    public TokenBucket Actions;
    public TokenBucket Offences;
    public long RefusedMs;

    /// <summary>Reads until the connection ends, from whichever side. Never throws for what a peer does.</summary>
    public async Task RunAsync()
    {
        var input = _transport.Input;
        try
        {
            while (!_closing)
            {
                var result = await input.ReadAsync();
                var buffer = result.Buffer;
                Process(ref buffer);
                input.AdvanceTo(buffer.Start, buffer.End);
                _outbox.Flush();
                if (result.IsCompleted)
                    break;
            }

            if (_closing && !_aborted)
                await DrainAsync(input);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or ConnectionAbortedException)
        {
            // The transport failed under us: the same as the peer going away.
        }
        finally
        {
            _closing = true;
            if (_fragments is not null)
                ArrayPool<byte>.Shared.Return(_fragments);
            _fragments = null;
            _outbox.Close();
        }
    }

    /// <summary>Queues one of truth's messages; a consumer too slow to take it is closed.</summary>
    public bool Send(Kind kind, uint sequence, ReadOnlySpan<byte> payload) => !_closing && (_outbox.TryAdd(kind, sequence, payload) || CloseSlow());

    /// <summary>Queues another peer's message.</summary>
    public bool Relay(Kind kind, uint sequence, ReadOnlySpan<byte> payload, byte ttl, PeerId sender, PeerId target, ulong time, ReadOnlySpan<byte> signature) =>
        !_closing && (_outbox.TryAdd(kind, sequence, payload, ttl, sender, target, time, signature) || CloseSlow());

    public void Flush() => _outbox.Flush();

    /// <summary>Says why, with a refusal and a close frame, and ends the connection once that is sent and the peer has answered, or after a short while.</summary>
    public void Close(RefusalCode code, string text, ushort closeCode)
    {
        lock (_closeLock)
        {
            if (_closing)
                return;
            if (code != RefusalCode.None)
                _outbox.TryAdd(Kind.Refusal, 0, new Refusal { Code = code, Text = text }.ToArray());
            Span<byte> reason = stackalloc byte[WebSocketFrame.ControlBytesMax];
            BinaryPrimitives.WriteUInt16BigEndian(reason, closeCode);
            var written = Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, 40)), reason[2..]);
            _outbox.TryAddFrame(WebSocketFrame.Close, reason[..(2 + written)]);
            _closing = true;
        }

        _outbox.Flush();
        _transport.Input.CancelPendingRead();
    }

    private bool CloseSlow()
    {
        if (!_closing)
        {
            ServerMeter.SlowConsumers.Add(1);
            _aborted = true;
            Close(RefusalCode.Overloaded, "too slow: the send queue is full", CloseTryAgainLater);
            // Its buffers are full, so a close frame may never get out: cut it. Not by the request's context, which may serve another by now.
            _lifetime.Abort();
        }

        return false;
    }

    /// <summary>Reads and throws away until the peer ends too, for at most two seconds: a socket closed with unread bytes resets, and the peer would never see why.</summary>
    private static async Task DrainAsync(PipeReader input)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        while (true)
        {
            var result = await input.ReadAsync(limit.Token);
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || SawClose(result.Buffer))
                return;
        }
    }

    private static bool SawClose(in ReadOnlySequence<byte> buffer) => buffer.Length is >= 6 and <= 131 && (buffer.FirstSpan[0] & 0x0F) == WebSocketFrame.Close;

    private void Process(ref ReadOnlySequence<byte> buffer)
    {
        var payload = t_payload is { } kept && kept.Length >= _options.MessageBytesMax ? kept : t_payload = GC.AllocateUninitializedArray<byte>(_options.MessageBytesMax);
        while (!_closing && !buffer.IsEmpty)
        {
            var before = buffer.Length;
            switch (WebSocketFrame.TryRead(ref buffer, payload.AsSpan(0, _options.MessageBytesMax), out var opcode, out var final, out var length))
            {
                case FrameStatus.Incomplete:
                    return;
                case FrameStatus.TooLarge:
                    ServerMeter.Refused(RefusalCode.TooLarge);
                    Close(RefusalCode.TooLarge, $"a message may have {_options.MessageBytesMax} bytes", CloseTooLarge);
                    return;
                case FrameStatus.ProtocolError:
                    ServerMeter.Refused(RefusalCode.Malformed);
                    Close(RefusalCode.Malformed, "not a WebSocket frame", CloseProtocolError);
                    return;
            }

            BytesReceived += before - buffer.Length;
            Dispatch(opcode, final, payload.AsSpan(0, length), (int)(before - buffer.Length));
        }
    }

    private void Dispatch(byte opcode, bool final, ReadOnlySpan<byte> payload, int frameBytes)
    {
        LastReceivedMs = _router.NowMs;
        switch (opcode)
        {
            case WebSocketFrame.Binary when final && _fragments is null:
                MessagesReceived++;
                _router.Receive(this, payload, frameBytes);
                break;
            case WebSocketFrame.Binary when _fragments is null:
                _fragments = ArrayPool<byte>.Shared.Rent(_options.MessageBytesMax);
                _fragmentOpcode = opcode;
                _fragmentBytes = 0;
                Append(payload, final);
                break;
            case WebSocketFrame.Continuation when _fragments is not null:
                Append(payload, final);
                break;
            case WebSocketFrame.Ping:
                // A flood of pings is a flood of messages.
                if (Messages.TryTake(1, LastReceivedMs))
                    _outbox.TryAddFrame(WebSocketFrame.Pong, payload);
                break;
            case WebSocketFrame.Pong:
                break;
            case WebSocketFrame.Close:
                Close(RefusalCode.None, "", payload.Length >= 2 ? CloseNormal : CloseGoingAway);
                break;
            case WebSocketFrame.Text:
                Close(RefusalCode.Malformed, "messages are binary", CloseUnsupported);
                break;
            default:
                Close(RefusalCode.Malformed, "fragments out of order", CloseProtocolError);
                break;
        }
    }

    private void Append(ReadOnlySpan<byte> payload, bool final)
    {
        if (_fragmentBytes + payload.Length > _options.MessageBytesMax)
        {
            ServerMeter.Refused(RefusalCode.TooLarge);
            Close(RefusalCode.TooLarge, $"a message may have {_options.MessageBytesMax} bytes", CloseTooLarge);
            return;
        }

        payload.CopyTo(_fragments.AsSpan(_fragmentBytes));
        _fragmentBytes += payload.Length;
        if (!final)
            return;
        var whole = _fragments!;
        _fragments = null;
        if (_fragmentOpcode == WebSocketFrame.Binary)
        {
            MessagesReceived++;
            _router.Receive(this, whole.AsSpan(0, _fragmentBytes), _fragmentBytes);
        }

        ArrayPool<byte>.Shared.Return(whole);
    }
}
