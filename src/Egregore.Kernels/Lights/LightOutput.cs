namespace Egregore.Kernels.Lights;

/// <summary>An answer of <c>voxel-light</c>: a u8 for each cell, sky light in the high four bits, lamp light in the low ones.</summary>
public readonly ref struct LightOutput
{
    private readonly ReadOnlySpan<byte> _bytes;

    private LightOutput(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Sky light of a cell, 0 to 15.</summary>
    public int Sky(int cell) => _bytes[cell] >> 4;

    /// <summary>Lamp light of a cell, 0 to 15.</summary>
    public int Lamp(int cell) => _bytes[cell] & 15;

    /// <summary>Reads an answer.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="cells">Cells of the task.</param>
    /// <param name="output">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int cells, out LightOutput output)
    {
        output = bytes.Length == cells ? new LightOutput(bytes) : default;
        return bytes.Length == cells;
    }
}
