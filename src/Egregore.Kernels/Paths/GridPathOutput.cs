namespace Egregore.Kernels.Paths;

/// <summary>What <c>grid-path</c> found.</summary>
public enum GridPathStatus
{
    /// <summary>A way; the cells follow.</summary>
    Found = 0,

    /// <summary>No way; the set of the cells that can be reached follows and proves it.</summary>
    Unreachable = 1,

    /// <summary>The start or the goal is a wall.</summary>
    Walled = 2,
}

/// <summary>
/// An answer of <c>grid-path</c>. Layout: u32 status, u32 cost, u32 count; then, if found, count u32 cells from the start to the goal; if unreachable, a bit for each cell of the grid
/// (least bit first), count of them set.
/// </summary>
public readonly ref struct GridPathOutput
{
    /// <summary>Bytes before the cells or bits.</summary>
    public const int HeaderBytes = 12;

    private readonly ReadOnlySpan<byte> _bytes;

    private GridPathOutput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>What was found.</summary>
    public GridPathStatus Status => (GridPathStatus)_bytes.U32(0);

    /// <summary>The cost of the way: 10 or 14 times the weights of the cells that are stepped on.</summary>
    public uint Cost => _bytes.U32(4);

    /// <summary>Cells of the way, both ends among them; or of the set.</summary>
    public int Count => (int)_bytes.U32(8);

    /// <summary>A cell of the way.</summary>
    /// <param name="index">0 (the start) to <see cref="Count"/> - 1 (the goal).</param>
    public int Cell(int index) => (int)_bytes.U32(HeaderBytes + (4 * index));

    /// <summary>Whether a cell can be reached, where there is no way to the goal.</summary>
    public bool Reaches(int cell) => (_bytes[HeaderBytes + (cell >> 3)] >> (cell & 7) & 1) != 0;

    /// <summary>Reads an answer: lengths, and that every cell lies in the grid.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="cells">Cells of the grid.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int cells, out GridPathOutput output)
    {
        output = default;
        if (bytes.Length < HeaderBytes || bytes.U32(0) > 2)
            return false;
        (uint status, uint count) = (bytes.U32(0), bytes.U32(8));
        if (status == 0 ? count < 1 || count > cells || bytes.Length != HeaderBytes + (4 * (int)count)
            : bytes.U32(4) != 0 || bytes.Length != HeaderBytes + (status == 1 ? (cells + 7) >> 3 : 0) || (status == 2 && count != 0))
            return false;
        for (int i = 0; status == 0 && i < count; i++)
        {
            if (bytes.U32(HeaderBytes + (4 * i)) >= cells)
                return false;
        }
        output = new GridPathOutput(bytes);
        return true;
    }
}
