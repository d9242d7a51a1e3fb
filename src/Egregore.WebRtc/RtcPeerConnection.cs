using Egregore.WebRtc.Dtls;
using Egregore.WebRtc.Host;
using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Sdp;

namespace Egregore.WebRtc;

/// <summary>
/// A connection to one peer (RTCPeerConnection of the W3C, for data channels). Signaling is the application's: it carries descriptions and candidates
/// between the two ends.
/// </summary>
/// <remarks>
/// All members may be called from any thread, and from handlers. Handlers run one after another for a connection, on the host's threads or on the thread
/// whose call caused the event, without a lock: a handler that blocks holds up the host's other connections.
/// Close the connection when it is no longer wanted; it lives on its host until then.
/// </remarks>
public sealed partial class RtcPeerConnection : IDisposable
{
    private readonly RtcConfiguration _configuration;
    private readonly RtcHost _host;
    private readonly bool _shared;
    private readonly RtcCertificate _certificate;
    private readonly PeerTransport _transport;
    private readonly EventQueue _events = new();
    private readonly ulong _sessionId;
    private SdpDescription? _remote;
    private RtcSessionDescription? _pendingLocal;
    private RtcSessionDescription? _currentLocal;
    private SdpDescription? _answering;
    private DtlsSetup _setup = DtlsSetup.ActPass;
    private string _mid = "0";
    private int _version = 1;
    private bool _restartWanted;
    private bool _closed;

    /// <param name="configuration">Servers, policy, certificate, bounds.</param>
    /// <param name="host">The sockets to live on; null: those that the process shares.</param>
    /// <exception cref="RtcException">OpenSSL 3 is missing, no socket can be bound, or the host is full.</exception>
    public RtcPeerConnection(RtcConfiguration? configuration = null, RtcHost? host = null)
    {
        _configuration = configuration ?? new RtcConfiguration();
        ArgumentOutOfRangeException.ThrowIfLessThan(_configuration.MaxMessageSize, 1_200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_configuration.MaxMessageSize, 1 << 20);
        OpenSsl.Require();
        _certificate = _configuration.Certificate ?? RtcCertificate.Generate();
        _shared = host is null;
        _host = host ?? RtcHost.Share(_configuration.Port);
        try
        {
            var ice = _configuration.Ice with { RelayOnly = _configuration.IceTransportPolicy == RtcIceTransportPolicy.Relay };
            _transport = new PeerTransport(_host, _certificate, ice, new User(this), _configuration);
        }
        catch
        {
            if (_shared)
                _host.Unshare();
            throw;
        }

        Span<byte> random = stackalloc byte[8];
        System.Security.Cryptography.RandomNumberGenerator.Fill(random);
        _sessionId = BitConverter.ToUInt64(random) >> 2;
        CreateAssociation();
    }

    /// <summary>A local candidate to trickle to the peer; null when there are no more.</summary>
    public event Action<RtcIceCandidate?>? IceCandidate;

    public event Action<RtcPeerConnectionState>? ConnectionStateChanged;

    public event Action<RtcIceConnectionState>? IceConnectionStateChanged;

    public event Action<RtcIceGatheringState>? IceGatheringStateChanged;

    public event Action<RtcSignalingState>? SignalingStateChanged;

    /// <summary>An offer is needed: the first channel was made, or <see cref="RestartIce"/> was called.</summary>
    public event Action? NegotiationNeeded;

    public RtcPeerConnectionState ConnectionState { get; private set; }

    public RtcIceConnectionState IceConnectionState { get; private set; }

    public RtcIceGatheringState IceGatheringState { get; private set; }

    public RtcSignalingState SignalingState { get; private set; }

    /// <summary>Why the connection has failed; null while it has not.</summary>
    public string? FailureReason { get; private set; }

    /// <summary>SHA-256 fingerprint of the certificate that this end shows.</summary>
    public string Fingerprint => _certificate.Fingerprint;

    /// <summary>The host that the connection lives on.</summary>
    public RtcHost Host => _host;

    /// <summary>The description that was set, with the candidates gathered since.</summary>
    public RtcSessionDescription? LocalDescription
    {
        get
        {
            using var scope = _transport.Enter();
            var set = _pendingLocal ?? _currentLocal;
            return set is null ? null : new RtcSessionDescription(set.Type, Write(set.Type == RtcSdpType.Answer ? _answering : null, withCandidates: true));
        }
    }

    /// <summary>The peer's description.</summary>
    public RtcSessionDescription? RemoteDescription { get; private set; }

    /// <summary>The peer's <c>a=max-message-size</c>: bytes of the longest message that may be sent. 262,144 at most.</summary>
    public int MaxMessageSize { get; private set; } = SdpDescription.DefaultMaxMessageSize;

    /// <summary>An offer of data channels (RFC 8829 section 5.2).</summary>
    /// <exception cref="RtcException">The connection is closed.</exception>
    public RtcSessionDescription CreateOffer(RtcOfferOptions? options = null)
    {
        using var scope = _transport.Enter();
        ThrowIfClosed();
        if (options?.IceRestart == true)
            _restartWanted = true;
        if (_restartWanted && SignalingState == RtcSignalingState.Stable && _remote is not null)
        {
            // The names are part of the offer, so the new generation begins here; the old one is answered until the new one has a pair.
            _restartWanted = false;
            _transport.RestartIce(scope.NowUs);
        }

        return new RtcSessionDescription(RtcSdpType.Offer, Write(null, withCandidates: false));
    }

    /// <summary>The answer to the offer that was set (RFC 8829 section 5.3).</summary>
    /// <exception cref="RtcException">No offer was set.</exception>
    public RtcSessionDescription CreateAnswer()
    {
        using var scope = _transport.Enter();
        ThrowIfClosed();
        if (SignalingState != RtcSignalingState.HaveRemoteOffer)
            throw new RtcException(RtcErrorKind.InvalidState, $"an answer needs an offer: the signaling state is {SignalingState}");
        return new RtcSessionDescription(RtcSdpType.Answer, Write(_remote, withCandidates: false));
    }

    /// <summary>Sets what <see cref="CreateOffer"/> or <see cref="CreateAnswer"/> made; null makes whichever the state asks for. Gathering begins.</summary>
    /// <exception cref="RtcException">It does not fit the signaling state.</exception>
    public void SetLocalDescription(RtcSessionDescription? description = null)
    {
        using var scope = _transport.Enter();
        ThrowIfClosed();
        description ??= SignalingState == RtcSignalingState.HaveRemoteOffer ? CreateAnswer() : CreateOffer();
        switch (description.Type, SignalingState)
        {
            case (RtcSdpType.Offer, RtcSignalingState.Stable or RtcSignalingState.HaveLocalOffer):
                _pendingLocal = description;
                if (_remote is null)
                    _transport.Agent.SetRole(controlling: true);
                SetSignaling(RtcSignalingState.HaveLocalOffer);
                break;
            case (RtcSdpType.Answer, RtcSignalingState.HaveRemoteOffer):
                _currentLocal = description;
                _pendingLocal = null;
                _answering = _remote;
                SetSignaling(RtcSignalingState.Stable);
                BeginDtls(scope.NowUs);
                break;
            case (RtcSdpType.Rollback, RtcSignalingState.HaveLocalOffer):
                Rollback();
                return;
            default:
                throw new RtcException(RtcErrorKind.InvalidState, $"a local {description.Type} does not fit the signaling state {SignalingState}");
        }

        SetGathering(RtcIceGatheringState.Gathering);
        _transport.StartGathering(_configuration.IceServers);
    }

    /// <summary>Sets the peer's offer or answer. An offer that meets one of our own rolls ours back, as long as nothing is connected yet.</summary>
    /// <exception cref="RtcException">It cannot be used (<see cref="RtcErrorKind.InvalidDescription"/>, with the reason), or does not fit the state.</exception>
    public void SetRemoteDescription(RtcSessionDescription description)
    {
        if (!TrySetRemoteDescription(description, out var error))
            throw new RtcException(RtcErrorKind.InvalidDescription, "the peer's description: " + error);
    }

    /// <summary>As <see cref="SetRemoteDescription"/>, without an exception for what a peer may send.</summary>
    public bool TrySetRemoteDescription(RtcSessionDescription description, out string error)
    {
        using var scope = _transport.Enter();
        if (_closed)
        {
            error = "the connection is closed";
            return false;
        }

        if (description.Type == RtcSdpType.Rollback)
        {
            if (SignalingState != RtcSignalingState.HaveRemoteOffer)
            {
                error = $"a rollback does not fit the signaling state {SignalingState}";
                return false;
            }

            SetSignaling(RtcSignalingState.Stable);
            error = "";
            return true;
        }

        if (SdpParser.TryParse(description.Sdp, out error) is not { } parsed)
            return false;
        if (parsed.SctpPort != 5000)
        {
            error = "a=sctp-port is not 5000, which everybody uses";
            return false;
        }

        if (description.Type == RtcSdpType.Offer)
        {
            if (SignalingState == RtcSignalingState.HaveLocalOffer)
                Rollback();
            if (_remote is null && _currentLocal is null)
                _transport.Agent.SetRole(controlling: parsed.IceLite);
            // actpass and passive let us begin, active wants to begin itself; once up, the roles stay.
            if (_setup == DtlsSetup.ActPass)
                _setup = parsed.Setup == DtlsSetup.Active ? DtlsSetup.Passive : DtlsSetup.Active;
        }
        else
        {
            if (SignalingState != RtcSignalingState.HaveLocalOffer)
            {
                error = $"an answer does not fit the signaling state {SignalingState}";
                return false;
            }

            if (parsed.Setup == DtlsSetup.ActPass && parsed.HasSetup)
            {
                error = "a=setup of an answer is active or passive";
                return false;
            }

            if (_setup == DtlsSetup.ActPass)
                _setup = parsed.Setup == DtlsSetup.Passive ? DtlsSetup.Active : DtlsSetup.Passive;
            _currentLocal = _pendingLocal;
            _pendingLocal = null;
        }

        Apply(description, parsed, scope.NowUs);
        SetSignaling(description.Type == RtcSdpType.Offer ? RtcSignalingState.HaveRemoteOffer : RtcSignalingState.Stable);
        if (description.Type == RtcSdpType.Answer)
            BeginDtls(scope.NowUs);
        return true;
    }

    /// <summary>A trickled candidate of the peer's; null or an empty one says that there are no more. Names (mDNS) are passed over.</summary>
    /// <exception cref="RtcException">The line is malformed, or no remote description was set.</exception>
    public void AddIceCandidate(RtcIceCandidate? candidate)
    {
        if (!TryAddIceCandidate(candidate, out var error))
            throw new RtcException(RtcErrorKind.InvalidDescription, "the peer's candidate: " + error);
    }

    /// <summary>As <see cref="AddIceCandidate"/>, without an exception for what a peer may send.</summary>
    public bool TryAddIceCandidate(RtcIceCandidate? candidate, out string error)
    {
        using var scope = _transport.Enter();
        error = "";
        if (_closed)
            return true;
        if (_remote is null)
        {
            error = "it comes before the description";
            return false;
        }

        if (candidate is null || candidate.Candidate.Length == 0)
        {
            if (candidate?.UsernameFragment is null || candidate.UsernameFragment == _remote.Ufrag)
                _transport.Agent.RemoteEndOfCandidates(scope.NowUs);
            return true;
        }

        switch (Egregore.WebRtc.Ice.IceCandidate.TryParse(candidate.Candidate, out var parsed))
        {
            case IceCandidateParseResult.Malformed:
                error = "not the grammar of RFC 8839";
                return false;
            case IceCandidateParseResult.Ok:
                if (candidate.UsernameFragment is { Length: > 0 } ufrag)
                    parsed = parsed! with { Ufrag = ufrag };
                _transport.Agent.AddRemoteCandidate(parsed!, scope.NowUs);
                return true;
            default:
                return true;
        }
    }

    /// <summary>The next offer restarts ICE.</summary>
    public void RestartIce()
    {
        using var scope = _transport.Enter();
        ThrowIfClosed();
        _restartWanted = true;
        _events.Post(() => NegotiationNeeded?.Invoke());
    }

    /// <summary>Numbers of this moment.</summary>
    public RtcStats GetStats()
    {
        using var scope = _transport.Enter();
        var agent = _transport.Agent;
        var counters = agent.Counters;
        return new RtcStats
        {
            CandidatePairs = [.. agent.Pairs.Select(pair => Stats(pair, pair == agent.Selected))],
            DtlsCipher = _transport.Dtls?.Cipher,
            DtlsVersion = _transport.Dtls?.Version,
            ServerErrors = [.. _transport.ServerErrors],
            IsDtlsClient = _transport.Dtls is { IsServer: false },
            DatagramsDropped = counters.Malformed + counters.BadIntegrity + counters.Unknown + counters.DataFromStrangers + counters.TupleConflicts + counters.CandidatesRefused,
        };
    }

    /// <summary>Tells the peer, and lets everything go. Handlers that are under way end; <see cref="ConnectionStateChanged"/> is not raised (W3C).</summary>
    public void Close()
    {
        using var scope = _transport.Enter();
        CloseInside();
    }

    /// <summary>As <see cref="Close"/>.</summary>
    public void Dispose() => Close();

    private void CloseInside()
    {
        if (_closed)
            return;
        _closed = true;
        CloseAssociation();
        _transport.Close();
        SignalingState = RtcSignalingState.Closed;
        ConnectionState = RtcPeerConnectionState.Closed;
        IceConnectionState = RtcIceConnectionState.Closed;
        if (_shared)
            _host.Unshare();
    }

    private void Rollback()
    {
        _pendingLocal = null;
        SetSignaling(RtcSignalingState.Stable);
    }

    private void Apply(RtcSessionDescription description, SdpDescription parsed, long nowUs)
    {
        var agent = _transport.Agent;
        var changed = _remote is not null && (_remote.Ufrag != parsed.Ufrag || _remote.Password != parsed.Password);
        if (description.Type == RtcSdpType.Offer && changed && agent.Credentials.RemoteUfrag is not null)
            _transport.RestartIce(nowUs);
        _remote = parsed;
        RemoteDescription = description;
        _mid = parsed.Data!.Mid;
        MaxMessageSize = (int)(parsed.MaxMessageSize == 0 ? MessageSendBytesMax : Math.Min(parsed.MaxMessageSize, MessageSendBytesMax));
        if (agent.Credentials.RemoteUfrag != parsed.Ufrag)
            agent.SetRemoteCredentials(parsed.Ufrag, parsed.Password, nowUs);
        foreach (var candidate in parsed.Candidates)
            agent.AddRemoteCandidate(candidate, nowUs);
        if (parsed.EndOfCandidates)
            agent.RemoteEndOfCandidates(nowUs);
        OnRemoteDescription(parsed);
    }

    private void BeginDtls(long nowUs)
    {
        _transport.SetDtls(server: _setup == DtlsSetup.Passive, _remote!.Fingerprints, nowUs);
        UpdateConnectionState();
    }

    private string Write(SdpDescription? offer, bool withCandidates)
    {
        var agent = _transport.Agent;
        return SdpWriter.Write(new SdpLocal
        {
            SessionId = _sessionId,
            Version = _version++,
            Ufrag = agent.Credentials.LocalUfrag,
            Password = agent.Credentials.LocalPassword,
            Fingerprint = _certificate.Fingerprint,
            Setup = offer is null ? DtlsSetup.ActPass : _setup,
            MaxMessageSize = _configuration.MaxMessageSize,
            SctpPort = 5000,
            Candidates = withCandidates || IceGatheringState != RtcIceGatheringState.New ? agent.LocalCandidates : [],
            EndOfCandidates = IceGatheringState == RtcIceGatheringState.Complete,
            Offer = offer,
        });
    }

    private void SetSignaling(RtcSignalingState state)
    {
        if (SignalingState == state)
            return;
        SignalingState = state;
        _events.Post(() => SignalingStateChanged?.Invoke(state));
    }

    private void SetGathering(RtcIceGatheringState state)
    {
        if (IceGatheringState >= state)
            return;
        IceGatheringState = state;
        _events.Post(() => IceGatheringStateChanged?.Invoke(state));
    }

    private void UpdateConnectionState()
    {
        if (_closed)
            return;
        var dtls = _transport.Dtls?.State;
        var state = FailureReason is not null || IceConnectionState == RtcIceConnectionState.Failed ? RtcPeerConnectionState.Failed
            : dtls == DtlsState.Closed ? RtcPeerConnectionState.Closed
            : IceConnectionState switch
            {
                RtcIceConnectionState.New => RtcPeerConnectionState.New,
                RtcIceConnectionState.Disconnected => RtcPeerConnectionState.Disconnected,
                RtcIceConnectionState.Connected or RtcIceConnectionState.Completed when dtls == DtlsState.Connected => RtcPeerConnectionState.Connected,
                _ => RtcPeerConnectionState.Connecting,
            };
        if (ConnectionState == state)
            return;
        ConnectionState = state;
        _events.Post(() => ConnectionStateChanged?.Invoke(state));
    }

    private void Fail(string reason)
    {
        FailureReason ??= reason;
        UpdateConnectionState();
    }

    private void ThrowIfClosed()
    {
        if (_closed)
            throw new RtcException(RtcErrorKind.InvalidState, "the connection is closed");
    }

    private static RtcIceCandidatePairStats Stats(IceCandidatePair pair, bool selected) => new()
    {
        Local = Stats(pair.Local),
        Remote = Stats(pair.Remote),
        State = (RtcIceCandidatePairState)pair.State,
        Nominated = pair.Nominated,
        Selected = selected,
        BytesSent = pair.BytesSent,
        BytesReceived = pair.BytesReceived,
        PacketsSent = pair.PacketsSent,
        PacketsReceived = pair.PacketsReceived,
        CurrentRoundTripTime = TimeSpan.FromMicroseconds(pair.RoundTripUs),
        TotalRoundTripTime = TimeSpan.FromMicroseconds(pair.TotalRoundTripUs),
        RequestsSent = pair.RequestsSent,
        RequestsReceived = pair.RequestsReceived,
        ResponsesSent = pair.ResponsesSent,
        ResponsesReceived = pair.ResponsesReceived,
    };

    private static RtcIceCandidateStats Stats(IceCandidate candidate) =>
        new((RtcIceCandidateType)candidate.Type, candidate.Address.ToEndPoint(), candidate.Priority, candidate.RelayProtocol);
}
