namespace Egregore.Kernels.Crowds;

/// <summary>
/// A task of <c>flow-field</c>. Layout: u16 width, u16 depth, u16 goals, u16 agents, u32 0; a u32 cell for each goal; f32 x and f32 z for each agent, in cells from the grid's corner; a u8
/// weight for each cell (0 is a wall).
/// </summary>
public readonly ref struct FlowFieldInput
{
    /// <summary>Bytes before the goals.</summary>
    public const int HeaderBytes = 12;

    /// <summary>Cells along a side at most.</summary>
    public const int SideMax = 256;

    /// <summary>Goals at most.</summary>
    public const int GoalsMax = 1024;

    /// <summary>Agents at most.</summary>
    public const int AgentsMax = 16_384;

    private readonly ReadOnlySpan<byte> _goals;
    private readonly ReadOnlySpan<byte> _agents;

    private FlowFieldInput(int width, int depth, ReadOnlySpan<byte> goals, ReadOnlySpan<byte> agents, ReadOnlySpan<byte> weights)
    {
        Width = width;
        Depth = depth;
        _goals = goals;
        _agents = agents;
        Weights = weights;
    }

    /// <summary>Cells along x.</summary>
    public int Width { get; }

    /// <summary>Cells along z.</summary>
    public int Depth { get; }

    /// <summary>Cells.</summary>
    public int Cells => Weights.Length;

    /// <summary>Goals.</summary>
    public int Goals => _goals.Length / 4;

    /// <summary>Agents.</summary>
    public int Agents => _agents.Length / 8;

    /// <summary>0 is a wall; else what a step on the cell costs, times 10 or 14.</summary>
    public ReadOnlySpan<byte> Weights { get; }

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax => FuelOf(Cells, Agents);

    /// <summary>A goal's cell.</summary>
    public int Goal(int index) => (int)_goals.U32(4 * index);

    /// <summary>Where an agent is.</summary>
    public (float X, float Z) Agent(int index) => (_agents.F32(8 * index), _agents.F32((8 * index) + 4));

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int width, int depth, int goals, int agents) => HeaderBytes + (4 * goals) + (8 * agents) + (width * depth);

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="width">Cells along x, 1 to 256.</param>
    /// <param name="depth">Cells along z, 1 to 256.</param>
    /// <param name="weights">One for each cell, at z * width + x.</param>
    /// <param name="goals">Cells to reach, at most 1,024.</param>
    /// <param name="agents">Places in cells from the grid's corner, at most 16,384.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public static int Write(Span<byte> destination, int width, int depth, ReadOnlySpan<byte> weights, ReadOnlySpan<int> goals, ReadOnlySpan<(float X, float Z)> agents)
    {
        if (weights.Length != width * depth)
            throw new ArgumentException("One weight for each cell", nameof(weights));
        int size = SizeOf(width, depth, goals.Length, agents.Length);
        destination.U16(0, width);
        destination.U16(2, depth);
        destination.U16(4, goals.Length);
        destination.U16(6, agents.Length);
        destination.U32(8, 0);
        int at = HeaderBytes;
        foreach (int goal in goals)
        {
            destination.U32(at, (uint)goal);
            at += 4;
        }
        foreach ((float x, float z) in agents)
        {
            destination.F32(at, x);
            destination.F32(at + 4, z);
            at += 8;
        }
        weights.CopyTo(destination[at..]);
        Bytes.Accepted(TryRead(destination[..size], out _), nameof(destination));
        return size;
    }

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FlowFieldInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes)
            return false;
        (int width, int depth, int goals, int agents) = (bytes.U16(0), bytes.U16(2), bytes.U16(4), bytes.U16(6));
        if (bytes.U32(8) != 0 || width is < 1 or > SideMax || depth is < 1 or > SideMax || goals > GoalsMax || agents > AgentsMax || bytes.Length != SizeOf(width, depth, goals, agents))
            return false;
        int agentsAt = HeaderBytes + (4 * goals);
        int weightsAt = agentsAt + (8 * agents);
        var task = new FlowFieldInput(width, depth, bytes[HeaderBytes..agentsAt], bytes[agentsAt..weightsAt], bytes[weightsAt..]);
        for (int i = 0; i < goals; i++)
        {
            if ((uint)task.Goal(i) >= task.Cells)
                return false;
        }
        for (int i = 0; i < agents; i++)
        {
            (float x, float z) = task.Agent(i);
            if (!(x >= 0 && x < width && z >= 0 && z < depth))
                return false;
        }
        input = task;
        return true;
    }

    internal static ulong FuelOf(int cells, int agents) => 50_000 + ((ulong)cells * 4_500) + ((ulong)agents * 300);
}
