namespace Egregore.Kernels.Fluids;

/// <summary>A task of <c>fluid</c>. Layout: u8 width, height, depth (1 to 64), u8 steps (0 to 16); a u8 for each cell at <c>(y * depth + z) * width + x</c>: 0 to 240 water, 255 solid.</summary>
public readonly ref struct FluidInput
{
    /// <summary>Bytes before the cells.</summary>
    public const int HeaderBytes = 4;

    /// <summary>Cells along a side at most.</summary>
    public const int SideMax = 64;

    /// <summary>Steps at most.</summary>
    public const int StepsMax = 16;

    /// <summary>The level of a full cell.</summary>
    public const byte Full = 240;

    /// <summary>A cell that holds no water.</summary>
    public const byte Solid = 255;

    private FluidInput(int width, int height, int depth, int steps, ReadOnlySpan<byte> cells)
    {
        Width = width;
        Height = height;
        Depth = depth;
        Steps = steps;
        Cells = cells;
    }

    /// <summary>Cells along x.</summary>
    public int Width { get; }

    /// <summary>Cells along y, which is up.</summary>
    public int Height { get; }

    /// <summary>Cells along z.</summary>
    public int Depth { get; }

    /// <summary>Steps to take.</summary>
    public int Steps { get; }

    /// <summary>The levels, layer by layer from below.</summary>
    public ReadOnlySpan<byte> Cells { get; }

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax => FuelOf(Cells.Length, Steps);

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int width, int height, int depth) => HeaderBytes + (width * height * depth);

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="width">Cells along x.</param>
    /// <param name="height">Cells along y.</param>
    /// <param name="depth">Cells along z.</param>
    /// <param name="steps">Steps to take.</param>
    /// <param name="cells">Levels, layer by layer from below.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public static int Write(Span<byte> destination, int width, int height, int depth, int steps, ReadOnlySpan<byte> cells)
    {
        (destination[0], destination[1], destination[2], destination[3]) = (checked((byte)width), checked((byte)height), checked((byte)depth), checked((byte)steps));
        cells.CopyTo(destination[HeaderBytes..]);
        Bytes.Accepted(TryRead(destination[..(HeaderBytes + cells.Length)], out _), nameof(cells));
        return HeaderBytes + cells.Length;
    }

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FluidInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes)
            return false;
        (int width, int height, int depth, int steps) = (bytes[0], bytes[1], bytes[2], bytes[3]);
        if (width is < 1 or > SideMax || height is < 1 or > SideMax || depth is < 1 or > SideMax || steps > StepsMax || bytes.Length != SizeOf(width, height, depth)
            || bytes[HeaderBytes..].IndexOfAnyInRange((byte)(Full + 1), (byte)(Solid - 1)) >= 0)
            return false;
        input = new FluidInput(width, height, depth, steps, bytes[HeaderBytes..]);
        return true;
    }

    internal static ulong FuelOf(int cells, int steps) => 5_000 + ((ulong)cells * (40 + ((ulong)steps * 260)));
}
