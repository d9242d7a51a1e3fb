namespace Egregore.Kernels.Lights;

/// <summary>
/// A task of <c>voxel-light</c>. Layout: u8 width, height, depth (1 to 128), u8 fade a block (1 to 15); a look for each of 256 kinds; a u8 kind for each cell at
/// <c>(y * depth + z) * width + x</c>.
/// </summary>
public readonly ref struct LightInput
{
    /// <summary>Bytes before the cells.</summary>
    public const int HeaderBytes = 4 + 256;

    /// <summary>Cells along a side at most.</summary>
    public const int SideMax = 128;

    /// <summary>Cells at most.</summary>
    public const int CellsMax = 262_144;

    /// <summary>The brightest level.</summary>
    public const int LightMax = 15;

    /// <summary>Bit of a look: no light goes through. The low four bits are the light that it gives.</summary>
    public const byte Opaque = 16;

    /// <summary>Bit of a look: sky light that falls through it dims by one a block.</summary>
    public const byte Dims = 32;

    private readonly ReadOnlySpan<byte> _looks;

    private LightInput(ReadOnlySpan<byte> bytes)
    {
        (Width, Height, Depth, Fade) = (bytes[0], bytes[1], bytes[2], bytes[3]);
        _looks = bytes[4..HeaderBytes];
        Cells = bytes[HeaderBytes..];
    }

    /// <summary>Cells along x.</summary>
    public int Width { get; }

    /// <summary>Cells along y, which is up; above the highest is the sky.</summary>
    public int Height { get; }

    /// <summary>Cells along z.</summary>
    public int Depth { get; }

    /// <summary>What light loses a block.</summary>
    public int Fade { get; }

    /// <summary>The kinds, layer by layer from below.</summary>
    public ReadOnlySpan<byte> Cells { get; }

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax => FuelOf(Cells.Length);

    /// <summary>The look of a cell's kind.</summary>
    public int Look(int cell) => _looks[Cells[cell]];

    /// <summary>The look of a kind.</summary>
    public int LookOf(byte kind) => _looks[kind];

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int width, int height, int depth) => HeaderBytes + (width * height * depth);

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="size">Cells along x, y and z.</param>
    /// <param name="fade">What light loses a block.</param>
    /// <param name="looks">A look for each of 256 kinds.</param>
    /// <param name="cells">Kinds, layer by layer from below.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public static int Write(Span<byte> destination, (int X, int Y, int Z) size, int fade, ReadOnlySpan<byte> looks, ReadOnlySpan<byte> cells)
    {
        if (looks.Length != 256)
            throw new ArgumentException("A look for each of 256 kinds", nameof(looks));
        (destination[0], destination[1], destination[2], destination[3]) = (checked((byte)size.X), checked((byte)size.Y), checked((byte)size.Z), checked((byte)fade));
        looks.CopyTo(destination[4..]);
        cells.CopyTo(destination[HeaderBytes..]);
        Bytes.Accepted(TryRead(destination[..(HeaderBytes + cells.Length)], out _), nameof(cells));
        return HeaderBytes + cells.Length;
    }

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LightInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes)
            return false;
        (int width, int height, int depth, int fade) = (bytes[0], bytes[1], bytes[2], bytes[3]);
        if (width is < 1 or > SideMax || height is < 1 or > SideMax || depth is < 1 or > SideMax || width * height * depth > CellsMax || fade is < 1 or > LightMax
            || bytes.Length != SizeOf(width, height, depth) || bytes[4..HeaderBytes].IndexOfAnyInRange((byte)64, byte.MaxValue) >= 0)
            return false;
        input = new LightInput(bytes);
        return true;
    }

    internal static ulong FuelOf(int cells) => 10_000 + ((ulong)cells * 900);
}
