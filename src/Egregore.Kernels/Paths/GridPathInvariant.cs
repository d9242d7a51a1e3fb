using Egregore.Work;

namespace Egregore.Kernels.Paths;

/// <summary>
/// A way starts and ends where it was asked, goes by allowed steps, and costs what it claims; between sampled pairs of its cells no straight line is cheaper (unless clustered). "No way"
/// comes with the set of cells that can be reached: it holds the start, not the goal, and no step leaves it, which is a proof. That a winding way is the cheapest is not checked.
/// </summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class GridPathInvariant(ulong salt = 0) : IInvariant
{
    private const int Shortcuts = 8;
    private const int ShortcutMax = 64;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !GridPathInput.TryRead(input, out GridPathInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!GridPathOutput.TryRead(output, task.Cells, out GridPathOutput answer))
            return InvariantVerdict.Broken("the answer's layout");
        bool walled = task.Weights[task.Query.From] == 0 || task.Weights[task.Query.Goal] == 0;
        if (walled != (answer.Status == GridPathStatus.Walled))
            return InvariantVerdict.Broken("an end in a wall");
        return answer.Status switch
        {
            GridPathStatus.Found => Way(task, answer, Sample.Of(shared, input, salt)),
            GridPathStatus.Unreachable => Set(task, answer),
            _ => InvariantVerdict.Held,
        };
    }

    private static InvariantVerdict Way(GridPathInput task, GridPathOutput answer, Sample sample)
    {
        if (answer.Cell(0) != task.Query.From || answer.Cell(answer.Count - 1) != task.Query.Goal)
            return InvariantVerdict.Broken("the way's ends");
        ulong cost = 0;
        for (int i = 1; i < answer.Count; i++)
        {
            int step = task.StepCost(answer.Cell(i - 1), answer.Cell(i));
            if (step == 0)
                return InvariantVerdict.Broken("a step that is not allowed");
            cost += (ulong)step;
        }
        if (cost != answer.Cost)
            return InvariantVerdict.Broken("the way does not cost what it claims");
        for (int i = 0; i < Shortcuts && task.Query.ClusterShift == 0 && answer.Count > 2; i++)
        {
            int first = i == 0 ? 0 : sample.Next(answer.Count - 1);
            int last = Math.Min(answer.Count - 1, first + 2 + sample.Next(ShortcutMax));
            if (Shorter(task, answer, first, last))
                return InvariantVerdict.Broken("a straight line is cheaper");
        }
        return InvariantVerdict.Held;
    }

    // Walks from one cell of the way towards another: slanted while both axes are apart, then straight.
    private static bool Shorter(GridPathInput task, GridPathOutput answer, int first, int last)
    {
        long claimed = 0;
        for (int i = first + 1; i <= last; i++)
            claimed += task.StepCost(answer.Cell(i - 1), answer.Cell(i));
        int width = task.Query.Width;
        (int at, int to) = (answer.Cell(first), answer.Cell(last));
        while (at != to)
        {
            (int dx, int dz) = (Math.Sign((to % width) - (at % width)), Math.Sign((to / width) - (at / width)));
            int next = task.Query.Diagonal || dx == 0 || dz == 0 ? at + dx + (dz * width) : at + dx;
            int step = task.StepCost(at, next);
            claimed -= step;
            if (step == 0 || claimed <= 0)
                return false;
            at = next;
        }
        return claimed > 0;
    }

    private static InvariantVerdict Set(GridPathInput task, GridPathOutput answer)
    {
        if (!answer.Reaches(task.Query.From) || answer.Reaches(task.Query.Goal))
            return InvariantVerdict.Broken("the set's ends");
        (int width, int depth, int count) = (task.Query.Width, task.Query.Depth, 0);
        for (int z = 0, cell = 0; z < depth; z++)
        {
            for (int x = 0; x < width; x++, cell++)
            {
                if (!answer.Reaches(cell))
                    continue;
                count++;
                // A slanted step needs the straight ones beside it, and from there a straight one may still be barred by height: it is looked at on its own.
                if ((x + 1 < width && Leaves(task, answer, cell, cell + 1)) || (x > 0 && Leaves(task, answer, cell, cell - 1))
                    || (z + 1 < depth && Leaves(task, answer, cell, cell + width)) || (z > 0 && Leaves(task, answer, cell, cell - width)))
                    return InvariantVerdict.Broken("a step leaves the set");
                if (task.Query.Diagonal && Slants(task, answer, cell, x, z))
                    return InvariantVerdict.Broken("a slanted step leaves the set");
            }
        }
        return count == answer.Count ? InvariantVerdict.Held : InvariantVerdict.Broken("the set's count");
    }

    private static bool Leaves(GridPathInput task, GridPathOutput answer, int from, int to) => !answer.Reaches(to) && task.Steps(from, to);

    private static bool Slants(GridPathInput task, GridPathOutput answer, int cell, int x, int z)
    {
        (int width, int depth) = (task.Query.Width, task.Query.Depth);
        for (int corner = 0; corner < 4; corner++)
        {
            (int dx, int dz) = ((corner & 1) == 0 ? 1 : -1, (corner & 2) == 0 ? 1 : -1);
            if ((uint)(x + dx) >= (uint)width || (uint)(z + dz) >= (uint)depth)
                continue;
            int to = cell + dx + (dz * width);
            if (!answer.Reaches(to) && task.StepCost(cell, to) != 0)
                return true;
        }
        return false;
    }
}
