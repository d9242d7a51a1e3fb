using Egregore.Work.Scheduling;
using Egregore.Work.Verification;

namespace Egregore.Work;

/// <summary>A kernel and what was measured of it.</summary>
internal sealed class KernelEntry(KernelManifest manifest, int index, int ringersMax)
{
    private const double Weight = 0.05;
    private const double LargestDecay = 0.999;

    // A run of a quarter of the largest's fuel is as telling as those.
    private const double Telling = 4;

    private double _largest;

    public KernelManifest Manifest { get; } = manifest;

    public int Index { get; } = index;

    public KernelHash Hash { get; } = manifest.Hash;

    /// <summary>Time of answers by what was predicted.</summary>
    public QuantileTracker Slowness { get; } = new(0.95);

    public RingerStore Ringers { get; } = new(ringersMax);

    /// <summary>Fuel of a run.</summary>
    public double FuelMean { get; private set; } = Math.Min(1_000_000, manifest.FuelMax);

    /// <summary>Fuel a microsecond over all helpers: what a new one is taken for, at half.</summary>
    public double SpeedMean { get; private set; } = 50;

    /// <summary>Whether a helper has answered it.</summary>
    public bool IsMeasured { get; private set; }

    /// <summary>
    /// How telling of speed a run of so much fuel is: 1 where it is about as large as there were of late, next to nothing where most of its time goes into setting up.
    /// </summary>
    /// <param name="fuelExpected">What was expected of the run, not what a helper claims.</param>
    public double Weigh(double fuelExpected)
    {
        var part = Math.Min(1, Telling * fuelExpected / _largest);
        return part * part;
    }

    /// <summary>A task was taken.</summary>
    public void Expect(double fuelExpected) => _largest = Math.Max(fuelExpected, _largest * LargestDecay);

    public void Measure(ulong fuel, double fuelPerUs, double weight)
    {
        if (!IsMeasured)
        {
            (IsMeasured, FuelMean, SpeedMean) = (true, fuel, fuelPerUs);
            return;
        }

        FuelMean += (fuel - FuelMean) * Weight;
        SpeedMean += (fuelPerUs - SpeedMean) * Weight * weight;
    }
}
