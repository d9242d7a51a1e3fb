namespace Egregore.Cli.Lend;

/// <summary>Events a second over the last five seconds.</summary>
internal sealed class RateMeter
{
    private const int Seconds = 5;
    private readonly int[] _counts = new int[Seconds + 1];
    private long _second;

    public void Add(long nowMs)
    {
        Advance(nowMs);
        _counts[_second % _counts.Length]++;
    }

    public double PerSecond(long nowMs)
    {
        Advance(nowMs);
        // The second that is under way is not whole.
        return (_counts.Sum() - _counts[_second % _counts.Length]) / (double)Seconds;
    }

    private void Advance(long nowMs)
    {
        var second = nowMs / 1000;
        for (var i = Math.Max(_second + 1, second - _counts.Length + 1); i <= second; i++)
            _counts[i % _counts.Length] = 0;
        _second = second;
    }
}
