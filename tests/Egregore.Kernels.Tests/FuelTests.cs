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

/// <summary>Tasks that are made to be dear stay within the fuel that their bindings promise.</summary>
public sealed class FuelTests
{
    public static TheoryData<string> Names => KernelCase.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_dearest_shapes_stay_within_the_promise_and_the_promise_is_no_empty_one(string name)
    {
        KernelTask task = Dear(name);
        KernelRun run = KernelRun.Of(name, task.Bytes);
        Assert.Equal((0, null), (run.Code, run.Trap));
        ulong promised = KernelCase.Of(name).FuelMax(task.Shared, task.Input)!.Value;
        Assert.InRange((ulong)run.Fuel, promised / 20, promised);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_run_ends_with_exactly_its_fuel_and_traps_with_one_less(string name)
    {
        KernelTask task = KernelCase.Of(name).Make(new Random(2), 1);
        KernelRun run = KernelRun.Of(name, task.Bytes);
        KernelRun exact = KernelRun.Of(name, task.Bytes, run.Fuel);
        Assert.Null(exact.Trap);
        Assert.Equal(run.Output, exact.Output);
        Assert.Equal(Wasm.TrapCode.OutOfFuel, KernelRun.Of(name, task.Bytes, run.Fuel - 1).Trap);
    }

    private static KernelTask Dear(string name)
    {
        var random = new Random(3);
        const int side = 32;
        var cells = new byte[side * side * side];
        switch (name)
        {
            case "flow-field":
                var weights = new byte[128 * 128];
                for (int i = 0; i < weights.Length; i++) weights[i] = (byte)random.Next(1, 256);
                var field = new byte[FlowFieldInput.SizeOf(128, 128, 1, 0)];
                FlowFieldInput.Write(field, 128, 128, weights, [0], []);
                return new KernelTask(field);
            case "grid-path":
                var costs = new byte[256 * 256];
                for (int i = 0; i < costs.Length; i++) costs[i] = (byte)random.Next(100, 256);
                var path = new byte[GridPathInput.SizeOf(256, 256)];
                GridPathInput.Write(path, new GridPathQuery(256, 256, 0, costs.Length - 1) { Diagonal = true, ClusterShift = 6 }, costs, new byte[costs.Length]);
                return new KernelTask(path);
            case "fluid":
                for (int i = 0; i < cells.Length; i++) cells[i] = (byte)random.Next(FluidInput.Full + 1);
                var fluid = new byte[FluidInput.SizeOf(side, side, side)];
                FluidInput.Write(fluid, side, side, side, 8, cells);
                return new KernelTask(fluid);
            case "npc-decide":
                var considerations = new DecideConsideration[16];
                Array.Fill(considerations, new DecideConsideration(0, 0, 1, 0, 0, 0, 0.5f));
                var actions = new DecideAction[64];
                Array.Fill(actions, new DecideAction(0, 16, 1));
                var npcs = new byte[NpcDecideInput.SizeOf(100, 64, 1, 16)];
                NpcDecideInput.Write(npcs, actions, considerations, 1, new float[100]);
                return new KernelTask(npcs);
            case "ray-tile":
                // A cavity with rough walls: rays go far and bounce often.
                for (int i = 0; i < cells.Length; i++) cells[i] = (byte)(i % side is 0 or side - 1 || i / side % side is 0 or side - 1 || i / side / side is 0 or side - 1 ? 1 : 0);
                var looks = new RayLook[256];
                looks[1] = new RayLook(200, 200, 200, RayForm.Solid) { Gloss = 1, Grain = 20 };
                var scene = new byte[RayScene.SizeOf(side, side, side)];
                RayScene.Write(scene, (side, side, side), looks, cells);
                var view = new byte[RayView.Bytes];
                new RayView
                {
                    Camera = new Vector3(2, 2, 2), Forward = Vector3.One, Right = Vector3.UnitX, Down = Vector3.UnitY, Sun = Vector3.Normalize(Vector3.One), SunLight = Vector3.One,
                    Picture = (16, 16), Tile = (0, 0, 16, 16), SunSize = 0.1f, Samples = 4, Bounces = 4,
                }.Write(view);
                return new KernelTask(scene, view);
            case "sight":
                var points = new SightPoint[64];
                for (int i = 0; i < points.Length; i++) points[i] = new SightPoint((ushort)(i % 2 * 32_000 + i), (ushort)(i % 2 * 31_000 + 3 * i), (ushort)(i % 2 * 30_000 + 7 * i), ushort.MaxValue);
                var sight = new byte[SightInput.SizeOf(128, 128, 128, 64, 64)];
                SightInput.Write(sight, (128, 128, 128), false, points, points, new byte[128 * 128 * 128 / 8]);
                return new KernelTask(sight);
            case "voxel-light":
                var glow = new byte[256];
                (glow[1], glow[2], glow[3]) = (15, 3, 16);
                for (int i = 0; i < cells.Length; i++) cells[i] = (byte)(i / side / side == side - 1 && random.Next(8) != 0 ? 3 : random.Next(40) == 0 ? 1 : random.Next(3) == 0 ? 2 : 0);
                var light = new byte[LightInput.SizeOf(side, side, side)];
                LightInput.Write(light, (side, side, side), 1, glow, cells);
                return new KernelTask(light);
            case "voxel-mesh":
                // Every other cell, of two kinds that see through each other's gaps.
                var border = new byte[34 * 34 * 34];
                for (int i = 0; i < border.Length; i++) border[i] = (byte)((i % 34 + i / 34 % 34 + i / 34 / 34) % 2 == 0 ? 1 : random.Next(4) == 0 ? 2 : 3);
                var seen = new MeshLook[256];
                (seen[1], seen[2], seen[3]) = (MeshLook.Opaque, MeshLook.SeeThrough, MeshLook.SeeThrough);
                var mesh = new byte[MeshInput.SizeOf(side, side, side)];
                MeshInput.Write(mesh, (side, side, side), seen, border);
                return new KernelTask(mesh);
            default:
                var writer = new TerrainWriter(new byte[TerrainInput.BytesMax], new TerrainShape { Base = 62 << 8, Roof = 1, Water = 63 });
                for (int i = 0; i < TerrainInput.OctavesMax; i++) writer.Add(new TerrainOctave(2, 3, 3, 1), new ushort[36]);
                for (int i = 0; i < TerrainInput.VeinsMax; i++)
                {
                    var vein = new TerrainVein(2, 3, 3, 3, 1, 1, 63, 1);
                    (int x, int y, int z) = vein.Points;
                    var values = new byte[x * y * z];
                    values.AsSpan().Fill(255);
                    writer.Add(vein, values);
                }
                return new KernelTask(writer.Finish().ToArray());
        }
    }
}
