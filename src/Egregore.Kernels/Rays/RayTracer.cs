using System.Numerics;

namespace Egregore.Kernels.Rays;

/// <summary>Traces one pixel as the kernel does: the same operations on f32 in the same order, so that the bits agree. No fused multiply-add is written, and .NET makes none of its own.</summary>
internal ref struct RayTracer
{
    private const float Far = 1e30f;
    private const float Least = 1e-6f;
    private const float Lift = 0.001f;

    private readonly RayScene _scene;
    private readonly RayView _view;
    private ulong _state;
    private ReadOnlySpan<byte> _look;
    private float _distance;
    private int _axis;

    public RayTracer(RayScene scene, in RayView view)
    {
        _scene = scene;
        _view = view;
    }

    /// <summary>The light of a pixel of the picture.</summary>
    public Vector3 Pixel(int x, int y)
    {
        _state = unchecked(((_view.Seed ^ ((ulong)((y * _view.Picture.Width) + x) * 0x9E3779B97F4A7C15)) * 6364136223846793005) + 1442695040888963407);
        (float r, float g, float b) = (0, 0, 0);
        for (int sample = 0; sample < _view.Samples; sample++)
        {
            float u = ((x + Random()) / _view.Picture.Width) - 0.5f;
            float v = ((y + Random()) / _view.Picture.Height) - 0.5f;
            float dx = _view.Forward.X + (_view.Right.X * u) + (_view.Down.X * v);
            float dy = _view.Forward.Y + (_view.Right.Y * u) + (_view.Down.Y * v);
            float dz = _view.Forward.Z + (_view.Right.Z * u) + (_view.Down.Z * v);
            float square = (dx * dx) + (dy * dy) + (dz * dz);
            if (square < Least)
            {
                (dx, dy, dz) = (0, 0, 1);
            }
            else
            {
                float length = MathF.Sqrt(square);
                (dx, dy, dz) = (dx / length, dy / length, dz / length);
            }
            Sample(dx, dy, dz, ref r, ref g, ref b);
        }
        float share = 1f / _view.Samples;
        return new Vector3(r * share, g * share, b * share);
    }

    private float Random()
    {
        ulong old = _state;
        _state = unchecked((old * 6364136223846793005) + 1442695040888963407);
        uint word = (uint)(((old >> 18) ^ old) >> 27);
        return (uint.RotateRight(word, (int)(old >> 59)) >> 8) * (1f / 16777216f);
    }

    private void Sample(float dx, float dy, float dz, ref float r, ref float g, ref float b)
    {
        (float ox, float oy, float oz) = (_view.Camera.X, _view.Camera.Y, _view.Camera.Z);
        (float red, float green, float blue) = (1, 1, 1);
        for (int bounce = 0; ; bounce++)
        {
            if (!Meet(ox, oy, oz, dx, dy, dz))
            {
                float up = dy > 0 ? dy : 0;
                r += red * (_view.Horizon.X + ((_view.Zenith.X - _view.Horizon.X) * up));
                g += green * (_view.Horizon.Y + ((_view.Zenith.Y - _view.Horizon.Y) * up));
                b += blue * (_view.Horizon.Z + ((_view.Zenith.Z - _view.Horizon.Z) * up));
                return;
            }
            ReadOnlySpan<byte> look = _look;
            (int axis, float t) = (_axis, _distance);
            r += red * (look[4] * 0.0625f);
            g += green * (look[5] * 0.0625f);
            b += blue * (look[6] * 0.0625f);
            red *= look[0] * 0.00390625f;
            green *= look[1] * 0.00390625f;
            blue *= look[2] * 0.00390625f;
            float nx = axis == 0 ? (dx > 0 ? -1 : 1) : 0;
            float ny = axis == 1 ? (dy > 0 ? -1 : 1) : 0;
            float nz = axis == 2 ? (dz > 0 ? -1 : 1) : 0;
            ox = ox + (dx * t) + (nx * Lift);
            oy = oy + (dy * t) + (ny * Lift);
            oz = oz + (dz * t) + (nz * Lift);
            float facing = (nx * _view.Sun.X) + (ny * _view.Sun.Y) + (nz * _view.Sun.Z);
            if (facing > 0 && !Meet(ox, oy, oz, _view.Sun.X, _view.Sun.Y, _view.Sun.Z))
            {
                r += red * _view.SunLight.X * facing;
                g += green * _view.SunLight.Y * facing;
                b += blue * _view.SunLight.Z * facing;
            }
            if (bounce == _view.Bounces)
                return;
            Scatter(nx, ny, nz, out dx, out dy, out dz);
        }
    }

    // A direction around the normal, more of them near it: the normal and a point on the unit sphere, from a point in it.
    private void Scatter(float nx, float ny, float nz, out float dx, out float dy, out float dz)
    {
        (float px, float py, float pz) = (0, 0, 0);
        for (int attempt = 0; attempt < 8; attempt++)
        {
            float rx = (Random() * 2) - 1;
            float ry = (Random() * 2) - 1;
            float rz = (Random() * 2) - 1;
            float inside = (rx * rx) + (ry * ry) + (rz * rz);
            if (inside > 1 || inside < Least)
                continue;
            float length = MathF.Sqrt(inside);
            (px, py, pz) = (rx / length, ry / length, rz / length);
            break;
        }
        (dx, dy, dz) = (nx + px, ny + py, nz + pz);
        float square = (dx * dx) + (dy * dy) + (dz * dz);
        if (square < Least)
        {
            (dx, dy, dz) = (nx, ny, nz);
            return;
        }
        float whole = MathF.Sqrt(square);
        (dx, dy, dz) = (dx / whole, dy / whole, dz / whole);
    }

    private bool Meet(float ox, float oy, float oz, float dx, float dy, float dz)
    {
        (int x, int y, int z) = (Clamped(ox, _scene.Width), Clamped(oy, _scene.Height), Clamped(oz, _scene.Depth));
        (float ax, float tx) = Axis(ox, dx, x);
        (float ay, float ty) = Axis(oy, dy, y);
        (float az, float tz) = Axis(oz, dz, z);
        for (int left = _scene.Width + _scene.Height + _scene.Depth; left > 0; left--)
        {
            if (tx <= ty && tx <= tz)
            {
                (_distance, _axis) = (tx, 0);
                x += dx > 0 ? 1 : -1;
                tx += ax;
                if ((uint)x >= (uint)_scene.Width)
                    return false;
            }
            else if (ty <= tz)
            {
                (_distance, _axis) = (ty, 1);
                y += dy > 0 ? 1 : -1;
                ty += ay;
                if ((uint)y >= (uint)_scene.Height)
                    return false;
            }
            else
            {
                (_distance, _axis) = (tz, 2);
                z += dz > 0 ? 1 : -1;
                tz += az;
                if ((uint)z >= (uint)_scene.Depth)
                    return false;
            }
            _look = _scene.Look(x, y, z);
            if (_look[3] != 0)
                return true;
        }
        return false;
    }

    private static int Clamped(float value, int size) => Math.Clamp((int)MathF.Floor(value), 0, size - 1);

    // Way from border to border, and to the first one.
    private static (float Each, float First) Axis(float from, float direction, int cell)
    {
        float size = MathF.Abs(direction);
        if (size < Least)
            return (Far, Far);
        float each = 1 / size;
        return (each, (direction > 0 ? cell + 1 - from : from - cell) * each);
    }
}
