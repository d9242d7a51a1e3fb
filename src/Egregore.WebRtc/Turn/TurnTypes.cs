using Egregore.WebRtc.Ice;
using Egregore.WebRtc.Stun;

namespace Egregore.WebRtc.Turn;

internal enum TurnState
{
    New,
    Allocating,
    Ready,
    Failed,
    Closed,
}

/// <summary>Where a client's bytes and events go; called from within its methods.</summary>
internal interface ITurnOutput
{
    /// <summary>One message to the server: a datagram, or bytes of the stream.</summary>
    void SendToServer(ReadOnlySpan<byte> message);

    void OnAllocated(in TransportAddress relayed, in TransportAddress mapped);

    /// <summary>A peer's datagram came through the relay. The span is valid during the call.</summary>
    void OnData(in TransportAddress peer, ReadOnlySpan<byte> data);

    /// <summary>Try this server instead (RFC 8489 section 10). The client is done.</summary>
    void OnRedirect(in TransportAddress server);

    void OnFailed(string reason);
}

/// <summary>A request that waits for its answer.</summary>
internal sealed class TurnTransaction(StunMethod method, TransactionId id)
{
    public StunMethod Method { get; } = method;

    public TransactionId Id { get; set; } = id;

    public TransportAddress Peer { get; init; }

    public ushort Channel { get; init; }

    public uint LifetimeSeconds { get; init; }

    public int Attempts { get; set; }

    public int NonceRetries { get; set; }

    public long RtoUs { get; set; }

    public long NextUs { get; set; }

    public bool WasAuthenticated { get; set; }
}

/// <summary>Leave of one peer's address to send through the relay (RFC 8656 section 9).</summary>
internal sealed class TurnPermission
{
    public bool Ready { get; set; }

    public long RefreshAtUs { get; set; } = long.MaxValue;

    /// <summary>One datagram that waits for the leave: the first check would else be repeated half a second later.</summary>
    public byte[]? Held { get; set; }

    public TransportAddress HeldFor { get; set; }
}

/// <summary>A number instead of a peer's address (RFC 8656 section 12).</summary>
internal sealed class TurnChannel(ushort number, TransportAddress peer)
{
    public ushort Number { get; } = number;

    public TransportAddress Peer { get; } = peer;

    public bool Ready { get; set; }

    public long RefreshAtUs { get; set; } = long.MaxValue;
}
