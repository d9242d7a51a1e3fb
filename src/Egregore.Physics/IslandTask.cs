namespace Egregore.Physics;

/// <summary>An island's steps in one frame: what a kernel is asked. It is absolute still; what makes it a task's input makes it relative and nameless.</summary>
/// <param name="Key">Names this task among those of one cascade; never used twice.</param>
/// <param name="Frame">Which frame.</param>
/// <param name="Bounds">What the bodies may reach in this frame.</param>
/// <param name="Bodies">The bodies that may move, by rising id; behind them sleepers that stay as they are and hold the others, by rising id.</param>
/// <param name="Moving">How many bodies may move: at least one.</param>
/// <param name="Solids">Solid blocks within the bounds, as boxes that do not overlap.</param>
/// <param name="Steps">Steps of the solver.</param>
/// <param name="StepSeconds">Time of one.</param>
/// <param name="Gravity">Downward acceleration, blocks a second squared.</param>
/// <param name="DeadlineMs">World time by which the answer is needed.</param>
public sealed record IslandTask(
    ulong Key, uint Frame, BlockBounds Bounds, IReadOnlyList<BodyState> Bodies, int Moving, IReadOnlyList<BlockBounds> Solids, int Steps, float StepSeconds, float Gravity, long DeadlineMs);
