namespace Egregore.Storage.Sqlite;

/// <summary>What a program does with its truth, on truth's thread. <see cref="TruthHost"/> calls it; a server, a benchmark and a test differ in this alone.</summary>
public interface ITruthWork
{
    /// <summary>Runs what waits: actions, subscriptions, sessions. Called after <see cref="TruthHost.Wake"/> and before each tick.</summary>
    /// <param name="nowMs">Milliseconds since the Unix epoch.</param>
    void Take(long nowMs);

    /// <summary>One tick: calls truth's Tick and Flush, with whatever belongs before and behind them.</summary>
    /// <param name="tick">Rises by one for each tick, by more for ticks that were skipped.</param>
    /// <param name="nowMs">Milliseconds since the Unix epoch.</param>
    void Tick(long tick, long nowMs);

    /// <summary>The end of a turn, before the thread waits: what was answered may be sent.</summary>
    void EndTurn();

    /// <summary>A group was written or could not be kept; truth knows already.</summary>
    void Committed(GroupCommit commit);

    /// <summary>The host stops: all that was taken is durable or refused, and this is the last call.</summary>
    void Stopped();

    /// <summary>A call on this interface, or truth, threw: a bug. The thread ends after this call.</summary>
    void Faulted(Exception exception);
}
