using Egregore.Wire;

namespace Egregore.Work;

/// <summary>One connection of a helper. Its timer ends a rest.</summary>
internal sealed class HelperEntry(int slot) : Timed
{
    public int Slot { get; } = slot;

    public uint Generation;
    public OwnerEntry Owner = null!;
    public HelperProfile Profile;
    public bool Connected;
    public int Credits;
    public bool Paused;

    /// <summary>Leases that ran out, in a row.</summary>
    public int Stalls;
    public bool Resting;

    /// <summary>First of its live leases.</summary>
    public LeaseEntry? LeaseFirst;

    /// <summary>How many they are, and the fuel expected of them together: a helper may take one more than it runs.</summary>
    public int LeaseCount;
    public double LeasedFuel;

    /// <summary>Place among the parked ones; -1: not parked.</summary>
    public int PoolIndex = -1;
    public int PoolBucket;

    /// <summary>Fuel a microsecond over all kernels, for its bucket.</summary>
    public double FuelPerUs;

    /// <summary>Predicted busy time that it was given, microseconds over its slots, with a half-life.</summary>
    public double BusyUs;
    public long BusyAtUs;

    /// <summary>Blocks that it holds, as places in the block store with their generation.</summary>
    public long[] Held = [];
    public int HeldCount;
    public int HeldNext;

    public HelperId Id => new(Slot, Generation);

    public HelperTier Tier => Profile.Tier;

    public bool Holds(long block)
    {
        for (var i = 0; i < HeldCount; i++)
        {
            if (Held[i] == block)
                return true;
        }

        return false;
    }

    public void Hold(long block, int max)
    {
        if (max == 0 || Holds(block))
            return;
        if (Held.Length < max)
            Array.Resize(ref Held, max);
        if (HeldCount < max)
        {
            Held[HeldCount++] = block;
            return;
        }

        Held[HeldNext] = block;
        HeldNext = (HeldNext + 1) % max;
    }
}
