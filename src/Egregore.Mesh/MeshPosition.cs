namespace Egregore.Mesh;

/// <summary>Where a peer stands, in 1/256 of a block. Sent by peers, so any value may occur: distances never overflow.</summary>
public readonly record struct MeshPosition(int X, int Y, int Z)
{
    /// <summary>Squared distance in whole blocks (fraction dropped), at most 3 * 2^50.</summary>
    public long DistanceSquared(MeshPosition other)
    {
        var x = ((long)X - other.X) >> 8;
        var y = ((long)Y - other.Y) >> 8;
        var z = ((long)Z - other.Z) >> 8;
        return (x * x) + (y * y) + (z * z);
    }
}
