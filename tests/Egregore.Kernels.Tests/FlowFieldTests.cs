using Egregore.Kernels.Crowds;

namespace Egregore.Kernels.Tests;

/// <summary><c>flow-field</c> against relaxation until nothing changes, and lies about fields.</summary>
public sealed class FlowFieldTests
{

    [Fact]
    public void Costs_are_those_of_relaxation_until_nothing_changes_and_directions_lead_to_a_goal()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            byte[] input = Scenes.FlowField(new Random(seed), 0).Input;
            Assert.True(FlowFieldInput.TryRead(input, out FlowFieldInput task));
            Assert.True(FlowFieldOutput.TryRead(KernelRun.Of("flow-field", input).Output, task.Cells, task.Agents, out FlowFieldOutput answer));
            long[] costs = Relax(task);
            for (int cell = 0; cell < task.Cells; cell++)
            {
                Assert.Equal(costs[cell] == long.MaxValue ? FlowFieldOutput.Far : (uint)costs[cell], answer.Cost(cell));
                byte way = answer.Direction(cell);
                if (way < 8) Assert.True(answer.Cost(cell + Step(way, task.Width)) < answer.Cost(cell));
                else Assert.Equal(answer.Cost(cell) == 0 ? FlowFieldOutput.AtGoal : FlowFieldOutput.Nowhere, way);
            }
            for (int agent = 0; agent < task.Agents; agent++)
            {
                (float x, float z) = answer.Agent(agent);
                double length = Math.Sqrt((x * x) + (z * z));
                Assert.True(length < 1e-9 || Math.Abs(length - 1) < 1e-5, $"{length}");
            }
        }
    }

    [Theory]
    [InlineData("cost")]
    [InlineData("direction")]
    [InlineData("goal")]
    [InlineData("agent")]
    [InlineData("wall")]
    public void Lies_are_seen(string lie)
    {
        const int width = 32;
        var weights = new byte[width * width];
        weights.AsSpan().Fill(1);
        weights.AsSpan(0, width).Clear();
        var agents = new (float, float)[256];
        for (int i = 0; i < agents.Length; i++) agents[i] = (1 + i / 16, 2 + i % 16);
        var input = new byte[FlowFieldInput.SizeOf(width, width, 1, agents.Length)];
        FlowFieldInput.Write(input, width, width, weights, [16 * width + 16], agents);
        byte[] output = KernelRun.Of("flow-field", input).Output;
        Assert.True(new FlowFieldInvariant().Check([], input, output).Holds);
        int ways = 4 * width * width;
        int places = ways + width * width;
        switch (lie)
        {
            case "cost":
                for (int i = 20 * width; i < 32 * width; i++) output.AsSpan().U32(4 * i, ((ReadOnlySpan<byte>)output).U32(4 * i) + 7);
                break;
            case "direction":
                for (int i = 0; i < width * width; i++) output[ways + i] = output[ways + i] < 8 ? (byte)(output[ways + i] ^ 1) : output[ways + i];
                break;
            case "goal":
                output.AsSpan().U32(4 * (16 * width + 16), 10);
                break;
            case "agent":
                for (int i = 0; i < agents.Length; i++) output[places + 8 * i + 3] ^= 0x80;
                break;
            default:
                for (int i = 0; i < width; i++) output.AsSpan().U32(4 * i, 300);
                break;
        }
        Assert.Contains(Enumerable.Range(0, 4), salt => !new FlowFieldInvariant((ulong)salt).Check([], input, output).Holds);
    }

    private static int Step(byte way, int width) => way switch { 0 => 1, 1 => -1, 2 => width, 3 => -width, 4 => width + 1, 5 => width - 1, 6 => 1 - width, _ => -width - 1 };

    private static long[] Relax(FlowFieldInput task)
    {
        var costs = new long[task.Cells];
        Array.Fill(costs, long.MaxValue);
        for (int i = 0; i < task.Goals; i++)
        {
            if (task.Weights[task.Goal(i)] != 0) costs[task.Goal(i)] = 0;
        }
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int cell = 0; cell < task.Cells; cell++)
            {
                if (task.Weights[cell] == 0) continue;
                for (int dz = -1; dz <= 1; dz++)
                {
                    for (int dx = -1; dx <= 1; dx++)
                    {
                        (int x, int z) = (cell % task.Width + dx, cell / task.Width + dz);
                        if ((dx == 0 && dz == 0) || x < 0 || x >= task.Width || z < 0 || z >= task.Depth) continue;
                        int next = z * task.Width + x;
                        if (task.Weights[next] == 0 || costs[next] == long.MaxValue) continue;
                        if (dx != 0 && dz != 0 && (task.Weights[cell + dx] == 0 || task.Weights[cell + dz * task.Width] == 0)) continue;
                        long cost = costs[next] + task.Weights[next] * (dx != 0 && dz != 0 ? 14 : 10);
                        if (cost >= costs[cell]) continue;
                        costs[cell] = cost;
                        changed = true;
                    }
                }
            }
        }
        return costs;
    }
}
