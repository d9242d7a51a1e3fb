namespace Egregore.Mesh;

/// <summary>How a link reaches its peer.</summary>
public enum LinkKind : byte
{
    /// <summary>Peer to peer: a data channel.</summary>
    Direct = 0,

    /// <summary>Through truth, which forwards envelopes by their target.</summary>
    Relay = 1,
}

/// <summary>What a message needs of its channel.</summary>
public enum Reliability : byte
{
    /// <summary>Ordered and retransmitted: gossip, shared state, signaling.</summary>
    Reliable = 0,

    /// <summary>Unordered, never retransmitted: reflex states and heartbeats, which a newer one replaces.</summary>
    Unreliable = 1,
}

/// <summary>Why a node asks its host to close a link or to stop dialling.</summary>
public enum DisconnectReason : byte
{
    /// <summary>Nothing was heard for <see cref="MeshOptions.LinkTimeoutMs"/>.</summary>
    Timeout = 0,

    /// <summary>A nearer peer took the place.</summary>
    Replaced = 1,

    /// <summary>No place was free.</summary>
    Full = 2,

    /// <summary>The peer sent too much that was invalid.</summary>
    Misbehaving = 3,

    /// <summary>The dial took longer than <see cref="MeshOptions.ConnectTimeoutMs"/>: only the dial is given up, a relay stays.</summary>
    ConnectTimeout = 4,

    /// <summary>This node leaves the mesh, or the peer said that it leaves.</summary>
    Leaving = 5,
}
