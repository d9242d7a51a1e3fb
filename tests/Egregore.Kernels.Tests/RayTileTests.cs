using System.Numerics;
using Egregore.Kernels.Rays;

namespace Egregore.Kernels.Tests;

/// <summary><c>ray-tile</c> against the tracer in C# and scenes whose light is known, and lies about pixels.</summary>
public sealed class RayTileTests
{
    [Fact]
    public void Every_pixel_is_the_reference_pixel_to_the_bit()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            KernelTask task = Scenes.RayTile(new Random(seed), seed % 3);
            Assert.True(RayScene.TryRead(task.Shared, out RayScene scene));
            Assert.True(RayView.TryRead(task.Input, out RayView view));
            Assert.True(RayTile.TryRead(KernelRun.Of("ray-tile", task.Bytes).Output, view.Tile.Width, view.Tile.Height, out RayTile tile));
            var tracer = new RayTracer(scene, view);
            for (int y = 0; y < view.Tile.Height; y++)
            {
                for (int x = 0; x < view.Tile.Width; x++) Assert.Equal(tracer.Pixel(view.Tile.Left + x, view.Tile.Top + y), tile.Pixel(x, y));
            }
        }
    }

    [Fact]
    public void A_tile_is_the_same_however_the_picture_is_cut()
    {
        (byte[] scene, RayView view) = Room(glow: 0, open: true);
        byte[] whole = Run(scene, view with { Picture = (16, 16), Tile = (0, 0, 16, 16) });
        byte[] part = Run(scene, view with { Picture = (16, 16), Tile = (4, 8, 8, 4) });
        for (int y = 0; y < 4; y++) Assert.True(whole.AsSpan(((y + 8) * 16 + 4) * 12, 96).SequenceEqual(part.AsSpan(y * 96, 96)));
    }

    [Fact]
    public void A_closed_dark_room_is_black_and_a_glowing_one_converges_to_its_series()
    {
        (byte[] dark, RayView view) = Room(glow: 0, open: false);
        Assert.All(Run(dark, view), value => Assert.Equal(0, value));
        // Walls that glow 1 and throw back a half: 1 + 1/2 + 1/4 + 1/8 with three bounces, in every direction.
        (byte[] glowing, view) = Room(glow: 16, open: false);
        Assert.True(RayTile.TryRead(Run(glowing, view with { Bounces = 3 }), 8, 8, out RayTile tile));
        Assert.Equal(1.875f, tile.Pixel(3, 3).X, 1e-4f);
    }

    [Theory]
    [InlineData(float.NaN, "light that nothing gives")]
    [InlineData(-0.5f, "light that nothing gives")]
    [InlineData(1e9f, "light that nothing gives")]
    [InlineData(0.25f, "a pixel that its rays do not give")]
    public void Lies_are_seen(float light, string reason)
    {
        (byte[] scene, RayView view) = Room(glow: 3, open: true);
        var input = new byte[RayView.Bytes];
        view.Write(input);
        byte[] output = Run(scene, view);
        Assert.True(new RayInvariant().Check(scene, input, output).Holds);
        for (int at = 0; at < output.Length; at += 4) output.AsSpan().F32(at, light);
        Assert.Equal(reason, new RayInvariant().Check(scene, input, output).Reason);
    }

    private static byte[] Run(byte[] scene, RayView view)
    {
        var input = new byte[RayView.Bytes];
        view.Write(input);
        return KernelRun.Of("ray-tile", [.. scene, .. input]).Output;
    }

    private static (byte[] Scene, RayView View) Room(byte glow, bool open)
    {
        const int side = 8;
        var cells = new byte[side * side * side];
        for (int i = 0; i < cells.Length; i++)
        {
            (int x, int z, int y) = (i % side, i / side % side, i / side / side);
            bool wall = x is 0 or side - 1 || z is 0 or side - 1 || y == 0 || (y == side - 1 && !open);
            cells[i] = (byte)(wall ? 1 : 0);
        }
        var looks = new RayLook[256];
        looks[1] = new RayLook(128, 128, 128, true, glow, glow, glow);
        var scene = new byte[RayScene.SizeOf(side, side, side)];
        RayScene.Write(scene, (side, side, side), looks, cells);
        var view = new RayView
        {
            Camera = new Vector3(4.3f, 3.6f, 4.1f), Forward = Vector3.UnitX, Right = Vector3.UnitZ, Down = -Vector3.UnitY, Sun = Vector3.Normalize(new Vector3(0.3f, 1, 0.2f)),
            SunLight = Vector3.One, Zenith = new Vector3(0.2f, 0.4f, 1), Horizon = Vector3.One, Picture = (8, 8), Tile = (0, 0, 8, 8), Samples = 4, Bounces = 2, Seed = 7,
        };
        return (scene, view);
    }
}
