namespace Egregore.Work.Scheduling;

/// <summary>What was measured of one (helper, kernel): throughput, latency, jitter; exponentially weighted means.</summary>
/// <remarks>
/// The coordinator's own clock gives the sum; the helper's word only divides it into run and way, within what the clock saw. A helper that lies about it shifts its estimate for
/// larger and smaller tasks, and pays for it by being late.
/// </remarks>
internal struct Capability
{
    private const double Weight = 0.2;
    private const double GuessWeight = 0.25;
    private const double WeighedMax = (1 / Weight) - 1;

    /// <summary>Answers measured.</summary>
    public uint Count;

    /// <summary>Fuel a microsecond; before the first answer what the helper says it had when it tried the kernel, 0: nothing.</summary>
    public double FuelPerUs;

    /// <summary>How telling the runs were that its speed rests on, together; bounded.</summary>
    public double Weighed;

    /// <summary>Way there and back and waiting, microseconds.</summary>
    public double LatencyUs;

    /// <summary>Mean distance of an answer's time from what was predicted, microseconds.</summary>
    public double JitterUs;

    /// <summary>When it was last asked.</summary>
    public long AskedAtUs;

    /// <summary>An answer came.</summary>
    /// <param name="elapsedUs">From the lease to the answer.</param>
    /// <param name="fuel">What it says it used.</param>
    /// <param name="runUs">What it says its run took.</param>
    /// <param name="predictedUs">What was expected.</param>
    /// <param name="weight">How telling of speed it is, 0 to 1: <see cref="KernelEntry.Weigh"/>.</param>
    /// <param name="fuelPerUsGuess">What the helper is taken for until it has run something telling.</param>
    public void Measure(long elapsedUs, ulong fuel, uint runUs, double predictedUs, double weight, double fuelPerUsGuess)
    {
        var run = Math.Clamp(runUs, 1.0, Math.Max(1.0, elapsedUs));
        var speed = Math.Max(0.001, fuel / run);
        if (FuelPerUs == 0)
            FuelPerUs = fuelPerUsGuess;
        // The first ones weigh more than the guess, and each as much as those before it together, until there are enough for a mean that forgets.
        FuelPerUs += (speed - FuelPerUs) * weight / (weight + Math.Max(Weighed, GuessWeight));
        Weighed = Math.Min(Weighed + weight, WeighedMax);
        // What a small run takes beyond its fuel is way, not slowness.
        var latency = elapsedUs - Math.Min(run, fuel / FuelPerUs);
        if (Count == 0)
        {
            (LatencyUs, JitterUs) = (latency, latency * 0.25);
        }
        else
        {
            LatencyUs += (latency - LatencyUs) * Weight;
            JitterUs += (Math.Abs(elapsedUs - predictedUs) - JitterUs) * Weight;
        }

        if (Count < uint.MaxValue)
            Count++;
    }

    /// <summary>A lease ran out: it would have taken at least this long.</summary>
    public void MeasureStall(long elapsedUs, double fuelPerUsGuess)
    {
        if (FuelPerUs == 0)
            FuelPerUs = fuelPerUsGuess;
        if (Count == 0)
            (Count, LatencyUs) = (1, elapsedUs);
        else
            LatencyUs += Math.Max(0, elapsedUs - LatencyUs) * Weight;
    }
}
