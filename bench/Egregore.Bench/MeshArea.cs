using System.Runtime.CompilerServices;
using Egregore.Simulation;

namespace Egregore.Bench;

/// <summary>
/// <c>mesh.latency</c>: the age of a movement state at its receiver, from peer to peer, against the way of the same state up to the server and down again, without its tick;
/// <c>mesh.gossip_p99_ms</c> and <c>mesh.copies</c> beside it. In the simulator: real peer cores, 100 peers, 20 to 40 ms between peers, 40 ms to the server, 2 % loss.
/// </summary>
public sealed class MeshArea : IBenchArea
{
    /// <inheritdoc/>
    public string Name => "mesh";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        var latency = SimulationRunner.Run(new SimulationSettings { Scenario = Scenario.Latency }, cancel: cancellation);
        yield return Measure.LessIsBetter(
            "mesh.latency", "ms", latency.DirectMs!.Value, "through the server", latency.ServerMs!.Value, "simulated, 20 to 40 ms between peers, 40 ms to the server and 40 ms back");
        var gossip = SimulationRunner.Run(new SimulationSettings(), cancel: cancellation);
        yield return Measure.Alone("mesh.gossip_p99_ms", "ms", gossip.P99Ms!.Value, $"publish to delivery at each of 100 peers, 2 % loss; {gossip.Delivered:0.####} delivered");
        yield return Measure.Alone("mesh.copies", "copies", gossip.CopiesMean!.Value, $"of a message, received by a peer, mean; at most {gossip.CopiesMax}");
    }
}
