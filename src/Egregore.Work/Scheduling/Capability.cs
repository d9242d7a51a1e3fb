namespace Egregore.Work.Scheduling;

/// <summary>What was measured of one (helper, kernel): throughput, latency, jitter; exponentially weighted means.</summary>
/// <remarks>
/// The coordinator's own clock gives the sum; the helper's word only divides it into run and way, within what the clock saw. A helper that lies about it shifts its estimate for
/// larger and smaller tasks, and pays for it by being late.
/// </remarks>
internal struct Capability
{
    private const double Weight = 0.2;

    /// <summary>Answers measured.</summary>
    public uint Count;

    /// <summary>Fuel a microsecond.</summary>
    public double FuelPerUs;

    /// <summary>Way there and back and waiting, microseconds.</summary>
    public double LatencyUs;

    /// <summary>Mean distance of an answer's time from what was predicted, microseconds.</summary>
    public double JitterUs;

    /// <summary>When it was last asked.</summary>
    public long AskedAtUs;

    public void Measure(long elapsedUs, ulong fuel, uint runUs, double predictedUs)
    {
        var run = Math.Clamp(runUs, 1.0, Math.Max(1.0, elapsedUs));
        var speed = Math.Max(0.001, fuel / run);
        var latency = elapsedUs - run;
        if (Count == 0)
        {
            (FuelPerUs, LatencyUs, JitterUs) = (speed, latency, latency * 0.25);
        }
        else
        {
            FuelPerUs += (speed - FuelPerUs) * Weight;
            LatencyUs += (latency - LatencyUs) * Weight;
            JitterUs += (Math.Abs(elapsedUs - predictedUs) - JitterUs) * Weight;
        }

        if (Count < uint.MaxValue)
            Count++;
    }

    /// <summary>A lease ran out: it would have taken at least this long.</summary>
    public void MeasureStall(long elapsedUs, double fuelPerUsGuess)
    {
        if (Count == 0)
            (Count, FuelPerUs) = (1, fuelPerUsGuess);
        LatencyUs += Math.Max(0, elapsedUs - LatencyUs) * Weight;
    }
}
