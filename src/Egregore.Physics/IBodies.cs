using Egregore.World;
using Egregore.World.Movement;

namespace Egregore.Physics;

/// <summary>
/// A game's rigid bodies, as its tables hold them. Truth calls it on its own thread; an implementation reads and writes tables and nothing else.
/// </summary>
public interface IBodies
{
    /// <summary>Adds every body that is awake, by rising id.</summary>
    void ReadAwake(Database world, IList<BodyState> bodies);

    /// <summary>Adds every sleeping body whose centre is in these bounds, by rising id.</summary>
    void ReadAsleep(Database world, in BlockBounds bounds, IList<BodyState> bodies);

    /// <summary>A body as the tables have it now; false when it is gone.</summary>
    bool TryRead(Database world, ulong id, out BodyState body);

    /// <summary>What is solid.</summary>
    IVoxelSource Voxels(Database world);

    /// <summary>
    /// Writes where physics brought them, in one transaction or several. A body that is gone, or whose <see cref="BodyState.Touched"/> is another by now, is left as it is.
    /// </summary>
    /// <param name="truth">The world.</param>
    /// <param name="frame">Physics' frame, rising by one.</param>
    /// <param name="bodies">Their new states.</param>
    /// <param name="nowMs">World time.</param>
    void Commit(Truth truth, uint frame, ReadOnlySpan<BodyState> bodies, long nowMs);
}
