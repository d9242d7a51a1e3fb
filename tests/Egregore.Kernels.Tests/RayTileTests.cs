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

    [Fact]
    public void Glass_tints_what_is_behind_it_and_a_mirror_shows_what_is_before_it()
    {
        (byte[] scene, RayView view) = Room(glow: 16, open: false);
        Looks(scene, 2, new RayLook(128, 64, 0, RayForm.Clear));
        Looks(scene, 3, new RayLook(0, 0, 0, RayForm.Solid) { Gloss = 255 });
        view = view with { Bounces = 1, Picture = (1, 1), Tile = (0, 0, 1, 1), Right = default, Down = default, SunLight = default };
        byte[] glass = [.. scene];
        // All of the layer before the far wall: nothing is seen between blocks of one kind.
        for (int y = 1; y < 7; y++)
        {
            for (int z = 1; z < 7; z++) glass[RayScene.HeaderBytes + (((y * 8) + z) * 8) + 5] = glass[RayScene.HeaderBytes + (((y * 8) + z) * 8) + 6] = 2;
        }
        Assert.True(RayTile.TryRead(Run(glass, view), 1, 1, out RayTile tile));
        // The wall's own light alone: with one bounce the ray ends there.
        Assert.Equal(new Vector3(0.5f, 0.25f, 0), tile.Pixel(0, 0));

        for (int y = 1; y < 7; y++)
        {
            for (int z = 1; z < 7; z++) scene[RayScene.HeaderBytes + (((y * 8) + z) * 8) + 6] = 3;
        }
        Assert.True(RayTile.TryRead(Run(scene, view with { Samples = 64 }), 1, 1, out tile));
        Assert.InRange(tile.Pixel(0, 0).X, 0.9f, 1);
    }

    [Fact]
    public void Haze_begins_before_its_reach_and_hides_all_at_it()
    {
        (byte[] scene, RayView view) = Room(glow: 16, open: false);
        Looks(scene, 1, new RayLook(0, 0, 0, RayForm.Solid, 16, 16, 16));
        view = view with { Bounces = 0, Picture = (1, 1), Tile = (0, 0, 1, 1), Right = default, Down = default, SunLight = default, Horizon = new Vector3(0.25f) };
        // The wall is 2.7 blocks away.
        Assert.Equal(1, Light(0));
        Assert.Equal(1, Light(6.1f));
        Assert.InRange(Light(4), 0.3f, 0.95f);
        Assert.Equal(0.25f, Light(2.6f));

        float Light(float reach)
        {
            Assert.True(RayTile.TryRead(Run(scene, view with { Reach = reach }), 1, 1, out RayTile tile));
            return tile.Pixel(0, 0).X;
        }
    }

    [Fact]
    public void A_sun_with_a_size_is_seen_and_its_shadows_have_soft_edges()
    {
        // A wall of 4 blocks on a floor; the sun shines over it.
        var cells = new byte[16 * 16 * 16];
        for (int z = 0; z < 16; z++)
        {
            for (int x = 0; x < 16; x++) cells[(z * 16) + x] = 1;
            for (int y = 1; y < 5; y++) cells[(((y * 16) + z) * 16) + 12] = 1;
        }
        var looks = new RayLook[256];
        looks[1] = new RayLook(128, 128, 128, RayForm.Solid);
        var scene = new byte[RayScene.SizeOf(16, 16, 16)];
        RayScene.Write(scene, (16, 16, 16), looks, cells);
        var view = new RayView
        {
            Camera = new Vector3(8, 9, 8), Forward = -Vector3.UnitY, Right = Vector3.UnitX * 1.5f, Sun = Vector3.Normalize(new Vector3(1, 1, 0)), SunLight = Vector3.One,
            Picture = (32, 1), Tile = (0, 0, 32, 1), Samples = 32, Bounces = 0, Seed = 3,
        };
        int sharp = Between(Run(scene, view)), soft = Between(Run(scene, view with { SunSize = 0.2f }));
        Assert.True(sharp <= 1 && soft >= 3, $"{sharp} pixels of 32 are neither lit nor dark with a point for a sun, {soft} with a disc");

        byte[] disc = Run(scene, view with { Forward = view.Sun, Right = default, Picture = (1, 1), Tile = (0, 0, 1, 1), SunSize = 0.05f });
        Assert.True(RayTile.TryRead(disc, 1, 1, out RayTile tile));
        Assert.Equal(RayTracer.Disc, tile.Pixel(0, 0).X, 1e-4f);

        static int Between(byte[] output)
        {
            Assert.True(RayTile.TryRead(output, 32, 1, out RayTile tile));
            int count = 0;
            for (int x = 0; x < 32; x++) count += tile.Pixel(x, 0).X is > 0.02f and < 0.34f ? 1 : 0;
            return count;
        }
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

    // Looks can be written over: their place is the layout's.
    private static void Looks(byte[] scene, int kind, RayLook look) => look.Write(scene.AsSpan(4 + (kind * RayLook.Bytes)));

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
        looks[1] = new RayLook(128, 128, 128, RayForm.Solid, glow, glow, glow);
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
