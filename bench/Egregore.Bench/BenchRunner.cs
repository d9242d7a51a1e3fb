using System.Diagnostics;
using Egregore.Bench.WebRtc;

namespace Egregore.Bench;

/// <summary>Runs areas and writes their measures: what <c>egregore bench</c> does.</summary>
public sealed class BenchRunner
{
    /// <summary>All went well.</summary>
    public const int ExitOk = 0;

    /// <summary>No area of that name.</summary>
    public const int ExitUnknownArea = 2;

    /// <summary>Something that an area needs is not there.</summary>
    public const int ExitUnavailable = 3;

    private readonly SortedDictionary<string, IBenchArea> areas = new(StringComparer.Ordinal);

    /// <summary>Makes a runner of some areas.</summary>
    public BenchRunner(IEnumerable<IBenchArea> areas)
    {
        foreach (IBenchArea area in areas) this.areas.Add(area.Name, area);
    }

    /// <summary>A runner of all areas of this project.</summary>
    public static BenchRunner All => new([new CrdtArea(), new MeshArea(), new RoomArea(), new TabArea(), new TruthArea(), new WasmArea(), new WebRtcArea(), new WireArea()]);

    /// <summary>The names of the areas.</summary>
    public IReadOnlyCollection<string> Areas => areas.Keys;

    /// <summary>Runs an area, or all of them, and writes a line for each measure as it comes.</summary>
    /// <param name="area">A name, or null for all.</param>
    /// <param name="json">Lines for machines.</param>
    /// <param name="output">Takes the measures.</param>
    /// <param name="errors">Takes what went wrong.</param>
    /// <param name="context">Where peers are, and how often to repeat.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(
        string? area, bool json, TextWriter output, TextWriter errors, BenchContext context, CancellationToken cancellation = default)
    {
        if (area is not null && !areas.ContainsKey(area))
        {
            await errors.WriteLineAsync($"There is no area '{area}'. There are: {string.Join(", ", areas.Keys)}.").ConfigureAwait(false);
            return ExitUnknownArea;
        }
        if (typeof(BenchRunner).Assembly.GetCustomAttributes(typeof(DebuggableAttribute), false) is [DebuggableAttribute { IsJITOptimizerDisabled: true }])
            context.Log("This is a Debug build: figures of a Release build are several times better.");
        int exit = ExitOk;
        foreach (IBenchArea each in area is null ? [.. areas.Values] : new[] { areas[area] })
        {
            try
            {
                await foreach (Measure measure in each.RunAsync(context, cancellation).ConfigureAwait(false))
                {
                    await output.WriteLineAsync(json ? measure.ToJson() : measure.ToString()).ConfigureAwait(false);
                    await output.FlushAsync(cancellation).ConfigureAwait(false);
                }
            }
            catch (BenchException missing)
            {
                await errors.WriteLineAsync($"{each.Name}: {missing.Message}").ConfigureAwait(false);
                exit = ExitUnavailable;
            }
        }
        return exit;
    }
}
