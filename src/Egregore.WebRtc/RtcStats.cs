using System.Net;

namespace Egregore.WebRtc;

/// <summary>RTCIceCandidateType of the W3C.</summary>
public enum RtcIceCandidateType
{
    Host,
    ServerReflexive,
    PeerReflexive,
    Relayed,
}

/// <summary>RTCStatsIceCandidatePairState of the W3C.</summary>
public enum RtcIceCandidatePairState
{
    Waiting,
    InProgress,
    Succeeded,
    Failed,
}

/// <summary>One end of a pair.</summary>
/// <param name="Type">Its type.</param>
/// <param name="EndPoint">Its address.</param>
/// <param name="Priority">RFC 8445 section 5.1.2.</param>
/// <param name="RelayProtocol">How a local relay's server is reached: udp, tcp or tls; null for others.</param>
public sealed record RtcIceCandidateStats(RtcIceCandidateType Type, IPEndPoint EndPoint, uint Priority, string? RelayProtocol);

/// <summary>A candidate pair (RTCIceCandidatePairStats of the W3C).</summary>
public sealed record RtcIceCandidatePairStats
{
    public required RtcIceCandidateStats Local { get; init; }

    public required RtcIceCandidateStats Remote { get; init; }

    public required RtcIceCandidatePairState State { get; init; }

    public bool Nominated { get; init; }

    /// <summary>Data goes over this pair.</summary>
    public bool Selected { get; init; }

    /// <summary>Of DTLS datagrams, without UDP and IP.</summary>
    public long BytesSent { get; init; }

    public long BytesReceived { get; init; }

    public long PacketsSent { get; init; }

    public long PacketsReceived { get; init; }

    /// <summary>Of the last check that was answered; zero while none was.</summary>
    public TimeSpan CurrentRoundTripTime { get; init; }

    public TimeSpan TotalRoundTripTime { get; init; }

    public long RequestsSent { get; init; }

    public long RequestsReceived { get; init; }

    public long ResponsesSent { get; init; }

    public long ResponsesReceived { get; init; }
}

/// <summary>What <see cref="RtcPeerConnection.GetStats"/> tells.</summary>
public sealed record RtcStats
{
    public required IReadOnlyList<RtcIceCandidatePairStats> CandidatePairs { get; init; }

    /// <summary>The pair that data goes over; null where there is none.</summary>
    public RtcIceCandidatePairStats? SelectedPair => CandidatePairs.FirstOrDefault(pair => pair.Selected);

    /// <summary>As OpenSSL names it; null before DTLS is up.</summary>
    public string? DtlsCipher { get; init; }

    public string? DtlsVersion { get; init; }

    /// <summary>Whether this end began DTLS.</summary>
    public bool IsDtlsClient { get; init; }

    /// <summary>Why STUN and TURN servers could not be used.</summary>
    public IReadOnlyList<string> ServerErrors { get; init; } = [];

    /// <summary>STUN and data that was dropped: malformed, without the password, from a stranger, or over a bound.</summary>
    public long DatagramsDropped { get; init; }
}
