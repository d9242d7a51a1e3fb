using Egregore.Wire;

namespace Egregore.Peer;

/// <summary>How a neighbour's newest state came.</summary>
public enum NeighbourPath : byte
{
    /// <summary>Over a direct link.</summary>
    Direct = 0,

    /// <summary>Relayed by truth, peer to peer in content.</summary>
    Relay = 1,

    /// <summary>In one of truth's room frames.</summary>
    Truth = 2,
}

/// <summary>One other participant that this one sees.</summary>
/// <remarks>Owned by its <see cref="Participant"/>; read it between calls.</remarks>
public sealed class Neighbour
{
    internal Neighbour(PeerId peer, int stateBytes, double tickMs)
    {
        Peer = peer;
        Track = new ReflexTrack(stateBytes, tickMs);
        Chain = new ChainVerifier(peer, stateBytesMax: stateBytes);
        _known = new byte[stateBytes];
    }

    /// <summary>Who.</summary>
    public PeerId Peer { get; }

    /// <summary>As truth or the mesh says; empty until known.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>Short id in truth's room frames; 0 while unknown.</summary>
    public ushort Handle { get; internal set; }

    /// <summary>Its recent states, to be played back.</summary>
    public ReflexTrack Track { get; }

    /// <summary>How the newest state came.</summary>
    public NeighbourPath Path { get; internal set; }

    /// <summary>States that the rules accepted.</summary>
    public long Accepted { get; internal set; }

    /// <summary>States that break the rules: not shown.</summary>
    public long Rejected { get; internal set; }

    /// <summary>States that could not be judged, after a gap.</summary>
    public long Unjudged { get; internal set; }

    /// <summary>First states, and first ones after silence, that lie farther from where the neighbour was known to be than the time allows: not shown, and not held against it.</summary>
    public long Doubted { get; internal set; }

    /// <summary>Checkpoints whose signature and chain were right.</summary>
    public long CheckpointsVerified { get; internal set; }

    /// <summary>Checkpoints that contradict the states received, or whose signature is wrong.</summary>
    public long CheckpointsWrong { get; internal set; }

    /// <summary>Why the last state was rejected; empty when none was.</summary>
    public string LastRejection { get; internal set; } = "";

    /// <summary>Round trip over the direct link, the least of the last samples, milliseconds; -1 while unknown.</summary>
    public double DirectRttMs => Direct.LeastMs;

    /// <summary>Round trip by way of truth although a direct link is open, asked at the same moments; the least of the last samples, milliseconds; -1 while unknown.</summary>
    public double ViaTruthRttMs => ViaTruth.LeastMs;

    internal ChainVerifier Chain { get; }

    private readonly byte[] _known;

    /// <summary>Where it was last known to be: from truth, or from its last accepted state.</summary>
    internal ReadOnlySpan<byte> Known => _known;

    /// <summary>When that was; null while nothing is known.</summary>
    internal long? KnownAtMs { get; private set; }

    internal void KnowNothing() => KnownAtMs = null;

    internal void Know(ReadOnlySpan<byte> state, long nowMs)
    {
        state.CopyTo(_known);
        KnownAtMs = nowMs;
    }

    internal RttWindow Direct;

    internal RttWindow ViaTruth;

    internal uint ProbeId { get; set; }

    internal long ProbeSentMs { get; set; }

    internal long ReportedBytes { get; set; }

    /// <summary>When anything of it arrived last, the host's clock.</summary>
    public long HeardAtMs { get; internal set; }

    internal long MeshAtMs { get; set; } = long.MinValue / 2;
}
