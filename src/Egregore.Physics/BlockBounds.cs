namespace Egregore.Physics;

/// <summary>A box of whole blocks, both ends included.</summary>
/// <param name="MinX">The least x.</param>
/// <param name="MinY">The least y.</param>
/// <param name="MinZ">The least z.</param>
/// <param name="MaxX">The greatest x.</param>
/// <param name="MaxY">The greatest y.</param>
/// <param name="MaxZ">The greatest z.</param>
public readonly record struct BlockBounds(int MinX, int MinY, int MinZ, int MaxX, int MaxY, int MaxZ)
{
    /// <summary>Whether the two share a block.</summary>
    public bool Meets(in BlockBounds other) =>
        MinX <= other.MaxX && other.MinX <= MaxX && MinY <= other.MaxY && other.MinY <= MaxY && MinZ <= other.MaxZ && other.MinZ <= MaxZ;

    /// <summary>The least box that holds both.</summary>
    public BlockBounds With(in BlockBounds other) => new(
        Math.Min(MinX, other.MinX), Math.Min(MinY, other.MinY), Math.Min(MinZ, other.MinZ),
        Math.Max(MaxX, other.MaxX), Math.Max(MaxY, other.MaxY), Math.Max(MaxZ, other.MaxZ));
}
