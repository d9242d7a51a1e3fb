namespace Egregore.Kernels.Sights;

/// <summary>An answer of <c>sight</c>: a bit for each viewer where they are paired with targets; else for each viewer a row of a bit for each target, rows of whole bytes. Least bit first.</summary>
public readonly ref struct SightOutput
{
    /// <summary>Bytes of an answer at most: a bit a pair, rows of whole bytes.</summary>
    public const int BytesMax = (SightInput.PairsMax / 8) + SightInput.ViewersMax;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _row;

    private SightOutput(ReadOnlySpan<byte> bytes, int row)
    {
        _bytes = bytes;
        _row = row;
    }

    /// <summary>Whether a viewer sees a target; of pairs, the number of both.</summary>
    public bool Sees(int viewer, int target) => (_bytes[(viewer * _row) + (target >> 3)] >> (target & 7) & 1) != 0;

    /// <summary>Bytes of an answer.</summary>
    public static int SizeOf(bool paired, int viewers, int targets) => paired ? (viewers + 7) >> 3 : viewers * ((targets + 7) >> 3);

    /// <summary>Reads an answer.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="paired">As in the task.</param>
    /// <param name="viewers">Viewers of the task.</param>
    /// <param name="targets">Targets of the task.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, bool paired, int viewers, int targets, out SightOutput output)
    {
        output = default;
        int row = (targets + 7) >> 3;
        if (bytes.Length != SizeOf(paired, viewers, targets))
            return false;
        // Bits behind the last target are zero.
        for (int end = row; (targets & 7) != 0 && end <= bytes.Length; end += row)
        {
            if (bytes[end - 1] >> (targets & 7) != 0)
                return false;
        }
        output = new SightOutput(bytes, paired ? 0 : row);
        return true;
    }
}
