namespace Egregore.Kernels.Terrain;

/// <summary>An answer of <c>voxel-terrain</c>: its chunks one behind the other; in each a kind for each block, column by column, at <c>(z * 16 + x) * 64 + y</c>.</summary>
public readonly ref struct TerrainOutput
{
    /// <summary>Bytes of a chunk.</summary>
    public const int Bytes = TerrainInput.Size * TerrainInput.Size * TerrainInput.Height;

    private TerrainOutput(ReadOnlySpan<byte> blocks) => Blocks = blocks;

    /// <summary>All blocks.</summary>
    public ReadOnlySpan<byte> Blocks { get; }

    /// <summary>Chunks.</summary>
    public int Chunks => Blocks.Length / Bytes;

    /// <summary>One column, from below.</summary>
    /// <param name="x">0 to 15.</param>
    /// <param name="z">0 to 15.</param>
    /// <param name="chunk">Which chunk.</param>
    public ReadOnlySpan<byte> Column(int x, int z, int chunk = 0) => Blocks.Slice((chunk * Bytes) + (((z * TerrainInput.Size) + x) * TerrainInput.Height), TerrainInput.Height);

    /// <summary>Reads an answer.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TerrainOutput output)
    {
        bool fits = bytes.Length is > 0 and <= TerrainTask.ChunksMax * Bytes && bytes.Length % Bytes == 0;
        output = fits ? new TerrainOutput(bytes) : default;
        return fits;
    }
}
