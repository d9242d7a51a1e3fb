namespace Egregore.WebRtc;

/// <summary>RTCPeerConnectionState of the W3C.</summary>
public enum RtcPeerConnectionState
{
    New,
    Connecting,
    Connected,
    Disconnected,
    Failed,
    Closed,
}

/// <summary>RTCIceConnectionState of the W3C.</summary>
public enum RtcIceConnectionState
{
    New,
    Checking,
    Connected,
    Completed,
    Disconnected,
    Failed,
    Closed,
}

/// <summary>RTCIceGatheringState of the W3C.</summary>
public enum RtcIceGatheringState
{
    New,
    Gathering,
    Complete,
}

/// <summary>RTCSignalingState of the W3C, without provisional answers.</summary>
public enum RtcSignalingState
{
    Stable,
    HaveLocalOffer,
    HaveRemoteOffer,
    Closed,
}

/// <summary>RTCSdpType of the W3C, without provisional answers.</summary>
public enum RtcSdpType
{
    Offer,
    Answer,
    Rollback,
}

/// <summary>A session description: its type, and its text (RFC 8866).</summary>
public sealed record RtcSessionDescription(RtcSdpType Type, string Sdp);

/// <summary>RTCOfferOptions of the W3C.</summary>
public sealed record RtcOfferOptions
{
    /// <summary>New ICE names: connectivity is checked anew while data flows on.</summary>
    public bool IceRestart { get; init; }
}

/// <summary>A trickled candidate (RFC 8838). An empty <see cref="Candidate"/> ends the candidates of its generation.</summary>
public sealed record RtcIceCandidate
{
    /// <summary>The line, from <c>candidate:</c> on.</summary>
    public required string Candidate { get; init; }

    /// <summary>The section's <c>a=mid</c>.</summary>
    public string? SdpMid { get; init; }

    /// <summary>The section's number.</summary>
    public int? SdpMLineIndex { get; init; }

    /// <summary>The generation.</summary>
    public string? UsernameFragment { get; init; }
}

/// <summary>What a data channel is made with (RTCDataChannelInit of the W3C).</summary>
public sealed record RtcDataChannelInit
{
    /// <summary>Messages arrive in the order that they were sent in.</summary>
    public bool Ordered { get; init; } = true;

    /// <summary>Milliseconds after which a message is given up, 0 to 65,535. Not together with <see cref="MaxRetransmits"/>.</summary>
    public int? MaxPacketLifeTime { get; init; }

    /// <summary>Retransmissions after which a message is given up, 0 to 65,534.</summary>
    public int? MaxRetransmits { get; init; }

    /// <summary>Name of the application's protocol, at most 65,535 bytes of UTF-8.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Both ends make the channel with the same <see cref="Id"/>; nothing is announced.</summary>
    public bool Negotiated { get; init; }

    /// <summary>Stream, 0 to 65,534 and below the association's count; needed where <see cref="Negotiated"/>.</summary>
    public int? Id { get; init; }

    /// <summary>Share among the channels that have something to send.</summary>
    public RtcPriority Priority { get; init; } = RtcPriority.Low;
}

/// <summary>RTCPriorityType of the W3C; the weights are RFC 8831's.</summary>
public enum RtcPriority
{
    VeryLow,
    Low,
    Medium,
    High,
}

/// <summary>RTCDataChannelState of the W3C.</summary>
public enum RtcDataChannelState
{
    Connecting,
    Open,
    Closing,
    Closed,
}
