namespace Egregore.Mesh;

/// <summary>What became of a received envelope. Everything but <see cref="Accepted"/> and <see cref="Ignored"/> counts against the link.</summary>
public enum ReceiveResult : byte
{
    /// <summary>Taken.</summary>
    Accepted = 0,

    /// <summary>A repeat, late or not for us: dropped, nobody's fault.</summary>
    Ignored = 1,

    /// <summary>No link to that peer is open.</summary>
    UnknownLink = 2,

    /// <summary>The envelope or its payload failed verification.</summary>
    Malformed = 3,

    /// <summary>Larger than the bound of its kind.</summary>
    TooLarge = 4,

    /// <summary>Over the link's rate.</summary>
    RateLimited = 5,

    /// <summary>A kind that no peer may send to a peer.</summary>
    UnexpectedKind = 6,

    /// <summary>Names a sender that the link did not authenticate, or an id that is not the hash of its content.</summary>
    Forged = 7,

    /// <summary>Further ahead in time than the allowed skew.</summary>
    BadTime = 8,

    /// <summary>The host's verdict.</summary>
    Rejected = 9,
}

/// <summary>What became of a message to send.</summary>
public enum SendResult : byte
{
    /// <summary>Handed to at least one link.</summary>
    Sent = 0,

    /// <summary>Kept: nobody is linked now, later links hear of it.</summary>
    NoLink = 1,

    /// <summary>Larger than the bound of its kind.</summary>
    TooLarge = 2,

    /// <summary>The kind or topic is reserved for the node.</summary>
    Reserved = 3,

    /// <summary>The same content at the same time was published before, or the shared state is full.</summary>
    Refused = 4,
}
