using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>One link's figures.</summary>
/// <param name="Peer">The peer at the other end.</param>
/// <param name="Kind">Direct where a direct channel is open, else relay.</param>
/// <param name="RttMs">Smoothed round trip, milliseconds; -1 before the first answer.</param>
/// <param name="JitterMs">Smoothed deviation of the round trip, milliseconds.</param>
/// <param name="LossPercent">Heartbeats without an answer, percent, over the last 32.</param>
/// <param name="ClockOffsetMs">The peer's clock minus ours, milliseconds, from the sample of the least round trip.</param>
/// <param name="BytesIn">Bytes received.</param>
/// <param name="BytesOut">Bytes sent.</param>
/// <param name="MessagesIn">Envelopes received.</param>
/// <param name="MessagesOut">Envelopes sent.</param>
/// <param name="Invalid">Envelopes refused.</param>
/// <param name="Long">Kept as a long link by either side.</param>
/// <param name="OpenedMs">When it opened, the host's clock.</param>
public readonly record struct LinkStats(
    PeerId Peer, LinkKind Kind, int RttMs, int JitterMs, int LossPercent, long ClockOffsetMs, long BytesIn, long BytesOut, long MessagesIn, long MessagesOut, long Invalid, bool Long, long OpenedMs);

/// <summary>A node's counters since it was made. Refusals are counted by <see cref="ReceiveResult"/>.</summary>
public sealed class MeshStats
{
    private readonly long[] _received = new long[(int)ReceiveResult.Rejected + 1];

    /// <summary>Envelopes received with that result.</summary>
    public long Received(ReceiveResult result) => _received[(int)result];

    /// <summary>Bytes received.</summary>
    public long BytesIn { get; internal set; }

    /// <summary>Bytes sent.</summary>
    public long BytesOut { get; internal set; }

    /// <summary>Envelopes sent.</summary>
    public long MessagesOut { get; internal set; }

    /// <summary>Gossip messages published here.</summary>
    public long GossipPublished { get; internal set; }

    /// <summary>Gossip messages delivered to the host.</summary>
    public long GossipDelivered { get; internal set; }

    /// <summary>Copies of gossip bodies received, first ones included.</summary>
    public long GossipCopies { get; internal set; }

    /// <summary>Bodies asked for.</summary>
    public long GossipWanted { get; internal set; }

    /// <summary>Bodies sent on request.</summary>
    public long GossipServed { get; internal set; }

    /// <summary>Announced ids that never came, or for which there was no room.</summary>
    public long GossipMissed { get; internal set; }

    /// <summary>Messages that came while too many signatures were being verified, or whose verification the host did not answer.</summary>
    public long GossipUnverified { get; internal set; }

    /// <summary>Own messages that the host could not sign.</summary>
    public long GossipUnsigned { get; internal set; }

    /// <summary>Deltas of the shared state taken from others.</summary>
    public long StateMerged { get; internal set; }

    /// <summary>Messages forwarded for others.</summary>
    public long Routed { get; internal set; }

    /// <summary>Links closed because nothing was heard.</summary>
    public long LinksTimedOut { get; internal set; }

    /// <summary>Links replaced by nearer ones.</summary>
    public long LinksReplaced { get; internal set; }

    internal void Count(ReceiveResult result) => _received[(int)result]++;
}

/// <summary>What a node knows of a member.</summary>
/// <param name="Peer">Who.</param>
/// <param name="Name">As the member, or who introduced it, says.</param>
/// <param name="Position">Last known.</param>
/// <param name="HeardMs">When something was last heard of it, the host's clock.</param>
/// <param name="Linked">A link is open.</param>
public readonly record struct MeshMember(PeerId Peer, string Name, MeshPosition Position, long HeardMs, bool Linked);
