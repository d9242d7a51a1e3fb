namespace Egregore.Kernels.Rays;

/// <summary>
/// The shared block of <c>ray-tile</c>. Layout: u8 width, height, depth (1 to 128, together at most 1,000,000 cells), u8 0; for each of 256 kinds the twelve bytes of a <see cref="RayLook"/>; a u8
/// kind for each cell at <c>(y * depth + z) * width + x</c>.
/// </summary>
public readonly ref struct RayScene
{
    /// <summary>Bytes before the cells.</summary>
    public const int HeaderBytes = 4 + (256 * RayLook.Bytes);

    /// <summary>Cells along a side at most.</summary>
    public const int SideMax = 128;

    /// <summary>Cells at most.</summary>
    public const int CellsMax = 1_000_000;

    private readonly ReadOnlySpan<byte> _bytes;

    private RayScene(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Cells along x.</summary>
    public int Width => _bytes[0];

    /// <summary>Cells along y, which is up.</summary>
    public int Height => _bytes[1];

    /// <summary>Cells along z.</summary>
    public int Depth => _bytes[2];

    /// <summary>Bytes of a scene.</summary>
    public static int SizeOf(int width, int height, int depth) => HeaderBytes + (width * height * depth);

    /// <summary>Writes a scene.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="size">Cells along x, y and z.</param>
    /// <param name="looks">A look for each of 256 kinds.</param>
    /// <param name="cells">Kinds, layer by layer from below.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public static int Write(Span<byte> destination, (int X, int Y, int Z) size, ReadOnlySpan<RayLook> looks, ReadOnlySpan<byte> cells)
    {
        if (looks.Length != 256)
            throw new ArgumentException("A look for each of 256 kinds", nameof(looks));
        (destination[0], destination[1], destination[2], destination[3]) = (checked((byte)size.X), checked((byte)size.Y), checked((byte)size.Z), 0);
        for (int i = 0; i < looks.Length; i++)
            looks[i].Write(destination[(4 + (RayLook.Bytes * i))..]);
        cells.CopyTo(destination[HeaderBytes..]);
        Bytes.Accepted(TryRead(destination[..(HeaderBytes + cells.Length)], out _), nameof(cells));
        return HeaderBytes + cells.Length;
    }

    /// <summary>Reads a scene.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RayScene scene)
    {
        scene = default;
        if (bytes.Length < HeaderBytes || bytes[0] is < 1 or > SideMax || bytes[1] is < 1 or > SideMax || bytes[2] is < 1 or > SideMax || bytes[3] != 0
            || bytes[0] * bytes[1] * bytes[2] > CellsMax || bytes.Length != SizeOf(bytes[0], bytes[1], bytes[2]))
            return false;
        scene = new RayScene(bytes);
        return true;
    }

    /// <summary>A kind for each cell.</summary>
    internal ReadOnlySpan<byte> Cells => _bytes[HeaderBytes..];

    /// <summary>The bytes of all looks, kind after kind.</summary>
    internal ReadOnlySpan<byte> Looks => _bytes[4..HeaderBytes];

    /// <summary>The bytes of a kind's look.</summary>
    internal ReadOnlySpan<byte> Look(byte kind) => _bytes.Slice(4 + (RayLook.Bytes * kind), RayLook.Bytes);
}
