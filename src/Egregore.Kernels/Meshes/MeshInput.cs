namespace Egregore.Kernels.Meshes;

/// <summary>How a kind of block looks to the mesher.</summary>
public enum MeshLook
{
    /// <summary>Air: no faces.</summary>
    Unseen = 0,

    /// <summary>Hides what is behind it.</summary>
    Opaque = 1,

    /// <summary>Has faces, but not against its own kind; hides nothing.</summary>
    SeeThrough = 2,
}

/// <summary>
/// A task of <c>voxel-mesh</c>. Layout: u8 width, height, depth (1 to 64), u8 0; a <see cref="MeshLook"/> for each of 256 kinds; a u8 kind for each cell of the block with a border of one on
/// every side, at <c>((y + 1) * (depth + 2) + z + 1) * (width + 2) + x + 1</c>.
/// </summary>
public readonly ref struct MeshInput
{
    /// <summary>Bytes before the cells.</summary>
    public const int HeaderBytes = 4 + 256;

    /// <summary>Cells along a side at most, without the border.</summary>
    public const int SideMax = 64;

    /// <summary>Cells at most, without the border.</summary>
    public const int CellsMax = 65_536;

    /// <summary>Bytes of a task at most, which one of 64 by 64 by 16 cells has.</summary>
    public const int BytesMax = HeaderBytes + (66 * 66 * 18);

    private readonly ReadOnlySpan<byte> _bytes;

    private MeshInput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Cells along x.</summary>
    public int Width => _bytes[0];

    /// <summary>Cells along y.</summary>
    public int Height => _bytes[1];

    /// <summary>Cells along z.</summary>
    public int Depth => _bytes[2];

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax => FuelOf(Width * Height * Depth);

    /// <summary>The kind of a cell; -1 and the side's length are the border.</summary>
    public byte Kind(int x, int y, int z) => _bytes[HeaderBytes + ((((y + 1) * (Depth + 2)) + z + 1) * (Width + 2)) + x + 1];

    /// <summary>The look of a cell.</summary>
    public MeshLook Look(int x, int y, int z) => (MeshLook)_bytes[4 + Kind(x, y, z)];

    /// <summary>The cells with their border, and the look of each kind; for what has no time for coordinates.</summary>
    internal ReadOnlySpan<byte> Cells => _bytes[HeaderBytes..];

    internal ReadOnlySpan<byte> Looks => _bytes[4..HeaderBytes];

    /// <summary>Slices of a face: layers of cells along its axis.</summary>
    public int Slices(int face) => (face >> 1) switch { 0 => Width, 1 => Height, _ => Depth };

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int width, int height, int depth) => HeaderBytes + ((width + 2) * (height + 2) * (depth + 2));

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="size">Cells along x, y and z, without the border.</param>
    /// <param name="looks">A look for each of 256 kinds.</param>
    /// <param name="cells">Kinds with the border, layer by layer from below.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public static int Write(Span<byte> destination, (int X, int Y, int Z) size, ReadOnlySpan<MeshLook> looks, ReadOnlySpan<byte> cells)
    {
        if (looks.Length != 256)
            throw new ArgumentException("A look for each of 256 kinds", nameof(looks));
        (destination[0], destination[1], destination[2], destination[3]) = (checked((byte)size.X), checked((byte)size.Y), checked((byte)size.Z), 0);
        for (int i = 0; i < looks.Length; i++)
            destination[4 + i] = (byte)looks[i];
        cells.CopyTo(destination[HeaderBytes..]);
        Bytes.Accepted(TryRead(destination[..(HeaderBytes + cells.Length)], out _), nameof(cells));
        return HeaderBytes + cells.Length;
    }

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MeshInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes || bytes[0] is < 1 or > SideMax || bytes[1] is < 1 or > SideMax || bytes[2] is < 1 or > SideMax || bytes[3] != 0 || bytes[0] * bytes[1] * bytes[2] > CellsMax
            || bytes.Length != SizeOf(bytes[0], bytes[1], bytes[2]) || bytes[4..HeaderBytes].IndexOfAnyInRange((byte)3, byte.MaxValue) >= 0)
            return false;
        input = new MeshInput(bytes);
        return true;
    }

    internal static ulong FuelOf(int cells) => 20_000 + ((ulong)cells * 1_800);
}
