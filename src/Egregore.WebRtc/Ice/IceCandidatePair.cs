using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Ice;

/// <summary>RFC 8445 section 6.1.2.6. With one stream and one component nothing is ever frozen.</summary>
internal enum IcePairState
{
    Waiting,
    InProgress,
    Succeeded,
    Failed,
}

/// <summary>A local base with a remote candidate, the check that runs on it and what went over it.</summary>
internal sealed class IceCandidatePair(int id, IceBase @base, IceCandidate remote, IceCredentials credentials)
{
    public int Id { get; } = id;

    public IceBase Base { get; set; } = @base;

    /// <summary>What the peer sees us as: the base's candidate until a check tells another (RFC 8445 section 7.2.5.3.1).</summary>
    public IceCandidate Local { get; set; } = @base.Candidate;

    public IceCandidate Remote { get; set; } = remote;

    public IceCredentials Credentials { get; } = credentials;

    public ulong Priority { get; set; }

    public IcePairState State { get; set; }

    /// <summary>The check that runs carries USE-CANDIDATE, or the next one will.</summary>
    public bool UseCandidate { get; set; }

    /// <summary>Controlled: the peer's USE-CANDIDATE came before our own check had succeeded.</summary>
    public bool NominateOnSuccess { get; set; }

    public bool Nominated { get; set; }

    /// <summary>The tuple of addresses belongs to this connection at its host.</summary>
    public bool Claimed { get; set; }

    /// <summary>A request or a response with the right integrity came from the remote address: data from it is taken.</summary>
    public bool Authenticated { get; set; }

    // The check that is under way.
    public TransactionId Transaction { get; set; }

    public TransactionId EarlierTransaction { get; set; }

    public bool RequestedAsControlling { get; set; }

    public int Attempts { get; set; }

    public long SentAtUs { get; set; }

    public long RetransmitAtUs { get; set; } = long.MaxValue;

    public long RtoUs { get; set; }

    public long TriggeredAtUs { get; set; } = long.MinValue / 2;

    // Consent (RFC 7675).
    public long ConsentUntilUs { get; set; }

    public long NextConsentUs { get; set; } = long.MaxValue;

    /// <summary>The last time that anything authenticated came.</summary>
    public long LastReceivedUs { get; set; }

    /// <summary>The last time that a controlling peer chose this pair.</summary>
    public long LastUseCandidateUs { get; set; } = long.MinValue / 2;

    public long RoundTripUs { get; set; }

    public long TotalRoundTripUs { get; set; }

    public long BytesSent { get; set; }

    public long BytesReceived { get; set; }

    public long PacketsSent { get; set; }

    public long PacketsReceived { get; set; }

    public long RequestsSent { get; set; }

    public long RequestsReceived { get; set; }

    public long ResponsesSent { get; set; }

    public long ResponsesReceived { get; set; }

    public bool IsValid => State == IcePairState.Succeeded;

    public bool Matches(in TransactionId id) => (id == Transaction && id != default) || (id == EarlierTransaction && id != default);
}

/// <summary>A place that packets leave from: a socket's address, or a relay's.</summary>
internal sealed class IceBase(int id, IceCandidate candidate, int localPreference)
{
    public int Id { get; } = id;

    public IceCandidate Candidate { get; } = candidate;

    public int LocalPreference { get; } = localPreference;

    public bool IsRelay => Candidate.Type == IceCandidateType.Relayed;

    /// <summary>Made because another connection holds the tuple of addresses: not told to the peer, which sees it as peer-reflexive.</summary>
    public bool IsSpare { get; init; }

    /// <summary>The driver's own: the socket or relay behind it.</summary>
    public object? Link { get; init; }

    /// <summary>The relay is gone, or the interface.</summary>
    public bool Closed { get; set; }
}
