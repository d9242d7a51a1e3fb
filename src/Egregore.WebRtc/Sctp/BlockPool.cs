namespace Egregore.WebRtc.Sctp;

/// <summary>
/// Blocks for chunks that arrived out of order, in four sizes, so that tiny chunks do not hold large blocks. Up to <see cref="KeptBytesMax"/> are kept for the
/// next loss, as many as a round trip of a fast path holds; larger ones come from the process-wide pool. One per association; <see cref="Trim"/> lets all go.
/// </summary>
internal sealed class BlockPool
{
    private const int KeptBytesMax = 2 << 20;
    private static readonly int[] Sizes = [64, 256, 768, 1_280];
    private readonly Stack<byte[]>?[] kept = new Stack<byte[]>?[Sizes.Length];
    private int keptBytes;

    public byte[] Rent(int length)
    {
        int kind = KindOf(length);
        if (kind < 0) return SharedArrays<byte>.Rent(length);
        if (kept[kind] is not { Count: > 0 } stack) return new byte[Sizes[kind]];
        keptBytes -= Sizes[kind];
        return stack.Pop();
    }

    public void Return(byte[] block)
    {
        int kind = Array.IndexOf(Sizes, block.Length);
        if (kind < 0)
        {
            SharedArrays<byte>.Return(block);
            return;
        }
        if (keptBytes + block.Length > KeptBytesMax) return;
        keptBytes += block.Length;
        (kept[kind] ??= new Stack<byte[]>()).Push(block);
    }

    public void Trim()
    {
        keptBytes = 0;
        Array.Clear(kept);
    }

    private static int KindOf(int length)
    {
        for (int kind = 0; kind < Sizes.Length; kind++)
        {
            if (length <= Sizes[kind]) return kind;
        }
        return -1;
    }
}
