using System.Buffers;

namespace Egregore.WebRtc.Sctp;

/// <summary>
/// Blocks for chunks that arrived out of order, in four sizes, so that tiny chunks do not hold large blocks. A few of each are kept for the next loss; larger
/// ones come from the process-wide pool. One per association; <see cref="Trim"/> lets all go.
/// </summary>
internal sealed class BlockPool
{
    private const int KeptMax = 256;
    private static readonly int[] Sizes = [64, 256, 768, 1_280];
    private readonly Stack<byte[]>?[] kept = new Stack<byte[]>?[Sizes.Length];

    public byte[] Rent(int length)
    {
        int kind = KindOf(length);
        if (kind < 0) return ArrayPool<byte>.Shared.Rent(length);
        return kept[kind] is { Count: > 0 } stack ? stack.Pop() : new byte[Sizes[kind]];
    }

    public void Return(byte[] block)
    {
        int kind = Array.IndexOf(Sizes, block.Length);
        if (kind < 0)
        {
            ArrayPool<byte>.Shared.Return(block);
            return;
        }
        Stack<byte[]> stack = kept[kind] ??= new Stack<byte[]>();
        if (stack.Count < KeptMax) stack.Push(block);
    }

    public void Trim() => Array.Clear(kept);

    private static int KindOf(int length)
    {
        for (int kind = 0; kind < Sizes.Length; kind++)
        {
            if (length <= Sizes[kind]) return kind;
        }
        return -1;
    }
}
