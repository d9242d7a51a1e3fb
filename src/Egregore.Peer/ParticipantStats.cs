namespace Egregore.Peer;

/// <summary>A participant's counters since it was made. What was refused is counted, never dropped in silence.</summary>
public sealed class ParticipantStats
{
    /// <summary>Messages from truth that failed verification or had no business there.</summary>
    public long TruthRefused { get; internal set; }

    /// <summary>Reflex states of the wrong size, or of more neighbours than the bound.</summary>
    public long ReflexRefused { get; internal set; }

    /// <summary>Checkpoints that are malformed, of unknown peers or over the bound.</summary>
    public long CheckpointsRefused { get; internal set; }

    /// <summary>Signals that are malformed, unsigned, of another attempt or over the bound.</summary>
    public long SignalsRefused { get; internal set; }

    /// <summary>Messages that truth relayed from a peer, over its rate or over that of all.</summary>
    public long RelayedRefused { get; internal set; }

    /// <summary>Attempts at direct links that were not begun, because as many were under way as may be, or given up after their time.</summary>
    public long AttemptsRefused { get; internal set; }

    /// <summary>Messages of a kind that no peer may send.</summary>
    public long UnexpectedKinds { get; internal set; }

    /// <summary>Gossip messages delivered.</summary>
    public long GossipDelivered { get; internal set; }

    /// <summary>Own states that truth found against the rules.</summary>
    public long Corrections { get; internal set; }

    /// <summary>Bytes from truth.</summary>
    public long TruthBytesIn { get; internal set; }

    /// <summary>Bytes to truth.</summary>
    public long TruthBytesOut { get; internal set; }
}
