using System.Numerics;
using Xunit;

namespace Egregore.Physics.Tests;

public sealed class BodyGapTests
{
    private static readonly Quaternion Turned = Quaternion.CreateFromAxisAngle(Vector3.UnitY, MathF.PI / 4);

    [Fact]
    public void Boxes_that_are_not_turned_are_as_far_as_their_faces()
    {
        Assert.True(BodyGap.IsWithin(Bench.At(1, 0, 0, 0), Bench.At(2, 1, 0, 0), 0.11f));
        Assert.False(BodyGap.IsWithin(Bench.At(1, 0, 0, 0), Bench.At(2, 1, 0, 0), 0.09f));
        Assert.True(BodyGap.IsWithin(Bench.At(1, 0, 0, 0), Bench.At(2, 0.3f, 0.3f, -0.3f), 0));
    }

    [Fact]
    public void A_turned_box_reaches_farther_along_its_diagonal()
    {
        var turned = Bench.At(1, 0, 0, 0) with { Rotation = Turned };
        Assert.True(BodyGap.IsWithin(turned, Bench.At(2, 1.07f, 0, 0), 0));
        Assert.False(BodyGap.IsWithin(turned, Bench.At(2, 1.1f, 0, 0), 0));
        Assert.False(BodyGap.IsWithin(turned, Bench.At(2, 0.85f, 0, 0.85f), 0));
    }

    [Fact]
    public void Edges_that_cross_are_apart_though_no_face_says_so()
    {
        var rod = Bench.At(1, 0, 0, 0) with { Half = new Vector3(2, 0.2f, 0.2f), Rotation = Quaternion.CreateFromAxisAngle(Vector3.UnitX, MathF.PI / 4) };
        var other = Bench.At(2, 0, 0.6f, 0) with { Half = new Vector3(0.2f, 0.2f, 2), Rotation = Quaternion.CreateFromAxisAngle(Vector3.UnitZ, MathF.PI / 4) };
        Assert.False(BodyGap.IsWithin(rod, other, 0.03f));
        Assert.True(BodyGap.IsWithin(rod, other, 0.04f));
    }

    [Fact]
    public void A_ball_is_as_far_as_the_nearest_point_of_the_other()
    {
        var ball = Bench.At(1, 0, 0, 0) with { Shape = BodyShape.Ball };
        Assert.True(BodyGap.IsWithin(ball, Bench.At(2, 1, 0, 0) with { Shape = BodyShape.Ball }, 0.11f));
        Assert.False(BodyGap.IsWithin(ball, Bench.At(2, 1, 0, 0) with { Shape = BodyShape.Ball }, 0.09f));
        // The corner of the box is 0.3 * sqrt 3 from the ball's middle.
        var box = Bench.At(2, 0.75f, 0.75f, 0.75f);
        Assert.True(BodyGap.IsWithin(ball, box, 0.08f));
        Assert.False(BodyGap.IsWithin(box, ball, 0.06f));
    }

    [Fact]
    public void Far_from_the_middle_of_the_world_it_is_as_exact()
    {
        BodyState Far(ulong id, float x) => Bench.At(id, x, 0, 0) with { X = 2_000_000_000 + (int)(x * Bench.Unit) };
        Assert.True(BodyGap.IsWithin(Far(1, 0), Far(2, 1), 0.101f));
        Assert.False(BodyGap.IsWithin(Far(1, 0), Far(2, 1), 0.099f));
    }
}
