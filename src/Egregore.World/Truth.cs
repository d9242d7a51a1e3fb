using Egregore.Wire;
using Egregore.World.Journal;

namespace Egregore.World;

/// <summary>
/// The server of truth as a sans-I/O core: executes actions in memory, each in one transaction, fills groups for its host to persist, and
/// answers and publishes only what is durable.
/// </summary>
/// <remarks>
/// One thread. The host: calls <see cref="Submit"/> for each action, <see cref="Tick"/> and <see cref="Flush"/> once a tick,
/// <see cref="TakeGroup"/> whenever its writer is idle, then <see cref="Persisted"/> or <see cref="Failed"/>. One group is being written
/// while the next one fills.
/// </remarks>
public sealed class Truth
{
    /// <summary>A new, empty world. An existing one comes from WorldRecovery.</summary>
    public Truth(WorldDefinition definition, TruthOptions options, ITruthOutput output) => throw new NotImplementedException();

    public WorldDefinition Definition => throw new NotImplementedException();

    /// <summary>The tables, ahead of the journal by what is being written: for rules and checks, not for answers to peers.</summary>
    public Database Db => throw new NotImplementedException();

    /// <summary>The last transaction executed.</summary>
    public ulong Transaction => throw new NotImplementedException();

    /// <summary>The last transaction that is durable.</summary>
    public ulong DurableTransaction => throw new NotImplementedException();

    /// <summary>Milliseconds since the Unix epoch; the largest time handed in so far.</summary>
    public long WorldTimeMs => throw new NotImplementedException();

    /// <summary>Opens a session for a peer whose identity the host has proved, or resumes one of the same peer.</summary>
    public SessionOpening Open(PeerId peer, ulong session, ulong lastTransaction, long nowMs) => throw new NotImplementedException();

    /// <summary>The session's connection is gone; it may be resumed for <see cref="TruthOptions.ResumeWithinMs"/>.</summary>
    public void Disconnected(ulong session, long nowMs) => throw new NotImplementedException();

    /// <summary>An ActionRequest's bytes; the answer comes by <see cref="ITruthOutput.Send"/> once it is durable (a refusal perhaps at once).</summary>
    public void Submit(ulong session, ReadOnlySpan<byte> actionRequest, long nowMs) => throw new NotImplementedException();

    /// <summary>Runs a reducer for the host itself or for a peer without session.</summary>
    public ActionOutcome Run<TArgs>(string reducer, TArgs arguments, PeerId sender, long nowMs)
        where TArgs : class, IFlatTable<TArgs> => throw new NotImplementedException();

    /// <summary>A Subscribe's bytes; first rows come with the next <see cref="Flush"/>. Anything but None is also sent as a Refusal.</summary>
    public RefusalCode Subscribe(ulong session, ReadOnlySpan<byte> subscribe) => throw new NotImplementedException();

    /// <summary>Runs scheduled reducers that are due and ends sessions that were not resumed.</summary>
    public void Tick(long nowMs) => throw new NotImplementedException();

    /// <summary>Sends what became durable since the last flush to its subscribers, one batch a session. Once a tick.</summary>
    public void Flush() => throw new NotImplementedException();

    /// <summary>The filled group for the host to persist, or null when there is none or one is still being written.</summary>
    public JournalGroup? TakeGroup() => throw new NotImplementedException();

    /// <summary>The group is durable: releases its answers, and its changes for the next flush.</summary>
    public void Persisted(JournalGroup group) => throw new NotImplementedException();

    /// <summary>The group could not be kept: it and everything executed since is undone, and its actions are refused as StorageUnavailable.</summary>
    public void Failed(JournalGroup group, string reason) => throw new NotImplementedException();
}

/// <summary>What opening a session gave.</summary>
/// <param name="Code">None, or why there is no session.</param>
/// <param name="Text">The reason.</param>
/// <param name="Session">Its number.</param>
/// <param name="Resumed">Whether subscriptions are as before; else the client subscribes anew and retries what it has no answer for.</param>
public readonly record struct SessionOpening(RefusalCode Code, string Text, ulong Session, bool Resumed);

/// <summary>What running a reducer gave.</summary>
/// <param name="Code">None, or why it left no trace.</param>
/// <param name="Text">The reason.</param>
/// <param name="Transaction">Durable once <see cref="Truth.DurableTransaction"/> has reached it; 0: refused.</param>
public readonly record struct ActionOutcome(RefusalCode Code, string Text, ulong Transaction);
