namespace Egregore.WebRtc.Ice;

/// <summary>RTCIceTransportState of the W3C.</summary>
internal enum IceState
{
    New,
    Checking,
    Connected,
    Completed,
    Disconnected,
    Failed,
    Closed,
}

/// <summary>What an agent hands to whoever drives it. Called from inside the agent's own methods, on the caller's thread.</summary>
internal interface IIceOutput
{
    /// <summary>Sends a datagram from a base. May be lost.</summary>
    void Send(IceBase from, in TransportAddress to, ReadOnlySpan<byte> datagram);

    /// <summary>Takes the tuple of addresses for this connection.</summary>
    /// <returns>The base to use: the same, a spare one where another connection holds the tuple, or null when none can be had.</returns>
    IceBase? Claim(IceBase from, in TransportAddress to, bool spareAllowed);

    /// <summary>Gives the tuple back.</summary>
    void Release(IceBase from, in TransportAddress to);

    /// <summary>Checks with these names are not answered any more.</summary>
    void OnForgotten(IceCredentials credentials);

    /// <summary>A server-reflexive transaction starts or ends: its answer comes from an address that nobody has claimed.</summary>
    void Expect(in Stun.TransactionId transaction, bool expected);

    void OnLocalCandidate(IceCandidate candidate);

    void OnGatheringDone();

    void OnStateChanged(IceState state);

    /// <summary>Data goes over another pair from here on; the first call says that there is one.</summary>
    void OnSelectedPairChanged(IceCandidatePair pair);
}

/// <summary>Bounds and times of an agent, in microseconds. Defaults are the specifications'.</summary>
internal sealed record IceSettings
{
    /// <summary>Trickled and peer-reflexive together.</summary>
    public int RemoteCandidatesMax { get; init; } = 64;

    /// <summary>RFC 8445 section 6.1.2.5 says 100.</summary>
    public int PairsMax { get; init; } = 100;

    public int ServersMax { get; init; } = 8;

    /// <summary>Ta of RFC 8445 section 14.2: the time between two checks of this agent.</summary>
    public long PaceUs { get; init; } = 50_000;

    /// <summary>Ta where both addresses are of the same site (private, link-local, loopback): the least that section 14.2 allows.</summary>
    public long PacePrivateUs { get; init; } = 5_000;

    /// <summary>RFC 8445 section 14.3.</summary>
    public long RtoUs { get; init; } = 500_000;

    /// <summary>Rc of RFC 8489 section 6.2.1.</summary>
    public int AttemptsMax { get; init; } = 7;

    /// <summary>How long checks may fail before the agent has failed (RFC 8863 section 4).</summary>
    public long PatienceUs { get; init; } = 39_500_000;

    /// <summary>RFC 7675 section 5.1: once in 5 s, each time by a factor of 0.8 to 1.2.</summary>
    public long ConsentIntervalUs { get; init; } = 5_000_000;

    public long ConsentTimeoutUs { get; init; } = 30_000_000;

    /// <summary>Silence on the selected pair after which the state is disconnected.</summary>
    public long DisconnectedAfterUs { get; init; } = 7_500_000;

    /// <summary>How long the pairs before a restart are listened on when a pair of the new generation is nominated (RFC 8445 section 8.3.1).</summary>
    public long RetireAfterUs { get; init; } = 3_000_000;

    /// <summary>
    /// How long a controlling agent waits for something better than a pair over a relay; data flows over that meanwhile. Longer than <see cref="RtoUs"/>: a check
    /// that met a NAT before the peer had opened it is only repeated then.
    /// </summary>
    public long NominationDelayUs { get; init; } = 1_000_000;

    public bool RelayOnly { get; init; }
}
