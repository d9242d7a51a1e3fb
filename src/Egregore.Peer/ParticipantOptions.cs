using Egregore.Mesh;

namespace Egregore.Peer;

/// <summary>Parameters of a participant, with units and defaults.</summary>
public sealed record ParticipantOptions
{
    /// <summary>The mesh's own parameters.</summary>
    public MeshOptions Mesh { get; init; } = new();

    /// <summary>How often truth is pinged. Milliseconds, default 2,000.</summary>
    public int PingMs { get; init; } = 2_000;

    /// <summary>Under hybrid authority, truth gets one in this many states. Default 5 (4 Hz of 20).</summary>
    public int TruthThinning { get; init; } = 5;

    /// <summary>States that a signed checkpoint covers. Default 40 (2 s of 20 Hz): 4 bytes a state.</summary>
    public int CheckpointStates { get; init; } = 40;

    /// <summary>Neighbours whose states are kept. Default 256.</summary>
    public int NeighboursMax { get; init; } = 256;

    /// <summary>A neighbour not heard of for this long is no longer shown. Milliseconds, default 10,000.</summary>
    public int NeighbourForgetMs { get; init; } = 10_000;

    /// <summary>Signatures and verifications under way. Default 64; more are refused.</summary>
    public int CryptoPendingMax { get; init; } = 64;

    /// <summary>Signals (offers, answers, candidates) waiting for a signature. Default 64.</summary>
    public int SignalsPendingMax { get; init; } = 64;

    /// <summary>Attempts at direct links under way, ours and others', open links not counted. Default 16; offers above it are answered with a bye, own dials fail and are repeated later.</summary>
    public int AttemptsMax { get; init; } = 16;

    /// <summary>Of these, such as others began: half, so that strangers' offers do not keep the mesh from dialling. Default 8.</summary>
    public int AttemptsFromOthersMax { get; init; } = 8;

    /// <summary>An attempt that did not open by then is given up, whatever the host says of it. Milliseconds, default 20,000.</summary>
    public int AttemptTimeoutMs { get; init; } = 20_000;

    /// <summary>Messages that one peer may have truth relay to us, a second, averaged; bursts of two seconds pass. Default 100: a neighbour at full rate needs 25.</summary>
    public int RelayedMessagesPerSecond { get; init; } = 100;

    /// <summary>Bytes of them, a second, averaged; bursts of two seconds pass. Default 32 KiB.</summary>
    public int RelayedBytesPerSecond { get; init; } = 32 * 1024;

    /// <summary>The same over all peers, messages a second. Default 600.</summary>
    public int RelayedMessagesPerSecondMax { get; init; } = 600;

    /// <summary>The same over all peers, bytes a second. Default 192 KiB.</summary>
    public int RelayedBytesPerSecondMax { get; init; } = 192 * 1024;

    /// <summary>Peers whose relayed messages are counted one by one; those who spoke longest ago make room. Default 256.</summary>
    public int RelayedPeersMax { get; init; } = 256;
}
