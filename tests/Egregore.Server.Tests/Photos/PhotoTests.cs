using Egregore.Kernels;
using Egregore.Sandbox;
using Egregore.Server.Photos;
using Egregore.Server.Tests.Support;
using Egregore.Wire;
using Egregore.Work;
using Egregore.World;
using Egregore.World.Movement;

namespace Egregore.Server.Tests.Photos;

/// <summary>Pictures that players ask for, over real sockets, traced by real helpers in the real sandbox.</summary>
public sealed class PhotoTests
{
    private const int EyeY = ((PhotoGame.FloorY + 2) * MoveState.BlockUnits) + 100;

    [Fact]
    public async Task A_picture_comes_whole_tile_by_tile_each_at_its_place_also_where_a_helper_lies()
    {
        await using var server = await StartAsync();
        await using var player = await StandAsync(server);
        await using var liar = await TestHelper.JoinAsync(server, name: "Liar");
        liar.Lie = (_, output) => [.. output.Select((b, i) => i % 4 == 1 ? (byte)(b ^ 64) : b)];
        liar.Start();
        await using var honest = (await TestHelper.JoinAsync(server, name: "Ada")).Start();
        await server.WaitAsync(report => report.Work.Stats.Parked == 2);

        var request = Request(1, width: 100, height: 72);
        var shown = await TakeAsync(player, request);
        Assert.Equal(PhotoEnd.Whole, shown.End.End);
        Assert.Equal(((ushort)12, (ushort)12, (ushort)2), (shown.End.Tiles, shown.End.Done, shown.End.Helpers));
        // What was shown of a liar is put right until nothing is open any more.
        await server.WaitAsync(report => report.Work.Stats.Tasks == 0);
        await player.PingAsync(9, received => Show(shown.Tiles, received));

        var photo = new Photo(1, 1, null!, PhotoScene.Cut(new PhotoGame(), null!, request)!, 0);
        Assert.Equal(photo.Tiles, shown.Tiles.Count);
        using var sandbox = new KernelSandbox(null, TimeProvider.System);
        sandbox.Load(Kernel, KernelModules.Get("ray-tile").Span);
        var input = new byte[Kernels.Rays.RayView.Bytes];
        for (var i = 0; i < photo.Tiles; i++)
        {
            var view = photo.ViewOf(i);
            view.Write(input);
            var run = sandbox.Run(Kernel, photo.Shared, input, 1UL << 40, 1 << 20);
            Assert.True(Kernels.Rays.RayTile.TryRead(run.Output, view.Tile.Width, view.Tile.Height, out var right));
            Assert.Equal(PhotoPixels.Pack(right, view.Tile.Width, view.Tile.Height), shown.Tiles[(view.Tile.Left, view.Tile.Top)].Pixels.ToArray());
        }

        Assert.True(shown.Tiles.Values.SelectMany(tile => tile.Pixels.ToArray().Chunk(4)).Select(pixel => BitConverter.ToUInt32(pixel)).Distinct().Count() > 1_000, "a picture has many colours");
        Assert.Equal(100 * 72, shown.Tiles.Values.Sum(tile => tile.Width * tile.Height));
    }

    [Fact]
    public void What_a_helper_sees_says_nothing_of_where_in_the_world_it_is()
    {
        var game = new PhotoGame();
        var here = PhotoScene.Cut(game, null!, Request(1))!;
        // The land repeats every eight blocks, and so do the bytes.
        var there = PhotoScene.Cut(game, null!, Request(1, x: 300 + (8 * 12_345 * MoveState.BlockUnits), z: 5_000 - (8 * 777 * MoveState.BlockUnits)))!;
        Assert.Equal(here.Shared, there.Shared);
        Assert.Equal(here.View, there.View);
        // Rock below and air above are left out, as far as the rays need none.
        Assert.Equal(1 + 4, here.Shared[1]);
    }

    [Fact]
    public async Task Without_a_helper_the_picture_stays_unfinished_and_says_so()
    {
        await using var server = await StartAsync(photos => photos with { TileMs = 300, TriesMax = 2 });
        await using var player = await StandAsync(server);
        var shown = await TakeAsync(player, Request(1));
        Assert.Equal((PhotoEnd.Unfinished, "there is no helper", 0), (shown.End.End, shown.End.Text, shown.Tiles.Count));
        // Truth computes none of it.
        var report = await server.WaitAsync(report => report.Work.Stats.Tasks == 0);
        Assert.Equal(0, report.Work.Stats.ByTruth);
    }

    [Fact]
    public async Task A_helper_that_comes_late_finishes_it()
    {
        await using var server = await StartAsync();
        await using var player = await StandAsync(server);
        await player.SendAsync(Kind.PhotoRequest, Request(1));
        var told = (await player.ReceiveAsync(Kind.PhotoState)).As<PhotoState>();
        Assert.Equal((PhotoEnd.None, (ushort)0, (ushort)0), (told.End, told.Done, told.Helpers));
        await using var helper = (await TestHelper.JoinAsync(server)).Start();
        await player.ReceiveAsync(Kind.PhotoState, received => received.As<PhotoState>().End == PhotoEnd.Whole);
    }

    [Fact]
    public async Task A_picture_that_is_taken_back_or_whose_asker_goes_takes_its_tasks_with_it()
    {
        await using var server = await StartAsync(photos => photos with { EverySeconds = 0 });
        await using var helper = await TestHelper.JoinAsync(server);
        helper.Answers = _ => false;
        helper.Start();
        await server.WaitAsync(report => report.Work.Stats.Parked == 1);
        var player = await StandAsync(server);
        await player.SendAsync(Kind.PhotoRequest, Request(1));
        await server.WaitAsync(report => report.Work.Stats.Tasks > 0);

        // Another number is none of it.
        await player.SendAsync(Kind.PhotoRequest, new PhotoRequest { Photo = 7, Cancel = true });
        await player.SendAsync(Kind.PhotoRequest, Request(2));
        var busy = (await player.ReceiveAsync(Kind.PhotoState, received => received.As<PhotoState>().Photo == 2)).As<PhotoState>();
        Assert.Equal((PhotoEnd.Refused, "one picture at a time"), (busy.End, busy.Text));

        await player.SendAsync(Kind.PhotoRequest, new PhotoRequest { Photo = 1, Cancel = true });
        await player.ReceiveAsync(Kind.PhotoState, received => received.As<PhotoState>() is { Photo: 1, End: PhotoEnd.Cancelled });
        await server.WaitAsync(report => report.Work.Stats.Tasks == 0);

        await player.SendAsync(Kind.PhotoRequest, Request(3));
        await server.WaitAsync(report => report.Work.Stats.Tasks > 0);
        player.Abort();
        await server.WaitAsync(report => report.Work.Stats.Tasks == 0);
        await player.DisposeAsync();
    }

    [Theory]
    [InlineData("pixels a side", 8, 64, 16)]
    [InlineData("pixels a side", 2_000, 64, 16)]
    [InlineData("times wider", 640, 100, 1)]
    [InlineData("rays", 640, 640, 255)]
    [InlineData("rays", 64, 64, 0)]
    public async Task Sizes_out_of_bounds_are_refused_with_the_reason(string reason, int width, int height, int samples)
    {
        await using var server = await StartAsync();
        await using var player = await StandAsync(server);
        Assert.Contains(reason, await RefusedAsync(player, Request(1, width, height, samples)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cameras_out_of_bounds_and_pictures_too_often_are_refused_with_the_reason()
    {
        await using var server = await StartAsync(photos => photos with { TileMs = 100, TriesMax = 1 });
        await using var player = await TestClient.JoinAsync(server);
        Assert.Contains("where you stand", await RefusedAsync(player, Request(1)), StringComparison.Ordinal);
        await StandAsync(server, player);
        foreach (var angles in (PhotoRequest[])[Request(2, yaw: float.NaN), Request(2, yaw: 100), Request(2, pitch: float.PositiveInfinity), Request(2, halfHeight: 0), Request(2, halfHeight: 40)])
            Assert.Contains("angles", await RefusedAsync(player, angles), StringComparison.Ordinal);
        Assert.Contains("more than 8 blocks", await RefusedAsync(player, Request(3, x: 9 * MoveState.BlockUnits)), StringComparison.Ordinal);
        Assert.Contains("more than 8 blocks", await RefusedAsync(player, Request(3, x: int.MinValue)), StringComparison.Ordinal);

        var shown = await TakeAsync(player, Request(4));
        Assert.Equal(PhotoEnd.Unfinished, shown.End.End);
        Assert.Contains("every 5 seconds", await RefusedAsync(player, Request(5)), StringComparison.Ordinal);
        server.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(PhotoEnd.Unfinished, (await TakeAsync(player, Request(6))).End.End);

        // No request at all counts as an offence, and a photo without a number is none.
        await player.SendAsync(Kind.PhotoRequest, [1, 2, 3]);
        Assert.Equal(RefusalCode.Malformed, (await player.ReceiveAsync(Kind.Refusal)).As<Refusal>().Code);
    }

    [Fact]
    public async Task A_server_that_has_none_taken_says_so()
    {
        await using var off = await StartAsync(photos => photos with { Enabled = false });
        await using var player = await TestClient.JoinAsync(off);
        Assert.Contains("no pictures", await RefusedAsync(player, Request(1)), StringComparison.Ordinal);
        await using var line = await TestServer.StartAsync();
        await using var walker = await TestClient.JoinAsync(line);
        Assert.Contains("no pictures", await RefusedAsync(walker, Request(1)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_so_many_pictures_are_traced_at_one_time()
    {
        await using var server = await StartAsync(photos => photos with { PhotosMax = 1 });
        await using var ada = await StandAsync(server);
        await using var bob = await StandAsync(server);
        await ada.SendAsync(Kind.PhotoRequest, Request(1));
        await server.WaitAsync(report => report.Work.Stats.Tasks > 0);
        Assert.Contains("too many pictures", await RefusedAsync(bob, Request(1)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 0.5, 0.25)]
    [InlineData(0.001, 30, 1_000)]
    [InlineData(float.NaN, 1, -3)]
    [InlineData(1e-38, 0, 0)]
    public void Light_in_four_bytes_is_within_a_percent_of_the_brightest_colour(float red, float green, float blue)
    {
        var pixel = new byte[4];
        PhotoPixels.Pack(new System.Numerics.Vector3(red, green, blue), pixel);
        var most = Math.Max(0, Math.Max(float.IsNaN(red) ? 0 : red, Math.Max(green, blue)));
        if (float.IsNaN(red) || most < 1e-30f)
            return;
        foreach (var (part, light) in ((byte, float)[])[(pixel[0], red), (pixel[1], green), (pixel[2], blue)])
            Assert.InRange(MathF.ScaleB(part, pixel[3] - 136), light - (most / 100), light);
    }

    private static KernelHash Kernel => KernelModules.HashOf("ray-tile");

    private static Task<TestServer> StartAsync(Func<PhotoOptions, PhotoOptions>? change = null) =>
        TestServer.StartAsync(options => options with { Photos = change?.Invoke(options.Photos) ?? options.Photos }, game: new PhotoGame());

    private static PhotoRequest Request(
        uint photo, int width = 64, int height = 64, int samples = 16, float yaw = 0.4f, float pitch = -0.2f, float halfHeight = 0.7f, int x = 300, int z = 5_000) => new()
        {
            Photo = photo, X = x, Y = EyeY, Z = z, Yaw = yaw, Pitch = pitch, HalfHeight = halfHeight, Width = (ushort)width, Height = (ushort)height, Samples = (byte)samples,
        };

    private static async Task<TestClient> StandAsync(TestServer server, TestClient? client = null)
    {
        client ??= await TestClient.JoinAsync(server);
        var state = LineGame.State(0, 0);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(4), PhotoGame.FloorY << 8);
        var before = server.Report.Stats.Bodies;
        await client.SendAsync(Kind.Reflex, state, sequence: 1);
        await server.WaitAsync(report => report.Stats.Bodies > before);
        return client;
    }

    private static async Task<string> RefusedAsync(TestClient client, PhotoRequest request)
    {
        await client.SendAsync(Kind.PhotoRequest, request);
        var state = (await client.ReceiveAsync(Kind.PhotoState, received => received.As<PhotoState>().Photo == request.Photo)).As<PhotoState>();
        Assert.Equal(PhotoEnd.Refused, state.End);
        return state.Text;
    }

    private static async Task<(Dictionary<(int Left, int Top), PhotoTile> Tiles, PhotoState End)> TakeAsync(TestClient client, PhotoRequest request)
    {
        var tiles = new Dictionary<(int, int), PhotoTile>();
        await client.SendAsync(Kind.PhotoRequest, request);
        while (true)
        {
            var received = await client.ReceiveAsync() ?? throw new InvalidOperationException("closed");
            Show(tiles, received);
            if (received.Kind == Kind.PhotoState && received.As<PhotoState>() is { End: not PhotoEnd.None } end)
                return (tiles, end);
        }
    }

    private static void Show(Dictionary<(int, int), PhotoTile> tiles, Received received)
    {
        if (received.Kind == Kind.PhotoTile && received.As<PhotoTile>() is { } tile)
            tiles[(tile.Left, tile.Top)] = tile;
    }
}
