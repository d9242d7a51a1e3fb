using Egregore.World.Movement;

namespace VoxelArena;

public readonly partial record struct Triple
{
    /// <summary>Component by component.</summary>
    public static Triple operator +(Triple left, Triple right) => new(left.X + right.X, left.Y + right.Y, left.Z + right.Z);

    /// <summary>The middle of a block.</summary>
    internal static Triple MiddleOf(BlockAt at) =>
        new((at.X << 12) + (MoveState.BlockUnits / 2), (at.Y << 12) + (MoveState.BlockUnits / 2), (at.Z << 12) + (MoveState.BlockUnits / 2));

    /// <summary>The square of the distance to another place.</summary>
    internal long SquareTo(Triple other)
    {
        (long x, long y, long z) = ((long)X - other.X, (long)Y - other.Y, (long)Z - other.Z);
        return (x * x) + (y * y) + (z * z);
    }

    /// <summary>Each component at most so large.</summary>
    internal Triple Within(int most) => new(Math.Clamp(X, -most, most), Math.Clamp(Y, -most, most), Math.Clamp(Z, -most, most));

    /// <summary>The same direction with this length; straight up where there is no direction.</summary>
    internal Triple WithLength(int length)
    {
        long own = IntegerMath.Sqrt((ulong)SquareTo(default));
        return own == 0 ? new Triple(0, length, 0) : new Triple((int)(X * (long)length / own), (int)(Y * (long)length / own), (int)(Z * (long)length / own));
    }
}
