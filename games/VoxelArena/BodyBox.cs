using Egregore.World.Movement;

namespace VoxelArena;

/// <summary>A box along the axes, in 1/4096 block.</summary>
internal readonly record struct BodyBox(long MinX, long MinY, long MinZ, long MaxX, long MaxY, long MaxZ)
{
    public static BodyBox Around(Triple middle, int halfX, int halfY, int halfZ) => new(
        (long)middle.X - halfX, (long)middle.Y - halfY, (long)middle.Z - halfZ, (long)middle.X + halfX, (long)middle.Y + halfY, (long)middle.Z + halfZ);

    public static BodyBox Of(BlockAt at) => Around(Triple.MiddleOf(at), MoveState.BlockUnits / 2, MoveState.BlockUnits / 2, MoveState.BlockUnits / 2);

    public static BodyBox Of(Body body) => Of(body.At, body.Half, body.Rotation);

    /// <summary>The least box that holds a turned one: its half extents are the sums of the rotation matrix' absolute values times the body's own.</summary>
    public static BodyBox Of(Triple middle, HalfExtents half, Rotation rotation)
    {
        (long x, long y, long z, long w) = (rotation.X, rotation.Y, rotation.Z, rotation.W);
        const long one = (long)Rotation.One * Rotation.One;
        return Around(
            middle,
            Extent(one - (2 * ((y * y) + (z * z))), 2 * ((x * y) - (z * w)), 2 * ((x * z) + (y * w))),
            Extent(2 * ((x * y) + (z * w)), one - (2 * ((x * x) + (z * z))), 2 * ((y * z) - (x * w))),
            Extent(2 * ((x * z) - (y * w)), 2 * ((y * z) + (x * w)), one - (2 * ((x * x) + (y * y)))));

        int Extent(long alongX, long alongY, long alongZ) => (int)(((Math.Abs(alongX) * half.X) + (Math.Abs(alongY) * half.Y) + (Math.Abs(alongZ) * half.Z)) / one);
    }

    public BodyBox Grown(int by) => new(MinX - by, MinY - by, MinZ - by, MaxX + by, MaxY + by, MaxZ + by);

    public bool Meets(in BodyBox other) =>
        MinX < other.MaxX && other.MinX < MaxX && MinY < other.MaxY && other.MinY < MaxY && MinZ < other.MaxZ && other.MinZ < MaxZ;
}
