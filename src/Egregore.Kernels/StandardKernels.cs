using Egregore.Kernels.Crowds;
using Egregore.Kernels.Decisions;
using Egregore.Kernels.Fluids;
using Egregore.Kernels.Lights;
using Egregore.Kernels.Meshes;
using Egregore.Kernels.Paths;
using Egregore.Kernels.Physics;
using Egregore.Kernels.Rays;
using Egregore.Kernels.Sights;
using Egregore.Kernels.Terrain;
using Egregore.Work;

namespace Egregore.Kernels;

/// <summary>The standard kernels: what a coordinator has to know of each, and their modules. docs/kernels.md has the table.</summary>
public static class StandardKernels
{
    /// <summary>What a task of any of them may use.</summary>
    private const ulong FuelMost = 4_000_000_000;

    /// <summary>All of them, with samples that anybody can foresee.</summary>
    public static IReadOnlyList<KernelManifest> All { get; } = Salted(0);

    /// <summary>All of them, whose checks sample where only the holder of the salt can tell.</summary>
    /// <param name="salt">Random and secret; changed now and then.</param>
    public static IReadOnlyList<KernelManifest> Salted(ulong salt) =>
    [
        new()
        {
            Name = "flow-field",
            Hash = KernelModules.HashOf("flow-field"),
            Class = VerificationClass.Simulated,
            FuelMax = FlowFieldInput.FuelOf(FlowFieldInput.SideMax * FlowFieldInput.SideMax, FlowFieldInput.AgentsMax),
            InputBytesMax = FlowFieldInput.SizeOf(FlowFieldInput.SideMax, FlowFieldInput.SideMax, FlowFieldInput.GoalsMax, FlowFieldInput.AgentsMax),
            OutputBytesMax = FlowFieldOutput.SizeOf(FlowFieldInput.SideMax * FlowFieldInput.SideMax, FlowFieldInput.AgentsMax),
            MemoryPagesMax = 64,
            Invariant = new FlowFieldInvariant(salt),
        },
        new()
        {
            Name = "fluid",
            Hash = KernelModules.HashOf("fluid"),
            Class = VerificationClass.Simulated,
            FuelMax = FluidInput.FuelOf(FluidInput.SideMax * FluidInput.SideMax * FluidInput.SideMax, FluidInput.StepsMax),
            InputBytesMax = FluidInput.SizeOf(FluidInput.SideMax, FluidInput.SideMax, FluidInput.SideMax),
            OutputBytesMax = FluidInput.SideMax * FluidInput.SideMax * FluidInput.SideMax,
            MemoryPagesMax = 16,
            Invariant = new FluidInvariant(salt),
        },
        new()
        {
            Name = "grid-path",
            Hash = KernelModules.HashOf("grid-path"),
            Class = VerificationClass.Critical,
            FuelMax = GridPathInput.FuelOf(GridPathInput.CellsMax),
            InputBytesMax = GridPathInput.HeaderBytes + (2 * GridPathInput.CellsMax),
            OutputBytesMax = GridPathOutput.HeaderBytes + (4 * GridPathInput.CellsMax),
            MemoryPagesMax = 512,
            Invariant = new GridPathInvariant(salt),
        },
        new()
        {
            Name = "npc-decide",
            Hash = KernelModules.HashOf("npc-decide"),
            Class = VerificationClass.Simulated,
            FuelMax = NpcDecideInput.FuelOf(NpcDecideInput.NpcsMax, NpcDecideInput.ActionsMax, NpcDecideInput.FactsMax, NpcDecideInput.ConsiderationsMax, NpcDecideInput.ActionsMax * NpcDecideInput.PerActionMax),
            InputBytesMax = NpcDecideInput.BytesMax,
            OutputBytesMax = NpcDecideOutput.SizeOf(NpcDecideInput.NpcsMax),
            MemoryPagesMax = 64,
            Invariant = new NpcDecideInvariant(salt),
        },
        new()
        {
            Name = PhysicsTask.KernelName,
            Hash = KernelModules.HashOf(PhysicsTask.KernelName),
            Class = VerificationClass.Simulated,
            InputBytesMax = PhysicsTask.BytesMax,
            OutputBytesMax = PhysicsOutput.BytesMax,
            Invariant = new PhysicsInvariant(),
        },
        new()
        {
            Name = "ray-tile",
            Version = 2,
            Hash = KernelModules.HashOf("ray-tile"),
            Class = VerificationClass.Cosmetic,
            // 128 × 128 × 61 cells have the longest ways; where every ray of the largest tile went all of it at every bounce, three parts in a hundred more would be needed than anybody is asked for.
            FuelMax = Math.Min(FuelMost, RayView.FuelOf(RayView.SamplesMax, RayView.BouncesMax, 128 + 128 + 61)),
            InputBytesMax = RayScene.HeaderBytes + RayScene.CellsMax + RayView.Bytes,
            OutputBytesMax = RayTile.PixelBytes * RayView.SamplesMax,
            MemoryPagesMax = 24,
            Invariant = new RayInvariant(salt),
        },
        new()
        {
            Name = "sight",
            Hash = KernelModules.HashOf("sight"),
            Class = VerificationClass.Critical,
            FuelMax = SightInput.FuelOf(SightInput.PairsMax, 3 * SightInput.SideMax, 2 * SightInput.TargetsMax),
            InputBytesMax = SightInput.SizeOf(SightInput.SideMax, SightInput.SideMax, SightInput.SideMax, SightInput.TargetsMax, SightInput.TargetsMax),
            OutputBytesMax = SightOutput.BytesMax,
            MemoryPagesMax = 16,
            Invariant = new SightInvariant(salt),
        },
        new()
        {
            Name = "voxel-light",
            Hash = KernelModules.HashOf("voxel-light"),
            Class = VerificationClass.Simulated,
            FuelMax = LightInput.FuelOf(LightInput.CellsMax),
            InputBytesMax = LightInput.HeaderBytes + LightInput.CellsMax,
            OutputBytesMax = LightInput.CellsMax,
            MemoryPagesMax = 128,
            Invariant = new LightInvariant(salt),
        },
        new()
        {
            Name = "voxel-mesh",
            Hash = KernelModules.HashOf("voxel-mesh"),
            Class = VerificationClass.Cosmetic,
            FuelMax = MeshInput.FuelOf(MeshInput.CellsMax),
            InputBytesMax = MeshInput.BytesMax,
            OutputBytesMax = MeshOutput.BytesMax,
            MemoryPagesMax = 80,
            Invariant = new MeshInvariant(salt),
        },
        new()
        {
            Name = "voxel-terrain",
            Hash = KernelModules.HashOf("voxel-terrain"),
            Class = VerificationClass.Simulated,
            FuelMax = TerrainTask.ChunksMax * TerrainInput.FuelOf(TerrainInput.OctavesMax, TerrainInput.VeinsMax),
            InputBytesMax = TerrainTask.BytesMax,
            OutputBytesMax = TerrainTask.ChunksMax * TerrainOutput.Bytes,
            MemoryPagesMax = 32,
            Invariant = new TerrainInvariant(salt),
        },
    ];

    /// <summary>The metered module of a hash.</summary>
    /// <param name="hash">SHA-256 of it.</param>
    /// <param name="module">Its bytes.</param>
    /// <returns>False where it is not one of these.</returns>
    public static bool TryGetModule(KernelHash hash, out ReadOnlyMemory<byte> module) => KernelModules.TryGet(hash, out module);
}
