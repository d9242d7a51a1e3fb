using Egregore.Wire;

namespace Egregore.World.Area;

/// <summary>
/// What a game's <see cref="IReflexRules"/> may also implement, for truth's host: where a body begins, and where it stood when it was seen last. Without it a session's
/// first state is believed and positions are forgotten with the session.
/// </summary>
/// <remarks>Called on truth's thread only.</remarks>
public interface IReflexKeeper
{
    /// <summary>A tick begins: states are judged at this world time, milliseconds.</summary>
    void BeginTick(long worldTimeMs);

    /// <summary>Where truth has a peer that has just come: its first state is judged as the one that follows this.</summary>
    /// <param name="peer">The peer; its connect reducer has run.</param>
    /// <param name="world">Truth's tables.</param>
    /// <param name="state">Receives <see cref="IReflexRules.StateSizeBytes"/> bytes.</param>
    /// <returns>False: truth does not know; the first state is believed.</returns>
    bool TryStart(PeerId peer, Database world, Span<byte> state);

    /// <summary>Keeps where a peer stands, by a reducer of the game's own (<see cref="Truth.Run{TArgs}"/>). Called when a peer goes, and now and then while it moves.</summary>
    /// <param name="truth">To run the reducer with.</param>
    /// <param name="peer">The peer.</param>
    /// <param name="state">Its last accepted state.</param>
    /// <param name="nowMs">Truth's clock.</param>
    void Keep(Truth truth, PeerId peer, ReadOnlySpan<byte> state, long nowMs);
}
