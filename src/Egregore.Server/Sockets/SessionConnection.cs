using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Egregore.Server.Security;
using Egregore.Server.Sessions;
using Egregore.Server.Telemetry;
using Egregore.Server.Transport;
using Egregore.Server.Work;
using Egregore.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Egregore.Server.Sockets;

/// <summary>
/// One WebSocket: takes bytes from its poll loop, or from the transport's pipe where there is none (TLS, other systems than Linux), hands whole messages to its host, and owns the
/// outbox. One thread at a time reads; frames are unmasked where they lie, and nothing is allocated for them.
/// </summary>
internal sealed partial class SessionConnection : IPollHandler
{
    // RFC 6455, section 7.4.1, and the IANA registry.
    public const ushort CloseNormal = 1000, CloseGoingAway = 1001, CloseProtocolError = 1002, CloseUnsupported = 1003, ClosePolicy = 1008, CloseTooLarge = 1009, CloseInternalError = 1011, CloseTryAgainLater = 1013;

    private const int DrainMs = 2000;
    private const int HeldBytesMin = 1024;

    [ThreadStatic]
    private static byte[]? t_scratch;

    private readonly PollConnection? _poll;
    private readonly IDuplexPipe _transport;
    private readonly IConnectionLifetimeFeature _lifetime;
    private readonly ILogger _log;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ISocketHost _host;
    private readonly ServerOptions _options;
    private readonly Outbox _outbox;
    private readonly Lock _closeLock = new();
    private byte[]? _held;
    private int _heldBytes;
    private byte[]? _fragments;
    private int _fragmentBytes;
    private byte _fragmentOpcode;
    private volatile bool _closing;

    public SessionConnection(
        IDuplexPipe transport, PollConnection? poll, IConnectionLifetimeFeature lifetime, string address, ISocketHost host, ILogger log)
    {
        _transport = transport;
        _poll = poll;
        _lifetime = lifetime;
        _host = host;
        var options = _options = host.Limits;
        var nowMs = host.NowMs;
        _log = log;
        _outbox = new Outbox(poll?.Socket, transport.Output, options.SendQueueBytesMax);
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

    /// <summary>Null unless it is a helper's and its hello was accepted.</summary>
    public HelperSession? Helper { get; set; }

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
        try
        {
            if (_poll is not null)
                _poll.TakeOver(this, _host.IsPrompt);
            else
                _ = ReadPipeAsync(_transport.Input);
            await _ended.Task;
        }
        finally
        {
            _closing = true;
            Return(ref _held);
            Return(ref _fragments);
            _outbox.Close();
        }
    }

    /// <summary>Takes bytes of the stream, which it unmasks in place.</summary>
    public void Received(Span<byte> data)
    {
        try
        {
            if (_closing)
            {
                // A socket closed with unread bytes resets, and the peer would never see why: what comes is thrown away until the peer ends too.
                if (data.Length is >= 6 and <= 131 && (data[0] & 0x0F) == WebSocketFrame.Close)
                    _ended.TrySetResult();
                return;
            }

            Feed(data);
            _host.Taken(this);
            _outbox.Flush();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A bug of ours, met by one peer's message: that connection ends, the others go on.
            LogFault(_log, e);
            Close(RefusalCode.Malformed, "internal error", CloseInternalError);
        }
    }

    /// <summary>Nothing more will come.</summary>
    public void Ended() => _ended.TrySetResult();

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
        _ = EndSoonAsync();
    }

    private async Task EndSoonAsync()
    {
        await Task.WhenAny(_ended.Task, Task.Delay(DrainMs));
        _ended.TrySetResult();
        if (_poll is null)
            _transport.Input.CancelPendingRead();
    }

    private bool CloseSlow()
    {
        if (!_closing)
        {
            ServerMeter.SlowConsumers.Add(1);
            Close(RefusalCode.Overloaded, "too slow: the send queue is full", CloseTryAgainLater);
            // Its buffers are full, so a close frame may never get out: cut it. Not by the request's context, which may serve another by now.
            _lifetime.Abort();
        }

        return false;
    }

    private async Task ReadPipeAsync(PipeReader input)
    {
        try
        {
            while (!_ended.Task.IsCompleted)
            {
                var result = await input.ReadAsync();
                foreach (var segment in result.Buffer)
                    Copied(segment.Span);
                input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    break;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or ConnectionAbortedException)
        {
            // The transport failed under us: the same as the peer going away.
        }

        Ended();
    }

    private void Copied(ReadOnlySpan<byte> segment)
    {
        var scratch = t_scratch ??= new byte[4096];
        for (; !segment.IsEmpty; segment = segment[Math.Min(scratch.Length, segment.Length)..])
        {
            var length = Math.Min(scratch.Length, segment.Length);
            segment[..length].CopyTo(scratch);
            Received(scratch.AsSpan(0, length));
        }
    }

    /// <summary>Processes whole frames; what is left of one is held until the rest comes, in a buffer that grows with what came, not with what was promised.</summary>
    private void Feed(Span<byte> data)
    {
        while (_heldBytes > 0 && !data.IsEmpty && !_closing)
        {
            var part = data[..Math.Min(data.Length, _options.MessageBytesMax + WebSocketFrame.ClientHeaderBytesMax - _heldBytes)];
            Hold(part);
            data = data[part.Length..];
            var used = Process(_held.AsSpan(0, _heldBytes));
            _held.AsSpan(used, _heldBytes - used).CopyTo(_held);
            _heldBytes -= used;
        }

        if (_heldBytes == 0)
        {
            Return(ref _held);
            if (!data.IsEmpty && !_closing)
                Hold(data[Process(data)..]);
        }
    }

    private void Hold(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
        var size = _heldBytes + data.Length;
        if (_held is null || _held.Length < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(HeldBytesMin, size));
            _held.AsSpan(0, _heldBytes).CopyTo(larger);
            Return(ref _held);
            _held = larger;
        }

        data.CopyTo(_held.AsSpan(_heldBytes));
        _heldBytes = size;
    }

    private static void Return(ref byte[]? buffer)
    {
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }

    /// <returns>Bytes of whole frames.</returns>
    private int Process(Span<byte> data)
    {
        var used = 0;
        while (!_closing && used < data.Length)
        {
            switch (WebSocketFrame.TryRead(data[used..], _options.MessageBytesMax, out var opcode, out var final, out var payload, out var frameBytes))
            {
                case FrameStatus.Incomplete:
                    return used;
                case FrameStatus.TooLarge:
                    ServerMeter.Refused(RefusalCode.TooLarge);
                    Close(RefusalCode.TooLarge, $"a message may have {_options.MessageBytesMax} bytes", CloseTooLarge);
                    return data.Length;
                case FrameStatus.ProtocolError:
                    ServerMeter.Refused(RefusalCode.Malformed);
                    Close(RefusalCode.Malformed, "not a WebSocket frame", CloseProtocolError);
                    return data.Length;
            }

            used += frameBytes;
            BytesReceived += frameBytes;
            Dispatch(opcode, final, payload, frameBytes);
        }

        return used;
    }

    private void Dispatch(byte opcode, bool final, ReadOnlySpan<byte> payload, int frameBytes)
    {
        LastReceivedMs = _host.NowMs;
        switch (opcode)
        {
            case WebSocketFrame.Binary when final && _fragments is null:
                MessagesReceived++;
                _host.Receive(this, payload, frameBytes);
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
            _host.Receive(this, whole.AsSpan(0, _fragmentBytes), _fragmentBytes);
        }

        ArrayPool<byte>.Shared.Return(whole);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a message broke its connection's reader")]
    private static partial void LogFault(ILogger log, Exception exception);
}
