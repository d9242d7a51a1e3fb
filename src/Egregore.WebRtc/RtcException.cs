namespace Egregore.WebRtc;

/// <summary>What an <see cref="RtcException"/> is about.</summary>
public enum RtcErrorKind
{
    /// <summary>A session description or candidate that cannot be used; the text says why.</summary>
    InvalidDescription,

    /// <summary>The call does not fit the connection's or channel's state.</summary>
    InvalidState,

    /// <summary>A bound of this library or of the peer: message size, channels, connections of a host.</summary>
    LimitReached,

    /// <summary>OpenSSL 3 is not installed.</summary>
    LibraryMissing,

    /// <summary>A socket could not be bound, or another fault of the system.</summary>
    System,
}

/// <summary>A call that could not be done. What a peer sends never causes one: it changes states and counters.</summary>
public sealed class RtcException : Exception
{
    public RtcException()
        : this(RtcErrorKind.InvalidState, "invalid state")
    {
    }

    public RtcException(string message)
        : this(RtcErrorKind.InvalidState, message)
    {
    }

    public RtcException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public RtcException(RtcErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What it is about.</summary>
    public RtcErrorKind Kind { get; }
}
