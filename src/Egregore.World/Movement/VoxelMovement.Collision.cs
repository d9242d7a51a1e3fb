namespace Egregore.World.Movement;

public static partial class VoxelMovement
{
    // A body is the box [x - w, x + w) [y, y + h) [z - w, z + w). A move along an axis looks at each layer of voxels that its leading face enters, in order, so that
    // no speed passes through a wall; what the body overlaps already does not hold it, so that it can leave a voxel that was placed onto it.
    private ref partial struct Body<TVoxels>
    {
        private const int Shift = MoveState.BlockShift;

        public bool Overlaps() =>
            AnySolid(Low(_x) >> Shift, High(_x) >> Shift, _y >> Shift, Top() >> Shift, Low(_z) >> Shift, High(_z) >> Shift);

        public bool Grounded() =>
            _vy <= 0 && (_y & (MoveState.BlockUnits - 1)) == 0 && Layer(1, (_y - 1) >> Shift);

        public bool Swimming() => At(_x >> Shift, (_y + (_limits.Height / 2)) >> Shift, _z >> Shift) == VoxelClass.Liquid;

        private bool FeetInLiquid() => At(_x >> Shift, _y >> Shift, _z >> Shift) == VoxelClass.Liquid;

        private bool MoveX(int by)
        {
            int to = Math.Clamp(_x + by, -_limits.BorderUnits, _limits.BorderUnits);
            int layer = Sweep(0, Low(_x), High(_x), Low(to), High(to), out bool blocked);
            _x = !blocked ? to : by > 0 ? (layer << Shift) - _limits.HalfWidth : ((layer + 1) << Shift) + _limits.HalfWidth;
            return blocked;
        }

        private bool MoveZ(int by)
        {
            int to = Math.Clamp(_z + by, -_limits.BorderUnits, _limits.BorderUnits);
            int layer = Sweep(2, Low(_z), High(_z), Low(to), High(to), out bool blocked);
            _z = !blocked ? to : by > 0 ? (layer << Shift) - _limits.HalfWidth : ((layer + 1) << Shift) + _limits.HalfWidth;
            return blocked;
        }

        private bool MoveY(int by)
        {
            int to = Math.Clamp(_y + by, -_limits.HeightUnitsMax, _limits.HeightUnitsMax);
            int layer = Sweep(1, _y, Top(), to, to + _limits.Height - 1, out bool blocked);
            _y = !blocked ? to : by > 0 ? (layer << Shift) - _limits.Height : (layer + 1) << Shift;
            return blocked;
        }

        /// <summary>The first solid layer that the leading face enters on its way.</summary>
        private int Sweep(int axis, int low, int high, int lowTo, int highTo, out bool blocked)
        {
            blocked = true;
            for (int layer = (high >> Shift) + 1; layer <= highTo >> Shift; layer++)
            {
                if (Layer(axis, layer))
                    return layer;
            }
            for (int layer = (low >> Shift) - 1; layer >= lowTo >> Shift; layer--)
            {
                if (Layer(axis, layer))
                    return layer;
            }
            blocked = false;
            return 0;
        }

        /// <summary>Whether any voxel of a layer across an axis would stop the body.</summary>
        private bool Layer(int axis, int layer) => axis switch
        {
            0 => AnySolid(layer, layer, _y >> Shift, Top() >> Shift, Low(_z) >> Shift, High(_z) >> Shift),
            1 => AnySolid(Low(_x) >> Shift, High(_x) >> Shift, layer, layer, Low(_z) >> Shift, High(_z) >> Shift),
            _ => AnySolid(Low(_x) >> Shift, High(_x) >> Shift, _y >> Shift, Top() >> Shift, layer, layer),
        };

        private bool AnySolid(int x0, int x1, int y0, int y1, int z0, int z1)
        {
            for (int x = x0; x <= x1; x++)
            {
                for (int z = z0; z <= z1; z++)
                {
                    for (int y = y0; y <= y1; y++)
                    {
                        if ((At(x, y, z) & VoxelClass.Solid) != 0)
                            return true;
                    }
                }
            }
            return false;
        }

        /// <summary>The voxel without its doubt; Unknown has the bit of Solid.</summary>
        private VoxelClass At(int x, int y, int z)
        {
            VoxelClass voxel = _voxels.At(x, y, z);
            if (voxel >= VoxelClass.Unknown)
                Doubt |= voxel;
            return voxel & VoxelClass.Unknown;
        }

        private readonly int Low(int middle) => middle - _limits.HalfWidth;

        private readonly int High(int middle) => middle + _limits.HalfWidth - 1;

        private readonly int Top() => _y + _limits.Height - 1;
    }
}
