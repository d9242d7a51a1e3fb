using System.Numerics;

namespace Egregore.Kernels.Rays;

/// <summary>The input of <c>ray-tile</c>: a camera in the scene's cells, the light, and which part of the picture. Layout: the fields in their order, 128 bytes; vectors are f32 x, y, z.</summary>
public readonly record struct RayView
{
    /// <summary>Bytes of an input.</summary>
    public const int Bytes = 128;

    /// <summary>Pixels along a side of the picture at most.</summary>
    public const int PictureMax = 8192;

    /// <summary>Pixels of the tile times samples at most.</summary>
    public const int SamplesMax = 16_384;

    /// <summary>Bounces at most.</summary>
    public const int BouncesMax = 4;

    /// <summary>Where the camera is; inside the scene.</summary>
    public Vector3 Camera { get; init; }

    /// <summary>To the middle of the picture; each part within 16 of 0.</summary>
    public Vector3 Forward { get; init; }

    /// <summary>Along the picture's width, all of it.</summary>
    public Vector3 Right { get; init; }

    /// <summary>Along its height, downwards.</summary>
    public Vector3 Down { get; init; }

    /// <summary>Unit vector to the sun.</summary>
    public Vector3 Sun { get; init; }

    /// <summary>Light of the sun, 0 to 1,000.</summary>
    public Vector3 SunLight { get; init; }

    /// <summary>Light of the sky overhead, 0 to 1,000.</summary>
    public Vector3 Zenith { get; init; }

    /// <summary>Light of the sky at the horizon and below.</summary>
    public Vector3 Horizon { get; init; }

    /// <summary>Tangent of half the angle that the sun takes of the sky, 0 to 0.5: how soft shadows are, and how large its disc is. 0: sharp shadows, no disc.</summary>
    public float SunSize { get; init; }

    /// <summary>Distance at which haze hides all, in blocks, to 1,000; 0: no haze. There is none up to 0.45 of it.</summary>
    public float Reach { get; init; }

    /// <summary>Pixels of the picture.</summary>
    public (int Width, int Height) Picture { get; init; }

    /// <summary>The part of it that is asked for.</summary>
    public (int Left, int Top, int Width, int Height) Tile { get; init; }

    /// <summary>Rays a pixel.</summary>
    public int Samples { get; init; }

    /// <summary>Diffuse bounces behind the first hit.</summary>
    public int Bounces { get; init; }

    /// <summary>Where the random numbers begin.</summary>
    public ulong Seed { get; init; }

    /// <summary>Fuel that the task needs at most in a scene.</summary>
    public ulong FuelIn(RayScene scene) => FuelOf(Tile.Width * Tile.Height * Samples, Bounces, scene.Width + scene.Height + scene.Depth);

    /// <summary>Writes the input.</summary>
    /// <param name="destination">At least <see cref="Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">Something is out of bounds.</exception>
    public void Write(Span<byte> destination)
    {
        int at = 0;
        foreach (Vector3 vector in (ReadOnlySpan<Vector3>)[Camera, Forward, Right, Down, Sun, SunLight, Zenith, Horizon])
        {
            destination.F32(at, vector.X);
            destination.F32(at + 4, vector.Y);
            destination.F32(at + 8, vector.Z);
            at += 12;
        }
        destination.F32(at, SunSize);
        destination.F32(at + 4, Reach);
        at += 8;
        foreach (int size in (ReadOnlySpan<int>)[Picture.Width, Picture.Height, Tile.Left, Tile.Top, Tile.Width, Tile.Height])
        {
            destination.U16(at, size);
            at += 2;
        }
        (destination[116], destination[117], destination[118], destination[119]) = (checked((byte)Samples), checked((byte)Bounces), 0, 0);
        destination.U32(120, (uint)Seed);
        destination.U32(124, (uint)(Seed >> 32));
        Kernels.Bytes.Accepted(TryRead(destination[..Bytes], out _), nameof(destination));
    }

    /// <summary>Reads an input.</summary>
    /// <returns>False where the kernel refuses it in every scene; the camera has to be inside, too: <see cref="IsIn"/>.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RayView view)
    {
        view = default;
        if (bytes.Length != Bytes || bytes.U16(118) != 0)
            return false;
        var read = new RayView
        {
            Camera = Vector(bytes, 0),
            Forward = Vector(bytes, 12),
            Right = Vector(bytes, 24),
            Down = Vector(bytes, 36),
            Sun = Vector(bytes, 48),
            SunLight = Vector(bytes, 60),
            Zenith = Vector(bytes, 72),
            Horizon = Vector(bytes, 84),
            SunSize = bytes.F32(96),
            Reach = bytes.F32(100),
            Picture = (bytes.U16(104), bytes.U16(106)),
            Tile = (bytes.U16(108), bytes.U16(110), bytes.U16(112), bytes.U16(114)),
            Samples = bytes[116],
            Bounces = bytes[117],
            Seed = bytes.U32(120) | ((ulong)bytes.U32(124) << 32),
        };
        (int left, int top, int width, int height) = read.Tile;
        if (!Within(read.Forward, -16, 16) || !Within(read.Right, -16, 16) || !Within(read.Down, -16, 16) || !Within(read.Sun, -1.01f, 1.01f)
            || !Within(read.SunLight, 0, 1000) || !Within(read.Zenith, 0, 1000) || !Within(read.Horizon, 0, 1000)
            || !(read.SunSize >= 0 && read.SunSize <= 0.5f) || !(read.Reach >= 0 && read.Reach <= 1000)
            || read.Picture.Width is < 1 or > PictureMax || read.Picture.Height is < 1 or > PictureMax || width < 1 || height < 1
            || left + width > read.Picture.Width || top + height > read.Picture.Height || read.Samples < 1 || (long)width * height * read.Samples > SamplesMax || read.Bounces > BouncesMax)
            return false;
        view = read;
        return true;
    }

    /// <summary>Whether the camera is inside a scene.</summary>
    public bool IsIn(RayScene scene) =>
        Camera.X >= 0 && Camera.X < scene.Width && Camera.Y >= 0 && Camera.Y < scene.Height && Camera.Z >= 0 && Camera.Z < scene.Depth;

    internal static ulong FuelOf(int samples, int bounces, int sides) => 30_000 + ((ulong)samples * (600 + (((ulong)bounces + 1) * (6_000 + (2 * (ulong)sides * 70)))));

    private static Vector3 Vector(ReadOnlySpan<byte> bytes, int at) => new(bytes.F32(at), bytes.F32(at + 4), bytes.F32(at + 8));

    private static bool Within(Vector3 v, float low, float high) => v.X >= low && v.X <= high && v.Y >= low && v.Y <= high && v.Z >= low && v.Z <= high;
}
