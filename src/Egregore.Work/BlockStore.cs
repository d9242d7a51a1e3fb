namespace Egregore.Work;

/// <summary>A shared block.</summary>
internal sealed class BlockEntry
{
    public required long Key { get; init; }

    public required KernelHash Hash { get; init; }

    public required byte[] Bytes { get; init; }

    /// <summary>Tasks that refer to it.</summary>
    public int Users;

    /// <summary>Those who hold it, the latest few: asked first.</summary>
    public readonly HelperEntry?[] Holders = new HelperEntry?[8];
    public int HolderNext;
    public LinkedListNode<BlockEntry>? Idle;
}

/// <summary>Shared blocks by hash; those without a user make room, the one unused for longest first.</summary>
internal sealed class BlockStore(int blocksMax, long bytesMax)
{
    private readonly Dictionary<KernelHash, BlockEntry> _blocks = [];
    private readonly LinkedList<BlockEntry> _idle = [];
    private long _bytes;
    private long _nextKey = 1;

    public BlockEntry? Find(KernelHash hash) => _blocks.GetValueOrDefault(hash);

    public bool TryAdd(ReadOnlySpan<byte> content, out KernelHash hash)
    {
        hash = KernelHash.Of(content);
        if (_blocks.ContainsKey(hash))
            return true;
        if (content.Length > bytesMax)
            return false;
        while (_blocks.Count >= blocksMax || _bytes + content.Length > bytesMax)
        {
            if (_idle.First is not { } oldest)
                return false;
            _idle.Remove(oldest);
            _blocks.Remove(oldest.Value.Hash);
            _bytes -= oldest.Value.Bytes.Length;
        }

        var block = new BlockEntry { Key = _nextKey++, Hash = hash, Bytes = content.ToArray() };
        block.Idle = _idle.AddLast(block);
        _blocks.Add(hash, block);
        _bytes += content.Length;
        return true;
    }

    public void Use(BlockEntry block)
    {
        if (block.Users++ == 0)
            _idle.Remove(block.Idle!);
    }

    public void Release(BlockEntry block)
    {
        if (--block.Users == 0)
            _idle.AddLast(block.Idle!);
    }
}
