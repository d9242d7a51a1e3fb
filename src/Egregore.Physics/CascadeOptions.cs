namespace Egregore.Physics;

/// <summary>How the cascade steps, and its bounds.</summary>
public sealed record CascadeOptions
{
    /// <summary>Time that one frame covers, ms.</summary>
    public int FrameMs { get; init; } = 100;

    /// <summary>Steps of the solver in a frame.</summary>
    public int StepsPerFrame { get; init; } = 6;

    /// <summary>From waking to the first frame's commit, ms: what a helper has for a task that nobody could foresee.</summary>
    public int FirstFrameMs { get; init; } = 200;

    /// <summary>
    /// From being asked for to its commit, ms, for a frame that would have less than <see cref="FrameMs"/> because answers came late: the world waits a little, instead of asking for what nobody can
    /// compute in time.
    /// </summary>
    public int LateFrameMs { get; init; } = 150;

    /// <summary>Frames that may be computed or wait computed ahead of their time.</summary>
    public int FramesInFlightMax { get; init; } = 3;

    /// <summary>Bodies of one island that may move; bodies over it are left to the next island, as if they did not meet.</summary>
    public int IslandBodiesMax { get; init; } = 512;

    /// <summary>Sleepers of one island that hold the others; those over it are left out.</summary>
    public int IslandHeldMax { get; init; } = 512;

    /// <summary>Boxes of solid blocks around one island; over it the rest is left out, and counted.</summary>
    public int IslandBoxesMax { get; init; } = 2_048;

    /// <summary>Blocks on a side that are looked at around one island.</summary>
    public int IslandBlocksMax { get; init; } = 96;

    /// <summary>How far a body that rests may move in a frame, along each axis, blocks. It grows with the time that the body has been awake: twice as much after two seconds.</summary>
    public float RestBlocks { get; init; } = 0.015f;

    /// <summary>Speed that a body that rests may have at the end of a frame: what lies in a pile trembles. Blocks a second.</summary>
    public float RestSpeed { get; init; } = 1f;

    /// <summary>Frames that a body has to rest before it sleeps.</summary>
    public int RestFrames { get; init; } = 6;

    /// <summary>
    /// Speed that a blow has to give a sleeper for it to be computed in the frame instead of lying still, by the masses of the two: of two bodies of one size, half of what the one that comes has. Blocks a
    /// second.
    /// </summary>
    public float StirSpeed { get; init; } = 1f;

    /// <summary>How far a body has to go from where it lay for those that lay on it or beside it to wake, blocks.</summary>
    public float SupportBlocks { get; init; } = 0.05f;

    /// <summary>How near a sleeper has to be to where a body lay to have lain on it, blocks.</summary>
    public float TouchBlocks { get; init; } = 0.1f;

    /// <summary>What is left of a velocity after a frame.</summary>
    public float Damping { get; init; } = 0.98f;

    /// <summary>What is left of a spin after a frame.</summary>
    public float SpinDamping { get; init; } = 0.92f;

    /// <summary>Downward acceleration, blocks a second squared.</summary>
    public float Gravity { get; init; } = 20f;

    /// <summary>Speed that no body has; more is cut, blocks a second.</summary>
    public float SpeedMax { get; init; } = 60f;
}
