using Egregore.Wire;

namespace Egregore.World;

/// <summary>Where truth's messages go; implemented by its host. Called only inside calls of <see cref="Truth"/>, on its thread.</summary>
public interface ITruthOutput
{
    /// <summary>A message for a session: the payload of an envelope of that kind (ActionResult, Delta, Refusal).</summary>
    /// <param name="session">Its number; it may have gone meanwhile.</param>
    /// <param name="kind">The envelope's kind.</param>
    /// <param name="payload">Valid during the call only: the host copies it into the session's own buffer.</param>
    void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload);

    /// <summary>A reducer threw something else than a rejection: a bug of the game. Its transaction left no trace.</summary>
    void ReducerFailed(string reducer, Exception exception);
}
