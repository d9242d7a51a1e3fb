using System.Globalization;
using System.Runtime.CompilerServices;
using Egregore.Simulation.Work;

namespace Egregore.Bench.Physics;

/// <summary>
/// <c>physics.*</c>, of the area work: a step of one island by the physics kernel beside Rapier in Node on the same host, and how much faster a cascade's frame is with more helpers, by
/// simulation of the production coordinator with the kernel's times of the same run.
/// </summary>
internal static class PhysicsMeasures
{
    private const string Peer = "Rapier in Node";

    private static readonly (int Bodies, int Rounds)[] Islands = [(100, 25), (200, 15), (1_000, 9)];

    // A blast's rubble: many small heaps, few large ones.
    private static readonly int[] CascadeIslands = [10, 20, 30, 40, 60];
    private static readonly int[] CascadeMix = [0, 1, 2, 1, 3, 2, 0, 4];
    private const int CascadeRounds = 15;
    private const int Waves = 3;
    private const int TasksPerWave = 128;
    private const int HelpersMax = 64;

    /// <summary>Runs them.</summary>
    /// <exception cref="BenchException">Something that they need is not there.</exception>
    public static async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        context.Log("physics: warming up ...");
        await using IslandMeter meter = await IslandMeter.StartAsync(context, cancellation).ConfigureAwait(false);
        double product = 1;
        foreach ((int bodies, int rounds) in Islands)
        {
            context.Log($"physics: {bodies} bodies ...");
            IslandTimes times = await meter.MeasureAsync(bodies, rounds, cancellation).ConfigureAwait(false);
            product *= times.KeptMs / times.KernelMs;
            yield return Step(times, rounds);
        }
        double mean = Math.Round(Math.Pow(product, 1.0 / Islands.Length), 3);
        yield return new Measure("physics.step", "of Rapier in Node", mean, Peer, 1, mean, $"geometric mean of islands of {string.Join(", ", Islands.Select(island => island.Bodies))} bodies");

        var cascade = new List<IslandTimes>();
        foreach (int bodies in CascadeIslands)
        {
            context.Log($"physics: {bodies} bodies ...");
            cascade.Add(await meter.MeasureAsync(bodies, CascadeRounds, cancellation).ConfigureAwait(false));
        }
        foreach (Measure measure in Speedup(context, cascade, cancellation)) yield return measure;
    }

    private static Measure Step(IslandTimes times, int rounds) => Measure.LessIsBetter(
        $"physics.step.{times.Bodies}", "ms", times.KernelMs / IslandScene.Steps, Peer, times.KeptMs / IslandScene.Steps,
        string.Create(
            CultureInfo.InvariantCulture,
            $"a step of one heap, in frames of {IslandScene.Steps}: ours a new world each frame, metered ({times.Fuel / 1e6:#,0} million fuel), the peer's world stays; the least of {rounds} in turns. With a new world Rapier in Node takes {times.NewMs / IslandScene.Steps:0.00} ms, equal to the bit; the kernel in V8, as a tab runs it, {times.TabMs / IslandScene.Steps:0.00} ms"));

    private static IEnumerable<Measure> Speedup(BenchContext context, List<IslandTimes> islands, CancellationToken cancellation)
    {
        // The cascade submits a frame's largest islands first.
        IslandTimes[] mix = [.. Enumerable.Range(0, TasksPerWave).Select(i => islands[CascadeMix[i % CascadeMix.Length]]).OrderByDescending(island => island.Bodies)];
        double[] wave = [.. mix.Select(island => island.KernelMs * 1_000)];
        double keptMs = Waves * mix.Sum(island => island.KeptMs);
        var all = new List<string>();
        Measure last = null!;
        for (int helpers = 1; helpers <= HelpersMax; helpers *= 2)
        {
            cancellation.ThrowIfCancellationRequested();
            CascadeReport report = WorkSimulation.Cascade(new CascadeSettings { Helpers = helpers, WavesUs = [.. Enumerable.Repeat<IReadOnlyList<double>>(wave, Waves)] });
            context.Log(string.Create(CultureInfo.InvariantCulture, $"physics: {helpers} helpers: {report.FrameMs:0.0} ms"));
            all.Add(string.Create(CultureInfo.InvariantCulture, $"{helpers}: {report.Speedup:0.0}"));
            last = Measure.MoreIsBetter(
                $"physics.speedup.{helpers}", "of one core", report.Speedup, $"{Peer} on one core", report.SerialMs / keptMs,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"by simulation: {Waves} waves of {TasksPerWave} islands of {CascadeIslands[0]} to {CascadeIslands[^1]} bodies, {report.SerialMs:#,0} ms of the kernel on one core as measured, {report.FrameMs:#,0.0} ms with {helpers}, the slowest {report.FrameMaxMs:#,0.0} ms, {report.Redundant:0%} checks; Rapier in Node alone {keptMs:#,0} ms"));
            yield return last;
        }
        yield return last with { Name = "physics.speedup", Note = $"by helpers: {string.Join(", ", all)}" };
    }
}
