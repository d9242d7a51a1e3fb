using System.Numerics;
using Egregore.Kernels.Crowds;
using Egregore.Kernels.Decisions;
using Egregore.Kernels.Fluids;
using Egregore.Kernels.Lights;
using Egregore.Kernels.Meshes;
using Egregore.Kernels.Paths;
using Egregore.Kernels.Rays;
using Egregore.Kernels.Sights;
using Egregore.Kernels.Terrain;

namespace Egregore.Kernels.Tests;

/// <summary>Tasks from seeds, of each kernel's own kind; size 0 is small, 3 what a game would send.</summary>
internal static class Scenes
{
    public static KernelTask GridPath(Random random, int size)
    {
        (int width, int depth) = (random.Next(4, 12 << size) + size * 40, random.Next(4, 12 << size) + size * 40);
        byte[] weights = Weights(random, width * depth, random.Next(0, 45));
        var heights = new byte[weights.Length];
        int relief = random.Next(0, 4);
        for (int i = 0; i < heights.Length; i++) heights[i] = (byte)random.Next(0, relief + 1);
        var query = new GridPathQuery(width, depth, random.Next(weights.Length), random.Next(weights.Length))
        {
            ClimbMax = (byte)random.Next(0, 3), DropMax = (byte)random.Next(0, 4), Diagonal = random.Next(2) == 0, ClusterShift = (byte)(random.Next(3) == 0 ? random.Next(3, 7) : 0),
        };
        if (random.Next(8) != 0) weights[query.From] = weights[query.Goal] = 1;
        var input = new byte[GridPathInput.SizeOf(width, depth)];
        GridPathInput.Write(input, query, weights, heights);
        return new KernelTask(input);
    }

    public static KernelTask FlowField(Random random, int size)
    {
        (int width, int depth) = (random.Next(3, 12 << size) + size * 40, random.Next(3, 12 << size) + size * 40);
        byte[] weights = Weights(random, width * depth, random.Next(0, 45));
        var goals = new int[random.Next(0, 4)];
        for (int i = 0; i < goals.Length; i++) goals[i] = random.Next(weights.Length);
        var agents = new (float, float)[random.Next(0, 100 << size)];
        for (int i = 0; i < agents.Length; i++) agents[i] = (random.NextSingle() * (width - 0.01f), random.NextSingle() * (depth - 0.01f));
        var input = new byte[FlowFieldInput.SizeOf(width, depth, goals.Length, agents.Length)];
        FlowFieldInput.Write(input, width, depth, weights, goals, agents);
        return new KernelTask(input);
    }

    public static KernelTask NpcDecide(Random random, int size)
    {
        var considerations = new DecideConsideration[random.Next(1, 12 << size)];
        int facts = random.Next(1, 12);
        for (int i = 0; i < considerations.Length; i++)
        {
            float low = random.NextSingle();
            considerations[i] = new DecideConsideration(random.Next(facts), low, low + 0.01f + random.NextSingle(), Bend(), Bend(), Bend(), Bend());
        }
        var actions = new DecideAction[random.Next(1, 5 + 6 * size)];
        for (int i = 0; i < actions.Length; i++)
        {
            int first = random.Next(considerations.Length);
            actions[i] = new DecideAction((ushort)first, (ushort)random.Next(0, Math.Min(6, considerations.Length - first) + 1), random.Next(10) == 0 ? 0 : random.NextSingle() * 2);
        }
        var values = new float[facts * random.Next(0, 20 << (2 * size))];
        for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle() * 2;
        var input = new byte[NpcDecideInput.SizeOf(values.Length / facts, actions.Length, facts, considerations.Length)];
        NpcDecideInput.Write(input, actions, considerations, facts, values);
        return new KernelTask(input);

        float Bend() => random.NextSingle() * 3 - 1;
    }

    public static KernelTask Terrain(Random random, int size)
    {
        var chunks = new List<byte>();
        for (int i = random.Next(1, 2 + size * size); i > 0; i--) chunks.AddRange(TerrainChunk(random, size));
        return new KernelTask([.. chunks]);
    }

    public static byte[] TerrainChunk(Random random, int size)
    {
        var shape = new TerrainShape { Water = (byte)random.Next(0, 30), Roof = (byte)random.Next(1, 6), SoilDepth = (byte)random.Next(1, 5), Base = random.Next(0, 64 << 8) };
        var writer = new TerrainWriter(new byte[TerrainInput.BytesMax], shape);
        for (int i = random.Next(0, 3 + size); i > 0; i--)
        {
            int shift = random.Next(2, 8);
            var octave = new TerrainOctave((byte)shift, (byte)random.Next(1 << shift), (byte)random.Next(1 << shift), random.Next(-20 << 8, 20 << 8));
            var values = new ushort[octave.PointsX * octave.PointsZ];
            for (int j = 0; j < values.Length; j++) values[j] = (ushort)random.Next(4096);
            writer.Add(octave, values);
        }
        for (int i = random.Next(size == 0 ? 0 : 1, 2 + size); i > 0; i--)
        {
            int shift = random.Next(2, 6);
            var vein = new TerrainVein((byte)shift, (byte)random.Next(1 << shift), (byte)random.Next(1 << shift), (byte)random.Next(1 << shift), (byte)random.Next(0, 12), (byte)random.Next(1, 20), (byte)random.Next(64), (byte)random.Next(100, 180));
            (int x, int y, int z) = vein.Points;
            var values = new byte[x * y * z];
            random.NextBytes(values);
            writer.Add(vein, values);
        }
        return writer.Finish().ToArray();
    }

    public static KernelTask Fluid(Random random, int size)
    {
        (int x, int y, int z) = Box(random, size, 40);
        byte[] cells = new byte[x * y * z];
        int solid = random.Next(0, 40);
        for (int i = 0; i < cells.Length; i++) cells[i] = random.Next(100) < solid ? FluidInput.Solid : random.Next(3) == 0 ? (byte)random.Next(FluidInput.Full + 1) : (byte)0;
        var input = new byte[FluidInput.SizeOf(x, y, z)];
        FluidInput.Write(input, x, y, z, random.Next(0, 5), cells);
        return new KernelTask(input);
    }

    public static KernelTask Sight(Random random, int size)
    {
        (int x, int y, int z) = Box(random, size, 60);
        var walls = new byte[((x * y * z) + 7) >> 3];
        int density = random.Next(0, 5);
        for (int i = 0; i < x * y * z; i++)
        {
            if (random.Next(20) < density) walls[i >> 3] |= (byte)(1 << (i & 7));
        }
        bool paired = random.Next(2) == 0;
        var viewers = Points(random.Next(0, 20 << size));
        var targets = Points(paired ? viewers.Length : random.Next(0, 20 << size));
        var input = new byte[SightInput.SizeOf(x, y, z, viewers.Length, targets.Length)];
        SightInput.Write(input, (x, y, z), paired, viewers, targets, walls);
        return new KernelTask(input);

        SightPoint[] Points(int count)
        {
            var points = new SightPoint[count];
            // Some stand on borders, some on one line with others, where ties are.
            int grain = random.Next(3) switch { 0 => 1, 1 => 128, _ => 256 };
            for (int i = 0; i < count; i++) points[i] = new SightPoint(At(x), At(y), At(z), (ushort)random.Next(0, 65536));
            return points;

            ushort At(int side) => (ushort)(random.Next(0, (side << 8) / grain) * grain);
        }
    }

    public static KernelTask Light(Random random, int size)
    {
        (int x, int y, int z) = Box(random, size, 48);
        var looks = new byte[256];
        for (int i = 1; i < 8; i++) looks[i] = (byte)random.Next(64);
        byte[] cells = Blocks(random, x * y * z);
        var input = new byte[LightInput.SizeOf(x, y, z)];
        LightInput.Write(input, (x, y, z), random.Next(1, 16), looks, cells);
        return new KernelTask(input);
    }

    public static KernelTask Mesh(Random random, int size)
    {
        (int x, int y, int z) = Box(random, size, 40);
        var looks = new MeshLook[256];
        for (int i = 1; i < 8; i++) looks[i] = (MeshLook)random.Next(3);
        byte[] cells = Blocks(random, (x + 2) * (y + 2) * (z + 2));
        var input = new byte[MeshInput.SizeOf(x, y, z)];
        MeshInput.Write(input, (x, y, z), looks, cells);
        return new KernelTask(input);
    }

    public static KernelTask RayTile(Random random, int size)
    {
        (int x, int y, int z) = Box(random, size, 40);
        var looks = new RayLook[256];
        for (int i = 1; i < 8; i++)
            looks[i] = new RayLook((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256), (RayForm)(random.Next(6) switch { 0 => 0, 1 or 2 => 2, _ => 1 }), (byte)(random.Next(4) == 0 ? random.Next(256) : 0))
            {
                Gloss = (byte)(random.Next(3) == 0 ? random.Next(256) : 0), Grain = (byte)(random.Next(2) == 0 ? random.Next(256) : 0), Top = random.Next(3) == 0 ? ((byte)random.Next(256), 7, 200) : null,
            };
        byte[] cells = Blocks(random, x * y * z);
        var scene = new byte[RayScene.SizeOf(x, y, z)];
        RayScene.Write(scene, (x, y, z), looks, cells);
        (int width, int height) = (random.Next(1, 5 << size), random.Next(1, 5 << size));
        var view = new RayView
        {
            Camera = new Vector3(random.NextSingle() * x * 0.99f, random.NextSingle() * y * 0.99f, random.NextSingle() * z * 0.99f),
            Forward = Direction(), Right = Direction(), Down = Direction(), Sun = Vector3.Normalize(Direction()),
            SunLight = new Vector3(3, 2.8f, 2.5f), Zenith = new Vector3(0.3f, 0.5f, 1), Horizon = new Vector3(0.8f, 0.8f, 0.9f),
            Picture = (640, 360), Tile = (random.Next(640 - width), random.Next(360 - height), width, height),
            SunSize = random.Next(3) == 0 ? 0 : random.NextSingle() * 0.4f, Reach = random.Next(3) == 0 ? 0 : random.NextSingle() * 40,
            Samples = random.Next(1, 5), Bounces = random.Next(0, 5), Seed = (ulong)random.NextInt64(),
        };
        var input = new byte[RayView.Bytes];
        view.Write(input);
        return new KernelTask(scene, input);

        Vector3 Direction() => new(random.NextSingle() * 2 - 1, random.NextSingle() * 2 - 1, random.NextSingle() * 2 - 1);
    }

    private static (int X, int Y, int Z) Box(Random random, int size, int sideMax) =>
        (random.Next(1, Math.Min(8 << size, sideMax)), random.Next(1, Math.Min(8 << size, sideMax)), random.Next(1, Math.Min(8 << size, sideMax)));

    // Lumps of kinds, with air between them: neighbours are often alike, as in a world.
    private static byte[] Blocks(Random random, int count)
    {
        var cells = new byte[count];
        int air = random.Next(0, 10);
        byte kind = 0;
        for (int i = 0; i < count; i++)
        {
            if (random.Next(4) == 0) kind = random.Next(10) < air ? (byte)0 : (byte)random.Next(8);
            cells[i] = kind;
        }
        return cells;
    }

    private static byte[] Weights(Random random, int cells, int wallPercent)
    {
        var weights = new byte[cells];
        int heaviest = random.Next(1, 256);
        for (int i = 0; i < cells; i++) weights[i] = (byte)(random.Next(100) < wallPercent ? 0 : random.Next(4) == 0 ? random.Next(1, heaviest + 1) : 1);
        return weights;
    }
}
