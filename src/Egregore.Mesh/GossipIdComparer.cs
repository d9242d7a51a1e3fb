using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>For lookups only; the key is the node's own, so that nobody can prepare ids that collide.</summary>
internal sealed class GossipIdComparer(ulong key) : IEqualityComparer<GossipId>
{
    public bool Equals(GossipId x, GossipId y) => x.Id == y.Id && x.Origin.Low == y.Origin.Low && x.Origin.High == y.Origin.High;

    public int GetHashCode(GossipId id)
    {
        var mixed = (id.Id ^ key) * 0x9E3779B97F4A7C15;
        mixed = (mixed ^ id.Origin.High ^ (id.Origin.Low * 0xBF58476D1CE4E5B9)) * 0x94D049BB133111EB;
        return (int)(mixed >> 32);
    }
}
