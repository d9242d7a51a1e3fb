using VoxelArena.Terrain;

namespace VoxelArena.Tests;

public sealed class BodyTrafficTests(Xunit.Abstractions.ITestOutputHelper output) : IDisposable
{
    private const int Floor = TerrainGenerator.PlazaLevel;
    private const int Frames = 20;

    // 200 bodies, all awake. Sent whole they take 31,000 and more.
    private const long FrameBytesMax = 12_500;

    private readonly BodyWorld _world = new();

    [Fact]
    public void A_frame_of_two_hundred_moving_bodies_is_small_and_brings_them_where_truth_has_them()
    {
        for (int x = 0; x < 3; x++, _world.Now += 2000)
            Assert.Equal("", _world.Blast(new BlockAt(x * 6, Floor, 8), 4));
        _world.Follow();
        int bodies = _world.Bodies.Count;
        Assert.InRange(bodies, 200, VoxelArenaGame.BodiesMax);
        // The first one is physics' first: that it has a frame makes rows longer, so they come whole.
        _world.Fly(Floor - 3);
        for (int frame = 0; frame < Frames; frame++)
        {
            long bytes = _world.Fly(Floor - 3);
            output.WriteLine($"{bodies} bodies: {bytes} bytes, {(float)bytes / bodies:F1} each");
            Assert.InRange(bytes * 200 / bodies, 1, FrameBytesMax);
            Assert.Equal(_world.Bodies, _world.Cache.Db.Table(_world.Game.BodyRows).Rows);
        }
        Assert.Equal(0, _world.Cache.UnreadTables);
    }

    public void Dispose() => _world.Dispose();
}
