namespace Egregore.Physics;

/// <summary>A ball that holds all that a body may reach in a frame. Lengths in 1/4096 block.</summary>
internal readonly record struct BodySphere(int X, int Y, int Z, int Radius)
{
    // Beyond what a body moves by itself: a push by another one in the same frame.
    private const float MarginBlocks = 0.25f;

    /// <summary>The ball of a body that goes so far, blocks.</summary>
    public static BodySphere Of(in BodyState body, float way) => new(body.X, body.Y, body.Z, (int)((body.Reach + way + MarginBlocks) * BodyState.BlockUnits));

    public bool Meets(in BodySphere other)
    {
        long x = (long)X - other.X, y = (long)Y - other.Y, z = (long)Z - other.Z, reach = (long)Radius + other.Radius;
        return (x * x) + (y * y) + (z * z) <= reach * reach;
    }

    /// <summary>The blocks that it reaches into, and so many more on each side.</summary>
    public BlockBounds Bounds(int more) => new(
        Floor((long)X - Radius) - more, Floor((long)Y - Radius) - more, Floor((long)Z - Radius) - more,
        Floor((long)X + Radius) + more, Floor((long)Y + Radius) + more, Floor((long)Z + Radius) + more);

    private static int Floor(long units) => (int)(units >> 12);
}
