namespace Egregore.Simulation.Work;

/// <summary>The production coordinator of work with virtual helpers that are slow, far away, gone, or lie; everything follows from the settings.</summary>
/// <remarks>Single-threaded and deterministic. Several runs may go on side by side, each in its own thread.</remarks>
public static class WorkSimulation
{
    /// <summary>Extra runs by tasks in the steady time.</summary>
    public const double RedundantMax = 0.15;

    /// <summary>Frames whole by their deadline in the steady time.</summary>
    public const double FramesInTimeMin = 0.99;

    /// <summary>Load of any helper in a cascade by its fair share.</summary>
    public const double SpikeShareMax = 1.5;

    /// <summary>From showing a wrong answer that is found out to taking it back, milliseconds.</summary>
    public const double RollbackMaxMs = 1_000;

    /// <summary>Runs it.</summary>
    /// <param name="settings">All that the run depends on.</param>
    /// <param name="cancel">Checked each simulated second.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static WorkReport Run(WorkSettings settings, CancellationToken cancel = default)
    {
        var wrong = settings.Check();
        if (wrong.Length > 0)
            throw new ArgumentException(wrong, nameof(settings));
        return new WorkRun(settings, cancel).Run();
    }

    /// <summary>Computes one cascade's frame with a given number of helpers, again and again, from measured times of its kernels.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static CascadeReport Cascade(CascadeSettings settings)
    {
        var wrong = settings.Check();
        if (wrong.Length > 0)
            throw new ArgumentException(wrong, nameof(settings));
        return new CascadeRun(settings).Run();
    }
}
