using Egregore.World.Photos;
using VoxelArena.Terrain;

namespace VoxelArena.Tests;

/// <summary>What a traced picture is made of: the arena's blocks as they are, crates among them.</summary>
public sealed class PhotoTests
{
    [Theory]
    [InlineData(-20, 0, -7, 40, 64, 30)]
    [InlineData(5, 18, 9, 3, 8, 50)]
    [InlineData(-16, -3, 16, 32, 80, 16)]
    public void Blocks_are_copied_as_they_are(int x, int y, int z, int width, int height, int depth)
    {
        using var world = new BodyWorld();
        Assert.Equal("", world.Dig(new BlockAt(world.Feet.X >> 12, (world.Feet.Y >> 12) - 1, (world.Feet.Z >> 12) + 1)));
        var kinds = new byte[width * height * depth];
        kinds.AsSpan().Fill(99);
        world.Game.Photos.Copy(world.Truth.Db, new PhotoBounds(x, y, z, width, height, depth), kinds);
        var voxels = new VoxelWorld(world.Game.Terrain, world.Truth.Db.Table(world.Game.Blocks));
        for (int i = 0; i < kinds.Length; i++)
            Assert.Equal(voxels.KindAt(x + (i % width), y + (i / width / depth), z + (i / width % depth)), (BlockKind)kinds[i]);
    }

    [Fact]
    public void A_crate_is_where_it_stands()
    {
        using var world = new BodyWorld();
        var at = new BlockAt(world.Feet.X >> 12, TerrainGenerator.PlazaLevel + 1, (world.Feet.Z >> 12) + 2);
        Assert.Equal("", world.Stack(at));
        var kinds = new byte[8 * 8 * 8];
        world.Game.Photos.Copy(world.Truth.Db, new PhotoBounds(at.X - 3, at.Y - 2, at.Z - 4, 8, 8, 8), kinds);
        Assert.Equal(ArenaPhotos.CrateKind, kinds[(((2 * 8) + 4) * 8) + 3]);
    }

    [Fact]
    public void Every_kind_of_block_has_a_look_and_air_has_none()
    {
        IPhotoSource photos = new VoxelArenaGame(1).Photos;
        foreach (BlockKind kind in Enum.GetValues<BlockKind>())
            Assert.Equal(kind == BlockKind.Air, photos.Looks[(int)kind].Form == PhotoForm.Open);
        Assert.Equal(PhotoForm.Clear, photos.Looks[(int)BlockKind.Water].Form);
        Assert.Equal(1, photos.Light.Sun.Length(), 1e-5f);
    }
}
