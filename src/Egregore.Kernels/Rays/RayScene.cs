namespace Egregore.Kernels.Rays;

/// <summary>How a kind of block looks in a picture.</summary>
/// <param name="Red">Light it throws back, of 256.</param>
/// <param name="Green">Light it throws back, of 256.</param>
/// <param name="Blue">Light it throws back, of 256.</param>
/// <param name="Solid">Whether a ray ends there.</param>
/// <param name="GlowRed">Light it gives, in 1/16.</param>
/// <param name="GlowGreen">Light it gives, in 1/16.</param>
/// <param name="GlowBlue">Light it gives, in 1/16.</param>
public readonly record struct RayLook(byte Red, byte Green, byte Blue, bool Solid, byte GlowRed = 0, byte GlowGreen = 0, byte GlowBlue = 0);

/// <summary>
/// The shared block of <c>ray-tile</c>. Layout: u8 width, height, depth (1 to 64), u8 0; for each of 256 kinds u8 red, green, blue, solid (0: rays pass), glow red, green, blue, 0; a u8 kind for
/// each cell at <c>(y * depth + z) * width + x</c>.
/// </summary>
public readonly ref struct RayScene
{
    /// <summary>Bytes before the cells.</summary>
    public const int HeaderBytes = 4 + 2048;

    /// <summary>Cells along a side at most.</summary>
    public const int SideMax = 64;

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
        {
            RayLook look = looks[i];
            ReadOnlySpan<byte> bytes = [look.Red, look.Green, look.Blue, look.Solid ? (byte)1 : (byte)0, look.GlowRed, look.GlowGreen, look.GlowBlue, 0];
            bytes.CopyTo(destination[(4 + (8 * i))..]);
        }
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
            || bytes.Length != SizeOf(bytes[0], bytes[1], bytes[2]))
            return false;
        scene = new RayScene(bytes);
        return true;
    }

    /// <summary>The eight bytes of a cell's look.</summary>
    internal ReadOnlySpan<byte> Look(int x, int y, int z) => _bytes.Slice(4 + (8 * _bytes[HeaderBytes + (((y * Depth) + z) * Width) + x]), 8);
}
