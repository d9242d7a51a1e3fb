namespace Egregore.Physics;

/// <summary>Bodies that are computed together in a frame.</summary>
/// <param name="Bodies">Those that may move, by rising id; behind them sleepers that only hold the others, by rising id. One of these may be in several islands.</param>
/// <param name="Moving">How many may move.</param>
internal sealed record Island(List<BodyState> Bodies, int Moving);
