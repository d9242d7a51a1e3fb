namespace Egregore.Kernels.Meshes;

/// <summary>Makes the quads of one layer of one face: what the kernel makes, byte for byte.</summary>
internal ref struct MeshLayer
{
    private readonly MeshInput _task;
    private readonly int _face;
    private readonly int _slice;
    private readonly int _us;
    private readonly int _vs;
    private readonly Span<int> _mask;

    public MeshLayer(MeshInput task, int face, int slice, Span<int> mask)
    {
        _task = task;
        _face = face;
        _slice = slice;
        (_us, _vs) = (face >> 1) switch { 0 => (task.Height, task.Depth), 1 => (task.Width, task.Depth), _ => (task.Width, task.Height) };
        _mask = mask[..(_us * _vs)];
    }

    /// <summary>Whether the quads are those of this layer.</summary>
    public readonly bool Makes(ReadOnlySpan<byte> quads)
    {
        for (int v = 0; v < _vs; v++)
        {
            for (int u = 0; u < _us; u++)
                _mask[(v * _us) + u] = Key(u, v);
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
                (int x, int y, int z) = Place(u, v, 0);
                ReadOnlySpan<byte> quad = [(byte)x, (byte)y, (byte)z, (byte)_face, (byte)wide, (byte)high, (byte)(key >> 8), (byte)key];
                if (!quads.StartsWith(quad))
                    return false;
                quads = quads[MeshOutput.QuadBytes..];
                u += wide;
            }
        }
        return quads.IsEmpty;
    }

    private readonly (int Wide, int High) Extent(int u, int v, int key)
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
    private readonly int Key(int u, int v)
    {
        (int x, int y, int z) = Place(u, v, 0);
        (int fx, int fy, int fz) = Place(u, v, 1);
        MeshLook look = _task.Look(x, y, z);
        byte kind = _task.Kind(x, y, z);
        if (look == MeshLook.Unseen || _task.Kind(fx, fy, fz) == kind || _task.Look(fx, fy, fz) == MeshLook.Opaque)
            return 0;
        int occlusion = 0xFF;
        if (look == MeshLook.Opaque)
            occlusion = Corner(u, v, -1, -1) | (Corner(u, v, 1, -1) << 2) | (Corner(u, v, -1, 1) << 4) | (Corner(u, v, 1, 1) << 6);
        return (1 << 16) | (kind << 8) | occlusion;
    }

    private readonly int Corner(int u, int v, int du, int dv)
    {
        (int a, int b, int both) = (Opaque(u + du, v), Opaque(u, v + dv), Opaque(u + du, v + dv));
        return (a & b) != 0 ? 0 : 3 - a - b - both;
    }

    private readonly int Opaque(int u, int v)
    {
        (int x, int y, int z) = Place(u, v, 1);
        return _task.Look(x, y, z) == MeshLook.Opaque ? 1 : 0;
    }

    // The cell at (u, v) of the layer, or the one in front of it.
    private readonly (int X, int Y, int Z) Place(int u, int v, int ahead)
    {
        int along = _slice + ((_face & 1) == 0 ? ahead : -ahead);
        return (_face >> 1) switch { 0 => (along, u, v), 1 => (u, along, v), _ => (u, v, along) };
    }
}
