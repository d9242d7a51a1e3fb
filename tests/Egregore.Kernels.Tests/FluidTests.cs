using Egregore.Kernels.Fluids;

namespace Egregore.Kernels.Tests;

/// <summary><c>fluid</c> against the same steps in C#, what they must keep, and lies about water.</summary>
public sealed class FluidTests
{
    [Fact]
    public void Steps_are_those_of_the_reference_and_keep_all_water()
    {
        for (int seed = 0; seed < 120; seed++)
        {
            byte[] input = Scenes.Fluid(new Random(seed), seed % 3).Input;
            Assert.True(FluidInput.TryRead(input, out FluidInput task));
            byte[] output = KernelRun.Of("fluid", input).Output;
            byte[] reference = task.Cells.ToArray();
            FluidSteps.Run(reference, task.Width, task.Height, task.Depth, task.Steps);
            Assert.Equal(reference, output);
            Assert.Equal(Water(task.Cells), Water(output));
        }
    }

    [Fact]
    public void A_column_of_water_becomes_a_flat_puddle()
    {
        const int side = 8;
        var cells = new byte[side * side * side];
        for (int y = 0; y < side; y++) cells[y * side * side + 27] = FluidInput.Full;
        for (int round = 0; round < 20; round++)
        {
            var input = new byte[FluidInput.SizeOf(side, side, side)];
            FluidInput.Write(input, side, side, side, FluidInput.StepsMax, cells);
            cells = KernelRun.Of("fluid", input).Output;
        }
        Assert.Equal(side * FluidInput.Full, Water(cells));
        Assert.All(cells[(side * side)..], level => Assert.Equal(0, level));
        Assert.True(cells[..(side * side)].Max() - cells[..(side * side)].Min() < 16, "the puddle is not flat");
    }

    [Theory]
    [InlineData("more", "water that was made or lost")]
    [InlineData("less", "water that was made or lost")]
    [InlineData("solid", "a solid that was moved")]
    [InlineData("level", "the answer's layout or a level")]
    [InlineData("rise", "water that rose or fell too far")]
    [InlineData("fall", "water that rose or fell too far")]
    [InlineData("aside", "a column that the steps do not give")]
    public void Lies_are_seen(string lie, string reason)
    {
        // A pool with a hill in it, one step.
        const int side = 16;
        var cells = new byte[side * side * side];
        cells.AsSpan(0, side * side).Fill(FluidInput.Solid);
        for (int i = side * side; i < 3 * side * side; i++) cells[i] = (byte)(i % 7 == 0 ? FluidInput.Solid : 20 + i % 100);
        cells.AsSpan(8 * side * side, side * side).Fill(100);
        var input = new byte[FluidInput.SizeOf(side, side, side)];
        FluidInput.Write(input, side, side, side, 1, cells);
        byte[] output = KernelRun.Of("fluid", input).Output;
        Assert.True(new FluidInvariant().Check([], input, output).Holds);
        switch (lie)
        {
            case "more":
                output[12 * side * side]++;
                break;
            case "less":
                output[7 * side * side]--;
                break;
            case "solid":
                output[5] = 0;
                break;
            case "level":
                output[12 * side * side] = 250;
                break;
            case "rise":
                output[7 * side * side]--;
                output[9 * side * side]++;
                break;
            case "fall":
                output.AsSpan(7 * side * side, side * side).CopyTo(output.AsSpan(5 * side * side));
                output.AsSpan(7 * side * side, side * side).Clear();
                break;
            default:
                for (int i = 7 * side * side; i < 8 * side * side; i += 2) (output[i], output[i + 1]) = (150, 50);
                break;
        }
        Assert.Equal(reason, new FluidInvariant().Check([], input, output).Reason);
    }

    private static long Water(ReadOnlySpan<byte> cells)
    {
        long sum = 0;
        foreach (byte level in cells) sum += level == FluidInput.Solid ? 0 : level;
        return sum;
    }
}
