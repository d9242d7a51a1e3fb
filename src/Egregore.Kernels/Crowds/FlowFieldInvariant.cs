using Egregore.Work;

namespace Egregore.Kernels.Crowds;

/// <summary>
/// Goals cost 0; each sampled cell costs what its cheapest neighbour and the step there cost, and points there; sampled agents' vectors are computed again, bit for bit. A field whose every
/// cell agrees with its neighbours is the right one, so a lie has to disagree somewhere, and along a whole front if it is to matter.
/// </summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class FlowFieldInvariant(ulong salt = 0) : IInvariant
{
    private const float Slant = 0.70710677f;
    private const int CellsSampled = 24;
    private const int AgentsSampled = 16;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!shared.IsEmpty || !FlowFieldInput.TryRead(input, out FlowFieldInput task))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        if (!FlowFieldOutput.TryRead(output, task.Cells, task.Agents, out FlowFieldOutput answer))
            return InvariantVerdict.Broken("the answer's layout");
        for (int i = 0; i < task.Goals; i++)
        {
            int goal = task.Goal(i);
            if (task.Weights[goal] != 0 && (answer.Cost(goal) != 0 || answer.Direction(goal) != FlowFieldOutput.AtGoal))
                return InvariantVerdict.Broken("a goal that costs something");
        }
        Sample sample = Sample.Of(shared, input, salt);
        int samples = CellsSampled + (task.Cells / 64);
        for (int i = 0; i < samples; i++)
        {
            if (Cell(task, answer, sample.Next(task.Cells)) is { } wrong)
                return InvariantVerdict.Broken(wrong);
        }
        for (int i = 0; i < AgentsSampled + (task.Agents / 32) && task.Agents > 0; i++)
        {
            int agent = sample.Next(task.Agents);
            (float x, float z) = Steer(task, answer, task.Agent(agent));
            (float ax, float az) = answer.Agent(agent);
            if (BitConverter.SingleToInt32Bits(x) != BitConverter.SingleToInt32Bits(ax) || BitConverter.SingleToInt32Bits(z) != BitConverter.SingleToInt32Bits(az))
                return InvariantVerdict.Broken("an agent's direction");
        }
        return InvariantVerdict.Held;
    }

    private static string? Cell(FlowFieldInput task, FlowFieldOutput answer, int cell)
    {
        uint cost = answer.Cost(cell);
        byte way = answer.Direction(cell);
        if (task.Weights[cell] == 0)
            return cost == FlowFieldOutput.Far && way == FlowFieldOutput.Nowhere ? null : "a wall that is stepped on";
        if (cost == 0)
            return way == FlowFieldOutput.AtGoal && IsGoal(task, cell) ? null : "a goal that was not asked for";
        ulong best = FlowFieldOutput.Far;
        byte bestWay = FlowFieldOutput.Nowhere;
        for (byte d = 0; d < 8; d++)
        {
            if (!TryStep(task, cell, d, out int next) || answer.Cost(next) == FlowFieldOutput.Far)
                continue;
            ulong total = answer.Cost(next) + (ulong)(task.Weights[next] * (d < 4 ? 10 : 14));
            if (total < best)
                (best, bestWay) = (total, d);
        }
        return best != cost ? "a cell does not cost what its cheapest neighbour says" : bestWay != way ? "a cell points elsewhere than to its cheapest neighbour" : null;
    }

    private static bool IsGoal(FlowFieldInput task, int cell)
    {
        for (int i = 0; i < task.Goals; i++)
        {
            if (task.Goal(i) == cell)
                return true;
        }
        return false;
    }

    private static bool TryStep(FlowFieldInput task, int cell, int direction, out int next)
    {
        (int dx, int dz) = Delta(direction);
        (int x, int z) = ((cell % task.Width) + dx, (cell / task.Width) + dz);
        next = cell + dx + (dz * task.Width);
        return (uint)x < (uint)task.Width && (uint)z < (uint)task.Depth && task.Weights[next] != 0
            && (dx == 0 || dz == 0 || (task.Weights[cell + dx] != 0 && task.Weights[cell + (dz * task.Width)] != 0));
    }

    private static (int X, int Z) Delta(int direction) => direction switch
    {
        0 => (1, 0),
        1 => (-1, 0),
        2 => (0, 1),
        3 => (0, -1),
        4 => (1, 1),
        5 => (-1, 1),
        6 => (1, -1),
        _ => (-1, -1),
    };

    // The kernel's own arithmetic, operation by operation, so that the bits agree.
    private static (float X, float Z) Steer(FlowFieldInput task, FlowFieldOutput answer, (float X, float Z) at)
    {
        (float left, float top) = (MathF.Floor(at.X - 0.5f), MathF.Floor(at.Z - 0.5f));
        (float fx, float fz) = (at.X - 0.5f - left, at.Z - 0.5f - top);
        (int cx, int cz) = ((int)left, (int)top);
        (float X, float Z) toward = default;
        Lean(task, answer, cx, cz, (1 - fx) * (1 - fz), ref toward);
        Lean(task, answer, cx + 1, cz, fx * (1 - fz), ref toward);
        Lean(task, answer, cx, cz + 1, (1 - fx) * fz, ref toward);
        Lean(task, answer, cx + 1, cz + 1, fx * fz, ref toward);
        float square = (toward.X * toward.X) + (toward.Z * toward.Z);
        if (square < 0.01f)
        {
            toward = default;
            Lean(task, answer, (int)at.X, (int)at.Z, 1, ref toward);
            square = (toward.X * toward.X) + (toward.Z * toward.Z);
        }
        if (!(square > 0))
            return default;
        float length = MathF.Sqrt(square);
        return (toward.X / length, toward.Z / length);
    }

    private static void Lean(FlowFieldInput task, FlowFieldOutput answer, int x, int z, float share, ref (float X, float Z) toward)
    {
        if ((uint)x >= (uint)task.Width || (uint)z >= (uint)task.Depth)
            return;
        byte way = answer.Direction((z * task.Width) + x);
        if (way > 7)
            return;
        (int dx, int dz) = Delta(way);
        float part = (way < 4 ? 1 : Slant) * share;
        if (dx != 0)
            toward.X = dx > 0 ? toward.X + part : toward.X - part;
        if (dz != 0)
            toward.Z = dz > 0 ? toward.Z + part : toward.Z - part;
    }
}
