using System.Numerics;
using Egregore.Kernels.Rays;
using Egregore.Wire;
using Egregore.World;
using Egregore.World.Movement;
using Egregore.World.Photos;

namespace Egregore.Server.Photos;

/// <summary>
/// What the rays of one picture may see: blocks around the camera, more of them before it than behind, as the shared block of <c>ray-tile</c>; and the camera in its cells. Neither says where in the
/// world this is.
/// </summary>
/// <param name="Shared">The shared block.</param>
/// <param name="View">The whole picture; tiles, samples and seed are the caller's.</param>
internal sealed record PhotoScene(byte[] Shared, RayView View)
{
    /// <summary>Largest <see cref="PhotoRequest.HalfHeight"/>, and the smallest.</summary>
    public const float HalfHeightMax = 1.5f, HalfHeightMin = 0.05f;

    /// <summary>A picture is at most so many times wider than high, and the other way round.</summary>
    public const int AspectMax = 4;

    /// <summary>Blocks behind a camera that looks straight ahead: what throws shadows and light to where it looks.</summary>
    private const int Behind = 24;

    private const int ReachSteps = 8;

    /// <summary>Bounces of light: enough for the bottom of a lake under a glass roof.</summary>
    private const int Bounces = 4;

    /// <summary>Cuts a scene.</summary>
    /// <returns>Null where the eye is above or below all that can be traced.</returns>
    public static PhotoScene? Cut(IPhotoSource source, Database world, PhotoRequest request)
    {
        var eyeY = request.Y >> BlockShift;
        var (lowest, top) = (Math.Min(source.LowestY, eyeY), Math.Max(source.LowestY + source.Layers, eyeY + 1));
        if (top - lowest > RayScene.SideMax)
            return null;
        var (sinYaw, cosYaw) = MathF.SinCos(request.Yaw);
        var (sinPitch, cosPitch) = MathF.SinCos(request.Pitch);
        var forward = new Vector3(-sinYaw * cosPitch, sinPitch, -cosYaw * cosPitch);
        var right = new Vector3(cosYaw, 0, -sinYaw);
        var down = -Vector3.Cross(right, forward);

        var side = Math.Min(RayScene.SideMax, (int)MathF.Sqrt((float)RayScene.CellsMax / (top - lowest)));
        var ahead = (side / 2) - Behind;
        var bounds = new PhotoBounds(
            (request.X >> BlockShift) - (side / 2) + (int)(forward.X * ahead), lowest, (request.Z >> BlockShift) - (side / 2) + (int)(forward.Z * ahead), side, top - lowest, side);
        var kinds = new byte[bounds.Width * bounds.Height * bounds.Depth];
        source.Copy(world, bounds, kinds);
        var looks = Looks(source);
        bounds = Trimmed(bounds, eyeY, looks, ref kinds);

        var camera = new Vector3(Within(request.X, bounds.X), Within(request.Y, bounds.Y), Within(request.Z, bounds.Z));
        var high = 2 * request.HalfHeight;
        var view = new RayView
        {
            Camera = camera,
            Forward = forward,
            Right = right * (high * request.Width / request.Height),
            Down = down * high,
            Sun = source.Light.Sun,
            SunLight = source.Light.SunLight,
            Zenith = source.Light.Zenith,
            Horizon = source.Light.Horizon,
            SunSize = source.Light.SunSize,
            Picture = (request.Width, request.Height),
            Samples = request.Samples,
            Bounces = Bounces,
        };
        var shared = new byte[RayScene.SizeOf(bounds.Width, bounds.Height, bounds.Depth)];
        RayScene.Write(shared, (bounds.Width, bounds.Height, bounds.Depth), looks, kinds);
        return new PhotoScene(shared, view with { Reach = Reach(view, bounds) });
    }

    private const int BlockShift = 12;

    // The difference first, in whole numbers, as for islands.
    private static float Within(int units, int block) => (units - (block << BlockShift)) / (float)MoveState.BlockUnits;

    private static RayLook[] Looks(IPhotoSource source)
    {
        var looks = new RayLook[256];
        for (var i = 0; i < Math.Min(looks.Length, source.Looks.Count); i++)
        {
            var look = source.Looks[i];
            looks[i] = new RayLook(look.Red, look.Green, look.Blue, (RayForm)look.Form, look.Glow.Red, look.Glow.Green, look.Glow.Blue) { Top = look.Top, Gloss = look.Gloss, Grain = look.Grain };
        }

        return looks;
    }

    // Rock below and air above are left out: less to send, and nobody learns how high this is.
    private static PhotoBounds Trimmed(in PhotoBounds bounds, int eyeY, RayLook[] looks, ref byte[] kinds)
    {
        var layer = bounds.Width * bounds.Depth;
        var (low, high) = (0, bounds.Height);
        while (low < eyeY - bounds.Y - 1 && All(kinds.AsSpan((low + 1) * layer, layer), looks, RayForm.Solid))
            low++;
        while (high > eyeY - bounds.Y + 1 && All(kinds.AsSpan((high - 1) * layer, layer), looks, RayForm.Open))
            high--;
        kinds = kinds[(low * layer)..(high * layer)];
        return bounds with { Y = bounds.Y + low, Height = high - low };
    }

    private static bool All(ReadOnlySpan<byte> kinds, RayLook[] looks, RayForm form)
    {
        foreach (var kind in kinds)
        {
            if (looks[kind].Form != form)
                return false;
        }

        return true;
    }

    // The haze hides where the scene ends: the nearest end, to the sides, that is in the picture.
    private static float Reach(RayView view, in PhotoBounds bounds)
    {
        var reach = 1_000f;
        for (var i = 0; i <= ReachSteps; i++)
        {
            for (var j = 0; j <= ReachSteps; j++)
            {
                var direction = Vector3.Normalize(view.Forward + (view.Right * (((float)i / ReachSteps) - 0.5f)) + (view.Down * (((float)j / ReachSteps) - 0.5f)));
                reach = Math.Min(reach, Math.Min(Way(view.Camera.X, direction.X, bounds.Width), Way(view.Camera.Z, direction.Z, bounds.Depth)));
            }
        }

        return Math.Max(1, reach);
    }

    private static float Way(float from, float direction, int size) => direction > 1e-3f ? (size - from) / direction : direction < -1e-3f ? from / -direction : 1_000;
}
