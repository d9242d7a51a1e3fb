namespace Egregore.World;

/// <summary>A cell of the area-of-interest grid, in cells (a game chooses how many blocks one holds).</summary>
public readonly record struct Cell(int X, int Z) : IComparable<Cell>
{
    /// <summary>Distance in cells: the larger of the two axes, so that a radius is a square. Does not overflow.</summary>
    public long DistanceTo(Cell other) => Math.Max(Math.Abs((long)X - other.X), Math.Abs((long)Z - other.Z));

    /// <summary>By X, then Z.</summary>
    public int CompareTo(Cell other) => X != other.X ? X.CompareTo(other.X) : Z.CompareTo(other.Z);

    public static bool operator <(Cell left, Cell right) => left.CompareTo(right) < 0;

    public static bool operator >(Cell left, Cell right) => left.CompareTo(right) > 0;

    public static bool operator <=(Cell left, Cell right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Cell left, Cell right) => left.CompareTo(right) >= 0;
}
