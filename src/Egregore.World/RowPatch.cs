namespace Egregore.World;

/// <summary>
/// What differs between the bytes of a row before and after, both of the same length: runs, then a zero byte. A run is one byte, how many bytes stay in its
/// high half and how many are other ones in its low half, and then these; longer ones are several runs. To apply a patch twice changes nothing.
/// </summary>
internal static class RowPatch
{
    private const int HalfMax = 15;

    /// <summary>Writes the patch; gives its bytes, or 0 where the lengths differ or it would take more than <paramref name="destination"/>.</summary>
    public static int Write(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, Span<byte> destination)
    {
        if (before.Length != after.Length)
        {
            return 0;
        }
        int length = 0;
        int from = 0;
        while (from < after.Length)
        {
            int at = from + before[from..].CommonPrefixLength(after[from..]);
            if (at == after.Length)
            {
                break;
            }
            int to = at + 1;
            // One byte alone that is the same costs what the next run's first byte would.
            while (to < after.Length && (before[to] != after[to] || (to + 1 < after.Length && before[to + 1] != after[to + 1])))
            {
                to++;
            }
            for (int skip = at - from; from < to; skip = at - from)
            {
                int stays = Math.Min(skip, HalfMax);
                int others = stays < skip ? 0 : Math.Min(to - at, HalfMax);
                if (length + 1 + others >= destination.Length)
                {
                    return 0;
                }
                destination[length++] = (byte)(stays << 4 | others);
                after.Slice(at, others).CopyTo(destination[length..]);
                length += others;
                at += others;
                from += stays + others;
            }
        }
        if (length == destination.Length)
        {
            return 0;
        }
        destination[length] = 0;
        return length + 1;
    }

    /// <summary>Applies the patch that <paramref name="patches"/> begins with and goes past it; false: it does not end, or leads out of the row.</summary>
    public static bool TryApply(scoped Span<byte> row, ref ReadOnlySpan<byte> patches)
    {
        int at = 0;
        while (!patches.IsEmpty)
        {
            int run = patches[0];
            if (run == 0)
            {
                patches = patches[1..];
                return true;
            }
            int others = run & HalfMax;
            at += run >> 4;
            if (at + others > row.Length || 1 + others > patches.Length)
            {
                return false;
            }
            patches.Slice(1, others).CopyTo(row[at..]);
            at += others;
            patches = patches[(1 + others)..];
        }
        return false;
    }
}
