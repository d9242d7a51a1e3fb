using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Egregore.Browser.Interop;
using Egregore.Peer;
using Egregore.Wire;

namespace Egregore.Browser;

/// <summary>
/// Carries out what a participant decides, by the browser's WebSocket, RTCPeerConnection and WebCrypto, and brings it what they have received. One thread; drained once a step.
/// </summary>
internal sealed class TabHost : IParticipantHost
{
    private const int RetryFirstMs = 500;
    private const int RetryMaxMs = 8_000;

    /// <summary>What is gathered for truth before it goes out although the step goes on; truth takes messages of 64 KiB.</summary>
    private const int BatchBytesMax = 32 * 1024;

    /// <summary>Before each message of a batch.</summary>
    private const int LengthBytes = 4;

    private readonly Dictionary<PeerId, int> _indexes = [];
    private readonly Dictionary<int, (PeerId Peer, uint Connection)> _links = [];
    private readonly string _socketUrl;
    // What WebCrypto answered since the last step; the participant bounds what it asks.
    private readonly Queue<(uint Request, byte[] Signature)> _signed = new();
    private readonly Queue<(uint Request, bool Valid)> _verified = new();
    private readonly byte[] _batch = new byte[BatchBytesMax];
    private readonly byte[] _batchEnvelope = new byte[EnvelopeCodec.SizeMax(BatchBytesMax)];
    private byte[] _buffer = new byte[256 * 1024];
    private int _batchBytes;
    private int _batchCount;
    private int _socket = -1;
    private bool _connecting;
    private int _retryMs = RetryFirstMs;
    private long _retryAtMs;
    private string _ticket = "";

    public TabHost(string socketUrl) => _socketUrl = socketUrl;

    /// <summary>Set once, right after both are made.</summary>
    public Participant Participant { get; set; } = null!;

    /// <summary>The host's clock of this step.</summary>
    public long NowMs { get; set; }

    /// <summary>Milliseconds until the next attempt to reach truth; 0: none is planned.</summary>
    public int RetryInMs => Participant.TruthState == TruthState.Down && !_connecting ? (int)Math.Max(1, _retryAtMs - NowMs) : 0;

    /// <summary>An attempt to reach truth is under way.</summary>
    public bool Connecting => _connecting;

    /// <summary>Takes what came and reconnects when it is time.</summary>
    /// <param name="nowMs">The page's clock.</param>
    /// <param name="queues">Which of the page's queues hold something, <see cref="FrameInput.SocketQueue"/> and <see cref="FrameInput.LinksQueue"/>.</param>
    public void Pump(long nowMs, int queues)
    {
        NowMs = nowMs;
        while (_signed.TryDequeue(out var signed))
            Participant.Signed(signed.Request, signed.Signature, nowMs);
        while (_verified.TryDequeue(out var verified))
            Participant.Verified(verified.Request, verified.Valid, nowMs);
        if ((queues & FrameInput.SocketQueue) != 0)
            DrainSocket();
        while (Failed.TryDequeue(out var failed))
            Participant.LinkClosed(failed.Peer, failed.Connection, nowMs);
        if ((queues & FrameInput.LinksQueue) != 0)
            DrainLinks();
        if (Participant.TruthState == TruthState.Down && !_connecting && nowMs >= _retryAtMs)
            _ = ConnectAsync();
    }

    /// <summary>Gathered until <see cref="Flush"/>: a send costs the browser 0.1 to 0.2 ms, and a movement tick makes up to a dozen.</summary>
    public void SendTruth(ReadOnlySpan<byte> message)
    {
        if (TryGather(message))
            return;
        Flush();
        if (!TryGather(message))
            Socket.Send(Writable(message));
    }

    /// <summary>Sends what was gathered for truth: one message as it is, more as a batch. At the end of a step.</summary>
    public void Flush()
    {
        if (_batchCount == 1)
            Socket.Send(_batch.AsSpan(LengthBytes, _batchBytes - LengthBytes));
        else if (_batchCount > 1)
            Socket.Send(_batchEnvelope.AsSpan(0, EnvelopeCodec.Write(_batchEnvelope, Kind.Batch, 0, _batch.AsSpan(0, _batchBytes))));
        Discard();
    }

    public void SendLink(PeerId peer, LinkChannel channel, ReadOnlySpan<byte> message)
    {
        if (_indexes.TryGetValue(peer, out var index))
            _ = Rtc.Send(index, (int)channel, Writable(message));
    }

    public void Dial(PeerId peer, uint connection) => Track(peer, connection, Rtc.Offer(peer.ToString(), connection));

    public void RemoteSignal(PeerId peer, uint connection, SignalType type, string data, string mid) =>
        Track(peer, connection, Rtc.Signal(peer.ToString(), connection, (int)type, data, mid));

    public void HangUp(PeerId peer)
    {
        if (!_indexes.Remove(peer, out var index))
            return;
        _links.Remove(index);
        Rtc.Close(index);
    }

    public void Sign(uint request, ReadOnlySpan<byte> bytes) => _ = FinishSignAsync(request, Crypto.SignAsync(bytes.ToArray()));

    public void Verify(uint request, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> bytes) =>
        _ = FinishVerifyAsync(request, Crypto.VerifyAsync(publicKey.ToArray(), signature.ToArray(), bytes.ToArray()));

    private bool TryGather(ReadOnlySpan<byte> message)
    {
        var writer = new BatchWriter(_batch.AsSpan(_batchBytes));
        if (!writer.TryAdd(message))
            return false;
        _batchBytes += writer.Length;
        _batchCount++;
        return true;
    }

    private void Discard() => _batchBytes = _batchCount = 0;

    private async Task FinishSignAsync(uint request, Task<string> signing)
    {
        var signature = Array.Empty<byte>();
        try
        {
            signature = Convert.FromBase64String(await signing);
        }
        catch (Exception e) when (e is FormatException or System.Runtime.InteropServices.JavaScript.JSException)
        {
            // An empty signature tells the participant that the key could not sign.
        }

        _signed.Enqueue((request, signature));
    }

    private async Task FinishVerifyAsync(uint request, Task<bool> verifying)
    {
        var valid = false;
        try
        {
            valid = await verifying;
        }
        catch (System.Runtime.InteropServices.JavaScript.JSException)
        {
            // What cannot be verified is not valid.
        }

        _verified.Enqueue((request, valid));
    }

    private async Task ConnectAsync()
    {
        _connecting = true;
        try
        {
            _ticket = await Session.TicketAsync();
            _socket = Socket.Open(_socketUrl);
        }
        catch (System.Runtime.InteropServices.JavaScript.JSException e)
        {
            if (e.Message.Contains("refused:", StringComparison.Ordinal))
                Page.Toast(Page.Warning, e.Message);
            RetryLater();
        }
    }

    private void RetryLater()
    {
        _connecting = false;
        _retryAtMs = NowMs + _retryMs;
        _retryMs = Math.Min(_retryMs * 2, RetryMaxMs);
    }

    private void Track(PeerId peer, uint connection, int index)
    {
        if (index < 0)
        {
            if (!_indexes.ContainsKey(peer))
                Failed.Enqueue((peer, connection));
            return;
        }

        if (_indexes.TryGetValue(peer, out var old) && old != index)
            _links.Remove(old);
        _indexes[peer] = index;
        _links[index] = (peer, connection);
    }

    /// <summary>Attempts that ended before they began; told to the participant at the next pump, since it must not be called from inside its own call.</summary>
    private Queue<(PeerId Peer, uint Connection)> Failed { get; } = new();

    private void DrainSocket()
    {
        var records = new RecordReader(Drain(Socket.Drain));
        while (records.Next())
        {
            if (records.Source != (_socket & 0xffff))
                continue;
            switch (records.Type)
            {
                case Socket.Opened:
                    _connecting = false;
                    Discard();
                    Participant.TruthOpened(_ticket, NowMs);
                    break;
                case Socket.Message:
                    Participant.ReceiveTruth(records.Body, NowMs);
                    if (Participant.TruthLive)
                        _retryMs = RetryFirstMs;
                    break;
                default:
                    _socket = -1;
                    Discard();
                    RetryLater();
                    Participant.TruthClosed(NowMs);
                    break;
            }
        }
    }

    private void DrainLinks()
    {
        var records = new RecordReader(Drain(Rtc.Drain));
        while (records.Next())
        {
            if (!_links.TryGetValue(records.Source, out var link))
                continue;
            var body = records.Body;
            switch (records.Type)
            {
                case Rtc.Reliable or Rtc.Reflex:
                    Participant.ReceiveLink(link.Peer, body, NowMs);
                    break;
                case Rtc.Signalled:
                    var midLength = body[5];
                    var mid = Encoding.UTF8.GetString(body.Slice(6, midLength));
                    var data = Encoding.UTF8.GetString(body[(6 + midLength)..]);
                    Participant.LocalSignal(link.Peer, BinaryPrimitives.ReadUInt32LittleEndian(body), (SignalType)body[4], data, mid, NowMs);
                    break;
                case Rtc.StateChanged when body[0] == Rtc.StateOpen:
                    Participant.LinkOpened(link.Peer, link.Connection, NowMs);
                    break;
                case Rtc.StateChanged when body[0] is Rtc.StateFailed or Rtc.StateClosed:
                    _links.Remove(records.Source);
                    if (_indexes.TryGetValue(link.Peer, out var index) && index == records.Source)
                        _indexes.Remove(link.Peer);
                    Participant.LinkClosed(link.Peer, link.Connection, NowMs);
                    break;
            }
        }
    }

    private delegate int DrainCall(Span<byte> destination);

    private ReadOnlySpan<byte> Drain(DrainCall drain)
    {
        var written = drain(_buffer);
        if (written < 0)
        {
            _buffer = new byte[-written];
            written = drain(_buffer);
        }

        return _buffer.AsSpan(0, written);
    }

    /// <summary>A memory view is marshalled from a writable span; the page only reads it.</summary>
    private static Span<byte> Writable(ReadOnlySpan<byte> bytes) => MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(bytes), bytes.Length);
}
