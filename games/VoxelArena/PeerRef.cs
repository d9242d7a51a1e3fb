using Egregore.Wire;

namespace VoxelArena;

public readonly partial record struct PeerRef
{
    /// <summary>The engine's id as it stands in rows.</summary>
    public static PeerRef Of(PeerId id) => new(id.High, id.Low);

    /// <summary>The engine's id.</summary>
    public PeerId Id => new(High, Low);
}
