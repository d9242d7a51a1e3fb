using Egregore.Work.Scheduling;
using Egregore.Work.Verification;

namespace Egregore.Work;

/// <summary>A kernel and what was measured of it.</summary>
internal sealed class KernelEntry(KernelManifest manifest, int index, int ringersMax)
{
    private const double Weight = 0.05;

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

    public void Measure(ulong fuel, double fuelPerUs)
    {
        if (!IsMeasured)
        {
            (IsMeasured, FuelMean, SpeedMean) = (true, fuel, fuelPerUs);
            return;
        }

        FuelMean += (fuel - FuelMean) * Weight;
        SpeedMean += (fuelPerUs - SpeedMean) * Weight;
    }
}
