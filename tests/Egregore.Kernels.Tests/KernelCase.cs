using Egregore.Kernels.Crowds;
using Egregore.Kernels.Decisions;
using Egregore.Kernels.Fluids;
using Egregore.Kernels.Lights;
using Egregore.Kernels.Meshes;
using Egregore.Kernels.Paths;
using Egregore.Kernels.Rays;
using Egregore.Kernels.Sights;
using Egregore.Kernels.Terrain;
using Egregore.Work;

namespace Egregore.Kernels.Tests;

/// <summary>A standard kernel as the tests that hold for all of them see it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Make">A task from a seed: small for 0, larger up to some 20 ms of work for 3.</param>
/// <param name="FuelMax">The fuel that a task may need, or null where the binding refuses it.</param>
internal sealed record KernelCase(string Name, Func<Random, int, KernelTask> Make, Func<byte[], byte[], ulong?> FuelMax)
{
    public static IReadOnlyList<KernelCase> All { get; } =
    [
        new("flow-field", Scenes.FlowField, (_, input) => FlowFieldInput.TryRead(input, out FlowFieldInput task) ? task.FuelMax : null),
        new("fluid", Scenes.Fluid, (_, input) => FluidInput.TryRead(input, out FluidInput task) ? task.FuelMax : null),
        new("grid-path", Scenes.GridPath, (_, input) => GridPathInput.TryRead(input, out GridPathInput task) ? task.FuelMax : null),
        new("npc-decide", Scenes.NpcDecide, (_, input) => NpcDecideInput.TryRead(input, out NpcDecideInput task) ? task.FuelMax : null),
        new("ray-tile", Scenes.RayTile, (shared, input) => RayScene.TryRead(shared, out RayScene scene) && RayView.TryRead(input, out RayView view) && view.IsIn(scene) ? view.FuelIn(scene) : null),
        new("sight", Scenes.Sight, (_, input) => SightInput.TryRead(input, out SightInput task) ? task.FuelMax : null),
        new("voxel-light", Scenes.Light, (_, input) => LightInput.TryRead(input, out LightInput task) ? task.FuelMax : null),
        new("voxel-mesh", Scenes.Mesh, (_, input) => MeshInput.TryRead(input, out MeshInput task) ? task.FuelMax : null),
        new("voxel-terrain", Scenes.Terrain, (_, input) => TerrainTask.TryRead(input, out TerrainTask task) ? task.FuelMax : null),
    ];

    public static TheoryData<string> Names => new(All.Select(kernel => kernel.Name));

    public static KernelCase Of(string name) => All.Single(kernel => kernel.Name == name);

    public KernelManifest Manifest { get; } = StandardKernels.All.Single(manifest => manifest.Name == Name);
}

/// <summary>A task's two parts, of which the kernel sees one block.</summary>
internal sealed record KernelTask(byte[] Shared, byte[] Input)
{
    public KernelTask(byte[] input)
        : this([], input)
    {
    }

    public byte[] Bytes => [.. Shared, .. Input];
}
