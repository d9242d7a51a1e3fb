namespace Egregore.Kernels.Fluids;

/// <summary>An answer of <c>fluid</c>: the levels after the steps, laid out as they came.</summary>
public readonly ref struct FluidOutput
{
    private FluidOutput(ReadOnlySpan<byte> cells) => Cells = cells;

    /// <summary>The levels.</summary>
    public ReadOnlySpan<byte> Cells { get; }

    /// <summary>Reads an answer: its length and its levels.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="cells">Cells of the task.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int cells, out FluidOutput output)
    {
        output = default;
        if (bytes.Length != cells || bytes.IndexOfAnyInRange((byte)(FluidInput.Full + 1), (byte)(FluidInput.Solid - 1)) >= 0)
            return false;
        output = new FluidOutput(bytes);
        return true;
    }
}
