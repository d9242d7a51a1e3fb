namespace Egregore.Wasm.Execution;

/// <summary>Adds up the time that a module's compilation takes.</summary>
internal sealed class CompileClock(EngineOptions options)
{
    private readonly TimeProvider? time = options.Time;
    private readonly TimeSpan maximum = options.Limits.CompileTimeMax;
    private TimeSpan spent;
    private long running;

    public long Start() => running = time?.GetTimestamp() ?? 0;

    public void Stop(long start)
    {
        if (time is not null) spent += time.GetElapsedTime(start);
        running = 0;
    }

    /// <exception cref="LimitException">More than <see cref="StoreLimits.CompileTimeMax"/>.</exception>
    public void Check()
    {
        if (time is not null && spent + time.GetElapsedTime(running) > maximum)
            throw new LimitException(nameof(StoreLimits.CompileTimeMax), (long)maximum.TotalMilliseconds);
    }
}
