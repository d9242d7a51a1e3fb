using System.Net;

namespace Egregore.WebRtc;

/// <summary>Bounds and addresses of a <see cref="RtcHost"/>.</summary>
public sealed record RtcHostOptions
{
    /// <summary>UDP port of every address; 0 lets the system choose. All connections of the host share it.</summary>
    public int Port { get; init; }

    /// <summary>Addresses to listen on; null: those of all interfaces that are up, without link-local ones.</summary>
    public IReadOnlyList<IPAddress>? Addresses { get; init; }

    /// <summary>Offer the loopback addresses too, for peers on this machine. They are used in any case where there are no others.</summary>
    public bool IncludeLoopback { get; init; }

    /// <summary>Connections at a time.</summary>
    public int ConnectionsMax { get; init; } = 10_000;

    /// <summary>Sockets beside the first of each address: for TURN, and where two connections would share a tuple of addresses.</summary>
    public int SpareSocketsMax { get; init; } = 4_096;

    /// <summary>STUN requests a second that may turn out to be from somebody without the password; more are dropped before their code is computed.</summary>
    public int UnauthenticatedStunPerSecond { get; init; } = 2_000;

    /// <summary>Bytes that the system is asked to buffer for each of the first sockets.</summary>
    public int SocketBufferBytes { get; init; } = 4 << 20;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Uses the calls that every system has, also on Linux (for tests of that path).</summary>
    internal bool Portable { get; init; }
}
