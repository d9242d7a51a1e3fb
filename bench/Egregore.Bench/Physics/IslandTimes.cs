namespace Egregore.Bench.Physics;

/// <summary>What a frame of one island took, milliseconds, the least of some rounds.</summary>
/// <param name="Bodies">Bodies of the island.</param>
/// <param name="KernelMs">The physics kernel in Egregore.Wasm: a new world, the steps, the answer.</param>
/// <param name="TabMs">The same module in Node's V8.</param>
/// <param name="NewMs">Rapier in Node, a new world too.</param>
/// <param name="KeptMs">Rapier in Node in a world that stays: the steps and the bodies' places.</param>
/// <param name="Fuel">What the kernel used.</param>
internal sealed record IslandTimes(int Bodies, double KernelMs, double TabMs, double NewMs, double KeptMs, ulong Fuel);
