using Egregore.Kernels.Lights;

namespace Egregore.Kernels.Tests;

/// <summary><c>voxel-light</c> against brightening until nothing changes, and lies about light.</summary>
public sealed class LightTests
{
    [Fact]
    public void Light_is_that_of_brightening_until_nothing_changes()
    {
        for (int seed = 0; seed < 120; seed++)
        {
            byte[] input = Scenes.Light(new Random(seed), seed % 2).Input;
            Assert.True(LightInput.TryRead(input, out LightInput task));
            Assert.True(LightOutput.TryRead(KernelRun.Of("voxel-light", input).Output, task.Cells.Length, out LightOutput answer));
            (int[] sky, int[] lamp) = Brighten(task);
            for (int cell = 0; cell < sky.Length; cell++) Assert.Equal((sky[cell], lamp[cell]), (answer.Sky(cell), answer.Lamp(cell)));
        }
    }

    [Theory]
    [InlineData(0x10, "sky light that its neighbours do not give", "sky light that nothing takes")]
    [InlineData(0x01, "lamp light that its neighbours do not give", "lamp light that nothing takes")]
    public void Lies_are_seen(byte more, string tooBright, string tooDark)
    {
        // A cave under a roof with a hole, and a lamp in it.
        const int side = 16;
        var cells = new byte[side * side * side];
        cells.AsSpan(side * side * 12, side * side).Fill(1);
        cells[side * side * 12 + 100] = 0;
        cells[side * side * 3 + 37] = 2;
        var looks = new byte[256];
        (looks[1], looks[2]) = (LightInput.Opaque, 14);
        var input = new byte[LightInput.SizeOf(side, side, side)];
        LightInput.Write(input, (side, side, side), 2, looks, cells);
        byte[] output = KernelRun.Of("voxel-light", input).Output;
        Assert.True(new LightInvariant().Check([], input, output).Holds);
        byte[] brighter = [.. output];
        byte[] darker = [.. output];
        for (int i = 0; i < side * side * 12; i++)
        {
            if (((brighter[i] & (15 * more)) / more) < 15) brighter[i] += more;
            if ((darker[i] & (15 * more)) != 0) darker[i] -= more;
        }
        Assert.Contains(Enumerable.Range(0, 8), salt => new LightInvariant((ulong)salt).Check([], input, brighter).Reason == tooBright);
        Assert.Equal(tooDark, new LightInvariant().Check([], input, darker).Reason);
    }

    private static (int[] Sky, int[] Lamp) Brighten(LightInput task)
    {
        (int width, int height, int depth) = (task.Width, task.Height, task.Depth);
        var sky = new int[width * height * depth];
        var lamp = new int[sky.Length];
        for (int column = 0; column < width * depth; column++)
        {
            int falling = 15;
            for (int cell = column + (height - 1) * width * depth; cell >= 0; cell -= width * depth)
            {
                if ((task.Look(cell) & LightInput.Opaque) != 0) falling = 0;
                if ((task.Look(cell) & LightInput.Dims) != 0) falling = Math.Max(0, falling - 1);
                sky[cell] = falling;
            }
        }
        for (int cell = 0; cell < lamp.Length; cell++) lamp[cell] = task.Look(cell) & 15;
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int y = 0; y < height; y++)
            {
                for (int z = 0; z < depth; z++)
                {
                    for (int x = 0; x < width; x++)
                    {
                        int cell = (y * depth + z) * width + x;
                        if ((task.Look(cell) & LightInput.Opaque) != 0) continue;
                        foreach ((int dx, int dy, int dz) in (ReadOnlySpan<(int, int, int)>)[(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)])
                        {
                            if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height || z + dz < 0 || z + dz >= depth) continue;
                            int next = ((y + dy) * depth + z + dz) * width + x + dx;
                            if (sky[next] - task.Fade > sky[cell]) (sky[cell], changed) = (sky[next] - task.Fade, true);
                            if (lamp[next] - task.Fade > lamp[cell]) (lamp[cell], changed) = (lamp[next] - task.Fade, true);
                        }
                    }
                }
            }
        }
        return (sky, lamp);
    }
}
