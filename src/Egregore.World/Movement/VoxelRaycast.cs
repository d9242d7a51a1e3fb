namespace Egregore.World.Movement;

/// <summary>What a ray met.</summary>
/// <param name="X">The voxel.</param>
/// <param name="Y">The voxel.</param>
/// <param name="Z">The voxel.</param>
/// <param name="NormalX">The face that was met points this way; (0, 0, 0) when the ray started inside the voxel.</param>
/// <param name="NormalY">See <paramref name="NormalX"/>.</param>
/// <param name="NormalZ">See <paramref name="NormalX"/>.</param>
public readonly record struct VoxelHit(int X, int Y, int Z, int NormalX, int NormalY, int NormalZ);

/// <summary>Which voxel a player looks at: Amanatides and Woo, "A Fast Voxel Traversal Algorithm" (1987), in integers.</summary>
public static class VoxelRaycast
{
    private const int Shift = MoveState.BlockShift;

    /// <summary>Looks from the eyes of a body along its heading.</summary>
    /// <param name="state">The body.</param>
    /// <param name="reachUnits">How far, in 1/4096 block; at most 64 blocks.</param>
    /// <param name="voxels">The world; solid voxels are met, unknown ones end the look without a hit.</param>
    /// <param name="limits">For the eyes' height.</param>
    /// <param name="hit">The first solid voxel.</param>
    public static bool Look<TVoxels>(in MoveState state, int reachUnits, TVoxels voxels, MovementLimits limits, out VoxelHit hit)
        where TVoxels : IVoxelSource
    {
        // 127 of pitch is a quarter turn (16,384).
        int pitch = state.Pitch * 16_384 / 127;
        int sinPitch = IntegerMath.Sin((ushort)pitch);
        int cosPitch = IntegerMath.Cos((ushort)pitch);
        int dx = -IntegerMath.Sin(state.Yaw) * cosPitch / IntegerMath.One;
        int dz = -IntegerMath.Cos(state.Yaw) * cosPitch / IntegerMath.One;
        return Cast(state.X, state.Y + limits.EyeHeight, state.Z, dx, sinPitch, dz, reachUnits, voxels, out hit);
    }

    /// <summary>Follows a ray from voxel to voxel.</summary>
    /// <param name="x">Start, in 1/4096 block.</param>
    /// <param name="y">Start, in 1/4096 block.</param>
    /// <param name="z">Start, in 1/4096 block.</param>
    /// <param name="dx">Direction, of length 2^14.</param>
    /// <param name="dy">Direction, of length 2^14.</param>
    /// <param name="dz">Direction, of length 2^14.</param>
    /// <param name="reachUnits">How far, in 1/4096 block; at most 64 blocks.</param>
    /// <param name="voxels">The world.</param>
    /// <param name="hit">The first solid voxel.</param>
    public static bool Cast<TVoxels>(int x, int y, int z, int dx, int dy, int dz, int reachUnits, TVoxels voxels, out VoxelHit hit)
        where TVoxels : IVoxelSource
    {
        hit = default;
        (int cx, int cy, int cz) = (x >> Shift, y >> Shift, z >> Shift);
        (long tx, long ty, long tz) = (ToFace(x, dx), ToFace(y, dy), ToFace(z, dz));
        (long stepX, long stepY, long stepZ) = (Across(dx), Across(dy), Across(dz));
        (int nx, int ny, int nz) = (0, 0, 0);
        long end = (long)Math.Clamp(reachUnits, 0, 64 << Shift) << 8;
        while (true)
        {
            VoxelClass voxel = voxels.At(cx, cy, cz) & VoxelClass.Unknown;
            if (voxel == VoxelClass.Unknown)
                return false;
            if (voxel == VoxelClass.Solid)
            {
                hit = new VoxelHit(cx, cy, cz, nx, ny, nz);
                return true;
            }
            long t = Math.Min(tx, Math.Min(ty, tz));
            if (t > end)
                return false;
            (nx, ny, nz) = (0, 0, 0);
            if (t == tx)
            {
                cx += Math.Sign(dx);
                nx = -Math.Sign(dx);
                tx += stepX;
            }
            else if (t == ty)
            {
                cy += Math.Sign(dy);
                ny = -Math.Sign(dy);
                ty += stepY;
            }
            else
            {
                cz += Math.Sign(dz);
                nz = -Math.Sign(dz);
                tz += stepZ;
            }
        }
    }

    // Distances along the ray in 2^-8 unit.
    private static long ToFace(int start, int direction)
    {
        int within = start & (MoveState.BlockUnits - 1);
        return direction == 0 ? long.MaxValue : ((long)(direction > 0 ? MoveState.BlockUnits - within : within) << 22) / Math.Abs(direction);
    }

    private static long Across(int direction) => direction == 0 ? 0 : (1L << 34) / Math.Abs(direction);
}
