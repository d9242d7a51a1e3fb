namespace Egregore.Work.Scheduling;

/// <summary>
/// A high quantile of a stream of ratios, from a histogram in steps of 1/16 up to 16; halved when full, so that it follows. 256 counters; 6 % too high at most for ratios from 1.
/// </summary>
internal sealed class QuantileTracker(double share)
{
    private const int Buckets = 256;
    private const int Full = 4_096;
    private const int Every = 64;

    private readonly int[] _counts = new int[Buckets];
    private int _total;
    private int _added;

    /// <summary>The quantile; a guess until 64 values are in.</summary>
    public double Value { get; private set; } = 2;

    public void Add(double ratio)
    {
        _counts[(int)Math.Clamp(ratio * 16, 0, Buckets - 1)]++;
        _total++;
        if (++_added % Every != 0)
            return;
        var rest = (int)(_total * (1 - share));
        var at = Buckets - 1;
        for (; at > 0 && (rest -= _counts[at]) >= 0; at--)
        {
        }

        Value = (at + 1) / 16.0;
        if (_total < Full)
            return;
        _total = 0;
        for (var i = 0; i < Buckets; i++)
            _total += _counts[i] >>= 1;
    }
}
