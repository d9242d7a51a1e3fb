using System.Numerics;

namespace Egregore.Kernels.Rays;

/// <summary>Traces one pixel as the kernel does: the same operations on f32 in the same order, so that the bits agree. No fused multiply-add is written, and .NET makes none of its own.</summary>
internal ref struct RayTracer
{
    private const float Far = 1e30f;
    private const float Least = 1e-6f;
    private const float Lift = 0.001f;
    private const float HazeFrom = 0.45f;
    private const float Texels = 16;

    /// <summary>The sun's disc, in its light.</summary>
    public const float Disc = 6;

    private readonly RayScene _scene;
    private readonly RayView _view;
    private ulong _state;
    private byte _kind;
    private float _distance;
    private int _axis;
    private int _cell;

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
        bool seen = true;
        for (int bounce = 0; ; bounce++)
        {
            if (!Meet(ox, oy, oz, dx, dy, dz, false))
            {
                Sky(dy, red, green, blue, ref r, ref g, ref b);
                if (seen)
                    Disk(dx, dy, dz, red, green, blue, ref r, ref g, ref b);
                return;
            }
            ReadOnlySpan<byte> look = _scene.Look(_kind);
            (int axis, int cell, float t) = (_axis, _cell, _distance);
            if (bounce == 0 && _view.Reach > 0 && t > _view.Reach * HazeFrom)
            {
                float far = ((t / _view.Reach) - HazeFrom) / (1 - HazeFrom);
                float haze = far < 1 ? far * far : 1;
                Sky(dy, red * haze, green * haze, blue * haze, ref r, ref g, ref b);
                if (haze >= 1)
                    return;
                red *= 1 - haze;
                green *= 1 - haze;
                blue *= 1 - haze;
            }
            r += red * (look[4] * 0.0625f);
            g += green * (look[5] * 0.0625f);
            b += blue * (look[6] * 0.0625f);
            float nx = axis == 0 ? (dx > 0 ? -1 : 1) : 0;
            float ny = axis == 1 ? (dy > 0 ? -1 : 1) : 0;
            float nz = axis == 2 ? (dz > 0 ? -1 : 1) : 0;
            (float px, float py, float pz) = (ox + (dx * t), oy + (dy * t), oz + (dz * t));
            float gloss = look[7] * 0.00390625f;
            if (gloss > 0)
            {
                float slant = 1 - (axis == 0 ? MathF.Abs(dx) : axis == 1 ? MathF.Abs(dy) : MathF.Abs(dz));
                float slant2 = slant * slant;
                if (Random() < gloss + ((1 - gloss) * (slant2 * slant2 * slant)))
                {
                    if (bounce == _view.Bounces)
                    {
                        Sky(axis == 1 ? -dy : dy, red, green, blue, ref r, ref g, ref b);
                        return;
                    }
                    (ox, oy, oz) = (px + (nx * Lift), py + (ny * Lift), pz + (nz * Lift));
                    (dx, dy, dz) = (axis == 0 ? -dx : dx, axis == 1 ? -dy : dy, axis == 2 ? -dz : dz);
                    continue;
                }
            }
            int top = axis == 1 && dy < 0 ? 8 : 0;
            float shade = look[11] == 0 ? 1 : Grained(look[11], axis, cell, px, py, pz);
            red = red * (look[top] * 0.00390625f) * shade;
            green = green * (look[top + 1] * 0.00390625f) * shade;
            blue = blue * (look[top + 2] * 0.00390625f) * shade;
            if (look[3] == (byte)RayForm.Clear)
            {
                if (bounce == _view.Bounces)
                {
                    Sky(dy, red, green, blue, ref r, ref g, ref b);
                    return;
                }
                (ox, oy, oz) = (px - (nx * Lift), py - (ny * Lift), pz - (nz * Lift));
                continue;
            }
            (ox, oy, oz) = (px + (nx * Lift), py + (ny * Lift), pz + (nz * Lift));
            float facing = (nx * _view.Sun.X) + (ny * _view.Sun.Y) + (nz * _view.Sun.Z);
            if (facing > 0)
            {
                (float lx, float ly, float lz) = (_view.Sun.X, _view.Sun.Y, _view.Sun.Z);
                if (_view.SunSize > 0)
                {
                    Ball(out float bx, out float by, out float bz);
                    lx += bx * _view.SunSize;
                    ly += by * _view.SunSize;
                    lz += bz * _view.SunSize;
                }
                if (!Meet(ox, oy, oz, lx, ly, lz, true))
                {
                    r += red * _view.SunLight.X * facing;
                    g += green * _view.SunLight.Y * facing;
                    b += blue * _view.SunLight.Z * facing;
                }
            }
            if (bounce == _view.Bounces)
                return;
            seen = false;
            Scatter(nx, ny, nz, out dx, out dy, out dz);
        }
    }

    private readonly void Sky(float dy, float red, float green, float blue, ref float r, ref float g, ref float b)
    {
        float up = dy > 0 ? dy : 0;
        float part = up * (2 - up);
        r += red * (_view.Horizon.X + ((_view.Zenith.X - _view.Horizon.X) * part));
        g += green * (_view.Horizon.Y + ((_view.Zenith.Y - _view.Horizon.Y) * part));
        b += blue * (_view.Horizon.Z + ((_view.Zenith.Z - _view.Horizon.Z) * part));
    }

    private readonly void Disk(float dx, float dy, float dz, float red, float green, float blue, ref float r, ref float g, ref float b)
    {
        float toward = (dx * _view.Sun.X) + (dy * _view.Sun.Y) + (dz * _view.Sun.Z);
        if (_view.SunSize <= 0 || toward <= 0)
            return;
        float square = MathF.Min(toward * toward, 1);
        float p4 = square * square;
        float p8 = p4 * p4;
        float p16 = p8 * p8;
        float p64 = p16 * p16 * p16 * p16;
        float light = (0.04f * p8) + (0.12f * p64 * p64 * p64);
        if (square * (1 + (_view.SunSize * _view.SunSize)) > 1)
            light = Disc;
        r += red * _view.SunLight.X * light;
        g += green * _view.SunLight.Y * light;
        b += blue * _view.SunLight.Z * light;
    }

    private static float Grained(byte grain, int axis, int cell, float px, float py, float pz)
    {
        int x = axis == 0 ? cell << 4 : (int)MathF.Floor(px * Texels);
        int y = axis == 1 ? cell << 4 : (int)MathF.Floor(py * Texels);
        int z = axis == 2 ? cell << 4 : (int)MathF.Floor(pz * Texels);
        unchecked
        {
            uint texel = ((uint)x * 0x8DA6B343) ^ ((uint)y * 0xD8163841) ^ ((uint)z * 0xCB1AB31F) ^ ((uint)axis * 0x9E3779B9);
            texel = (texel ^ (texel >> 15)) * 0x2C1B3C6D;
            uint patch = ((uint)(x >> 2) * 0x8DA6B343) ^ ((uint)(y >> 2) * 0xD8163841) ^ ((uint)(z >> 2) * 0xCB1AB31F);
            patch = (patch ^ (patch >> 15)) * 0x2C1B3C6D;
            return 1 - (grain * (float)((texel >> 24) + (patch >> 24)) * (1f / 131072f));
        }
    }

    private void Ball(out float x, out float y, out float z)
    {
        for (int attempt = 0; attempt < 8; attempt++)
        {
            x = (Random() * 2) - 1;
            y = (Random() * 2) - 1;
            z = (Random() * 2) - 1;
            float square = (x * x) + (y * y) + (z * z);
            if (square <= 1 && square >= Least)
                return;
        }
        (x, y, z) = (0, 0, 0);
    }

    // A direction around the normal, more of them near it: the normal and a point on the unit sphere, from a point in it.
    private void Scatter(float nx, float ny, float nz, out float dx, out float dy, out float dz)
    {
        Ball(out float x, out float y, out float z);
        float inside = (x * x) + (y * y) + (z * z);
        float length = inside > 0 ? MathF.Sqrt(inside) : 1;
        (dx, dy, dz) = (nx + (x / length), ny + (y / length), nz + (z / length));
        float square = (dx * dx) + (dy * dy) + (dz * dz);
        if (square < Least)
        {
            (dx, dy, dz) = (nx, ny, nz);
            return;
        }
        float whole = MathF.Sqrt(square);
        (dx, dy, dz) = (dx / whole, dy / whole, dz / whole);
    }

    // The place of the cell in the scene moves along with its coordinates: this loop is most of what a check takes, and it takes it under the coordinator's lock.
    private bool Meet(float ox, float oy, float oz, float dx, float dy, float dz, bool sunward)
    {
        ReadOnlySpan<byte> cells = _scene.Cells, looks = _scene.Looks;
        (int width, int height, int depth) = (_scene.Width, _scene.Height, _scene.Depth);
        (int x, int y, int z) = (Clamped(ox, width), Clamped(oy, height), Clamped(oz, depth));
        (int stepX, int stepY, int stepZ) = (dx > 0 ? 1 : -1, dy > 0 ? 1 : -1, dz > 0 ? 1 : -1);
        int at = (((y * depth) + z) * width) + x;
        byte within = cells[at];
        (float ax, float tx) = Axis(ox, dx, x);
        (float ay, float ty) = Axis(oy, dy, y);
        (float az, float tz) = Axis(oz, dz, z);
        for (int left = width + height + depth; left > 0; left--)
        {
            float distance;
            int axis;
            if (tx <= ty && tx <= tz)
            {
                (distance, axis) = (tx, 0);
                x += stepX;
                tx += ax;
                if ((uint)x >= (uint)width)
                    return false;
                at += stepX;
            }
            else if (ty <= tz)
            {
                (distance, axis) = (ty, 1);
                y += stepY;
                ty += ay;
                if ((uint)y >= (uint)height)
                    return false;
                at += stepY * width * depth;
            }
            else
            {
                (distance, axis) = (tz, 2);
                z += stepZ;
                tz += az;
                if ((uint)z >= (uint)depth)
                    return false;
                at += stepZ * width;
            }
            byte kind = cells[at];
            var form = (RayForm)looks[(RayLook.Bytes * kind) + 3];
            if (form == RayForm.Solid || (form == RayForm.Clear && !sunward && kind != within))
            {
                (_kind, _distance, _axis) = (kind, distance, axis);
                _cell = axis == 0 ? x : axis == 1 ? y : z;
                return true;
            }
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
