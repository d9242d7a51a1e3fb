namespace Egregore.Kernels.Fluids;

/// <summary>The kernel's own steps in C#, for a box that is small enough to check.</summary>
internal static class FluidSteps
{
    /// <summary>Takes some steps in place.</summary>
    /// <param name="cells">Levels, layer by layer from below.</param>
    /// <param name="width">Cells along x.</param>
    /// <param name="height">Cells along y.</param>
    /// <param name="depth">Cells along z.</param>
    /// <param name="steps">Steps to take.</param>
    public static void Run(Span<byte> cells, int width, int height, int depth, int steps)
    {
        int layer = width * depth;
        for (int step = 0; step < steps; step++)
        {
            for (int cell = layer; cell < layer * height; cell++)
                Fall(cells, cell, cell - layer);
            for (int first = 0; first < 2; first++)
            {
                for (int row = 0; row < layer * height; row += width)
                {
                    for (int x = first; x + 1 < width; x += 2)
                        Even(cells, layer, row + x, row + x + 1);
                }
            }
            for (int first = 0; first < 2; first++)
            {
                for (int row = 0; row < layer * height; row += width)
                {
                    int z = row / width % depth;
                    if ((z & 1) != first || z + 1 >= depth)
                        continue;
                    for (int x = 0; x < width; x++)
                        Even(cells, layer, row + x, row + x + width);
                }
            }
        }
    }

    private static void Fall(Span<byte> cells, int cell, int below)
    {
        if (cells[cell] is 0 or FluidInput.Solid || cells[below] >= FluidInput.Full)
            return;
        int moved = Math.Min(cells[cell], FluidInput.Full - cells[below]);
        cells[cell] -= (byte)moved;
        cells[below] += (byte)moved;
    }

    private static void Even(Span<byte> cells, int layer, int a, int b)
    {
        (int x, int y) = (cells[a], cells[b]);
        int high = x > y ? a : b;
        if (x == y || x == FluidInput.Solid || y == FluidInput.Solid || (high >= layer && cells[high - layer] < FluidInput.Full))
            return;
        int moved = (x - y) / 2;
        cells[a] = (byte)(x - moved);
        cells[b] = (byte)(y + moved);
    }
}
