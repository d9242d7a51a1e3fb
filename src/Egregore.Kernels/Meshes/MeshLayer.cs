namespace Egregore.Kernels.Meshes;

/// <summary>Makes the quads of one layer of one face: what the kernel makes, byte for byte.</summary>
internal readonly ref struct MeshLayer
{
    private readonly ReadOnlySpan<byte> _cells;
    private readonly ReadOnlySpan<byte> _looks;
    private readonly int _first;
    private readonly int _stepU;
    private readonly int _stepV;
    private readonly int _ahead;
    private readonly int _face;
    private readonly int _slice;
    private readonly int _us;
    private readonly int _vs;
    private readonly Span<int> _mask;

    public MeshLayer(MeshInput task, int face, int slice, Span<int> mask)
    {
        (int stepZ, int stepY) = (task.Width + 2, (task.Width + 2) * (task.Depth + 2));
        int along = (face >> 1) switch { 0 => 1, 1 => stepY, _ => stepZ };
        (_stepU, _stepV) = (face >> 1) switch { 0 => (stepY, stepZ), 1 => (1, stepZ), _ => (1, stepY) };
        _ahead = (face & 1) == 0 ? along : -along;
        _first = stepY + stepZ + 1 + (slice * along);
        _cells = task.Cells;
        _looks = task.Looks;
        _face = face;
        _slice = slice;
        (_us, _vs) = (face >> 1) switch { 0 => (task.Height, task.Depth), 1 => (task.Width, task.Depth), _ => (task.Width, task.Height) };
        _mask = mask[..(_us * _vs)];
    }

    /// <summary>Whether the quads are those of this layer.</summary>
    public bool Makes(ReadOnlySpan<byte> quads)
    {
        for (int v = 0; v < _vs; v++)
        {
            for (int u = 0; u < _us; u++)
                _mask[(v * _us) + u] = Key(_first + (u * _stepU) + (v * _stepV));
        }
        for (int v = 0; v < _vs; v++)
        {
            for (int u = 0; u < _us;)
            {
                int key = _mask[(v * _us) + u];
                if (key == 0)
                {
                    u++;
                    continue;
                }
                (int wide, int high) = Extent(u, v, key);
                for (int j = 0; j < high; j++)
                    _mask.Slice(((v + j) * _us) + u, wide).Clear();
                (int x, int y, int z) = (_face >> 1) switch { 0 => (_slice, u, v), 1 => (u, _slice, v), _ => (u, v, _slice) };
                ReadOnlySpan<byte> quad = [(byte)x, (byte)y, (byte)z, (byte)_face, (byte)wide, (byte)high, (byte)(key >> 8), (byte)key];
                if (!quads.StartsWith(quad))
                    return false;
                quads = quads[MeshOutput.QuadBytes..];
                u += wide;
            }
        }
        return quads.IsEmpty;
    }

    private (int Wide, int High) Extent(int u, int v, int key)
    {
        (int wide, int high) = (1, 1);
        if ((key & 0xFF) != (key & 3) * 0x55)
            return (1, 1);
        while (u + wide < _us && _mask[(v * _us) + u + wide] == key)
            wide++;
        while (v + high < _vs && !_mask.Slice(((v + high) * _us) + u, wide).ContainsAnyExcept(key))
            high++;
        return (wide, high);
    }

    // 0: no face; else 1 << 16, the kind << 8, the occlusion.
    private int Key(int cell)
    {
        byte kind = _cells[cell];
        byte look = _looks[kind];
        int front = cell + _ahead;
        if (look == (byte)MeshLook.Unseen || _cells[front] == kind || _looks[_cells[front]] == (byte)MeshLook.Opaque)
            return 0;
        int occlusion = 0xFF;
        if (look == (byte)MeshLook.Opaque)
        {
            (int left, int right, int lower, int upper) = (Opaque(front - _stepU), Opaque(front + _stepU), Opaque(front - _stepV), Opaque(front + _stepV));
            occlusion = Corner(left, lower, front - _stepU - _stepV) | (Corner(right, lower, front + _stepU - _stepV) << 2)
                | (Corner(left, upper, front - _stepU + _stepV) << 4) | (Corner(right, upper, front + _stepU + _stepV) << 6);
        }
        return (1 << 16) | (kind << 8) | occlusion;
    }

    private int Corner(int a, int b, int both) => (a & b) != 0 ? 0 : 3 - a - b - Opaque(both);

    private int Opaque(int cell) => _looks[_cells[cell]] == (byte)MeshLook.Opaque ? 1 : 0;
}
