using System.Numerics;

namespace Egregore.Physics;

/// <summary>How near two bodies are to each other, turned as they are. Only + - * / and square roots.</summary>
internal static class BodyGap
{
    // A cross product of two edges that are nearly parallel says nothing that their faces do not.
    private const float ParallelSquare = 1e-4f;

    /// <summary>Whether two bodies overlap, or less than so many blocks are between them; at corners a little more.</summary>
    public static bool IsWithin(in BodyState a, in BodyState b, float blocks)
    {
        // The difference first, in whole numbers: what is far from the world's middle is as exact.
        var way = new Vector3(b.X - a.X, b.Y - a.Y, b.Z - a.Z) / BodyState.BlockUnits;
        return (a.Shape, b.Shape) switch
        {
            (BodyShape.Ball, BodyShape.Ball) => way.LengthSquared() <= Square(a.Half.X + b.Half.X + blocks),
            (BodyShape.Ball, _) => IsBallWithin(b, a.Half.X + blocks, -way),
            (_, BodyShape.Ball) => IsBallWithin(a, b.Half.X + blocks, way),
            _ => AreBoxesWithin(a, b, way, blocks),
        };
    }

    private static bool IsBallWithin(in BodyState box, float radius, Vector3 middle)
    {
        var local = Vector3.Transform(middle, Quaternion.Conjugate(box.Rotation));
        return (local - Vector3.Clamp(local, -box.Half, box.Half)).LengthSquared() <= radius * radius;
    }

    // Along a face's normal of either, or across an edge of each, two boxes that are apart are seen apart.
    private static bool AreBoxesWithin(in BodyState a, in BodyState b, Vector3 way, float blocks)
    {
        ReadOnlySpan<Vector3> axesA = [Axis(a, Vector3.UnitX), Axis(a, Vector3.UnitY), Axis(a, Vector3.UnitZ)];
        ReadOnlySpan<Vector3> axesB = [Axis(b, Vector3.UnitX), Axis(b, Vector3.UnitY), Axis(b, Vector3.UnitZ)];
        for (var i = 0; i < 3; i++)
        {
            if (IsApart(axesA[i], axesA, axesB, a.Half, b.Half, way, blocks) || IsApart(axesB[i], axesA, axesB, a.Half, b.Half, way, blocks))
                return false;
        }

        for (var i = 0; i < 9; i++)
        {
            var across = Vector3.Cross(axesA[i / 3], axesB[i % 3]);
            if (across.LengthSquared() > ParallelSquare && IsApart(Vector3.Normalize(across), axesA, axesB, a.Half, b.Half, way, blocks))
                return false;
        }

        return true;
    }

    private static Vector3 Axis(in BodyState body, Vector3 unit) => Vector3.Transform(unit, body.Rotation);

    private static bool IsApart(Vector3 along, ReadOnlySpan<Vector3> axesA, ReadOnlySpan<Vector3> axesB, Vector3 halfA, Vector3 halfB, Vector3 way, float blocks) =>
        Math.Abs(Vector3.Dot(way, along)) > blocks + Extent(along, axesA, halfA) + Extent(along, axesB, halfB);

    private static float Extent(Vector3 along, ReadOnlySpan<Vector3> axes, Vector3 half) =>
        (Math.Abs(Vector3.Dot(along, axes[0])) * half.X) + (Math.Abs(Vector3.Dot(along, axes[1])) * half.Y) + (Math.Abs(Vector3.Dot(along, axes[2])) * half.Z);

    private static float Square(float value) => value * value;
}
