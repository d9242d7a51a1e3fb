using Egregore.World.Movement;
using Xunit;

namespace Egregore.Physics.Tests;

public sealed class SolidBoxesTests
{
    [Fact]
    public void Every_solid_block_is_in_exactly_one_box()
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            var random = new Random(seed);
            var voxels = new Voxels(at => random.Next(3) > 0, new BlockBounds(-5, -3, 2, 6, 9, 11));
            var boxes = new List<BlockBounds>();
            Assert.True(SolidBoxes.Collect(voxels, voxels.Bounds, 10_000, boxes));
            for (var x = voxels.Bounds.MinX; x <= voxels.Bounds.MaxX; x++)
            {
                for (var y = voxels.Bounds.MinY; y <= voxels.Bounds.MaxY; y++)
                {
                    for (var z = voxels.Bounds.MinZ; z <= voxels.Bounds.MaxZ; z++)
                    {
                        var holding = boxes.Count(box => box.Meets(new BlockBounds(x, y, z, x, y, z)));
                        Assert.Equal(voxels.At(x, y, z) == VoxelClass.Solid ? 1 : 0, holding);
                    }
                }
            }
        }
    }

    [Fact]
    public void A_floor_is_one_box()
    {
        var floor = new Voxels(at => at.Y < 4, new BlockBounds(-20, 0, -20, 20, 10, 20));
        var boxes = new List<BlockBounds>();
        Assert.True(SolidBoxes.Collect(floor, floor.Bounds, 10, boxes));
        Assert.Equal([new BlockBounds(-20, 0, -20, 20, 3, 20)], boxes);
    }

    [Fact]
    public void More_boxes_than_the_bound_are_left_out_and_told()
    {
        var checkers = new Voxels(at => ((at.X + at.Y + at.Z) & 1) == 0, new BlockBounds(0, 0, 0, 9, 9, 9));
        var boxes = new List<BlockBounds>();
        Assert.False(SolidBoxes.Collect(checkers, checkers.Bounds, 100, boxes));
        Assert.Equal(100, boxes.Count);
    }
}
