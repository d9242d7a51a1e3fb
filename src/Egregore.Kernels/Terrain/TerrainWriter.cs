namespace Egregore.Kernels.Terrain;

/// <summary>Writes a task of <c>voxel-terrain</c>: the shape, then octaves, then veins. The values at lattice points are the caller's; hash the points' places and a seed to make them.</summary>
public ref struct TerrainWriter
{
    private readonly Span<byte> _destination;
    private bool _dug;

    /// <summary>Begins a task.</summary>
    /// <param name="destination">Room for the task: <see cref="TerrainInput.BytesMax"/> is always enough.</param>
    /// <param name="shape">What the land is made of.</param>
    public TerrainWriter(Span<byte> destination, in TerrainShape shape)
    {
        _destination = destination;
        ReadOnlySpan<byte> header =
        [
            0, 0, shape.Water, shape.Beach, shape.RockLine, shape.SnowLine, shape.SoilDepth, shape.Roof, 0, 0, 0, 0,
            shape.Kinds.Stone, shape.Kinds.Soil, shape.Kinds.Grass, shape.Kinds.Sand, shape.Kinds.Snow, shape.Kinds.Water, shape.Kinds.Bedrock, 0,
        ];
        header.CopyTo(destination);
        destination.U32(8, (uint)shape.Base);
        Length = TerrainInput.HeaderBytes;
    }

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Adds an octave; all of them before the first vein.</summary>
    /// <param name="octave">Its place and strength.</param>
    /// <param name="values">0 to 4,095 at each lattice point, x within z.</param>
    /// <exception cref="ArgumentException">Not a value for each point, or an octave behind a vein.</exception>
    public void Add(in TerrainOctave octave, ReadOnlySpan<ushort> values)
    {
        if (values.Length != octave.PointsX * octave.PointsZ || _dug)
            throw new ArgumentException("One value for each lattice point; octaves before veins", nameof(values));
        Span<byte> to = _destination[Length..];
        (to[0], to[1], to[2], to[3]) = (octave.Shift, octave.X, octave.Z, 0);
        to.U32(4, (uint)octave.Amplitude);
        int size = TerrainInput.SizeOf(octave);
        to[8..size].Clear();
        for (int i = 0; i < values.Length; i++)
            to.U16(8 + (2 * i), values[i]);
        Length += size;
        _destination[0]++;
    }

    /// <summary>Adds a cave or an ore.</summary>
    /// <param name="vein">Its place and kind.</param>
    /// <param name="values">0 to 255 at each lattice point, x within z within y.</param>
    /// <exception cref="ArgumentException">Not a value for each point.</exception>
    public void Add(in TerrainVein vein, ReadOnlySpan<byte> values)
    {
        (int x, int y, int z) = vein.Points;
        if (values.Length != x * y * z)
            throw new ArgumentException("One value for each lattice point", nameof(values));
        Span<byte> to = _destination[Length..];
        ReadOnlySpan<byte> header = [vein.Shift, vein.X, vein.Y, vein.Z, vein.Kind, vein.Low, vein.High, vein.Threshold];
        header.CopyTo(to);
        int size = TerrainInput.SizeOf(vein);
        to[8..size].Clear();
        values.CopyTo(to[8..]);
        Length += size;
        _dug = true;
        _destination[1]++;
    }

    /// <summary>The task.</summary>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public readonly ReadOnlySpan<byte> Finish()
    {
        Bytes.Accepted(TerrainInput.TryRead(_destination[..Length], out _), nameof(TerrainShape));
        return _destination[..Length];
    }
}
