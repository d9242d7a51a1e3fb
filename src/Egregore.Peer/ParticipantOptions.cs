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
}
