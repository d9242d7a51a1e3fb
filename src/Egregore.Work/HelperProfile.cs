using Egregore.Wire;

namespace Egregore.Work;

/// <summary>What the host knows of a helper that connects. Nothing of it goes to other helpers.</summary>
public readonly record struct HelperProfile
{
    /// <summary>Whose key it is: trust, balance and bans belong to it.</summary>
    public required PeerId Owner { get; init; }

    /// <summary>Its address range, such as a hash of the /24 or /64; 0: unknown. Two of one range never get copies of one task.</summary>
    public ulong AddressRange { get; init; }

    /// <summary>Its session cluster (connections that the host takes for one operator's); 0: none. Two of one cluster never get copies of one task.</summary>
    public ulong Cluster { get; init; }

    /// <summary>A player's machine, or a worker of the operator.</summary>
    public HelperTier Tier { get; init; }

    /// <summary>Tasks that it runs at the same time, 1 to 64.</summary>
    public int Slots { get; init; }
}
