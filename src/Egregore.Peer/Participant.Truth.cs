using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Peer;

/// <summary>Where a participant stands with truth.</summary>
public enum TruthState : byte
{
    /// <summary>No socket: what truth decides waits.</summary>
    Down = 0,

    /// <summary>The socket is open, the ticket on its way.</summary>
    Greeting = 1,

    /// <summary>The session lives.</summary>
    Live = 2,

    /// <summary>Truth refused; <see cref="Participant.TruthRefusal"/> says why. Trying again needs a person.</summary>
    Refused = 3,
}

// The session with truth: greeting, resuming, actions, deltas, room frames, pings, and relay for the mesh.
public sealed partial class Participant
{
    private const int PingsKept = 8;

    private readonly List<PeerId> _relaysToOpen = [];
    private readonly Dictionary<ushort, PeerId> _handles = [];
    private uint _truthSequence;
    private uint _ping;
    private long _pingAtMs;
    private double _rttMs = -1;

    /// <summary>Where the session stands.</summary>
    public TruthState TruthState { get; private set; }

    /// <summary>The session lives.</summary>
    public bool TruthLive => TruthState == TruthState.Live;

    /// <summary>Why truth refused, when it did.</summary>
    public string TruthRefusal { get; private set; } = "";

    /// <summary>The session's number; 0 before the first welcome.</summary>
    public ulong Session { get; private set; }

    /// <summary>Who decides reflexes in this world.</summary>
    public Authority Authority { get; private set; } = Authority.Hybrid;

    /// <summary>The world's seed, from truth's welcome.</summary>
    public ulong Seed { get; private set; }

    /// <summary>Truth's clock minus the host's, milliseconds.</summary>
    public long TruthOffsetMs { get; private set; }

    /// <summary>Round trip to truth, smoothed, milliseconds; -1 before the first answer.</summary>
    public double TruthRttMs => _rttMs;

    /// <summary>Raised when a session lives, new or resumed; subscribe here.</summary>
    public event Action<Welcome>? Welcomed;

    /// <summary>Raised when truth found a state against the rules: the last good one, from which to go on.</summary>
    public event Action<ReadOnlyMemory<byte>>? Corrected;

    /// <summary>Raised when truth refuses something that is no action: a rate, a message, a state.</summary>
    public event Action<Refusal>? RefusedByTruth;

    /// <summary>Asks truth to run a reducer; a predicted one shows in <see cref="Cache"/> at once. Without a session it waits and is sent when there is one.</summary>
    /// <returns>False when too many actions wait already.</returns>
    public bool Act<TArgs>(string reducer, TArgs arguments, long nowMs)
        where TArgs : class, IFlatTable<TArgs>
    {
        if (Cache.Act(reducer, arguments, nowMs + TruthOffsetMs) is not { } request)
            return false;
        if (TruthLive)
            SendToTruth(Kind.Action, Encode(request));
        return true;
    }

    /// <summary>Raised with a part of a picture that was asked for.</summary>
    public event Action<PhotoTile>? PhotoTileCame;

    /// <summary>Raised with how far a picture is, and when it has ended.</summary>
    public event Action<PhotoState>? PhotoChanged;

    /// <summary>Asks truth for a traced picture, or takes one back. Not kept over reconnects: truth gives up a picture with the connection.</summary>
    /// <returns>False without a session.</returns>
    public bool AskPhoto(PhotoRequest request)
    {
        if (TruthLive)
            SendToTruth(Kind.PhotoRequest, Encode(request));
        return TruthLive;
    }

    /// <summary>Subscribes to rows; kept over reconnects. The same id again replaces it.</summary>
    public void Subscribe(Subscribe subscription)
    {
        subscription = Cache.Subscribed(subscription);
        if (TruthLive)
            SendToTruth(Kind.Subscribe, Encode(subscription));
    }

    /// <summary>The socket to truth is open; the ticket goes in the first message.</summary>
    public void TruthOpened(string ticket, long nowMs)
    {
        _output.NowMs = nowMs;
        TruthState = TruthState.Greeting;
        TruthRefusal = "";
        _truthSequence = 0;
        _rttMs = -1;
        SendToTruth(Kind.Hello, Encode(new Hello
        {
            Ticket = ticket,
            Protocol = 1,
            Game = $"{World.Name}/{World.Version}",
            Session = Session,
            LastTransaction = Cache.Transaction,
            Name = Name,
        }));
    }

    /// <summary>
    /// Goodbye to all: links close, and truth ends the session at once and not after the time in which it might be resumed. The host closes the socket
    /// when what was sent is out; the next session is a new one.
    /// </summary>
    public void Leave(long nowMs)
    {
        _output.NowMs = nowMs;
        _mesh.Leave(nowMs);
        if (TruthLive)
            SendToTruth(Kind.PeerLeave, Encode(new PeerLeave { Peer = Self, Reason = "" }));
        Session = 0;
    }

    /// <summary>The socket to truth closed. Links stay; actions wait.</summary>
    public void TruthClosed(long nowMs)
    {
        _output.NowMs = nowMs;
        if (TruthState != TruthState.Refused)
            TruthState = TruthState.Down;
        Span<LinkStats> links = stackalloc LinkStats[32];
        var count = _mesh.CopyLinks(links);
        foreach (ref readonly var link in links[..count])
            if (link.Kind == LinkKind.Relay)
                _mesh.LinkClosed(link.Peer, LinkKind.Relay, nowMs);
    }

    /// <summary>One message from truth's socket.</summary>
    public void ReceiveTruth(ReadOnlySpan<byte> message, long nowMs)
    {
        _output.NowMs = nowMs;
        Stats.TruthBytesIn += message.Length;
        if (EnvelopeCodec.TryRead(message, out var view) != VerifyError.None)
        {
            Stats.TruthRefused++;
            return;
        }

        if (view.Header.Kind != Kind.Batch)
        {
            ReceiveTruth(view, message, nowMs);
            return;
        }

        var batch = new BatchReader(view.Payload);
        while (batch.TryNext(out var inner))
        {
            if (EnvelopeCodec.TryRead(inner, out var part) == VerifyError.None && part.Header.Kind != Kind.Batch)
                ReceiveTruth(part, inner, nowMs);
            else
                Stats.TruthRefused++;
        }
    }

    private void ReceiveTruth(in EnvelopeView view, ReadOnlySpan<byte> raw, long nowMs)
    {
        var payload = view.Payload;
        // What a peer says through truth names the peer; truth stamped it.
        if (view.HasSender && view.Sender != Self)
        {
            ReceiveRelayed(view, raw, nowMs);
            return;
        }

        var error = view.Header.Kind switch
        {
            Kind.Welcome => Welcome.TryRead(payload, out var welcome) is var e && welcome is not null ? Greeted(welcome, nowMs) : e,
            Kind.Refusal => Refusal.TryRead(payload, out var refusal) is var e && refusal is not null ? Refused(refusal, nowMs) : e,
            Kind.ActionResult or Kind.Delta => ReceiveRows(view.Header.Kind, payload) == RefusalCode.None ? VerifyError.None : VerifyError.VectorOutOfBounds,
            Kind.Pong => Pong.TryRead(payload, out var pong) is var e && pong is not null ? Ponged(pong, nowMs) : e,
            Kind.Neighbours => Wire.Neighbours.TryRead(payload, out var near) is var e && near is not null ? Near(near, nowMs) : e,
            Kind.Room => ReceiveRoom(payload, nowMs),
            Kind.PhotoTile => PhotoTile.TryRead(payload, out var tile) is var e && tile is not null ? Told(PhotoTileCame, tile) : e,
            Kind.PhotoState => PhotoState.TryRead(payload, out var state) is var e && state is not null ? Told(PhotoChanged, state) : e,
            Kind.Reflex when payload.Length == _rules.StateSizeBytes => Correct(payload),
            _ => VerifyError.UnknownUnionType,
        };
        if (error != VerifyError.None)
            Stats.TruthRefused++;
    }

    private RefusalCode ReceiveRows(Kind kind, ReadOnlySpan<byte> payload)
    {
        var code = Cache.Receive(kind, payload);
        foreach (var subscription in Cache.TakeAgain())
            SendToTruth(Kind.Subscribe, Encode(subscription));
        return code;
    }

    private void ReceiveRelayed(in EnvelopeView view, ReadOnlySpan<byte> raw, long nowMs)
    {
        var from = view.Sender;
        if (!_relayed.Admits(from, view.Payload.Length, nowMs))
        {
            Stats.RelayedRefused++;
            return;
        }

        if (view.Header.Kind == Kind.Signal)
        {
            if (Signal.TryRead(view.Payload, out var signal) == VerifyError.None)
                ReceiveSignal(from, signal!, nowMs);
            else
                Stats.SignalsRefused++;
            return;
        }

        if (view.Header.Kind == Kind.Heartbeat && IsDirect(from))
        {
            ReceiveProbe(from, view.Payload, nowMs);
            return;
        }

        if (!_mesh.IsLinked(from) && !_mesh.LinkOpened(from, LinkKind.Relay, nowMs))
            return;
        // Most of what comes ends here, and the mesh takes it as it is: its sender is the other end of the link, its target this peer.
        if (view.Header.Kind is Kind.Reflex or Kind.Heartbeat)
        {
            _mesh.Receive(from, raw, nowMs);
            return;
        }

        // What may be passed on is what a direct link would have brought: the sender is the other end of the link, and nobody is the target.
        var header = view.Header;
        var length = EnvelopeCodec.Write(_scratch, header.Kind, header.Sequence, view.Payload, header.Ttl, time: view.Time, signature: view.Signature);
        _mesh.Receive(from, _scratch.AsSpan(0, length).ToArray(), nowMs);
    }

    private VerifyError Greeted(Welcome welcome, long nowMs)
    {
        TruthState = TruthState.Live;
        var sameSession = Session != 0 && Session == welcome.Session;
        Session = welcome.Session;
        Authority = welcome.Authority;
        Seed = welcome.Seed;
        TruthOffsetMs = (long)welcome.Time - nowMs;
        _pingAtMs = 0;
        // Handles are of a connection.
        _handles.Clear();
        _roomReader.Clear();
        foreach (var (kind, payload) in Cache.Connected(sameSession, welcome.Resumed))
            SendToTruth(kind, payload);
        Welcomed?.Invoke(welcome);
        return VerifyError.None;
    }

    private static VerifyError Told<T>(Action<T>? listener, T what)
    {
        listener?.Invoke(what);
        return VerifyError.None;
    }

    private VerifyError Correct(ReadOnlySpan<byte> state)
    {
        Stats.Corrections++;
        Corrected?.Invoke(state.ToArray());
        return VerifyError.None;
    }

    private VerifyError Refused(Refusal refusal, long nowMs)
    {
        if (refusal is { Code: RefusalCode.UnknownTarget, Target: { } gone })
        {
            // Whoever left truth and has no direct link to us is no longer near.
            _mesh.LinkClosed(gone, LinkKind.Relay, nowMs);
            _mesh.ConnectFailed(gone, nowMs, refused: true);
            if (!IsDirect(gone) && _neighbours.Remove(gone, out var neighbour))
                _order.Remove(neighbour);
            return VerifyError.None;
        }

        if (TruthState == TruthState.Greeting)
        {
            TruthRefusal = refusal.Text;
            // A ticket that ran out on the way is had anew; a wrong version is not.
            TruthState = refusal.Code is RefusalCode.VersionMismatch or RefusalCode.Forbidden ? TruthState.Refused : TruthState.Down;
        }

        if (refusal.Subscription != 0)
            Cache.SubscriptionRefused(refusal.Subscription);
        RefusedByTruth?.Invoke(refusal);
        return VerifyError.None;
    }

    private VerifyError Ponged(Pong pong, long nowMs)
    {
        if (pong.Id == 0 || pong.Id > _ping || _ping - pong.Id >= PingsKept || pong.Sent > (ulong)nowMs)
            return VerifyError.None;
        var rtt = nowMs - (long)pong.Sent;
        _rttMs = _rttMs < 0 ? rtt : _rttMs + ((rtt - _rttMs) / 4);
        TruthOffsetMs = (long)pong.Received + (rtt / 2) - nowMs;
        return VerifyError.None;
    }

    private VerifyError Near(Wire.Neighbours near, long nowMs)
    {
        foreach (var handle in near.Left)
        {
            _handles.Remove(handle);
            _roomReader.Forget(handle);
        }

        foreach (var one in near.Peers)
        {
            if (one.Peer == Self)
                continue;
            if (one.Handle != 0)
                _handles[one.Handle] = one.Peer;
            if (MeetNeighbour(one.Peer, nowMs) is not { } neighbour)
                break;
            neighbour.Name = one.Name;
            neighbour.Handle = one.Handle;
            Introduced(neighbour, one, nowMs);
            if (Authority != Authority.Server)
                _mesh.AddKnownPeer(one.Peer, one.Name, new MeshPosition(one.X, one.Y, one.Z), nowMs);
        }

        return VerifyError.None;
    }

    private void PingTruth(long nowMs)
    {
        if (!TruthLive || nowMs - _pingAtMs < _options.PingMs)
            return;
        _pingAtMs = nowMs;
        SendToTruth(Kind.Ping, Encode(new Ping { Id = ++_ping, Sent = (ulong)nowMs }));
        if (Authority == Authority.Server)
            return;
        ReportLinks(nowMs);
    }

    private void OpenRelays(long nowMs)
    {
        if (TruthLive)
            foreach (var peer in _relaysToOpen)
                if (!_mesh.IsLinked(peer))
                    _mesh.LinkOpened(peer, LinkKind.Relay, nowMs);
        _relaysToOpen.Clear();
    }

    private void SendToTruth(Kind kind, ReadOnlySpan<byte> payload, PeerId target = default) => SendToTruth(kind, ++_truthSequence, payload, target);

    private void SendToTruth(Kind kind, uint sequence, ReadOnlySpan<byte> payload, PeerId target = default)
    {
        var length = EnvelopeCodec.Write(_scratch, kind, sequence, payload, target: target);
        Stats.TruthBytesOut += length;
        _host.SendTruth(_scratch.AsSpan(0, length));
    }
}
