namespace Egregore.Kernels.Terrain;

/// <summary>A task of <c>voxel-terrain</c>: chunks, one behind the other. Write each with a <see cref="TerrainWriter"/>.</summary>
public readonly ref struct TerrainTask
{
    /// <summary>Chunks at most.</summary>
    public const int ChunksMax = 64;

    /// <summary>Bytes of a task at most.</summary>
    public const int BytesMax = ChunksMax * TerrainInput.BytesMax;

    private readonly ReadOnlySpan<byte> _bytes;

    private TerrainTask(ReadOnlySpan<byte> bytes, int chunks, ulong fuelMax)
    {
        _bytes = bytes;
        Chunks = chunks;
        FuelMax = fuelMax;
    }

    /// <summary>Chunks.</summary>
    public int Chunks { get; }

    /// <summary>Fuel that the task needs at most.</summary>
    public ulong FuelMax { get; }

    /// <summary>The chunk that begins at an offset; the next one begins behind its <see cref="TerrainInput.Length"/>.</summary>
    public TerrainInput ChunkAt(int offset) =>
        TerrainInput.TryReadFirst(_bytes[offset..], out TerrainInput chunk) ? chunk : throw new ArgumentOutOfRangeException(nameof(offset), "no chunk begins here");

    /// <summary>Reads a task.</summary>
    /// <returns>False where the kernel refuses it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TerrainTask task)
    {
        task = default;
        (int chunks, ulong fuel) = (0, 0);
        for (int at = 0; at < bytes.Length;)
        {
            if (!TerrainInput.TryReadFirst(bytes[at..], out TerrainInput chunk) || ++chunks > ChunksMax)
                return false;
            at += chunk.Length;
            fuel += chunk.FuelMax;
        }
        task = new TerrainTask(bytes, chunks, fuel);
        return chunks > 0;
    }
}
