namespace Egregore.Kernels.Terrain;

/// <summary>What a land is made of; heights in blocks from the chunk's floor, 0 to 63.</summary>
public readonly record struct TerrainShape()
{
    /// <summary>Water stands up to here.</summary>
    public byte Water { get; init; } = 17;

    /// <summary>Ground up to here is sand.</summary>
    public byte Beach { get; init; } = 18;

    /// <summary>Ground from here on is bare stone; 64: nowhere.</summary>
    public byte RockLine { get; init; } = 36;

    /// <summary>Ground from here on is snow; 64: nowhere.</summary>
    public byte SnowLine { get; init; } = 42;

    /// <summary>Blocks of soil under the topmost one, 1 to 8.</summary>
    public byte SoilDepth { get; init; } = 3;

    /// <summary>Blocks under the ground that caves and ores spare, 1 to 32.</summary>
    public byte Roof { get; init; } = 4;

    /// <summary>Height of the ground where all noise is in its middle, in 1/256 block, 0 to 16,383.</summary>
    public int Base { get; init; } = 22 << 8;

    /// <summary>Kinds: stone, soil, grass, sand, snow, water, bedrock. 0 is air.</summary>
    public (byte Stone, byte Soil, byte Grass, byte Sand, byte Snow, byte Water, byte Bedrock) Kinds { get; init; } = (1, 2, 3, 4, 5, 6, 7);
}

/// <summary>One octave of the ground's height: values at lattice points, smooth in between.</summary>
/// <param name="Shift">Points are 2^shift blocks apart, 2 to 7.</param>
/// <param name="X">Blocks from a lattice point to the chunk's corner along x, 0 to 2^shift - 1.</param>
/// <param name="Z">The same along z.</param>
/// <param name="Amplitude">From its lowest to its highest, in 1/256 block; at most 16,384 either way.</param>
public readonly record struct TerrainOctave(byte Shift, byte X, byte Z, int Amplitude)
{
    /// <summary>Lattice points along x that the chunk touches.</summary>
    public int PointsX => TerrainInput.Points(X, TerrainInput.Size, Shift);

    /// <summary>Lattice points along z.</summary>
    public int PointsZ => TerrainInput.Points(Z, TerrainInput.Size, Shift);
}

/// <summary>A cave or an ore: where a noise in three dimensions is high, stone becomes another kind.</summary>
/// <param name="Shift">Points are 2^shift blocks apart, 2 to 5.</param>
/// <param name="X">Blocks from a lattice point to the chunk's corner along x.</param>
/// <param name="Y">The same along y.</param>
/// <param name="Z">The same along z.</param>
/// <param name="Kind">What stone becomes.</param>
/// <param name="Low">Lowest block, 1 to 63.</param>
/// <param name="High">Highest block, at most 63.</param>
/// <param name="Threshold">Stone is replaced where the noise, 0 to 255, is above it.</param>
public readonly record struct TerrainVein(byte Shift, byte X, byte Y, byte Z, byte Kind, byte Low, byte High, byte Threshold)
{
    /// <summary>Lattice points that the chunk touches, along x, y and z.</summary>
    public (int X, int Y, int Z) Points => (TerrainInput.Points(X, TerrainInput.Size, Shift), TerrainInput.Points(Y, TerrainInput.Height, Shift), TerrainInput.Points(Z, TerrainInput.Size, Shift));
}
