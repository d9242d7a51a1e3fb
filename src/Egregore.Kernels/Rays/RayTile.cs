using System.Numerics;

namespace Egregore.Kernels.Rays;

/// <summary>An answer of <c>ray-tile</c>: f32 red, green, blue for each pixel of the tile, row by row; light, not yet fit for a screen.</summary>
public readonly ref struct RayTile
{
    /// <summary>Bytes of a pixel.</summary>
    public const int PixelBytes = 12;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _width;

    private RayTile(ReadOnlySpan<byte> bytes, int width)
    {
        _bytes = bytes;
        _width = width;
    }

    /// <summary>A pixel of the tile.</summary>
    public Vector3 Pixel(int x, int y)
    {
        int at = PixelBytes * ((y * _width) + x);
        return new Vector3(_bytes.F32(at), _bytes.F32(at + 4), _bytes.F32(at + 8));
    }

    /// <summary>Reads an answer.</summary>
    /// <param name="bytes">A stranger's bytes.</param>
    /// <param name="width">Pixels of the tile.</param>
    /// <param name="height">Pixels of the tile.</param>
    /// <param name="tile">The answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int width, int height, out RayTile tile)
    {
        bool fits = bytes.Length == PixelBytes * width * height;
        tile = fits ? new RayTile(bytes, width) : default;
        return fits;
    }
}
