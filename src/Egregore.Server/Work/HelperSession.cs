using Egregore.Server.Sockets;
using Egregore.Wire;
using Egregore.Work;

namespace Egregore.Server.Work;

/// <summary>A helper's connection after its hello.</summary>
internal sealed class HelperSession(SessionConnection connection, HelperId id, PeerId owner, string name, HelperTier tier, int slots, long sinceMs)
{
    public SessionConnection Connection { get; } = connection;

    public HelperId Id { get; } = id;

    public PeerId Owner { get; } = owner;

    public string Name { get; } = name;

    public HelperTier Tier { get; } = tier;

    public int Slots { get; } = slots;

    public long SinceMs { get; } = sinceMs;

    /// <summary>When it was last told its standing; under the host's lock, as what follows.</summary>
    public long ToldMs { get; set; }

    /// <summary>Whether something became of its work since.</summary>
    public bool Worked { get; set; }

    /// <summary>Whether its outbox waits for a flush.</summary>
    public bool Touched { get; set; }
}
