namespace Egregore.Mesh;

/// <summary>A rate with a burst of two seconds' worth; starts full. A value: keep it in a field, and copy it nowhere.</summary>
public struct TokenBucket
{
    private long _spentMilli;
    private long _atMs;

    /// <summary>Takes <paramref name="cost"/> units when they are there.</summary>
    /// <param name="nowMs">The host's clock, milliseconds; never back.</param>
    /// <param name="perSecond">The rate, units a second.</param>
    /// <param name="cost">Units.</param>
    /// <returns>False: nothing was taken.</returns>
    public bool TryTake(long nowMs, int perSecond, int cost)
    {
        var elapsed = nowMs - _atMs;
        _atMs = nowMs;
        _spentMilli = elapsed >= 2_000 ? 0 : Math.Max(0, _spentMilli - (elapsed * perSecond));
        var spent = _spentMilli + (cost * 1_000L);
        if (spent > perSecond * 2_000L)
            return false;
        _spentMilli = spent;
        return true;
    }
}
