namespace Egregore.WebRtc;

/// <summary>RTCIceTransportPolicy of the W3C.</summary>
public enum RtcIceTransportPolicy
{
    /// <summary>Every candidate.</summary>
    All,

    /// <summary>Relayed candidates only: the peer does not learn our address.</summary>
    Relay,
}

/// <summary>A STUN or TURN server (RTCIceServer of the W3C).</summary>
public sealed record RtcIceServer
{
    /// <summary>
    /// <c>stun:HOST[:PORT]</c>, <c>turn:HOST[:PORT][?transport=udp|tcp]</c> or <c>turns:HOST[:PORT]</c> (RFC 7064, RFC 7065); ports 3478, and 5349 for turns.
    /// </summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>Of a TURN server.</summary>
    public string? Username { get; init; }

    /// <summary>Password of a TURN server.</summary>
    public string? Credential { get; init; }
}

/// <summary>RTCConfiguration of the W3C, and what a process needs beside it.</summary>
public sealed record RtcConfiguration
{
    /// <summary>Most that are used, over all entries: 8 URLs.</summary>
    public IReadOnlyList<RtcIceServer> IceServers { get; init; } = [];

    /// <summary>Which candidates are used.</summary>
    public RtcIceTransportPolicy IceTransportPolicy { get; init; }

    /// <summary>The certificate to show; null makes a new one for the connection.</summary>
    public RtcCertificate? Certificate { get; init; }

    /// <summary>UDP port of the process's shared host, where no host is given; 0 lets the system choose.</summary>
    public int Port { get; init; }

    /// <summary>Bytes of the longest message that is taken (<c>a=max-message-size</c>), 1,200 to 1,048,576.</summary>
    public int MaxMessageSize { get; init; } = 262_144;

    /// <summary>Accepts whatever certificate the peer of a <c>turns:</c> server chain shows; for tests with a certificate of their own.</summary>
    public bool TurnTlsAllowUntrusted { get; init; }

    /// <summary>Times and bounds of ICE, for tests.</summary>
    internal Ice.IceSettings Ice { get; init; } = new();
}
