namespace Egregore.Kernels.Paths;

/// <summary>What is asked of <c>grid-path</c>; cells are <c>z * width + x</c> in the grid that is sent, which says nothing of where it lies.</summary>
/// <param name="Width">Cells along x, 1 to 1,024.</param>
/// <param name="Depth">Cells along z, 1 to 1,024; at most 262,144 cells in all.</param>
/// <param name="From">The cell of the start.</param>
/// <param name="Goal">The cell of the goal.</param>
public readonly record struct GridPathQuery(int Width, int Depth, int From, int Goal)
{
    /// <summary>How far a step may go up, in units of height.</summary>
    public byte ClimbMax { get; init; }

    /// <summary>How far a step may go down.</summary>
    public byte DropMax { get; init; }

    /// <summary>Whether slanted steps are allowed where both cells beside them may be stepped on.</summary>
    public bool Diagonal { get; init; }

    /// <summary>0: the cheapest way. 3 to 6: a way inside a corridor of clusters of 2^n cells a side, for big grids where a search would fill dead ends: less fuel, not always the very cheapest way.</summary>
    public byte ClusterShift { get; init; }
}
