using Egregore.Wire;

namespace Egregore.Mesh;

internal enum DialState : byte
{
    None,

    /// <summary>We want a link, and wait for the peer with the lower id to dial.</summary>
    Grace,

    /// <summary>The host dials.</summary>
    Dialing,
}

/// <summary>What a node knows of another peer.</summary>
internal sealed class Member(PeerId id, string name)
{
    public PeerId Id { get; } = id;

    public string Name { get; set; } = name;

    public MeshPosition Position { get; set; }

    public bool HasPosition { get; set; }

    public long HeardMs { get; set; }

    public Link? Link { get; set; }

    public DialState Dial { get; set; }

    /// <summary>Dialled as a long link.</summary>
    public bool DialLong { get; set; }

    /// <summary>Grace: when we dial ourselves. Dialing: when it has failed.</summary>
    public long DialDueMs { get; set; }

    public int Failures { get; set; }

    /// <summary>Not dialled before.</summary>
    public long RetryMs { get; set; }

    /// <summary>Neither dialled nor accepted before.</summary>
    public long BannedUntilMs { get; set; }

    /// <summary>Who said last that it is linked to this peer: the first hop of a route.</summary>
    public PeerId IntroducedBy { get; set; }

    /// <summary>Squared blocks; far away when nobody said where.</summary>
    public long DistanceTo(MeshPosition position) => HasPosition ? Position.DistanceSquared(position) : long.MaxValue >> 8;
}
