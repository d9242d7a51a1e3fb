namespace Egregore.Mesh;

/// <summary>
/// Round trip and clock offset of one link from request and answer times, after NTP (RFC 5905, sections 8 and 10): of the last eight samples the one with the least round trip
/// tells the offset, because its error is at most half its round trip. The smoothed round trip and its deviation follow RFC 6298.
/// </summary>
internal struct ClockFilter
{
    private const int Samples = 8;

    [System.Runtime.CompilerServices.InlineArray(Samples)]
    private struct Ring<T>
    {
        private T _first;
    }

    private Ring<int> _rtt;
    private Ring<long> _offset;
    private int _count;
    private long _smoothed8;
    private long _deviation4;

    /// <summary>Milliseconds, -1 before the first sample.</summary>
    public readonly int RttMs => _count == 0 ? -1 : (int)(_smoothed8 >> 3);

    /// <summary>Milliseconds.</summary>
    public readonly int JitterMs => (int)(_deviation4 >> 2);

    /// <summary>The peer's clock minus ours, milliseconds.</summary>
    public long OffsetMs { get; private set; }

    public readonly bool HasSample => _count > 0;

    /// <param name="sent">t1, our clock.</param>
    /// <param name="received">t2, the peer's clock.</param>
    /// <param name="answered">t3, the peer's clock.</param>
    /// <param name="now">t4, our clock.</param>
    public void Add(long sent, long received, long answered, long now)
    {
        // The peer's own delay is its claim: it cannot make the round trip negative, nor longer than we saw.
        var total = Math.Clamp(now - sent, 0, 60_000);
        var rtt = (int)Math.Clamp(total - (answered - received), 0, total);
        var offset = (received - sent + (answered - now)) / 2;
        _rtt[_count % Samples] = rtt;
        _offset[_count % Samples] = offset;
        if (_count == 0)
        {
            _smoothed8 = (long)rtt << 3;
            _deviation4 = (long)rtt << 1;
        }
        else
        {
            var error = rtt - (_smoothed8 >> 3);
            _smoothed8 += error;
            _deviation4 += Math.Abs(error) - (_deviation4 >> 2);
        }

        _count++;
        var best = 0;
        for (var i = 1; i < Math.Min(_count, Samples); i++)
        {
            if (_rtt[i] < _rtt[best])
                best = i;
        }

        OffsetMs = _offset[best];
    }
}
