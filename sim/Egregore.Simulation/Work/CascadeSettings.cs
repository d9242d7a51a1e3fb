namespace Egregore.Simulation.Work;

/// <summary>One frame of a cascade: waves of tasks, each of which needs the one before it whole.</summary>
public sealed record CascadeSettings
{
    /// <summary>Seeds every choice.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Helpers, 1 to 1,024; each runs one task at a time.</summary>
    public int Helpers { get; init; } = 1;

    /// <summary>For each wave the measured time of each of its tasks on one core, microseconds, at least 1.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> WavesUs { get; init; }

    /// <summary>One-way delay to a helper, microseconds. Default 250: one machine room.</summary>
    public int DelayUs { get; init; } = 250;

    /// <summary>Random part of it, microseconds. Default 50.</summary>
    public int JitterUs { get; init; } = 50;

    /// <summary>Frames that are run before any is measured, until helpers are trusted. Default 60.</summary>
    public int WarmupFrames { get; init; } = 60;

    /// <summary>Frames that are measured. Default 20.</summary>
    public int Frames { get; init; } = 20;

    /// <summary>A frame's deadline, microseconds. Default 10 s, so that a single helper may finish it.</summary>
    public long DeadlineUs { get; init; } = 10_000_000;

    /// <summary>Empty, or what is out of range.</summary>
    public string Check()
    {
        if (Helpers is < 1 or > 1_024 || DelayUs is < 0 or > 1_000_000 || JitterUs is < 0 or > 1_000_000 || WarmupFrames is < 0 or > 10_000 || Frames is < 1 or > 10_000
            || DeadlineUs is < 1_000 or > 60_000_000)
            return "a value is out of range";
        if (WavesUs.Count is < 1 or > 1_000)
            return "1 to 1000 waves";
        foreach (var wave in WavesUs)
        {
            if (wave.Count is < 1 or > 10_000)
                return "1 to 10000 tasks a wave";
            foreach (var us in wave)
            {
                if (!(us is >= 1 and <= 10_000_000))
                    return "a task takes 1 to 10000000 microseconds";
            }
        }

        return "";
    }
}

/// <summary>What a frame of a cascade took.</summary>
/// <param name="Helpers">With so many helpers.</param>
/// <param name="SerialMs">All tasks one after another on one core, milliseconds.</param>
/// <param name="FrameMs">Median of the measured frames, milliseconds.</param>
/// <param name="FrameMaxMs">The slowest of them.</param>
/// <param name="Redundant">Extra runs by tasks in them.</param>
public sealed record CascadeReport(int Helpers, double SerialMs, double FrameMs, double FrameMaxMs, double Redundant)
{
    /// <summary>How many times faster than one core.</summary>
    public double Speedup => FrameMs <= 0 ? 0 : SerialMs / FrameMs;
}
