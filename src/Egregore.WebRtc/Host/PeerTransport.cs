using System.Security.Cryptography;
using Egregore.WebRtc.Dtls;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Host;

/// <summary>What runs over a transport: the association and its channels. All but <see cref="Drain"/> is called with the transport's lock held.</summary>
internal interface IPeerTransportUser
{
    /// <summary>When <see cref="OnTimer"/> is wanted.</summary>
    long NextDeadlineUs { get; }

    /// <summary>A packet that DTLS has authenticated; the span is valid during the call.</summary>
    void OnPacket(ReadOnlySpan<byte> packet, long nowUs);

    void OnTimer(long nowUs);

    /// <summary>What has been queued may leave now.</summary>
    void OnFlush(long nowUs);

    void OnDtlsState(DtlsState state, long nowUs);

    void OnIceState(IceState state);

    void OnLocalCandidate(IceCandidate candidate);

    void OnGatheringDone();

    /// <summary>Handlers have something to hear.</summary>
    bool HasEvents { get; }

    /// <summary>Runs the application's handlers, without a lock.</summary>
    void Drain();
}

/// <summary>
/// ICE and DTLS of one connection on a host: one lock, one timer, and the way of a packet between socket and association.
/// </summary>
/// <remarks>
/// Every entry goes through <see cref="Enter"/>. When the outermost scope ends, what was queued is flushed, the timer is armed, the lock is left, handlers run,
/// and datagrams are sent. So no handler ever runs with a lock held, and handlers may call any connection.
/// </remarks>
internal sealed partial class PeerTransport : IHostClient, IIceOutput
{
    /// <summary>DTLS that arrives before the answer does: one flight, which Chromium sends in two datagrams.</summary>
    private const int HeldMax = 8;

    /// <summary>Without a packet for so long, DTLS gives its buffers back.</summary>
    private const long QuietUs = 1_000_000;

    /// <summary>The end of the quiet falls on strokes of the host's clock, as consent checks do.</summary>
    private const long QuietStrokeUs = 100_000;

    [ThreadStatic] private static byte[]? _clear;

    private readonly Lock _gate = new();
    private readonly IPeerTransportUser _user;
    private readonly List<IceBase> _bases = [];
    private readonly List<byte[]> _held = [];
    private readonly RtcCertificate _certificate;
    private readonly RtcConfiguration _configuration;
    private DtlsSession? _dtls;
    private IReadOnlyList<DtlsFingerprint>? _fingerprints;
    private bool _dtlsStarted;
    private DtlsState _dtlsState;
    private long _quietAtUs = long.MaxValue;
    private bool _hadPackets;
    private int _depth;
    private int _baseIds;
    private bool _gathering;
    private bool _closed;

    public PeerTransport(RtcHost host, RtcCertificate certificate, IceSettings settings, IPeerTransportUser user, RtcConfiguration configuration)
    {
        Host = host;
        _certificate = certificate;
        _configuration = configuration;
        _user = user;
        TimerEntry = new HostTimerEntry(this);
        Agent = new IceAgent(this, settings, RandomNumberGenerator.Fill);
        OpenSsl.Require();
        host.Register(this);
        host.AddUfrag(Agent.Credentials, this);
    }

    public RtcHost Host { get; }

    /// <summary>For reading and setting what sends nothing; everything else goes through <see cref="Enter"/>.</summary>
    public Lock Gate => _gate;

    public IceAgent Agent { get; }

    public HostTimerEntry TimerEntry { get; }

    public DtlsSession? Dtls => _dtls;

    public bool IsDtlsConnected => _dtlsState == DtlsState.Connected;

    public bool IsClosed => _closed;

    /// <summary>Takes the lock until the scope is disposed.</summary>
    public Scope Enter()
    {
        SendBatch.Current.Enter();
        _gate.Enter();
        _depth++;
        return new Scope(this);
    }

    internal readonly ref struct Scope(PeerTransport transport)
    {
        /// <summary>The host's clock.</summary>
        public long NowUs => transport.Host.NowUs;

        public void Dispose() => transport.Exit();
    }

    private void Exit()
    {
        var outermost = _depth == 1;
        if (outermost && !_closed)
        {
            var now = Host.NowUs;
            _user.OnFlush(now);
            SendHandshake();
            Arm(now);
        }

        if (outermost)
            SendBatch.Current.FlushOrdered();
        _depth--;
        _gate.Exit();
        if (outermost && _user.HasEvents)
        {
            // What is ready leaves before handlers run: they may take long.
            SendBatch.Current.Flush();
            _user.Drain();
        }

        SendBatch.Current.Exit();
    }

    public void OnBatchEnd() => Enter().Dispose();

    public void OnTimer()
    {
        using var scope = Enter();
        if (_closed)
            return;
        var now = scope.NowUs;
        Agent.OnTimer(now);
        OnRelayTimer(now);
        if (_dtls is { State: DtlsState.Handshaking, TimeoutUs: 0 } dtls)
        {
            dtls.OnTimer();
            CheckDtls(now);
        }

        _user.OnTimer(now);
        if (_quietAtUs <= now)
        {
            _quietAtUs = long.MaxValue;
            _dtls?.ReleaseBuffers();
        }
    }

    public bool OnDatagram(HostSocket socket, in TransportAddress remote, ReadOnlySpan<byte> datagram)
    {
        lock (_gate)
        {
            if (_closed || datagram.IsEmpty)
                return true;
            var now = Host.NowUs;
            if (socket.Owner is not null)
            {
                ReceiveFromRelay(socket, remote, datagram, now);
                return true;
            }

            return BaseOf(socket) is { } @base && Receive(@base, remote, datagram, now);
        }
    }

    /// <summary>One datagram of a peer's, from a socket or out of a relay.</summary>
    private bool Receive(IceBase from, in TransportAddress remote, ReadOnlySpan<byte> datagram, long nowUs)
    {
        // RFC 7983: STUN 0 to 3, DTLS 20 to 63; nothing else is expected.
        if (datagram[0] < 4)
            return Agent.Receive(from, remote, datagram, nowUs) is not (IceReceiveResult.Unauthenticated or IceReceiveResult.Malformed);
        if (datagram[0] is < 20 or > 63 || !Agent.AcceptData(from, remote, datagram.Length, nowUs))
            return true;
        if (!_dtlsStarted)
        {
            if (_held.Count < HeldMax)
                _held.Add(datagram.ToArray());
            return true;
        }

        ReceiveDtls(datagram, nowUs);
        return true;
    }

    private void ReceiveDtls(ReadOnlySpan<byte> datagram, long nowUs)
    {
        _hadPackets = true;
        _dtls!.Receive(datagram);
        CheckDtls(nowUs);
        var clear = _clear ??= GC.AllocateUninitializedArray<byte>(DtlsSession.PacketBytesMax, pinned: true);
        for (int length; !_closed && (length = _dtls.Read(clear)) > 0;)
            _user.OnPacket(clear.AsSpan(0, length), nowUs);
        CheckDtls(nowUs);
    }

    /// <summary>Protects a packet and queues it for the selected pair. Lost where there is none.</summary>
    public void SendPacket(ReadOnlySpan<byte> packet)
    {
        if (_dtls is null || Agent.Selected is not { } pair)
            return;
        _hadPackets = true;
        var batch = SendBatch.Current;
        var slot = batch.Reserve();
        var length = _dtls.Write(packet, slot);
        if (length > 0)
            Commit(batch, slot, pair, length);
    }

    private void Commit(SendBatch batch, Span<byte> slot, IceCandidatePair pair, int length)
    {
        pair.BytesSent += length;
        pair.PacketsSent++;
        if (pair.Base.Link is HostSocket socket)
            batch.Commit(socket, pair.Remote.Address, length, isOrdered: true);
        else
            SendOverRelay(pair.Base, pair.Remote.Address, slot[..length], Host.NowUs);
    }

    /// <summary>The peer's certificate and our role are known.</summary>
    public void SetDtls(bool server, IReadOnlyList<DtlsFingerprint> fingerprints, long nowUs)
    {
        _fingerprints = fingerprints;
        _dtls ??= new DtlsSession(_certificate, server);
        StartDtls(nowUs);
    }

    public void StartGathering(IReadOnlyList<RtcIceServer> servers)
    {
        if (_gathering)
            return;
        _gathering = true;
        var now = Host.NowUs;
        Agent.BeginSource();
        foreach (var socket in Host.Sockets)
            Agent.AddBase(AddBase(socket), now);
        GatherFromServers(servers);
        Agent.EndSource(now);
    }

    /// <summary>New names for a restart; the host knows the earlier generations too until the agent forgets them.</summary>
    public void RestartIce(long nowUs)
    {
        Agent.Restart(nowUs);
        Host.AddUfrag(Agent.Credentials, this);
    }

    /// <summary>Says close_notify and lets everything go. What the association wanted to say must have been sent.</summary>
    public void Close()
    {
        if (_closed)
            return;
        _dtls?.Close();
        SendHandshake();
        CloseRelays();
        Agent.Close();
        _closed = true;
        _dtls?.Dispose();
        _held.Clear();
        Host.RemoveUfrag(Agent.Credentials);
        foreach (var earlier in Agent.EarlierCredentials)
            Host.RemoveUfrag(earlier);
        Host.Unregister(this);
    }

    void IIceOutput.Send(IceBase from, in TransportAddress to, ReadOnlySpan<byte> datagram)
    {
        if (from.Link is not HostSocket socket)
        {
            SendOverRelay(from, to, datagram, Host.NowUs);
            return;
        }

        var batch = SendBatch.Current;
        datagram.CopyTo(batch.Reserve());
        batch.Commit(socket, to, datagram.Length, isOrdered: false);
    }

    IceBase? IIceOutput.Claim(IceBase from, in TransportAddress to, bool spareAllowed)
    {
        if (from.Link is not HostSocket socket || Host.TryClaim(socket, to, this))
            return from;
        if (!spareAllowed || Host.ClaimSpare(socket, to, this) is not { } spare)
            return null;
        return BaseOf(spare) ?? AddBase(spare);
    }

    void IIceOutput.Release(IceBase from, in TransportAddress to)
    {
        if (from.Link is HostSocket socket)
            Host.Release(socket, to, this);
    }

    void IIceOutput.OnForgotten(IceCredentials credentials) => Host.RemoveUfrag(credentials);

    void IIceOutput.Expect(in TransactionId transaction, bool expected) => Host.Expect(transaction, expected ? this : null);

    void IIceOutput.OnLocalCandidate(IceCandidate candidate) => _user.OnLocalCandidate(candidate);

    void IIceOutput.OnGatheringDone() => _user.OnGatheringDone();

    void IIceOutput.OnStateChanged(IceState state) => _user.OnIceState(state);

    void IIceOutput.OnSelectedPairChanged(IceCandidatePair pair)
    {
        BindChannel(pair);
        StartDtls(Host.NowUs);
    }

    private void StartDtls(long nowUs)
    {
        if (_dtlsStarted || _dtls is null || _fingerprints is null || Agent.Selected is null)
            return;
        _dtlsStarted = true;
        _dtls.Start(_fingerprints);
        foreach (var datagram in _held)
            ReceiveDtls(datagram, nowUs);
        _held.Clear();
        CheckDtls(nowUs);
        SendHandshake();
    }

    private void CheckDtls(long nowUs)
    {
        if (_dtls is null || _dtls.State == _dtlsState)
            return;
        SendHandshake();
        _dtlsState = _dtls.State;
        _user.OnDtlsState(_dtlsState, nowUs);
    }

    private void SendHandshake()
    {
        if (_dtls is null || !_dtlsStarted || Agent.Selected is not { } pair)
            return;
        var batch = SendBatch.Current;
        while (true)
        {
            var slot = batch.Reserve();
            var length = _dtls.TakeRecord(slot);
            if (length <= 0)
                return;
            Commit(batch, slot, pair, length);
        }
    }

    private void Arm(long nowUs)
    {
        if (_hadPackets)
        {
            _hadPackets = false;
            _quietAtUs = nowUs + QuietUs + QuietStrokeUs - 1;
            _quietAtUs -= _quietAtUs % QuietStrokeUs;
        }

        var next = Math.Min(Math.Min(Agent.NextDeadlineUs, _quietAtUs), Math.Min(_user.NextDeadlineUs, NextRelayUs()));
        if (_dtlsState == DtlsState.Handshaking && _dtlsStarted && _dtls!.TimeoutUs is >= 0 and var timeout)
            next = Math.Min(next, nowUs + timeout);
        // An earlier deadline only: the heap finds out by itself when one has moved away.
        if (next != long.MaxValue && next < Volatile.Read(ref TimerEntry.ArmedUs))
            Host.Timers.Arm(TimerEntry, next);
    }

    private IceBase? BaseOf(HostSocket socket)
    {
        foreach (var @base in _bases)
            if (@base.Link == socket)
                return @base;
        return null;
    }

    private IceBase AddBase(HostSocket socket)
    {
        var id = _baseIds++;
        // Loopback last: it is only right where nothing else is.
        var preference = ushort.MaxValue - (id * 8) - (socket.Local.IsLoopback ? 20_000 : 0) - (socket.IsSpare ? 10_000 : 0);
        var candidate = new IceCandidate(IceCandidateType.Host, socket.Local, IceCandidate.PriorityOf(IceCandidateType.Host, preference), $"h{id}");
        var @base = new IceBase(id, candidate, preference) { IsSpare = socket.IsSpare, Link = socket };
        _bases.Add(@base);
        return @base;
    }
}
