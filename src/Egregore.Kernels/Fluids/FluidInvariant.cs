using System.Buffers;
using Egregore.Work;

namespace Egregore.Kernels.Fluids;

/// <summary>
/// Levels in range, solids where they were, no water made or lost; water only sinks, one layer a step at most; and where a box around a sampled column is small beside the whole, its steps
/// are taken again and the column must agree.
/// </summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class FluidInvariant(ulong salt = 0) : IInvariant
{
    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !FluidInput.TryRead(input, out FluidInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!FluidOutput.TryRead(output, task.Cells.Length, out FluidOutput answer))
            return InvariantVerdict.Broken("the answer's layout or a level");
        Span<long> before = stackalloc long[FluidInput.SideMax];
        Span<long> after = stackalloc long[FluidInput.SideMax];
        int layer = task.Width * task.Depth;
        (long sumBefore, long sumAfter) = (0, 0);
        for (int y = 0; y < task.Height; y++)
        {
            ReadOnlySpan<byte> old = task.Cells.Slice(y * layer, layer);
            ReadOnlySpan<byte> now = answer.Cells.Slice(y * layer, layer);
            for (int i = 0; i < layer; i++)
            {
                if ((old[i] == FluidInput.Solid) != (now[i] == FluidInput.Solid))
                    return InvariantVerdict.Broken("a solid that was moved");
                int water = old[i] == FluidInput.Solid ? 0 : -1;
                sumBefore += old[i] & water;
                sumAfter += now[i] & water;
            }
            (before[y], after[y]) = (sumBefore, sumAfter);
        }
        if (sumBefore != sumAfter)
            return InvariantVerdict.Broken("water that was made or lost");
        for (int y = 0; y < task.Height; y++)
        {
            if (after[y] < before[y] || after[y] > before[Math.Min(y + task.Steps, task.Height - 1)])
                return InvariantVerdict.Broken("water that rose or fell too far");
        }
        return Box(task, answer, Sample.Of(shared, input, salt));
    }

    // In a step water goes 2 cells along x and 2 along z, and what it does depends on the cells around those: 4 a step is far enough for the middle to be right.
    private static InvariantVerdict Box(FluidInput task, FluidOutput answer, Sample sample)
    {
        (int x, int z) = (sample.Next(task.Width), sample.Next(task.Depth));
        (int x0, int z0) = (Math.Max(0, x - (4 * task.Steps)) & ~1, Math.Max(0, z - (4 * task.Steps)) & ~1);
        (int width, int depth) = (Math.Min(task.Width, x + (4 * task.Steps) + 1) - x0, Math.Min(task.Depth, z + (4 * task.Steps) + 1) - z0);
        int size = width * depth * task.Height;
        if (size > Math.Max(task.Cells.Length / 8, 4096))
            return InvariantVerdict.Held;
        byte[] box = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            Span<byte> cells = box.AsSpan(0, size);
            for (int row = 0; row < depth * task.Height; row++)
                task.Cells.Slice(((((row / depth) * task.Depth) + z0 + (row % depth)) * task.Width) + x0, width).CopyTo(cells[(row * width)..]);
            FluidSteps.Run(cells, width, task.Height, depth, task.Steps);
            for (int y = 0; y < task.Height; y++)
            {
                if (cells[(((y * depth) + z - z0) * width) + x - x0] != answer.Cells[(((y * task.Depth) + z) * task.Width) + x])
                    return InvariantVerdict.Broken("a column that the steps do not give");
            }
            return InvariantVerdict.Held;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(box);
        }
    }
}
