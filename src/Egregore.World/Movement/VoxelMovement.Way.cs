namespace Egregore.World.Movement;

public static partial class VoxelMovement
{
    /// <summary>Most voxels among which a way is looked for; a gap that spans more is ignored.</summary>
    private const int WayCellsMax = 4096;

    /// <summary>
    /// Whether a body could have come from one place to the other without passing through a wall. Its middle goes from voxel to voxel through their faces, and where it is
    /// the voxel at the feet and the one above are free; so a body that moved by steps has always such a way within reach.
    /// </summary>
    private static Verdict Way<TVoxels>(in MoveState previous, in MoveState next, int ticks, TVoxels voxels, MovementLimits limits)
        where TVoxels : IVoxelSource
    {
        const int shift = MoveState.BlockShift;
        var from = (X: previous.X >> shift, Y: previous.Y >> shift, Z: previous.Z >> shift);
        var to = (X: next.X >> shift, Y: next.Y >> shift, Z: next.Z >> shift);
        if (from == to)
            return Verdict.Accept;
        var search = new WaySearch<TVoxels>(voxels);
        if (search.Straight(from, to, xFirst: true) || search.Straight(from, to, xFirst: false))
            return Verdict.Accept;

        // No lower than from where the rest of the ticks can lift it again, no higher than they can lift it.
        int rise = limits.RiseMax(ticks);
        int reach = (limits.SpeedMax * ticks >> shift) + 1;
        int bottom = Math.Min(from.Y, (next.Y - rise) >> shift);
        int top = Math.Max(to.Y, (previous.Y + rise) >> shift);
        int width = (2 * reach) + 1;
        if ((long)width * width * (top - bottom + 1) > WayCellsMax)
            return Verdict.Ignore;
        bool found = search.Flood(from, to, (from.X - reach, bottom, from.Z - reach), (width, top - bottom + 1, width));
        return found ? Verdict.Accept : search.Doubt ? Verdict.Ignore : Verdict.Reject("went through a wall");
    }

    private ref struct WaySearch<TVoxels>(TVoxels voxels)
        where TVoxels : IVoxelSource
    {
        public bool Doubt { get; private set; }

        /// <summary>Up, along both axes, down: what most steps look like.</summary>
        public bool Straight((int X, int Y, int Z) from, (int X, int Y, int Z) to, bool xFirst)
        {
            int height = Math.Max(from.Y, to.Y);
            (int X, int Z) corner = xFirst ? (to.X, from.Z) : (from.X, to.Z);
            return Line(from, (from.X, height, from.Z)) && Line((from.X, height, from.Z), (corner.X, height, corner.Z))
                && Line((corner.X, height, corner.Z), (to.X, height, to.Z)) && Line((to.X, height, to.Z), to);
        }

        /// <summary>Breadth first through the box that starts at <paramref name="low"/>.</summary>
        public bool Flood((int X, int Y, int Z) from, (int X, int Y, int Z) to, (int X, int Y, int Z) low, (int X, int Y, int Z) size)
        {
            int cells = size.X * size.Y * size.Z;
            Span<bool> seen = stackalloc bool[WayCellsMax];
            seen.Clear();
            Span<short> queue = stackalloc short[WayCellsMax];
            int head = 0;
            int tail = 0;
            queue[tail++] = (short)Index(from, low, size);
            seen[queue[0]] = true;
            while (head < tail)
            {
                int at = queue[head++];
                (int X, int Y, int Z) cell = (low.X + (at % size.X), low.Y + (at / (size.X * size.Z)), low.Z + (at / size.X % size.Z));
                if (cell == to)
                    return true;
                for (int side = 0; side < 6; side++)
                {
                    int by = (side & 1) == 0 ? 1 : -1;
                    (int X, int Y, int Z) other = (side >> 1) switch
                    {
                        0 => (cell.X + by, cell.Y, cell.Z),
                        1 => (cell.X, cell.Y + by, cell.Z),
                        _ => (cell.X, cell.Y, cell.Z + by),
                    };
                    int index = Index(other, low, size);
                    if ((uint)index >= (uint)cells || seen[index])
                        continue;
                    seen[index] = true;
                    if (Free(other.X, other.Y, other.Z))
                        queue[tail++] = (short)index;
                }
            }
            return false;
        }

        private bool Line((int X, int Y, int Z) from, (int X, int Y, int Z) to)
        {
            var by = (X: Math.Sign(to.X - from.X), Y: Math.Sign(to.Y - from.Y), Z: Math.Sign(to.Z - from.Z));
            while (from != to)
            {
                from = (from.X + by.X, from.Y + by.Y, from.Z + by.Z);
                if (!Free(from.X, from.Y, from.Z))
                    return false;
            }
            return true;
        }

        private static int Index((int X, int Y, int Z) cell, (int X, int Y, int Z) low, (int X, int Y, int Z) size)
        {
            (int x, int y, int z) = (cell.X - low.X, cell.Y - low.Y, cell.Z - low.Z);
            bool inside = (uint)x < (uint)size.X && (uint)y < (uint)size.Y && (uint)z < (uint)size.Z;
            return inside ? (((y * size.Z) + z) * size.X) + x : -1;
        }

        private bool Free(int x, int y, int z)
        {
            VoxelClass feet = voxels.At(x, y, z);
            VoxelClass above = voxels.At(x, y + 1, z);
            Doubt |= feet >= VoxelClass.Unknown || above >= VoxelClass.Unknown;
            return ((feet | above) & VoxelClass.Solid) == 0;
        }
    }
}
