namespace Egregore.Kernels.Sights;

/// <summary>A place, in 1/256 block from the grid's corner.</summary>
/// <param name="X">Along x.</param>
/// <param name="Y">Along y.</param>
/// <param name="Z">Along z.</param>
/// <param name="Range">How far it sees, in 1/256 block; not looked at in targets.</param>
public readonly record struct SightPoint(ushort X, ushort Y, ushort Z, ushort Range);

/// <summary>
/// A task of <c>sight</c>. Layout: u8 width, height, depth (1 to 128), u8 flags (1: each viewer looks at the target of its number, else each at each), u16 viewers, u16 targets, u32 0; u16 x, y,
/// z, range for each viewer, then for each target; a bit for each cell at <c>(y * depth + z) * width + x</c>, least bit first: 1 is a wall.
/// </summary>
public readonly ref struct SightInput
{
    /// <summary>Bytes before the viewers.</summary>
    public const int HeaderBytes = 12;

    /// <summary>Cells along a side at most.</summary>
    public const int SideMax = 128;

    /// <summary>Viewers at most, where each looks at each.</summary>
    public const int ViewersMax = 1024;

    /// <summary>Targets at most.</summary>
    public const int TargetsMax = 16_384;

    /// <summary>Viewers times targets at most.</summary>
    public const int PairsMax = 65_536;

    private readonly ReadOnlySpan<byte> _bytes;

    private SightInput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Cells along x.</summary>
    public int Width => _bytes[0];

    /// <summary>Cells along y.</summary>
    public int Height => _bytes[1];

    /// <summary>Cells along z.</summary>
    public int Depth => _bytes[2];

    /// <summary>Whether each viewer looks only at the target of its number.</summary>
    public bool Paired => _bytes[3] == 1;

    /// <summary>Viewers.</summary>
    public int Viewers => _bytes.U16(4);

    /// <summary>Targets.</summary>
    public int Targets => _bytes.U16(6);

    /// <summary>Lines that are walked.</summary>
    public int Pairs => Paired ? Viewers : Viewers * Targets;

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax => FuelOf(Pairs, Width + Height + Depth, Viewers + Targets);

    /// <summary>A viewer.</summary>
    public SightPoint Viewer(int index) => Point(index);

    /// <summary>A target.</summary>
    public SightPoint Target(int index) => Point(Viewers + index);

    /// <summary>Whether a cell is a wall.</summary>
    public bool Wall(int x, int y, int z)
    {
        int cell = (((y * Depth) + z) * Width) + x;
        return (_bytes[HeaderBytes + (8 * (Viewers + Targets)) + (cell >> 3)] >> (cell & 7) & 1) != 0;
    }

    /// <summary>Bytes of a task.</summary>
    public static int SizeOf(int width, int height, int depth, int viewers, int targets) => HeaderBytes + (8 * (viewers + targets)) + (((width * height * depth) + 7) >> 3);

    /// <summary>Writes a task.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="size">Cells along x, y and z.</param>
    /// <param name="paired">Each viewer looks only at the target of its number.</param>
    /// <param name="viewers">Who looks, and how far.</param>
    /// <param name="targets">At whom.</param>
    /// <param name="walls">A bit for each cell.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public static int Write(Span<byte> destination, (int X, int Y, int Z) size, bool paired, ReadOnlySpan<SightPoint> viewers, ReadOnlySpan<SightPoint> targets, ReadOnlySpan<byte> walls)
    {
        int length = SizeOf(size.X, size.Y, size.Z, viewers.Length, targets.Length);
        (destination[0], destination[1], destination[2], destination[3]) = (checked((byte)size.X), checked((byte)size.Y), checked((byte)size.Z), (byte)(paired ? 1 : 0));
        destination.U16(4, viewers.Length);
        destination.U16(6, targets.Length);
        destination.U32(8, 0);
        int at = Put(destination, HeaderBytes, viewers);
        at = Put(destination, at, targets);
        if (at + walls.Length != length)
            throw new ArgumentException("A bit for each cell", nameof(walls));
        walls.CopyTo(destination[at..]);
        Bytes.Accepted(TryRead(destination[..length], out _), nameof(destination));
        return length;
    }

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SightInput input)
    {
        input = default;
        if (bytes.Length < HeaderBytes)
            return false;
        var task = new SightInput(bytes);
        if (bytes.U32(8) != 0 || bytes[3] > 1 || task.Width is < 1 or > SideMax || task.Height is < 1 or > SideMax || task.Depth is < 1 or > SideMax || task.Targets > TargetsMax
            || (task.Paired ? task.Viewers != task.Targets : task.Viewers > ViewersMax || task.Viewers * task.Targets > PairsMax)
            || bytes.Length != SizeOf(task.Width, task.Height, task.Depth, task.Viewers, task.Targets))
            return false;
        for (int i = 0; i < task.Viewers + task.Targets; i++)
        {
            SightPoint point = task.Point(i);
            if (point.X >> 8 >= task.Width || point.Y >> 8 >= task.Height || point.Z >> 8 >= task.Depth)
                return false;
        }
        input = task;
        return true;
    }

    /// <summary>Whether one sees the other: in range, and no wall in the cells between theirs that the line goes through.</summary>
    public bool Sees(SightPoint from, SightPoint to)
    {
        (int dx, int dy, int dz) = (Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y), Math.Abs(to.Z - from.Z));
        if (((long)dx * dx) + ((long)dy * dy) + ((long)dz * dz) > (long)from.Range * from.Range)
            return false;
        (int x, int y, int z) = (from.X >> 8, from.Y >> 8, from.Z >> 8);
        // Way along each axis to its next border; as a part of the whole way along that axis, the least is crossed next.
        int nx = to.X > from.X ? ((x + 1) << 8) - from.X : from.X - (x << 8);
        int ny = to.Y > from.Y ? ((y + 1) << 8) - from.Y : from.Y - (y << 8);
        int nz = to.Z > from.Z ? ((z + 1) << 8) - from.Z : from.Z - (z << 8);
        while (nx < dx || ny < dy || nz < dz)
        {
            bool firstX = nx < dx && (ny >= dy || nx * dy <= ny * dx) && (nz >= dz || nx * dz <= nz * dx);
            bool firstY = ny < dy && (nx >= dx || ny * dx <= nx * dy) && (nz >= dz || ny * dz <= nz * dy);
            bool firstZ = nz < dz && (nx >= dx || nz * dx <= nx * dz) && (ny >= dy || nz * dy <= ny * dz);
            if (firstX)
                (x, nx) = (x + Math.Sign(to.X - from.X), nx + 256);
            if (firstY)
                (y, ny) = (y + Math.Sign(to.Y - from.Y), ny + 256);
            if (firstZ)
                (z, nz) = (z + Math.Sign(to.Z - from.Z), nz + 256);
            if (x == to.X >> 8 && y == to.Y >> 8 && z == to.Z >> 8)
                return true;
            if (Wall(x, y, z))
                return false;
        }
        return true;
    }

    internal static ulong FuelOf(int pairs, int sides, int points) => 5_000 + ((ulong)points * 60) + ((ulong)pairs * (300 + ((ulong)sides * 140)));

    private static int Put(Span<byte> destination, int at, ReadOnlySpan<SightPoint> points)
    {
        foreach (SightPoint point in points)
        {
            destination.U16(at, point.X);
            destination.U16(at + 2, point.Y);
            destination.U16(at + 4, point.Z);
            destination.U16(at + 6, point.Range);
            at += 8;
        }
        return at;
    }

    private SightPoint Point(int index)
    {
        ReadOnlySpan<byte> at = _bytes.Slice(HeaderBytes + (8 * index), 8);
        return new SightPoint((ushort)at.U16(0), (ushort)at.U16(2), (ushort)at.U16(4), (ushort)at.U16(6));
    }
}
