namespace Egregore.Work.Scheduling;

/// <summary>
/// Helpers with a free slot, in buckets by tier and speed (a bucket for each doubling). One is found by drawing a few at random and taking the least busy: the power of d
/// choices (Mitzenmacher 2001), so that the cost does not grow with the number of helpers.
/// </summary>
internal sealed class HelperPool
{
    private const int Speeds = 16;
    private const int Tiers = 2;

    private readonly List<HelperEntry>[] _buckets = new List<HelperEntry>[Speeds * Tiers];

    public HelperPool()
    {
        for (var i = 0; i < _buckets.Length; i++)
            _buckets[i] = [];
    }

    public int Count { get; private set; }

    public void Add(HelperEntry helper)
    {
        if (helper.PoolIndex >= 0)
            return;
        helper.PoolBucket = ((int)helper.Tier * Speeds) + SpeedBucket(helper.FuelPerUs);
        var bucket = _buckets[helper.PoolBucket];
        helper.PoolIndex = bucket.Count;
        bucket.Add(helper);
        Count++;
    }

    public void Remove(HelperEntry helper)
    {
        var at = helper.PoolIndex;
        if (at < 0)
            return;
        var bucket = _buckets[helper.PoolBucket];
        var last = bucket[^1];
        bucket[at] = last;
        last.PoolIndex = at;
        bucket.RemoveAt(bucket.Count - 1);
        helper.PoolIndex = -1;
        Count--;
    }

    /// <summary>Its speed was measured again.</summary>
    public void Moved(HelperEntry helper)
    {
        if (helper.PoolIndex < 0 || helper.PoolBucket == ((int)helper.Tier * Speeds) + SpeedBucket(helper.FuelPerUs))
            return;
        Remove(helper);
        Add(helper);
    }

    /// <summary>How many there are of at least this speed.</summary>
    public int CountFrom(double fuelPerUs, bool cloud)
    {
        var count = 0;
        for (var tier = 0; tier < (cloud ? Tiers : 1); tier++)
        {
            for (var speed = SpeedBucket(fuelPerUs); speed < Speeds; speed++)
                count += _buckets[(tier * Speeds) + speed].Count;
        }

        return count;
    }

    /// <summary>The n-th of those that <see cref="CountFrom"/> counts.</summary>
    public HelperEntry At(int n, double fuelPerUs, bool cloud)
    {
        for (var tier = 0; tier < (cloud ? Tiers : 1); tier++)
        {
            for (var speed = SpeedBucket(fuelPerUs); speed < Speeds; speed++)
            {
                var bucket = _buckets[(tier * Speeds) + speed];
                if (n < bucket.Count)
                    return bucket[n];
                n -= bucket.Count;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(n));
    }

    private static int SpeedBucket(double fuelPerUs) => fuelPerUs < 1 ? 0 : Math.Min(Speeds - 1, (int)Math.ILogB(fuelPerUs));
}
