using System.Numerics;
using Egregore.Kernels.Rays;

namespace Egregore.Server.Photos;

/// <summary>Light in four bytes a pixel with one exponent for all three colours (Ward, <em>Real Pixels</em>, Graphics Gems II, 1991).</summary>
internal static class PhotoPixels
{
    /// <summary>Bytes of a pixel.</summary>
    public const int Bytes = 4;

    public static byte[] Pack(in RayTile tile, int width, int height)
    {
        var bytes = new byte[width * height * Bytes];
        for (var i = 0; i < width * height; i++)
            Pack(tile.Pixel(i % width, i / width), bytes.AsSpan(i * Bytes, Bytes));
        return bytes;
    }

    /// <summary>Writes a pixel; what is not above zero, or no number, is black.</summary>
    public static void Pack(Vector3 light, Span<byte> pixel)
    {
        var most = MathF.Max(light.X, MathF.Max(light.Y, light.Z));
        pixel.Clear();
        // The smallest that its exponent holds, and the largest that an invariant lets pass, many times over.
        if (!(most > 1e-30f) || most > 1e30f)
            return;
        var exponent = MathF.ILogB(most) + 1;
        var scale = MathF.ScaleB(256, -exponent);
        (pixel[0], pixel[1], pixel[2], pixel[3]) = (Part(light.X), Part(light.Y), Part(light.Z), (byte)(exponent + 128));

        byte Part(float value) => (byte)Math.Clamp(value * scale, 0, 255);
    }
}
