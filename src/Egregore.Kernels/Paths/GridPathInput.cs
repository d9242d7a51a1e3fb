namespace Egregore.Kernels.Paths;

/// <summary>
/// A task of <c>grid-path</c>. Layout: u16 width, u16 depth, u8 flags (1 diagonal, 2 clustered), u8 climb, u8 drop, u8 cluster shift (0 unless clustered), u32 from, u32 goal; then a u8
/// weight for each cell (0 is a wall) and a u8 height for each.
/// </summary>
public readonly ref struct GridPathInput
{
    /// <summary>Bytes before the cells.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Cells along a side at most.</summary>
    public const int SideMax = 1024;

    /// <summary>Cells at most.</summary>
    public const int CellsMax = 262_144;

    /// <summary>Cost of a straight step on weight 1; a slanted one costs <see cref="Across"/>.</summary>
    public const int Straight = 10;

    /// <summary>Cost of a slanted step on weight 1.</summary>
    public const int Across = 14;

    private GridPathInput(GridPathQuery query, ReadOnlySpan<byte> weights, ReadOnlySpan<byte> heights)
    {
        Query = query;
        Weights = weights;
        Heights = heights;
    }

    /// <summary>What is asked.</summary>
    public GridPathQuery Query { get; }

    /// <summary>0 is a wall; else what a step on the cell costs, times 10 or 14.</summary>
    public ReadOnlySpan<byte> Weights { get; }

    /// <summary>Heights, compared only with each other.</summary>
    public ReadOnlySpan<byte> Heights { get; }

    /// <summary>Cells.</summary>
    public int Cells => Weights.Length;

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax => FuelOf(Cells);

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int width, int depth) => HeaderBytes + (2 * width * depth);

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="query">What is asked.</param>
    /// <param name="weights">One for each cell.</param>
    /// <param name="heights">One for each cell.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">The query is out of bounds or the spans do not fit it.</exception>
    public static int Write(Span<byte> destination, in GridPathQuery query, ReadOnlySpan<byte> weights, ReadOnlySpan<byte> heights)
    {
        int size = SizeOf(query.Width, query.Depth);
        if (weights.Length != query.Width * query.Depth || heights.Length != weights.Length)
            throw new ArgumentException("One weight and one height for each cell", nameof(weights));
        destination.U16(0, query.Width);
        destination.U16(2, query.Depth);
        destination[4] = (byte)((query.Diagonal ? 1 : 0) | (query.ClusterShift != 0 ? 2 : 0));
        destination[5] = query.ClimbMax;
        destination[6] = query.DropMax;
        destination[7] = query.ClusterShift;
        destination.U32(8, (uint)query.From);
        destination.U32(12, (uint)query.Goal);
        weights.CopyTo(destination[HeaderBytes..]);
        heights.CopyTo(destination[(HeaderBytes + weights.Length)..]);
        Bytes.Accepted(TryRead(destination[..size], out _), nameof(query));
        return size;
    }

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out GridPathInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes)
            return false;
        (int width, int depth, int flags, int shift) = (bytes.U16(0), bytes.U16(2), bytes[4], bytes[7]);
        if (width is < 1 or > SideMax || depth is < 1 or > SideMax || width * depth > CellsMax || bytes.Length != SizeOf(width, depth))
            return false;
        (uint from, uint goal, int cells) = (bytes.U32(8), bytes.U32(12), width * depth);
        if (flags > 3 || from >= cells || goal >= cells || ((flags & 2) != 0 ? shift is < 3 or > 6 : shift != 0))
            return false;
        var query = new GridPathQuery(width, depth, (int)from, (int)goal) { ClimbMax = bytes[5], DropMax = bytes[6], Diagonal = (flags & 1) != 0, ClusterShift = (byte)shift };
        input = new GridPathInput(query, bytes.Slice(HeaderBytes, cells), bytes[(HeaderBytes + cells)..]);
        return true;
    }

    /// <summary>Whether one may step from a cell to another one beside it, walls and heights considered; not whether it is beside it.</summary>
    public bool Steps(int from, int to)
    {
        int rise = Heights[to] - Heights[from];
        return Weights[to] != 0 && rise <= Query.ClimbMax && -rise <= Query.DropMax;
    }

    /// <summary>The cost of a step, or 0 where it is not allowed.</summary>
    public int StepCost(int from, int to)
    {
        int width = Query.Width;
        (int dx, int dz) = ((to % width) - (from % width), (to / width) - (from / width));
        if (Math.Abs(dx) > 1 || Math.Abs(dz) > 1 || from == to || !Steps(from, to))
            return 0;
        if (dx == 0 || dz == 0)
            return Weights[to] * Straight;
        return Query.Diagonal && Steps(from, from + dx) && Steps(from, from + (dz * width)) ? Weights[to] * Across : 0;
    }

    internal static ulong FuelOf(int cells) => 100_000 + ((ulong)cells * 6_000);
}
