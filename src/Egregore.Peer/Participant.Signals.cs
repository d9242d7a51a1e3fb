using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Peer;

// Opening direct links. Signals travel through truth, which stamps who sent them; when truth is gone they travel through common neighbours, signed.
public sealed partial class Participant
{
    private const int SignalBytesMax = 16 * 1024;
    /// <summary>In a bye: no link of any kind is wanted. Without it only the direct one failed, and the relay stays.</summary>
    private const string NoRoom = "no room";

    private const int SignalAgeMaxMs = 30_000;

    private readonly Dictionary<PeerId, Attempt> _attempts = [];
    private readonly Dictionary<uint, PendingSignal> _signalsToSign = [];
    private readonly Dictionary<uint, PendingSignal> _signalsToVerify = [];
    private readonly List<PeerId> _dialsToFail = [];
    private uint _connection;

    /// <summary>A peer that offers again so soon, while its last offer is not even open, is not heard. Milliseconds.</summary>
    private const int OfferIntervalMs = 500;

    /// <summary>The host's peer connection has something to tell the other side: a description or a candidate.</summary>
    /// <param name="peer">Whom it is for.</param>
    /// <param name="connection">The attempt it belongs to; signals of an attempt that was given up are dropped.</param>
    /// <param name="type">Offer, answer, candidate or bye.</param>
    /// <param name="data">SDP or candidate line, at most 16 KiB.</param>
    /// <param name="mid">Media id of a candidate.</param>
    /// <param name="nowMs">The host's clock.</param>
    public void LocalSignal(PeerId peer, uint connection, SignalType type, string data, string mid, long nowMs)
    {
        if (!_attempts.TryGetValue(peer, out var attempt) || attempt.Connection != connection)
            return;
        SendSignal(peer, new Signal { Type = type, Connection = connection, Data = data, Mid = mid }, nowMs);
    }

    /// <summary>Both channels of a direct link are open.</summary>
    public void LinkOpened(PeerId peer, uint connection, long nowMs)
    {
        if (_attempts.TryGetValue(peer, out var attempt) && attempt.Connection == connection)
        {
            attempt.Open = true;
            if (_mesh.LinkOpened(peer, LinkKind.Direct, nowMs))
                return;
        }

        _attempts.Remove(peer);
        _host.HangUp(peer);
    }

    /// <summary>A direct link closed, or an attempt at one failed.</summary>
    public void LinkClosed(PeerId peer, uint connection, long nowMs)
    {
        if (!_attempts.TryGetValue(peer, out var attempt) || attempt.Connection != connection)
            return;
        _attempts.Remove(peer);
        if (attempt.Open)
            _mesh.LinkClosed(peer, LinkKind.Direct, nowMs);
        else
            GiveUp(peer, attempt, nowMs);
    }

    /// <summary>An attempt failed here: the other side need not wait for its time-out.</summary>
    private void GiveUp(PeerId peer, Attempt attempt, long nowMs)
    {
        if (attempt.Offering)
            _mesh.ConnectFailed(peer, nowMs);
        else
            SendSignal(peer, new Signal { Type = SignalType.Bye, Connection = attempt.Connection }, nowMs);
    }

    private void Dial(PeerId peer)
    {
        // Our own dial and an answer to theirs may meet: the one that is under way stands.
        if (_attempts.ContainsKey(peer))
            return;
        if (UnderWay(fromOthers: false) >= _options.AttemptsMax)
        {
            // The mesh is told after this call, not inside it, and tries again later.
            Stats.AttemptsRefused++;
            _dialsToFail.Add(peer);
            return;
        }

        var attempt = new Attempt(NextConnection(), Offering: true, _output.NowMs);
        _attempts[peer] = attempt;
        _host.Dial(peer, attempt.Connection);
    }

    /// <summary>Attempts that are not open; all, or those that others began. The table is small: open links are bounded by the mesh, the rest here.</summary>
    private int UnderWay(bool fromOthers)
    {
        var count = 0;
        foreach (var attempt in _attempts.Values)
            count += !attempt.Open && !(fromOthers && attempt.Offering) ? 1 : 0;
        return count;
    }

    private void FailDials(long nowMs)
    {
        foreach (var peer in _dialsToFail)
            _mesh.ConnectFailed(peer, nowMs);
        _dialsToFail.Clear();
    }

    /// <summary>A host tells when an attempt failed; one that does not, or cannot, leaves nothing behind all the same.</summary>
    private void ForgetAttempts(long nowMs)
    {
        foreach (var (peer, attempt) in _attempts)
        {
            if (attempt.Open || nowMs - attempt.AtMs < _options.AttemptTimeoutMs)
                continue;
            Stats.AttemptsRefused++;
            HangUp(peer);
            GiveUp(peer, attempt, nowMs);
        }
    }

    private void HangUp(PeerId peer)
    {
        if (_attempts.Remove(peer))
            _host.HangUp(peer);
    }

    private void ReceiveSignal(PeerId from, Signal signal, long nowMs)
    {
        if (from == Self || signal.Data.Length > SignalBytesMax)
        {
            Stats.SignalsRefused++;
            return;
        }

        _attempts.TryGetValue(from, out var attempt);
        switch (signal.Type)
        {
            case SignalType.Offer:
                // Glare: when both offer, the offer of the lower id stands.
                if (attempt is { Offering: true, Open: false } && MeshNode.OffersFirst(Self, from))
                    return;
                if (attempt?.Connection == signal.Connection || !_mesh.AcceptsLink(from, nowMs))
                {
                    Stats.SignalsRefused++;
                    SendSignal(from, new Signal { Type = SignalType.Bye, Connection = signal.Connection, Data = NoRoom }, nowMs);
                    return;
                }

                if (attempt is { Open: false, Offering: false } && nowMs - attempt.AtMs < OfferIntervalMs)
                {
                    Stats.SignalsRefused++;
                    return;
                }

                if (attempt is not { Open: false } && (UnderWay(fromOthers: false) >= _options.AttemptsMax || UnderWay(fromOthers: true) >= _options.AttemptsFromOthersMax))
                {
                    // A relay between us may stay, and the other side tries again.
                    Stats.AttemptsRefused++;
                    SendSignal(from, new Signal { Type = SignalType.Bye, Connection = signal.Connection }, nowMs);
                    return;
                }

                if (attempt is not null)
                {
                    _host.HangUp(from);
                    if (attempt.Open)
                        _mesh.LinkClosed(from, LinkKind.Direct, nowMs);
                }

                _attempts[from] = new Attempt(signal.Connection, Offering: false, nowMs);
                break;
            case SignalType.Bye when attempt is { Open: false } && attempt.Connection == signal.Connection:
                HangUp(from);
                if (attempt.Offering)
                    _mesh.ConnectFailed(from, nowMs, refused: signal.Data == NoRoom);
                return;
            case SignalType.Answer or SignalType.Candidate or SignalType.Bye when attempt is not null && attempt.Connection == signal.Connection:
                break;
            default:
                Stats.SignalsRefused++;
                return;
        }

        _host.RemoteSignal(from, signal.Connection, signal.Type, signal.Data, signal.Mid);
    }

    private void SendSignal(PeerId peer, Signal signal, long nowMs)
    {
        if (TruthLive)
        {
            SendToTruth(Kind.Signal, Encode(signal), peer);
            return;
        }

        if (_signalsToSign.Count >= _options.SignalsPendingMax)
        {
            Stats.SignalsRefused++;
            return;
        }

        // Relays on the way could put their own description in: the sender signs, and brings the key that its id is the hash of.
        var payload = Encode(signal with { PublicKey = PublicKey });
        var request = NextRequest();
        _signalsToSign[request] = new PendingSignal(peer, payload, nowMs);
        _host.Sign(request, SigningBytes(Self, peer, payload));
    }

    private void SignalSigned(PendingSignal signal, ReadOnlySpan<byte> signature) => _mesh.SendRouted(signal.Peer, signal.Payload, signature);

    private void ReceiveRoutedSignal(PeerId sender, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> signature, long nowMs)
    {
        if (Signal.TryRead(payload, out var signal) != VerifyError.None || signal is null || signature.Length != EnvelopeCodec.SignatureBytes
            || signal.PublicKey.Length != 65 || PeerId.FromPublicKey(signal.PublicKey.Span) != sender || _signalsToVerify.Count >= _options.SignalsPendingMax)
        {
            Stats.SignalsRefused++;
            return;
        }

        var request = NextRequest();
        _signalsToVerify[request] = new PendingSignal(sender, payload.ToArray(), nowMs);
        _host.Verify(request, signal.PublicKey.Span, signature, SigningBytes(sender, Self, payload));
    }

    private void SignalVerified(PendingSignal pending, bool valid, long nowMs)
    {
        if (valid && Signal.TryRead(pending.Payload, out var signal) == VerifyError.None)
            ReceiveSignal(pending.Peer, signal!, nowMs);
        else
            Stats.SignalsRefused++;
    }

    private void ForgetSignals(long nowMs)
    {
        Forget(_signalsToSign, nowMs);
        Forget(_signalsToVerify, nowMs);

        static void Forget(Dictionary<uint, PendingSignal> pending, long nowMs)
        {
            foreach (var (request, signal) in pending)
                if (nowMs - signal.AtMs > SignalAgeMaxMs)
                    pending.Remove(request);
        }
    }

    /// <summary>What a routed signal's signature covers: <c>"egregore/signal/1" | sender 16 | target 16 | payload</c>.</summary>
    private static byte[] SigningBytes(PeerId sender, PeerId target, ReadOnlySpan<byte> payload)
    {
        var domain = "egregore/signal/1"u8;
        var bytes = new byte[domain.Length + (2 * PeerId.SizeBytes) + payload.Length];
        domain.CopyTo(bytes);
        sender.Write(bytes.AsSpan(domain.Length));
        target.Write(bytes.AsSpan(domain.Length + PeerId.SizeBytes));
        payload.CopyTo(bytes.AsSpan(domain.Length + (2 * PeerId.SizeBytes)));
        return bytes;
    }

    /// <summary>A number that no earlier attempt of this participant had; it starts at random so that a participant that starts anew does not repeat itself.</summary>
    private uint NextConnection() => _connection++;

    private sealed record Attempt(uint Connection, bool Offering, long AtMs)
    {
        public bool Open { get; set; }
    }

    private readonly record struct PendingSignal(PeerId Peer, byte[] Payload, long AtMs);
}
