using System.Diagnostics;
using System.Text.Json;

namespace Egregore.WebRtc.Tests.Processes;

/// <summary>Two processes that open and close channels and connections between them for long; what they hold must not grow.</summary>
internal static class Soak
{
    private const long ResidentSlackBytes = 24 << 20;
    private const long HeapSlackBytes = 2 << 20;
    private const int HandleSlack = 8;

    /// <returns>What grew or went wrong; null where nothing did.</returns>
    public static async Task<string?> RunAsync(TimeSpan length, TextWriter log)
    {
        var figures = new Dictionary<string, List<SoakFigures>>();
        var faults = new List<string>();
        using var offerer = Start("offer", length);
        using var answerer = Start("answer", length);
        var reading = Task.WhenAll(PumpAsync(offerer, answerer), PumpAsync(answerer, offerer));
        await offerer.WaitForExitAsync();
        answerer.StandardInput.Close();
        await answerer.WaitForExitAsync();
        await reading;
        if (offerer.ExitCode != 0 || answerer.ExitCode != 0)
            faults.Add($"exit codes {offerer.ExitCode} and {answerer.ExitCode}");
        foreach (var (role, list) in figures)
            faults.AddRange(Judge(role, list));
        return faults.Count == 0 ? null : string.Join('\n', faults);

        async Task PumpAsync(Process from, Process to)
        {
            while (await from.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("figures ", StringComparison.Ordinal))
                {
                    var read = JsonSerializer.Deserialize<SoakFigures>(line.AsSpan(8))!;
                    lock (figures)
                    {
                        (figures.TryGetValue(read.Role, out var list) ? list : figures[read.Role] = []).Add(read);
                        log.WriteLine(read);
                    }
                }
                else if (line.StartsWith("fault ", StringComparison.Ordinal))
                {
                    lock (figures)
                    {
                        faults.Add(line);
                        log.WriteLine(line);
                    }
                }
                else
                {
                    await to.StandardInput.WriteLineAsync(line);
                    await to.StandardInput.FlushAsync();
                }
            }
        }
    }

    private static Process Start(string role, TimeSpan length) => Process.Start(new ProcessStartInfo("dotnet", [Program.Assembly, "soak-peer", role, length.TotalSeconds.ToString("0")])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>The last third beside the second one, as medians: the first is for warming up. The last figures are of a process with everything closed.</summary>
    private static IEnumerable<string> Judge(string role, List<SoakFigures> figures)
    {
        var end = figures[^1];
        if (end is not { Connections: 0, Channels: 0, Streams: 0, HostEntries: 0 })
            yield return $"{role}: left over at the end: {end}";
        var third = (figures.Count - 1) / 3;
        if (third == 0)
            yield break;
        var (before, after) = (figures.GetRange(third, third), figures.GetRange(figures.Count - 1 - third, third));
        if (Grew(f => f.ResidentBytes, ResidentSlackBytes) is { } resident)
            yield return $"{role}: resident memory {resident}";
        if (Grew(f => f.HeapBytes, HeapSlackBytes) is { } heap)
            yield return $"{role}: heap {heap}";
        if (Grew(f => f.Handles, HandleSlack) is { } handles)
            yield return $"{role}: handles {handles}";
        if (Grew(f => f.Streams, HandleSlack) is { } streams)
            yield return $"{role}: streams {streams}";

        string? Grew(Func<SoakFigures, long> of, long slack)
        {
            var (was, now) = (Median(before.Select(of)), Median(after.Select(of)));
            return now > was + slack ? $"grew from {was} to {now}" : null;
        }
    }

    private static long Median(IEnumerable<long> values)
    {
        long[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
