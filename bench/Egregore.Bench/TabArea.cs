using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Egregore.Bench;

/// <summary>
/// <c>tab.start_s</c>, <c>tab.mb</c> and <c>tab.frame_ms</c>: from navigation to walking in a fresh browser without a cache, what comes over the wire until then, and the C# of a frame with
/// ten walkers around (median). In Debian's Chromium without a display, which draws on the processor; bench/peers/tab.mjs drives it. The pages must be built (./run does).
/// </summary>
public sealed class TabArea : IBenchArea
{
    private const int Others = 10;
    private const int OthersSideBlocks = 16;
    private const int FrameSeconds = 15;
    private const double BytesPerMegabyte = 1e6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(130);

    private sealed record Start(double StartS, long Bytes, Dictionary<string, int> Encodings);

    private sealed record Frames(double MeanMs, double MedianMs, double P95Ms, double Fps, double Others);

    /// <inheritdoc/>
    public string Name => "tab";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        RequirePages(context);
        await NodePeers.InstallAsync(context, cancellation).ConfigureAwait(false);
        string data = Directory.CreateTempSubdirectory("egregore-bench-").FullName;
        try
        {
            await using ChildProcess server = ChildProcess.StartCli("serve", "--url", "http://127.0.0.1:0", "--data", data, "--quiet");
            string url = await server.ReadAsync("http", Patience, cancellation).ConfigureAwait(false);
            await using ChildProcess tab = ChildProcess.Start("node", ["tab.mjs", url, $"{context.Repeats}", $"{Others}", $"{FrameSeconds}"], context.PeersDirectory);
            var starts = new List<Start>();
            for (int i = 0; i < context.Repeats; i++)
            {
                starts.Add(await ReadAsync<Start>(tab, cancellation).ConfigureAwait(false));
                context.Log($"tab: walking after {starts[^1].StartS:0.00} s, {starts[^1].Bytes:#,0} bytes ({Text(starts[^1].Encodings)})");
            }
            yield return Measure.Alone("tab.start_s", "s", Sampling.Middle(starts.Select(s => s.StartS)), $"navigation to walking, cold cache, Chromium drawing on the processor of the machine that serves; all: {Text(starts.Select(s => s.StartS))}");
            Start gzip = await ReadAsync<Start>(tab, cancellation).ConfigureAwait(false);
            double brotli = Sampling.Middle(starts.Select(s => (double)s.Bytes)) / BytesPerMegabyte;
            yield return Measure.Alone("tab.mb", "MB", gzip.Bytes / BytesPerMegabyte, $"over the wire until walking, headers included, workers' scripts of 3 kB not ({Text(gzip.Encodings)}); as Chromium asks for it ({Text(starts[^1].Encodings)}) {Number(brotli)}");

            await using ChildProcess bots = ChildProcess.StartCli("bots", url, "--count", $"{Others}", "--side", $"{OthersSideBlocks}", "--json");
            await bots.ReadAsync("{", Patience, cancellation).ConfigureAwait(false);
            await tab.WriteAsync("frames").ConfigureAwait(false);
            Frames drawn = await ReadFramesAsync(tab, cancellation).ConfigureAwait(false);
            Frames undrawn = await ReadFramesAsync(tab, cancellation).ConfigureAwait(false);
            yield return Measure.Alone("tab.frame_ms", "ms", drawn.MeanMs,
                $"time in C# of a frame (what came is read and judged, a movement tick where one is due, what goes out, the frame for the picture), mean of {FrameSeconds} s while the processor draws 960 x 540 beside it; median {Number(drawn.MedianMs)}, {Text(drawn)}; the same page with drawing off: median {Number(undrawn.MedianMs)}, {Text(undrawn)}; {drawn.Others:0.0} others who walk and build near by, linked directly as far as they got");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<T> ReadAsync<T>(ChildProcess process, CancellationToken cancellation)
    {
        string json = await process.ReadAsync("{", Patience, cancellation).ConfigureAwait(false);
        return JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web) ?? throw new BenchException($"tab.mjs wrote: {json}");
    }

    private static async Task<Frames> ReadFramesAsync(ChildProcess tab, CancellationToken cancellation)
    {
        string line;
        do
        {
            line = await tab.ReadAsync("{", Patience, cancellation).ConfigureAwait(false);
        }
        while (!line.Contains("meanMs", StringComparison.Ordinal));
        return JsonSerializer.Deserialize<Frames>(line, JsonSerializerOptions.Web)!;
    }

    internal static void RequirePages(BenchContext context)
    {
        string root = Path.GetFullPath(Path.Combine(context.PeersDirectory, "..", ".."));
        if (!File.Exists(Path.Combine(root, "web", "dist", "index.html")) || !Directory.Exists(Path.Combine(root, "artifacts", "browser")))
            throw new BenchException("the pages are not built: ./run builds them and serves them; or 'npm run build --prefix web' and 'dotnet build src/Egregore.Browser -c Release -t:BundleBrowser'.");
    }

    private static string Text(Dictionary<string, int> encodings) => string.Join(", ", encodings.Where(e => e.Key != "none").OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Value} {e.Key}"));

    private static string Text(Frames frames) => $"mean {Number(frames.MeanMs)}, 95th percentile {Number(frames.P95Ms)} at {frames.Fps:0} frames/s";

    private static string Text(IEnumerable<double> values) => string.Join(", ", values.Select(Number));

    private static string Number(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
