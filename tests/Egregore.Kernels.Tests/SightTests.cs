using Egregore.Kernels.Sights;

namespace Egregore.Kernels.Tests;

/// <summary><c>sight</c> against every cell's own intersection with the line, in fractions, and lies about lines.</summary>
public sealed class SightTests
{
    [Fact]
    public void Lines_are_clear_where_no_wall_between_the_ends_holds_a_piece_of_them()
    {
        int seen = 0;
        int lines = 0;
        for (int seed = 0; seed < 250; seed++)
        {
            byte[] input = Scenes.Sight(new Random(seed), 0).Input;
            Assert.True(SightInput.TryRead(input, out SightInput task));
            Assert.True(SightOutput.TryRead(KernelRun.Of("sight", input).Output, task.Paired, task.Viewers, task.Targets, out SightOutput answer));
            for (int viewer = 0; viewer < task.Viewers; viewer++)
            {
                for (int target = task.Paired ? viewer : 0; target < (task.Paired ? viewer + 1 : task.Targets); target++)
                {
                    bool clear = Clear(task, task.Viewer(viewer), task.Target(target));
                    Assert.True(clear == answer.Sees(viewer, target), $"seed {seed}, {task.Viewer(viewer)} to {task.Target(target)}");
                    lines++;
                    seen += clear ? 1 : 0;
                }
            }
        }
        Assert.True(seen > 500 && seen < lines - 500, $"{seen} of {lines} seen");
    }

    [Fact]
    public void Lies_are_seen()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            byte[] input = Scenes.Sight(new Random(seed), 1).Input;
            byte[] output = KernelRun.Of("sight", input).Output;
            if (output.Length < 8) continue;
            Assert.True(SightInput.TryRead(input, out SightInput task));
            // All that is seen unseen and the other way round: the bits behind the last target stay as they are.
            byte[] lie = [.. output];
            int row = task.Paired ? lie.Length : (task.Targets + 7) >> 3;
            for (int i = 0; i < lie.Length; i++) lie[i] ^= (byte)(i % row == row - 1 && (task.Targets & 7) != 0 ? (1 << (task.Targets & 7)) - 1 : 0xFF);
            Assert.Equal("a line that is not as claimed", new SightInvariant().Check([], input, lie).Reason);
            Assert.Equal("the answer's layout", new SightInvariant().Check([], input, lie.AsSpan(1)).Reason);
        }
    }

    private static bool Clear(SightInput task, SightPoint a, SightPoint b)
    {
        (long dx, long dy, long dz) = (b.X - a.X, b.Y - a.Y, b.Z - a.Z);
        if ((dx * dx) + (dy * dy) + (dz * dz) > (long)a.Range * a.Range) return false;
        for (int y = Math.Min(a.Y, b.Y) >> 8; y <= Math.Max(a.Y, b.Y) >> 8; y++)
        {
            for (int z = Math.Min(a.Z, b.Z) >> 8; z <= Math.Max(a.Z, b.Z) >> 8; z++)
            {
                for (int x = Math.Min(a.X, b.X) >> 8; x <= Math.Max(a.X, b.X) >> 8; x++)
                {
                    bool end = (x == a.X >> 8 && y == a.Y >> 8 && z == a.Z >> 8) || (x == b.X >> 8 && y == b.Y >> 8 && z == b.Z >> 8);
                    if (!end && task.Wall(x, y, z) && Through((a.X, dx, x), (a.Y, dy, y), (a.Z, dz, z))) return false;
                }
            }
        }
        return true;
    }

    // The line is inside where the latest entry lies before the earliest exit, both between 0 and 1; as fractions.
    private static bool Through(params (long From, long Way, long Cell)[] axes)
    {
        (long Above, long Below) enter = (0, 1);
        (long Above, long Below) leave = (1, 1);
        foreach ((long from, long way, long cell) in axes)
        {
            if (way == 0)
            {
                if (from >> 8 != cell) return false;
                continue;
            }
            long size = Math.Abs(way);
            long first = way > 0 ? (cell * 256) - from : from - ((cell + 1) * 256);
            if (first * enter.Below > enter.Above * size) enter = (first, size);
            if ((first + 256) * leave.Below < leave.Above * size) leave = (first + 256, size);
        }
        return enter.Above * leave.Below < leave.Above * enter.Below;
    }
}
