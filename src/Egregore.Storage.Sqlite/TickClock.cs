using System.Diagnostics;

namespace Egregore.Storage.Sqlite;

/// <summary>When the world's ticks are due, on the monotonic clock. A loop that fell behind skips ticks rather than run them in a burst. One thread.</summary>
internal sealed class TickClock(int rateHz)
{
    private readonly long _period = Stopwatch.Frequency / rateHz;
    private long _due = Stopwatch.GetTimestamp();

    /// <summary>The last tick begun.</summary>
    public long Tick { get; private set; }

    /// <summary>Ticks skipped since start.</summary>
    public long Skipped { get; private set; }

    public bool IsDue => Stopwatch.GetTimestamp() >= _due;

    /// <summary>Milliseconds to wait for the next tick, 0 when it is due. Rounded up: a wait of 0 for the last fraction of each tick would be a busy loop.</summary>
    public int WaitMs => (int)Math.Max(0, (((_due - Stopwatch.GetTimestamp()) * 1000) + Stopwatch.Frequency - 1) / Stopwatch.Frequency);

    /// <summary>Begins the tick that is due.</summary>
    public long Next()
    {
        var late = (Stopwatch.GetTimestamp() - _due) / _period;
        Skipped += late;
        Tick += 1 + late;
        _due += (1 + late) * _period;
        return Tick;
    }
}
