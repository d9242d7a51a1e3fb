using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Egregore.Wire;

namespace Egregore.Server.Sockets;

/// <summary>
/// What waits to be sent on one connection: WebSocket frames, one behind the other in one pooled buffer, which <see cref="Flush"/> hands to the transport in one
/// write. While a write is under way more is collected; what would go over the bound is refused, and the caller closes a consumer that slow.
/// </summary>
/// <remarks>Thread-safe. A flush costs one system call, made on the calling thread when the transport schedules inline.</remarks>
internal sealed class Outbox
{
    private const int BufferBytesMin = 1024;

    private readonly Lock _lock = new();
    private readonly PipeWriter _output;
    private readonly int _bytesMax;
    private readonly Action _onFlushed;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytesMin);
    private int _length;
    private bool _flushing;
    private bool _closed;
    private ValueTaskAwaiter<FlushResult> _flush;

    public Outbox(PipeWriter output, int bytesMax)
    {
        _output = output;
        _bytesMax = bytesMax;
        _onFlushed = OnFlushed;
    }

    /// <summary>Bytes handed to the transport since the connection opened, framing included.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Messages queued since the connection opened.</summary>
    public long MessagesSent { get; private set; }

    /// <summary>Bytes queued and sent since the connection opened, framing included.</summary>
    public long BytesQueued { get; private set; }

    /// <summary>Whether everything queued has been handed over and nothing more is taken.</summary>
    public bool IsDrained
    {
        get
        {
            lock (_lock)
                return !_flushing && (_length == 0 || _closed);
        }
    }

    /// <summary>Queues one envelope as one binary message. False: it does not fit (or the box is closed).</summary>
    public bool TryAdd(
        Kind kind,
        uint sequence,
        ReadOnlySpan<byte> payload,
        byte ttl = 0,
        PeerId sender = default,
        PeerId target = default,
        ulong time = 0,
        ReadOnlySpan<byte> signature = default)
    {
        lock (_lock)
        {
            var sizeMax = EnvelopeCodec.SizeMax(payload.Length);
            if (!TryReserve(WebSocketFrame.HeaderBytesMax + sizeMax))
                return false;
            var header = WebSocketFrame.HeaderBytes(sizeMax);
            var written = EnvelopeCodec.Write(_buffer.AsSpan(_length + header), kind, sequence, payload, ttl, sender, target, time, signature);
            var actual = WebSocketFrame.HeaderBytes(written);
            if (actual != header)
                _buffer.AsSpan(_length + header, written).CopyTo(_buffer.AsSpan(_length + actual));
            Commit(WebSocketFrame.Binary, actual, written);
            return true;
        }
    }

    /// <summary>Queues bytes as one message with the given opcode.</summary>
    public bool TryAddFrame(byte opcode, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (!TryReserve(WebSocketFrame.HeaderBytesMax + payload.Length))
                return false;
            var header = WebSocketFrame.HeaderBytes(payload.Length);
            payload.CopyTo(_buffer.AsSpan(_length + header));
            Commit(opcode, header, payload.Length);
            return true;
        }
    }

    /// <summary>Hands what is queued to the transport, unless a write is under way: then its end does.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            while (!_flushing && !_closed && _length > 0)
            {
                _output.Write(_buffer.AsSpan(0, _length));
                BytesSent += _length;
                _length = 0;
#pragma warning disable CA2012 // Kept in a field for the continuation, and read once, by Finish.
                _flush = _output.FlushAsync().GetAwaiter();
#pragma warning restore CA2012
                if (!_flush.IsCompleted)
                {
                    _flushing = true;
                    _flush.UnsafeOnCompleted(_onFlushed);
                    return;
                }

                Finish();
            }
        }
    }

    /// <summary>Takes nothing more and gives the buffer back.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_closed)
                return;
            _closed = true;
            _length = 0;
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private void OnFlushed()
    {
        lock (_lock)
        {
            _flushing = false;
            Finish();
            Flush();
        }
    }

    private void Finish()
    {
        try
        {
            if (_flush.GetResult() is { IsCompleted: true } or { IsCanceled: true })
                Close();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection is gone; its reader sees the same and ends the session.
            Close();
        }
    }

    private void Commit(byte opcode, int header, int payloadBytes)
    {
        WebSocketFrame.WriteHeader(_buffer.AsSpan(_length), opcode, payloadBytes);
        _length += header + payloadBytes;
        BytesQueued += header + payloadBytes;
        MessagesSent++;
    }

    private bool TryReserve(int bytes)
    {
        if (_closed || _length + bytes > _bytesMax)
            return false;
        if (_length + bytes > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_bytesMax, Math.Max(_length + bytes, 2 * _buffer.Length)));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return true;
    }
}
