using Egregore.Kernels.Meshes;

namespace Egregore.Kernels.Tests;

/// <summary><c>voxel-mesh</c> against a count of every face by itself, and lies about quads.</summary>
public sealed class MeshTests
{
    private static readonly (int X, int Y, int Z)[] Ahead = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)];

    [Fact]
    public void Every_exposed_face_is_covered_once_and_no_other()
    {
        long merged = 0;
        long single = 0;
        for (int seed = 0; seed < 120; seed++)
        {
            byte[] input = Scenes.Mesh(new Random(seed), seed % 3).Input;
            Assert.True(MeshInput.TryRead(input, out MeshInput task));
            Assert.True(MeshOutput.TryRead(KernelRun.Of("voxel-mesh", input).Output, task.Width, task.Height, task.Depth, out MeshOutput answer));
            Dictionary<(int, int, int, int), (int, int)> faces = Faces(task);
            single += faces.Count;
            merged += answer.Count;
            for (int i = 0; i < answer.Count; i++)
            {
                MeshQuad quad = answer.Quad(i);
                for (int v = 0; v < quad.High; v++)
                {
                    for (int u = 0; u < quad.Wide; u++)
                    {
                        (int x, int y, int z) = (quad.Face / 2) switch { 0 => ((int)quad.X, quad.Y + u, quad.Z + v), 1 => (quad.X + u, (int)quad.Y, quad.Z + v), _ => (quad.X + u, quad.Y + v, (int)quad.Z) };
                        Assert.True(faces.Remove((x, y, z, quad.Face), out (int Kind, int Occlusion) face), $"seed {seed}: {quad} covers what is not there");
                        Assert.Equal((face.Kind, face.Occlusion), (quad.Kind, quad.Occlusion));
                    }
                }
            }
            Assert.Empty(faces);
        }
        Assert.True(merged < single, $"{merged} quads of {single} faces");
    }

    [Fact]
    public void A_plain_floor_is_one_quad_a_side()
    {
        const int side = 16;
        var cells = new byte[18 * 18 * 18];
        for (int z = 0; z < side; z++)
        {
            for (int x = 0; x < side; x++) cells[(18 + z + 1) * 18 + x + 1] = 1;
        }
        var looks = new MeshLook[256];
        looks[1] = MeshLook.Opaque;
        var input = new byte[MeshInput.SizeOf(side, side, side)];
        MeshInput.Write(input, (side, side, side), looks, cells);
        Assert.True(MeshOutput.TryRead(KernelRun.Of("voxel-mesh", input).Output, side, side, side, out MeshOutput answer));
        Assert.Equal(6, answer.Count);
        Assert.Equal(new MeshQuad(0, 0, 0, 2, 16, 16, 1, 0xFF), answer.Quad(2));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("kind")]
    [InlineData("occlusion")]
    [InlineData("larger")]
    [InlineData("outside")]
    [InlineData("order")]
    public void Lies_are_seen(string lie)
    {
        byte[] input = Scenes.Mesh(new Random(3), 1).Input;
        byte[] output = KernelRun.Of("voxel-mesh", input).Output;
        Assert.True(new MeshInvariant().Check([], input, output).Holds);
        Assert.True(output.Length > 200);
        switch (lie)
        {
            case "missing":
                output = output[..4];
                output.AsSpan().Clear();
                break;
            case "order":
                byte[] first = output[4..12];
                output.AsSpan(12, 8).CopyTo(output.AsSpan(4));
                first.CopyTo(output.AsSpan(12));
                break;
            default:
                for (int at = 4; at < output.Length; at += 8)
                {
                    if (lie == "kind") output[at + 6] ^= 1;
                    if (lie == "occlusion") output[at + 7] ^= 0x55;
                    if (lie == "larger") output[at + 4]++;
                    if (lie == "outside") output[at + 1] = 63;
                }
                break;
        }
        Assert.Contains(Enumerable.Range(0, 4), salt => !new MeshInvariant((ulong)salt).Check([], input, output).Holds);
    }

    private static Dictionary<(int, int, int, int), (int, int)> Faces(MeshInput task)
    {
        var faces = new Dictionary<(int, int, int, int), (int, int)>();
        for (int y = 0; y < task.Height; y++)
        {
            for (int z = 0; z < task.Depth; z++)
            {
                for (int x = 0; x < task.Width; x++)
                {
                    for (int face = 0; face < 6; face++)
                    {
                        (int dx, int dy, int dz) = Ahead[face];
                        MeshLook look = task.Look(x, y, z);
                        bool hidden = task.Look(x + dx, y + dy, z + dz) == MeshLook.Opaque || task.Kind(x + dx, y + dy, z + dz) == task.Kind(x, y, z);
                        if (look != MeshLook.Unseen && !hidden) faces[(x, y, z, face)] = (task.Kind(x, y, z), look == MeshLook.Opaque ? Occlusion(task, x + dx, y + dy, z + dz, face / 2) : 0xFF);
                    }
                }
            }
        }
        return faces;
    }

    private static int Occlusion(MeshInput task, int x, int y, int z, int axis)
    {
        ((int X, int Y, int Z) u, (int X, int Y, int Z) v) = axis switch { 0 => ((0, 1, 0), (0, 0, 1)), 1 => ((1, 0, 0), (0, 0, 1)), _ => ((1, 0, 0), (0, 1, 0)) };
        int all = 0;
        for (int corner = 0; corner < 4; corner++)
        {
            (int du, int dv) = ((corner & 1) == 0 ? -1 : 1, (corner & 2) == 0 ? -1 : 1);
            bool a = task.Look(x + du * u.X, y + du * u.Y, z + du * u.Z) == MeshLook.Opaque;
            bool b = task.Look(x + dv * v.X, y + dv * v.Y, z + dv * v.Z) == MeshLook.Opaque;
            bool c = task.Look(x + du * u.X + dv * v.X, y + du * u.Y + dv * v.Y, z + du * u.Z + dv * v.Z) == MeshLook.Opaque;
            int open = a && b ? 0 : 3 - (a ? 1 : 0) - (b ? 1 : 0) - (c ? 1 : 0);
            all |= open << (2 * corner);
        }
        return all;
    }
}
