namespace Egregore.WebRtc.Sctp;

/// <summary>A set of TSNs as sorted, disjoint, non-adjacent ranges. Both sides of the selective acknowledgement keep one. Grows by doubling.</summary>
internal sealed class TsnRanges
{
    private (uint First, uint Last)[] ranges = [];

    public int Count { get; private set; }

    public (uint First, uint Last) this[int index] => ranges[index];

    public void Clear()
    {
        Count = 0;
        if (ranges.Length > 64) ranges = [];
    }

    public bool Contains(uint tsn)
    {
        int at = FirstEndingAtOrAfter(tsn);
        return at < Count && Serial.LessOrEqual(ranges[at].First, tsn);
    }

    /// <summary>The first range whose last TSN is the given one or later; <see cref="Count"/> if there is none.</summary>
    public int FirstEndingAtOrAfter(uint tsn)
    {
        if (Count == 0 || Serial.Less(ranges[Count - 1].Last, tsn)) return Count;
        int low = 0;
        int high = Count - 1;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Serial.Less(ranges[middle].Last, tsn)) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>Adds a TSN that is not in the set.</summary>
    /// <returns>False if that would take more than <paramref name="countMax"/> ranges.</returns>
    public bool TryAdd(uint tsn, int countMax)
    {
        if (Count > 0 && ranges[Count - 1].Last + 1 == tsn)
        {
            ranges[Count - 1].Last = tsn;
            return true;
        }
        int at = FirstEndingAtOrAfter(tsn);
        bool touches = (at > 0 && ranges[at - 1].Last + 1 == tsn) || (at < Count && ranges[at].First == tsn + 1);
        if (!touches && Count >= countMax) return false;
        Add(tsn, tsn);
        return true;
    }

    /// <summary>Adds a range, which may overlap others.</summary>
    public void Add(uint first, uint last)
    {
        int from = FirstEndingAtOrAfter(first - 1);
        int to = from;
        while (to < Count && Serial.LessOrEqual(ranges[to].First, last + 1))
        {
            first = Serial.Min(first, ranges[to].First);
            last = Serial.Max(last, ranges[to].Last);
            to++;
        }
        if (to == from)
        {
            if (Count == ranges.Length) Array.Resize(ref ranges, Math.Max(8, Count * 2));
            Array.Copy(ranges, from, ranges, from + 1, Count - from);
            Count++;
        }
        else if (to > from + 1)
        {
            Array.Copy(ranges, to, ranges, from + 1, Count - to);
            Count -= to - from - 1;
        }
        ranges[from] = (first, last);
    }

    /// <summary>Removes a TSN and all before it.</summary>
    public void RemoveThrough(uint tsn)
    {
        int gone = 0;
        while (gone < Count && Serial.LessOrEqual(ranges[gone].Last, tsn)) gone++;
        if (gone > 0)
        {
            Count -= gone;
            Array.Copy(ranges, gone, ranges, 0, Count);
        }
        if (Count > 0 && Serial.LessOrEqual(ranges[0].First, tsn)) ranges[0].First = tsn + 1;
    }
}
