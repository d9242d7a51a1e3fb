using System.Numerics;
using Egregore.Work;

namespace Egregore.Kernels.Rays;

/// <summary>Every value is finite and within what the sun, the sky and the glow can give; sampled pixels are traced again and must agree bit for bit.</summary>
/// <param name="salt">Chooses the sample; a coordinator's secret, or 0.</param>
public sealed class RayInvariant(ulong salt = 0) : IInvariant
{
    private const int Sampled = 2;

    /// <inheritdoc/>
    public InvariantVerdict Check(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output)
    {
        if (!RayScene.TryRead(shared, out RayScene scene) || !RayView.TryRead(input, out RayView view) || !view.IsIn(scene))
            return InvariantVerdict.Broken("the task is not one of this kernel");
        (int left, int top, int width, int height) = view.Tile;
        if (!RayTile.TryRead(output, width, height, out RayTile tile))
            return InvariantVerdict.Broken("the answer's layout");
        Vector3 brightest = (((new Vector3(16) + (view.SunLight * 1.01f)) * (view.Bounces + 1)) + (view.SunLight * (RayTracer.Disc + 0.2f)) + Vector3.Max(view.Zenith, view.Horizon)) * 1.01f;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                Vector3 light = tile.Pixel(x, y);
                if (!(light.X >= 0 && light.X <= brightest.X && light.Y >= 0 && light.Y <= brightest.Y && light.Z >= 0 && light.Z <= brightest.Z))
                    return InvariantVerdict.Broken("light that nothing gives");
            }
        }
        Sample sample = Sample.Of(shared, input, salt);
        var tracer = new RayTracer(scene, view);
        for (int i = 0; i < Sampled + (width * height / 32); i++)
        {
            (int x, int y) = (sample.Next(width), sample.Next(height));
            (Vector3 light, Vector3 claimed) = (tracer.Pixel(left + x, top + y), tile.Pixel(x, y));
            if (Bits(light.X) != Bits(claimed.X) || Bits(light.Y) != Bits(claimed.Y) || Bits(light.Z) != Bits(claimed.Z))
                return InvariantVerdict.Broken("a pixel that its rays do not give");
        }
        return InvariantVerdict.Held;
    }

    private static int Bits(float value) => BitConverter.SingleToInt32Bits(value);
}
