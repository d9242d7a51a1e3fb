namespace Egregore.World.Area;

/// <summary>Which bodies stand in which cell: an intrusive list a cell, so that moving a body allocates nothing.</summary>
internal sealed class RoomGrid(int capacity)
{
    private readonly Dictionary<long, ushort> _heads = new(capacity);
    private readonly ushort[] _next = new ushort[capacity + 1];
    private readonly ushort[] _previous = new ushort[capacity + 1];

    /// <summary>First body of a cell; 0: none.</summary>
    public ushort First(int cellX, int cellZ) => _heads.GetValueOrDefault(Key(cellX, cellZ));

    /// <summary>The body behind <paramref name="handle"/> in its cell; 0: none.</summary>
    public ushort Next(ushort handle) => _next[handle];

    public void Add(ushort handle, int cellX, int cellZ)
    {
        var key = Key(cellX, cellZ);
        var head = _heads.GetValueOrDefault(key);
        _next[handle] = head;
        _previous[handle] = 0;
        if (head != 0)
            _previous[head] = handle;
        _heads[key] = handle;
    }

    public void Remove(ushort handle, int cellX, int cellZ)
    {
        var next = _next[handle];
        var previous = _previous[handle];
        if (next != 0)
            _previous[next] = previous;
        if (previous != 0)
            _next[previous] = next;
        else if (next != 0)
            _heads[Key(cellX, cellZ)] = next;
        else
            _heads.Remove(Key(cellX, cellZ));
    }

    private static long Key(int cellX, int cellZ) => ((long)cellX << 32) | (uint)cellZ;
}
