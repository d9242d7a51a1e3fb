namespace Egregore.World.Movement;

/// <summary>
/// The numbers of movement for one tick rate, in 1/4096 block and ticks. Part of the rules: every node of a world uses the same.
/// Derived in integers from speeds in blocks a second.
/// </summary>
public sealed class MovementLimits
{
    /// <summary>Most ticks between two states that are still judged; beyond it they are ignored. One second at 20 Hz.</summary>
    public const int GapTicksMax = 20;

    private MovementLimits(int hz)
    {
        TickRateHz = hz;
        Walk = PerTick(43, hz);
        Sprint = PerTick(60, hz);
        Crouch = PerTick(16, hz);
        Swim = PerTick(25, hz);
        Sink = PerTick(8, hz);
        Jump = PerTick(80, hz);
        Terminal = PerTick(400, hz);
        Gravity = PerTickSquared(280, hz);
        GroundAcceleration = PerTickSquared(500, hz);
        AirAcceleration = PerTickSquared(120, hz);
        SwimAcceleration = PerTickSquared(120, hz);
        for (int velocity = Jump; velocity > Swim; velocity -= Gravity)
        {
            JumpTicks++;
            JumpRise += velocity;
        }
    }

    /// <summary>The limits at 20 ticks a second.</summary>
    public static MovementLimits Default { get; } = new(20);

    /// <summary>Movement ticks a second, 10 to 60.</summary>
    public int TickRateHz { get; }

    /// <summary>Half the width of a body, just under 0.3 blocks.</summary>
    public int HalfWidth { get; } = 1228;

    /// <summary>Height of a body, just under 1.8 blocks.</summary>
    public int Height { get; } = 7372;

    /// <summary>The eyes' height above the feet, 1.62 blocks.</summary>
    public int EyeHeight { get; } = 6635;

    /// <summary>The world's edge: |x| and |z| stay at or below it. 65,536 blocks.</summary>
    public int BorderUnits { get; } = 65_536 << MoveState.BlockShift;

    /// <summary>|y| stays at or below it. 1,024 blocks.</summary>
    public int HeightUnitsMax { get; } = 1024 << MoveState.BlockShift;

    /// <summary>4.3 blocks a second.</summary>
    public int Walk { get; }

    /// <summary>6.0 blocks a second: the fastest a body moves by its own, along the ground.</summary>
    public int Sprint { get; }

    /// <summary>What no body exceeds: a sprint, and what the rounding of two axes may add.</summary>
    public int SpeedMax => Sprint + 2;

    /// <summary>1.6 blocks a second.</summary>
    public int Crouch { get; }

    /// <summary>2.5 blocks a second, along and up or down.</summary>
    public int Swim { get; }

    /// <summary>0.8 blocks a second: a swimmer who does nothing.</summary>
    public int Sink { get; }

    /// <summary>8 blocks a second: 1.2 to 1.6 blocks high, so one block can be climbed and two cannot.</summary>
    public int Jump { get; }

    /// <summary>40 blocks a second: the fastest fall.</summary>
    public int Terminal { get; }

    /// <summary>28 blocks a second, a second.</summary>
    public int Gravity { get; }

    /// <summary>50 blocks a second, a second; friction is the same.</summary>
    public int GroundAcceleration { get; }

    /// <summary>12 blocks a second, a second.</summary>
    public int AirAcceleration { get; }

    /// <summary>12 blocks a second, a second.</summary>
    public int SwimAcceleration { get; }

    /// <summary>Ticks from a jump until the next could start at the earliest.</summary>
    internal int JumpTicks { get; }

    /// <summary>How far a body rises in them.</summary>
    internal int JumpRise { get; }

    /// <summary>The limits for a tick rate.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 10 to 60.</exception>
    public static MovementLimits For(int tickRateHz)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tickRateHz, 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tickRateHz, 60);
        return tickRateHz == 20 ? Default : new MovementLimits(tickRateHz);
    }

    /// <summary>An upper bound of the rise in so many ticks, jumps one after the other included.</summary>
    internal int RiseMax(int ticks)
    {
        int rise = ticks / JumpTicks * JumpRise;
        int velocity = Jump;
        for (int i = 0; i < ticks % JumpTicks; i++)
        {
            rise += velocity;
            velocity -= Gravity;
        }
        return rise;
    }

    private static int PerTick(int tenthsOfBlocks, int hz) => tenthsOfBlocks * MoveState.BlockUnits / (10 * hz);

    private static int PerTickSquared(int tenthsOfBlocks, int hz) => tenthsOfBlocks * MoveState.BlockUnits / (10 * hz * hz);
}
