namespace Egregore.Server.Security;

/// <summary>Rate limit: <c>perSecond</c> tokens flow in, at most <c>burst</c> are kept. A field of its session; not thread-safe.</summary>
internal struct TokenBucket(int perSecond, int burst, long nowMs)
{
    private long _milliTokens = burst * 1000L;
    private long _lastMs = nowMs;

    /// <summary>Takes tokens, or takes none and returns false. Cost may exceed the burst only when the bucket is full; then it runs into debt.</summary>
    public bool TryTake(int cost, long nowMs)
    {
        if (nowMs > _lastMs)
        {
            _milliTokens = Math.Min(burst * 1000L, _milliTokens + (Math.Min(nowMs - _lastMs, 3_600_000) * perSecond));
            _lastMs = nowMs;
        }

        if (_milliTokens < Math.Min(cost, burst) * 1000L)
            return false;
        _milliTokens -= cost * 1000L;
        return true;
    }
}
