using Egregore.Wire;

namespace VoxelArena;

public readonly partial record struct Peer
{
    /// <summary>The engine's id as it stands in rows.</summary>
    public static Peer Of(PeerId id) => new(id.High, id.Low);

    /// <summary>The engine's id.</summary>
    public PeerId Id => new(High, Low);
}
