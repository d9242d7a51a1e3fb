namespace Egregore.World.Movement;

/// <summary>
/// How a body moves among voxels: one fixed tick, integers only, the same on every host. Truth, neighbours and the player's own tab all run this.
/// </summary>
/// <remarks>Pure, allocates nothing. About 30 voxels are read a step.</remarks>
public static partial class VoxelMovement
{
    /// <summary>One tick: velocity from input, then movement by axis with collision, then gravity.</summary>
    /// <param name="state">Where the body is. Any content: positions beyond the world's edge come back to it, speeds to their limits.</param>
    /// <param name="input">What its owner wants.</param>
    /// <param name="voxels">The world.</param>
    /// <param name="limits">The world's rules.</param>
    public static MoveState Step<TVoxels>(in MoveState state, MoveInput input, TVoxels voxels, MovementLimits limits)
        where TVoxels : IVoxelSource
    {
        var body = new Body<TVoxels>(state, voxels, limits);
        return body.Step(input);
    }

    /// <summary>A body in the middle of a step.</summary>
    private ref partial struct Body<TVoxels>
        where TVoxels : IVoxelSource
    {
        private readonly TVoxels _voxels;
        private readonly MovementLimits _limits;
        private int _x;
        private int _y;
        private int _z;
        private int _vx;
        private int _vy;
        private int _vz;

        public Body(in MoveState state, TVoxels voxels, MovementLimits limits)
        {
            _voxels = voxels;
            _limits = limits;
            _x = Math.Clamp(state.X, -limits.BorderUnits, limits.BorderUnits);
            _y = Math.Clamp(state.Y, -limits.HeightUnitsMax, limits.HeightUnitsMax);
            _z = Math.Clamp(state.Z, -limits.BorderUnits, limits.BorderUnits);
            _vx = Math.Clamp(state.VelocityX, -limits.SpeedMax, limits.SpeedMax);
            _vy = Math.Clamp(state.VelocityY, -limits.Terminal, limits.Jump);
            _vz = Math.Clamp(state.VelocityZ, -limits.SpeedMax, limits.SpeedMax);
            Doubt = VoxelClass.Air;
        }

        /// <summary>Unknown or Uncertain when the step depended on such a voxel.</summary>
        public VoxelClass Doubt { get; private set; }

        public MoveState Step(MoveInput input)
        {
            bool jump = (input.Buttons & MoveButtons.Jump) != 0;
            bool swimming = Swimming();
            bool grounded = !swimming && Grounded();
            Accelerate(input, swimming ? _limits.SwimAcceleration : grounded ? _limits.GroundAcceleration : _limits.AirAcceleration, swimming);
            if (swimming)
            {
                int wish = jump ? _limits.Swim : (input.Buttons & MoveButtons.Crouch) != 0 ? -_limits.Swim : -_limits.Sink;
                _vy += Math.Clamp(wish - _vy, -_limits.SwimAcceleration, _limits.SwimAcceleration);
            }
            else if (grounded && jump)
            {
                _vy = _limits.Jump;
            }

            bool blockedX = MoveX(_vx);
            bool blockedZ = MoveZ(_vz);
            if (blockedX)
                _vx = 0;
            if (blockedZ)
                _vz = 0;
            if (MoveY(_vy))
                _vy = 0;

            swimming = Swimming();
            grounded = Grounded();
            if (grounded)
                _vy = 0;
            else if (!swimming && jump && (blockedX || blockedZ) && _vy <= _limits.Swim && FeetInLiquid())
                _vy = _limits.Jump;             // out of the water onto a bank
            else if (!swimming)
                _vy = Math.Max(_vy - _limits.Gravity, -_limits.Terminal);

            var flags = (grounded ? MoveFlags.Grounded : MoveFlags.None) | (swimming ? MoveFlags.Swimming : MoveFlags.None);
            return new MoveState(_x, _y, _z, (short)_vx, (short)_vy, (short)_vz, input.Yaw, input.Pitch, input.Buttons, flags);
        }

        /// <summary>Moves the velocity towards the wished one by at most <paramref name="acceleration"/>, along the straight line between them: never out of the circle.</summary>
        private void Accelerate(MoveInput input, int acceleration, bool swimming)
        {
            int forward = Axis(input.Buttons, MoveButtons.Forward, MoveButtons.Back);
            int right = Axis(input.Buttons, MoveButtons.Right, MoveButtons.Left);
            int speed = swimming ? _limits.Swim
                : (input.Buttons & MoveButtons.Crouch) != 0 ? _limits.Crouch
                : (input.Buttons & MoveButtons.Sprint) != 0 && forward > 0 ? _limits.Sprint
                : _limits.Walk;
            if (forward != 0 && right != 0)
                speed = speed * 46_340 >> 16;   // 1 / sqrt(2)
            int sin = IntegerMath.Sin(input.Yaw);
            int cos = IntegerMath.Cos(input.Yaw);
            int dx = (((-forward * sin) + (right * cos)) * speed / IntegerMath.One) - _vx;
            int dz = (((-forward * cos) - (right * sin)) * speed / IntegerMath.One) - _vz;
            int length = (int)IntegerMath.Sqrt((ulong)(((long)dx * dx) + ((long)dz * dz)));
            if (length > acceleration)
            {
                dx = dx * acceleration / length;
                dz = dz * acceleration / length;
            }
            _vx += dx;
            _vz += dz;
        }

        private static int Axis(MoveButtons buttons, MoveButtons positive, MoveButtons negative) =>
            ((buttons & positive) != 0 ? 1 : 0) - ((buttons & negative) != 0 ? 1 : 0);
    }
}
