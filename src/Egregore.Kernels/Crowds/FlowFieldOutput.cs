namespace Egregore.Kernels.Crowds;

/// <summary>
/// An answer of <c>flow-field</c>. Layout: a u32 cost for each cell (0xFFFFFFFF: no way), a u8 direction for each, zeros up to a multiple of 4; f32 x and f32 z for each agent, a unit vector
/// or zero.
/// </summary>
public readonly ref struct FlowFieldOutput
{
    /// <summary>The cost of a cell from which no goal can be reached.</summary>
    public const uint Far = uint.MaxValue;

    /// <summary>The direction of a goal.</summary>
    public const byte AtGoal = 8;

    /// <summary>The direction where no goal can be reached.</summary>
    public const byte Nowhere = 255;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _cells;

    private FlowFieldOutput(ReadOnlySpan<byte> bytes, int cells)
    {
        _bytes = bytes;
        _cells = cells;
    }

    /// <summary>What the cheapest way from a cell to a goal costs.</summary>
    public uint Cost(int cell) => _bytes.U32(4 * cell);

    /// <summary>Its first step: 0 +x, 1 -x, 2 +z, 3 -z, 4 +x+z, 5 -x+z, 6 +x-z, 7 -x-z, <see cref="AtGoal"/> or <see cref="Nowhere"/>.</summary>
    public byte Direction(int cell) => _bytes[(4 * _cells) + cell];

    /// <summary>Where an agent should go: of length 1, or 0 where there is no way.</summary>
    public (float X, float Z) Agent(int index)
    {
        int at = (4 * _cells) + ((_cells + 3) & ~3) + (8 * index);
        return (_bytes.F32(at), _bytes.F32(at + 4));
    }

    /// <summary>Bytes of an answer.</summary>
    public static int SizeOf(int cells, int agents) => (4 * cells) + ((cells + 3) & ~3) + (8 * agents);

    /// <summary>Reads an answer.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="cells">Cells of the grid.</param>
    /// <param name="agents">Agents of the task.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int cells, int agents, out FlowFieldOutput output)
    {
        output = default;
        if (bytes.Length != SizeOf(cells, agents))
            return false;
        output = new FlowFieldOutput(bytes, cells);
        return true;
    }
}
