using Egregore.Work;

namespace Egregore.Cli.Lend;

/// <summary>Shared blocks by their hash, so that a task need not bring one that came before. Bounded by number and by bytes; the one used longest ago goes.</summary>
internal sealed class BlockCache(int blocksMax, long bytesMax)
{
    private readonly LinkedList<(KernelHash Hash, ReadOnlyMemory<byte> Bytes)> _byUse = [];
    private readonly Dictionary<KernelHash, LinkedListNode<(KernelHash Hash, ReadOnlyMemory<byte> Bytes)>> _byHash = [];
    private long _bytes;

    /// <summary>32 bytes for each block that is here, the latest used last.</summary>
    public IEnumerable<byte> Held() => _byUse.SelectMany(block => block.Hash.ToArray());

    /// <summary>The block of that hash: what came with the task, once it is held against the hash, or what is kept. False where neither is there.</summary>
    public bool TryTake(ReadOnlySpan<byte> hash, ReadOnlyMemory<byte> came, out ReadOnlyMemory<byte> block)
    {
        block = came;
        if (hash.Length != KernelHash.Size)
            return false;
        var name = KernelHash.Read(hash);
        if (_byHash.TryGetValue(name, out var node))
        {
            _byUse.Remove(node);
            _byUse.AddLast(node);
            block = node.Value.Bytes;
            return true;
        }

        if (came.IsEmpty || KernelHash.Of(came.Span) != name)
            return false;
        if (came.Length > bytesMax)
            return true;
        _byHash[name] = _byUse.AddLast((name, came));
        _bytes += came.Length;
        while (_byUse.Count > blocksMax || _bytes > bytesMax)
        {
            var oldest = _byUse.First!.Value;
            _byUse.RemoveFirst();
            _byHash.Remove(oldest.Hash);
            _bytes -= oldest.Bytes.Length;
        }

        return true;
    }
}
