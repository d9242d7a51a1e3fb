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

namespace Egregore.Bench;

/// <summary>A task of a standard kernel of the size that a game would send.</summary>
/// <param name="Name">The kernel.</param>
/// <param name="Variant">What is appended to the measure's name where a kernel has several tasks; or empty.</param>
/// <param name="What">The task in a few words.</param>
/// <param name="Shared">Its shared block.</param>
/// <param name="Input">Its input.</param>
internal sealed record KernelTask(string Name, string Variant, string What, byte[] Shared, byte[] Input)
{
    private const int Seed = 11;

    /// <summary>What the kernel sees.</summary>
    public byte[] Bytes => [.. Shared, .. Input];

    /// <summary>One or two for each kernel.</summary>
    public static IReadOnlyList<KernelTask> All { get; } =
    [
        FlowField(), Fluid(), GridPath(256, 0), GridPath(512, 4), NpcDecide(), RayTile(), PhotoTile(), Sight(), VoxelLight(), VoxelMesh(), VoxelTerrain(),
    ];

    private static KernelTask FlowField()
    {
        const int side = 128;
        var random = new Random(Seed);
        var agents = new (float, float)[1000];
        for (int i = 0; i < agents.Length; i++) agents[i] = (random.NextSingle() * side * 0.99f, random.NextSingle() * side * 0.99f);
        var input = new byte[FlowFieldInput.SizeOf(side, side, 2, agents.Length)];
        FlowFieldInput.Write(input, side, side, Weights(random, side * side, 20), [0, (side * side) - 1], agents);
        return new KernelTask("flow-field", "", "128 by 128 cells, 1,000 agents", [], input);
    }

    private static KernelTask Fluid()
    {
        const int side = 32;
        var random = new Random(Seed);
        var cells = new byte[side * side * side];
        for (int i = 0; i < cells.Length; i++) cells[i] = random.Next(5) == 0 ? FluidInput.Solid : (byte)random.Next(FluidInput.Full + 1);
        var input = new byte[FluidInput.SizeOf(side, side, side)];
        FluidInput.Write(input, side, side, side, 4, cells);
        return new KernelTask("fluid", "", "32 cubed cells, 4 steps", [], input);
    }

    private static KernelTask GridPath(int side, byte shift)
    {
        var random = new Random(Seed);
        byte[] weights = Weights(random, side * side, 30);
        var heights = new byte[weights.Length];
        for (int i = 0; i < heights.Length; i++) heights[i] = (byte)random.Next(2);
        (int from, int goal) = ((2 * side) + 2, (side * side) - (2 * side) - 3);
        weights[from] = weights[goal] = 1;
        var query = new GridPathQuery(side, side, from, goal) { ClimbMax = 1, DropMax = 1, Diagonal = true, ClusterShift = shift };
        var input = new byte[GridPathInput.SizeOf(side, side)];
        GridPathInput.Write(input, query, weights, heights);
        return new KernelTask("grid-path", shift == 0 ? "" : "-clustered", $"corner to corner of {side} by {side} cells", [], input);
    }

    private static KernelTask NpcDecide()
    {
        const int facts = 16;
        var random = new Random(Seed);
        var considerations = new DecideConsideration[48];
        for (int i = 0; i < considerations.Length; i++) considerations[i] = new DecideConsideration(random.Next(facts), 0, 1, random.NextSingle() - 0.5f, random.NextSingle() - 0.5f, random.NextSingle(), 0.3f);
        var actions = new DecideAction[16];
        for (int i = 0; i < actions.Length; i++) actions[i] = new DecideAction((ushort)(3 * i), 3, 1);
        var values = new float[8000 * facts];
        for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle();
        var input = new byte[NpcDecideInput.SizeOf(8000, actions.Length, facts, considerations.Length)];
        NpcDecideInput.Write(input, actions, considerations, facts, values);
        return new KernelTask("npc-decide", "", "8,000 characters, 16 actions of 3 considerations", [], input);
    }

    private static KernelTask RayTile()
    {
        const int side = 48;
        var looks = new RayLook[256];
        looks[1] = new RayLook(120, 110, 100, RayForm.Solid);
        looks[2] = new RayLook(80, 140, 60, RayForm.Solid);
        looks[3] = new RayLook(255, 240, 200, RayForm.Solid, 60, 50, 30);
        var scene = new byte[RayScene.SizeOf(side, side, side)];
        RayScene.Write(scene, (side, side, side), looks, Land(side, side, side));
        var view = new RayView
        {
            Camera = new Vector3(3, 40, 3), Forward = Vector3.Normalize(new Vector3(1, -0.5f, 1)), Right = new Vector3(0.7f, 0, -0.7f) * 1.6f, Down = new Vector3(-0.3f, -0.85f, -0.3f),
            Sun = Vector3.Normalize(new Vector3(0.4f, 0.8f, -0.3f)), SunLight = new Vector3(3, 2.8f, 2.5f), Zenith = new Vector3(0.3f, 0.5f, 1), Horizon = new Vector3(0.8f, 0.8f, 0.9f),
            Picture = (1280, 720), Tile = (640, 360, 32, 32), Samples = 4, Bounces = 2, Seed = Seed,
        };
        var input = new byte[RayView.Bytes];
        view.Write(input);
        return new KernelTask("ray-tile", "", "32 by 32 pixels, 4 samples, 2 bounces", scene, input);
    }

    // As photo mode asks for it: the largest scene, with a lake, mirrors, grain and haze, and the most rays of a tile.
    private static KernelTask PhotoTile()
    {
        const int side = 125, height = 64, lake = 26;
        var looks = new RayLook[256];
        looks[1] = new RayLook(120, 110, 100, RayForm.Solid) { Grain = 60 };
        looks[2] = new RayLook(110, 90, 60, RayForm.Solid) { Top = (80, 140, 60), Grain = 80 };
        looks[3] = new RayLook(255, 240, 200, RayForm.Solid, 60, 50, 30);
        looks[4] = new RayLook(150, 200, 230, RayForm.Clear) { Gloss = 12 };
        byte[] cells = Land(side, height, side);
        for (int i = 0; i < lake * side * side; i++)
        {
            if (cells[i] == 0) cells[i] = 4;
        }
        var scene = new byte[RayScene.SizeOf(side, height, side)];
        RayScene.Write(scene, (side, height, side), looks, cells);
        Vector3 forward = Vector3.Normalize(new Vector3(1, -0.2f, 0.9f)), right = Vector3.Normalize(Vector3.Cross(forward, Vector3.UnitY));
        var view = new RayView
        {
            Camera = new Vector3(24, 34, 26), Forward = forward, Right = right * 2, Down = Vector3.Cross(forward, right) * 1.125f,
            Sun = Vector3.Normalize(new Vector3(0.48f, 0.72f, 0.34f)), SunLight = new Vector3(0.98f, 0.84f, 0.62f), Zenith = new Vector3(0.17f, 0.39f, 0.76f), Horizon = new Vector3(0.55f, 0.72f, 0.86f),
            SunSize = 0.03f, Reach = 100, Picture = (960, 540), Tile = (464, 270, 32, 32), Samples = 16, Bounces = 4, Seed = Seed,
        };
        var input = new byte[RayView.Bytes];
        view.Write(input);
        return new KernelTask("ray-tile", "-photo", "a photo's tile: 32 by 32 pixels, 16 samples, 4 bounces, a million cells", scene, input);
    }

    private static KernelTask Sight()
    {
        const int side = 64;
        var random = new Random(Seed);
        byte[] land = Land(side, side, side);
        var walls = new byte[land.Length / 8];
        for (int i = 0; i < land.Length; i++) walls[i >> 3] |= (byte)(land[i] != 0 ? 1 << (i & 7) : 0);
        var points = new SightPoint[128];
        for (int i = 0; i < points.Length; i++) points[i] = new SightPoint((ushort)random.Next(side << 8), (ushort)((30 << 8) + random.Next(20 << 8)), (ushort)random.Next(side << 8), 48 << 8);
        var input = new byte[SightInput.SizeOf(side, side, side, points.Length, points.Length)];
        SightInput.Write(input, (side, side, side), false, points, points, walls);
        return new KernelTask("sight", "", "128 who look at 128 in 64 cubed cells", [], input);
    }

    private static KernelTask VoxelLight()
    {
        var looks = new byte[256];
        (looks[1], looks[2], looks[3]) = (LightInput.Opaque, LightInput.Opaque, LightInput.Opaque | 14);
        var input = new byte[LightInput.SizeOf(64, 64, 64)];
        LightInput.Write(input, (64, 64, 64), 2, looks, Land(64, 64, 64));
        return new KernelTask("voxel-light", "", "64 cubed cells", [], input);
    }

    private static KernelTask VoxelMesh()
    {
        var looks = new MeshLook[256];
        looks.AsSpan(1, 3).Fill(MeshLook.Opaque);
        var input = new byte[MeshInput.SizeOf(32, 64, 32)];
        MeshInput.Write(input, (32, 64, 32), looks, Land(34, 66, 34));
        return new KernelTask("voxel-mesh", "", "four chunks, 32 by 64 by 32 cells", [], input);
    }

    private static KernelTask VoxelTerrain()
    {
        var random = new Random(Seed);
        var chunks = new List<byte>();
        for (int chunk = 0; chunk < TerrainTask.ChunksMax; chunk++) chunks.AddRange(Chunk(random));
        return new KernelTask("voxel-terrain", "", $"{TerrainTask.ChunksMax} chunks: 4 octaves, caves and an ore", [], [.. chunks]);
    }

    private static byte[] Chunk(Random random)
    {
        var writer = new TerrainWriter(new byte[TerrainInput.BytesMax], new TerrainShape());
        foreach ((byte shift, int amplitude) in (ReadOnlySpan<(byte, int)>)[(7, 30 << 8), (5, 12 << 8), (4, 5 << 8), (3, 2 << 8)])
        {
            var octave = new TerrainOctave(shift, 0, 0, amplitude);
            var values = new ushort[octave.PointsX * octave.PointsZ];
            for (int i = 0; i < values.Length; i++) values[i] = (ushort)random.Next(4096);
            writer.Add(octave, values);
        }
        foreach (byte kind in (ReadOnlySpan<byte>)[0, 9])
        {
            var vein = new TerrainVein(3, 0, 0, 0, kind, 1, 63, 150);
            (int x, int y, int z) = vein.Points;
            var values = new byte[x * y * z];
            random.NextBytes(values);
            writer.Add(vein, values);
        }
        return writer.Finish().ToArray();
    }

    // Rolling hills with pits, some grass and lamps.
    private static byte[] Land(int width, int height, int depth)
    {
        var random = new Random(Seed);
        var cells = new byte[width * height * depth];
        for (int z = 0; z < depth; z++)
        {
            for (int x = 0; x < width; x++)
            {
                int ground = (height / 3) + ((((x * (width - x)) + (z * (depth - z))) * height / 6) / ((width * width) + 1)) + random.Next(3);
                for (int y = 0; y <= ground; y++) cells[(((y * depth) + z) * width) + x] = (byte)(y == ground ? 2 : (x + y + z) % 11 < 3 && y > 2 ? 0 : 1);
                if (random.Next(60) == 0) cells[((((ground + 1) * depth) + z) * width) + x] = 3;
            }
        }
        return cells;
    }

    private static byte[] Weights(Random random, int cells, int wallPercent)
    {
        var weights = new byte[cells];
        for (int i = 0; i < cells; i++) weights[i] = (byte)(random.Next(100) < wallPercent ? 0 : random.Next(8) == 0 ? 4 : 1);
        return weights;
    }
}
