namespace Egregore.World.Movement;

public static partial class VoxelMovement
{
    private const MoveButtons ButtonsKnown =
        MoveButtons.Forward | MoveButtons.Back | MoveButtons.Left | MoveButtons.Right | MoveButtons.Jump | MoveButtons.Sprint | MoveButtons.Crouch;

    // Falling freely is judged exactly up to this gap; the space to look through grows with its cube.
    private const int FallTicksMax = 8;

    /// <summary>
    /// Whether <paramref name="next"/> may follow <paramref name="previous"/>. One tick apart: it must be what <see cref="Step"/> gives for the input that it carries. Up to
    /// <see cref="MovementLimits.GapTicksMax"/> apart: bounds on distance, rise, fall and speed, no solid voxel inside the body, free fall exact where there is nothing to
    /// touch, and a way between the two that does not pass through walls. Further apart: the distance only, else Ignore.
    /// </summary>
    /// <remarks>Every bound is one that no sequence of steps exceeds: an honest body is never rejected, but where voxels that it touched are in doubt it is ignored.</remarks>
    /// <param name="previous">The last state judged.</param>
    /// <param name="next">The state to judge; any content.</param>
    /// <param name="ticks">Ticks from one to the other; below 1 (late or repeated) is ignored.</param>
    /// <param name="voxels">The world as this node knows it.</param>
    /// <param name="limits">The world's rules.</param>
    public static Verdict Check<TVoxels>(in MoveState previous, in MoveState next, int ticks, TVoxels voxels, MovementLimits limits)
        where TVoxels : IVoxelSource
    {
        if (!Possible(previous, limits) || !Possible(next, limits))
            return Verdict.Reject("not a possible state");
        if (ticks < 1)
            return Verdict.Ignore;
        if (ticks == 1)
        {
            var body = new Body<TVoxels>(previous, voxels, limits);
            if (body.Step(next.Input) == next)
                return Verdict.Accept;
            if (body.Doubt != VoxelClass.Air)
                return Verdict.Ignore;
        }

        Verdict bounds = CheckBounds(previous, next, ticks, limits);
        if (bounds.Kind == VerdictKind.Reject)
            return bounds;
        if (ticks > MovementLimits.GapTicksMax)
            return Verdict.Ignore;
        Verdict space = CheckSpace(previous, next, ticks, voxels, limits);
        return ticks == 1 && space.Kind != VerdictKind.Reject ? Verdict.Reject("does not follow from its input") : space;
    }

    /// <summary>Whether the values lie in the ranges that every step keeps; all further arithmetic relies on it.</summary>
    private static bool Possible(in MoveState state, MovementLimits limits) =>
        state.X >= -limits.BorderUnits && state.X <= limits.BorderUnits
        && state.Z >= -limits.BorderUnits && state.Z <= limits.BorderUnits
        && state.Y >= -limits.HeightUnitsMax && state.Y <= limits.HeightUnitsMax
        && state.VelocityY >= -limits.Terminal && state.VelocityY <= limits.Jump
        && Square(state.VelocityX) + Square(state.VelocityZ) <= Square(limits.SpeedMax)
        && (state.Buttons & ~ButtonsKnown) == 0
        && (state.Flags & ~(MoveFlags.Grounded | MoveFlags.Swimming)) == 0
        && state.Pitch != sbyte.MinValue;

    private static Verdict CheckBounds(in MoveState previous, in MoveState next, int ticks, MovementLimits limits)
    {
        long dx = (long)next.X - previous.X;
        long dy = (long)next.Y - previous.Y;
        long dz = (long)next.Z - previous.Z;
        if ((dx * dx) + (dz * dz) > Square((long)limits.SpeedMax * ticks))
            return Verdict.Reject("too far for the time");
        if (dy < -(long)limits.Terminal * ticks)
            return Verdict.Reject("fell too far for the time");
        if (ticks > MovementLimits.GapTicksMax)
            return Verdict.Ignore;
        if (dy > limits.RiseMax(ticks))
            return Verdict.Reject("rose too far for the time");
        if (next.VelocityY < Math.Min((int)previous.VelocityY, 0) - ((long)limits.Gravity * ticks))
            return Verdict.Reject("fell faster than gravity");
        long before = IntegerMath.Sqrt((ulong)(Square(previous.VelocityX) + Square(previous.VelocityZ))) + 1;
        if (Square(next.VelocityX) + Square(next.VelocityZ) > Square(before + ((long)limits.GroundAcceleration * ticks)))
            return Verdict.Reject("gained speed too fast");
        return Verdict.Accept;
    }

    private static Verdict CheckSpace<TVoxels>(in MoveState previous, in MoveState next, int ticks, TVoxels voxels, MovementLimits limits)
        where TVoxels : IVoxelSource
    {
        var before = new Body<TVoxels>(previous, voxels, limits);
        if (before.Overlaps())
            return Verdict.Ignore;              // a voxel was placed onto it
        var after = new Body<TVoxels>(next, voxels, limits);
        if (after.Overlaps())
            return after.Doubt != VoxelClass.Air ? Verdict.Ignore : Verdict.Reject("inside a solid voxel");
        bool swimming = after.Swimming();
        bool grounded = (next.Flags & MoveFlags.Grounded) != 0;
        if (swimming != ((next.Flags & MoveFlags.Swimming) != 0) || (grounded && (next.VelocityY != 0 || !after.Grounded())))
            return after.Doubt != VoxelClass.Air ? Verdict.Ignore : Verdict.Reject("claims ground or water that is not there");
        if (!grounded && (previous.Flags & MoveFlags.Grounded) == 0 && ticks <= FallTicksMax && FallsOtherwise(previous, next, ticks, voxels, limits))
            return Verdict.Reject("does not fall as gravity says");
        return Way(previous, next, ticks, voxels, limits);
    }

    /// <summary>True when there was nothing to touch anywhere within reach and yet the fall is another than gravity's.</summary>
    private static bool FallsOtherwise<TVoxels>(in MoveState previous, in MoveState next, int ticks, TVoxels voxels, MovementLimits limits)
        where TVoxels : IVoxelSource
    {
        int y = previous.Y;
        int velocity = previous.VelocityY;
        int highest = y;
        for (int i = 0; i < ticks; i++)
        {
            y += velocity;
            highest = Math.Max(highest, y);
            velocity = Math.Max(velocity - limits.Gravity, -limits.Terminal);
        }
        if (y == next.Y && velocity == next.VelocityY)
            return false;
        int reach = (limits.SpeedMax * ticks) + limits.HalfWidth;
        const int shift = MoveState.BlockShift;
        for (int cy = (Math.Min(y, previous.Y) - 1) >> shift; cy <= (highest + limits.Height) >> shift; cy++)
        {
            for (int cx = (previous.X - reach) >> shift; cx <= (previous.X + reach) >> shift; cx++)
            {
                for (int cz = (previous.Z - reach) >> shift; cz <= (previous.Z + reach) >> shift; cz++)
                {
                    if (voxels.At(cx, cy, cz) != VoxelClass.Air)
                        return false;
                }
            }
        }
        return true;
    }

    private static long Square(long value) => value * value;
}
