namespace Egregore.Kernels.Terrain;

/// <summary>
/// A chunk of a task of <c>voxel-terrain</c>, which has 1 to 64 of them one behind the other (<see cref="TerrainTask"/>). Layout: u8 octaves, veins, water, beach, rock line, snow line, soil depth, roof; i32 base; u8 kinds of stone, soil, grass, sand, snow, water, bedrock, 0.
/// For each octave u8 shift, x, z, 0, i32 amplitude, a u16 for each lattice point, zeros up to a multiple of 4 (padding is not looked at). For each vein u8 shift, x, y, z, kind, low, high,
/// threshold, a u8 for each lattice point, padding.
/// </summary>
public readonly ref struct TerrainInput
{
    /// <summary>Blocks of a chunk along x and z.</summary>
    public const int Size = 16;

    /// <summary>Blocks of a chunk along y.</summary>
    public const int Height = 64;

    /// <summary>Bytes before the octaves.</summary>
    public const int HeaderBytes = 20;

    /// <summary>Octaves at most.</summary>
    public const int OctavesMax = 8;

    /// <summary>Veins at most.</summary>
    public const int VeinsMax = 4;

    /// <summary>Bytes of a chunk at most.</summary>
    public const int BytesMax = HeaderBytes + (OctavesMax * (8 + 72)) + (VeinsMax * (8 + 648));

    private readonly ReadOnlySpan<byte> _bytes;

    private TerrainInput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Octaves.</summary>
    public int Octaves => _bytes[0];

    /// <summary>Veins.</summary>
    public int Veins => _bytes[1];

    /// <summary>Bytes of the chunk.</summary>
    public int Length => _bytes.Length;

    /// <summary>Fuel that the chunk needs at most.</summary>
    public ulong FuelMax => FuelOf(Octaves, Veins);

    /// <summary>Reads a chunk that is all of the bytes.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TerrainInput input) => TryReadFirst(bytes, out input) && input.Length == bytes.Length;

    /// <summary>Reads the chunk that the bytes begin with.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryReadFirst(ReadOnlySpan<byte> bytes, out TerrainInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes || bytes[0] > OctavesMax || bytes[1] > VeinsMax || bytes[2] >= Height || bytes[3] >= Height || bytes[4] > Height || bytes[5] > Height
            || bytes[6] is < 1 or > 8 || bytes[7] is < 1 or > 32 || bytes.U32(8) >= Height << 8 || bytes[19] != 0)
            return false;
        int at = HeaderBytes;
        for (int i = 0; i < bytes[0]; i++)
        {
            if (bytes.Length - at < 8)
                return false;
            TerrainOctave octave = Octave(bytes, at);
            if (octave.Shift is < 2 or > 7 || octave.X >> octave.Shift != 0 || octave.Z >> octave.Shift != 0 || bytes[at + 3] != 0 || octave.Amplitude is < -(Height << 8) or > Height << 8)
                return false;
            int size = SizeOf(octave);
            if (bytes.Length - at < size)
                return false;
            for (int j = octave.PointsX * octave.PointsZ; j > 0; j--)
            {
                if (bytes.U16(at + 6 + (2 * j)) > 4095)
                    return false;
            }
            at += size;
        }
        for (int i = 0; i < bytes[1]; i++)
        {
            if (bytes.Length - at < 8)
                return false;
            TerrainVein vein = Vein(bytes, at);
            if (vein.Shift is < 2 or > 5 || vein.X >> vein.Shift != 0 || vein.Y >> vein.Shift != 0 || vein.Z >> vein.Shift != 0 || vein.Low < 1 || vein.High >= Height)
                return false;
            int size = SizeOf(vein);
            if (bytes.Length - at < size)
                return false;
            at += size;
        }
        input = new TerrainInput(bytes[..at]);
        return true;
    }

    /// <summary>Makes one column: what the kernel makes, block for block.</summary>
    /// <param name="x">0 to 15.</param>
    /// <param name="z">0 to 15.</param>
    /// <param name="column"><see cref="Height"/> blocks, from below.</param>
    /// <returns>The height of the ground, 1 to 62.</returns>
    public int Column(int x, int z, Span<byte> column)
    {
        int ground = (int)_bytes.U32(8) << 8;
        int at = HeaderBytes;
        for (int i = 0; i < Octaves; i++)
        {
            TerrainOctave octave = Octave(_bytes, at);
            int point = at + 8 + (2 * ((((octave.Z + z) >> octave.Shift) * octave.PointsX) + ((octave.X + x) >> octave.Shift)));
            int south = point + (2 * octave.PointsX);
            int value = Plane(_bytes.U16(point), _bytes.U16(point + 2), _bytes.U16(south), _bytes.U16(south + 2), Weight(octave.X + x, octave.Shift), Weight(octave.Z + z, octave.Shift));
            ground += (((value >> 16) - 2048) * octave.Amplitude) >> 4;
            at += SizeOf(octave);
        }
        ground = Math.Clamp(ground >> 16, 1, Height - 2);
        (bool sandy, bool rocky, bool snowy) = (ground <= _bytes[3], ground >= _bytes[4], ground >= _bytes[5]);
        byte stone = _bytes[12];
        column[..Height].Clear();
        column[..ground].Fill(stone);
        column[Math.Max(ground - _bytes[6], 1)..ground].Fill(sandy ? _bytes[15] : rocky ? stone : _bytes[13]);
        column[ground] = sandy ? _bytes[15] : snowy ? _bytes[16] : rocky ? stone : _bytes[14];
        column[0] = _bytes[18];
        if (ground < _bytes[2])
            column[(ground + 1)..(_bytes[2] + 1)].Fill(_bytes[17]);
        for (int i = 0; i < Veins; i++)
        {
            TerrainVein vein = Vein(_bytes, at);
            Dig(vein, _bytes.Slice(at + 8), x, z, Math.Min(vein.High, ground - _bytes[7]), stone, column);
            at += SizeOf(vein);
        }
        return ground;
    }

    /// <summary>Whether a kind is one that this land is made of, or air.</summary>
    internal int Kinds(Span<byte> kinds)
    {
        kinds[0] = 0;
        _bytes[12..19].CopyTo(kinds[1..]);
        int at = HeaderBytes;
        for (int i = 0; i < Octaves; i++)
            at += SizeOf(Octave(_bytes, at));
        for (int i = 0; i < Veins; i++)
        {
            TerrainVein vein = Vein(_bytes, at);
            kinds[8 + i] = vein.Kind;
            at += SizeOf(vein);
        }
        return 8 + Veins;
    }

    internal static int Points(int from, int length, int shift) => ((from + length - 1) >> shift) + 2;

    internal static int SizeOf(in TerrainOctave octave) => 8 + (((2 * octave.PointsX * octave.PointsZ) + 3) & ~3);

    internal static int SizeOf(in TerrainVein vein)
    {
        (int x, int y, int z) = vein.Points;
        return 8 + (((x * y * z) + 3) & ~3);
    }

    internal static ulong FuelOf(int octaves, int veins) => 150_000 + ((ulong)octaves * 40_000) + ((ulong)veins * 1_600_000);

    private static void Dig(in TerrainVein vein, ReadOnlySpan<byte> values, int x, int z, int top, byte stone, Span<byte> column)
    {
        (int wide, _, int deep) = vein.Points;
        (int wx, int wz) = (Weight(vein.X + x, vein.Shift), Weight(vein.Z + z, vein.Shift));
        int corner = (((vein.Z + z) >> vein.Shift) * wide) + ((vein.X + x) >> vein.Shift);
        (int below, int over, int layer) = (0, 0, -1);
        for (int y = vein.Low; y <= top; y++)
        {
            int place = (vein.Y + y) >> vein.Shift;
            if (place != layer)
            {
                layer = place;
                int at = corner + (place * wide * deep);
                int above = at + (wide * deep);
                below = Plane(values[at], values[at + 1], values[at + wide], values[at + wide + 1], wx, wz);
                over = Plane(values[above], values[above + 1], values[above + wide], values[above + wide + 1], wx, wz);
            }
            if (below + (((over - below) >> 8) * Weight(vein.Y + y, vein.Shift)) > vein.Threshold << 16 && column[y] == stone)
                column[y] = vein.Kind;
        }
    }

    private static int Plane(int nw, int ne, int sw, int se, int wx, int wz)
    {
        int west = (nw << 8) + ((sw - nw) * wz);
        int east = (ne << 8) + ((se - ne) * wz);
        return (west << 8) + ((east - west) * wx);
    }

    // Smoothstep of the place between two lattice points, 0 to 256.
    private static int Weight(int at, int shift)
    {
        int t = ((at & ((1 << shift) - 1)) << 8) >> shift;
        return (t * t * (768 - (2 * t))) >> 16;
    }

    private static TerrainOctave Octave(ReadOnlySpan<byte> bytes, int at) => new(bytes[at], bytes[at + 1], bytes[at + 2], (int)bytes.U32(at + 4));

    private static TerrainVein Vein(ReadOnlySpan<byte> bytes, int at) =>
        new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3], bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]);
}
