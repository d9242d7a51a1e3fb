namespace Egregore.Cli.Lend;

/// <summary>Keeps one worker to a share of the time: after so long a run it rests so long. The twin of <c>web/src/lend/duty.ts</c>.</summary>
/// <param name="share">0.1 to 1.</param>
internal sealed class DutyCycle(double share)
{
    // Rests shorter than this are saved up: a timer is not more exact.
    private const double RestMsMin = 4;
    private const double RestMsMax = 10_000;
    private double _owedMs;

    /// <summary>How long to rest after a run; zero: not yet.</summary>
    public TimeSpan Ran(double runMs)
    {
        _owedMs += runMs * (1 - share) / share;
        if (_owedMs < RestMsMin)
            return TimeSpan.Zero;
        var rest = Math.Min(RestMsMax, _owedMs);
        _owedMs = Math.Min(RestMsMax, _owedMs - rest);
        return TimeSpan.FromMilliseconds(rest);
    }
}
