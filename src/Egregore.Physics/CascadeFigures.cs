namespace Egregore.Physics;

/// <summary>What a cascade has done since it began.</summary>
/// <param name="Awake">Bodies that are awake.</param>
/// <param name="Islands">Islands of the newest frame.</param>
/// <param name="Frames">Frames committed.</param>
/// <param name="FramesLate">Of them, those that came after their time.</param>
/// <param name="LateMsMax">The longest that a frame was late, ms.</param>
/// <param name="Tasks">Tasks submitted.</param>
/// <param name="TasksDiscarded">Of them, those whose answer was of no use any more: the world had changed.</param>
/// <param name="Corrections">Answers that were wrong and were put right after their commit.</param>
/// <param name="SolidsCut">Islands whose solid blocks were over the bound.</param>
public readonly record struct CascadeFigures(
    int Awake, int Islands, long Frames, long FramesLate, long LateMsMax, long Tasks, long TasksDiscarded, long Corrections, long SolidsCut);
