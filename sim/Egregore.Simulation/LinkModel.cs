namespace Egregore.Simulation;

/// <summary>What a link does to a message: each path has a latency of its own, each message its own jitter.</summary>
internal static class LinkModel
{
    /// <summary>One way between two peers, microseconds.</summary>
    public static long PathUs(SimulationSettings settings, int a, int b, ref SimulationRandom random)
    {
        var width = (ulong)(settings.LatencyMaxMs - settings.LatencyMinMs - settings.JitterMs) * 1_000;
        var offset = SimulationRandom.Of(settings.Seed, (ulong)Math.Min(a, b), (ulong)Math.Max(a, b)) % (width + 1);
        return ((long)settings.LatencyMinMs * 1_000) + (long)offset + random.Next((settings.JitterMs * 1_000) + 1);
    }

    /// <summary>One way between a peer and the server, microseconds.</summary>
    public static long ServerLegUs(SimulationSettings settings, ref SimulationRandom random) =>
        ((long)settings.ServerLatencyMs * 1_000) + random.Next((settings.JitterMs * 1_000) + 1);
}
