namespace Egregore.Peer;

/// <summary>The least of the last eight round trips: what the path takes when nobody on it is late. Host frames and timers only ever add to a sample.</summary>
internal struct RttWindow
{
    private const int Capacity = 8;

    private Samples _samples;
    private int _count;

    /// <summary>Milliseconds; -1 while there is no sample.</summary>
    public readonly double LeastMs
    {
        get
        {
            var least = double.MaxValue;
            for (var i = 0; i < Math.Min(_count, Capacity); i++)
                least = Math.Min(least, _samples[i]);
            return _count == 0 ? -1 : least;
        }
    }

    public void Add(double milliseconds) => _samples[_count++ % Capacity] = milliseconds;

    [System.Runtime.CompilerServices.InlineArray(Capacity)]
    private struct Samples
    {
        private double _first;
    }
}
