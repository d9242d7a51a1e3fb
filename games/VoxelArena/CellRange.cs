using Egregore.World;

namespace VoxelArena;

/// <summary>The chunks that a box lies in.</summary>
internal readonly struct CellRange
{
    private readonly int _x;
    private readonly int _z;
    private readonly int _width;

    public CellRange(in BodyBox box)
    {
        (_x, _z) = ((int)(box.MinX >> 16), (int)(box.MinZ >> 16));
        _width = (int)(box.MaxX >> 16) - _x + 1;
        Count = _width * ((int)(box.MaxZ >> 16) - _z + 1);
    }

    public int Count { get; }

    public Cell this[int index] => new(_x + (index % _width), _z + (index / _width));
}
