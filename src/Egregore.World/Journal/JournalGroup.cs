namespace Egregore.World.Journal;

/// <summary>Transactions that become durable together. Its bytes are the truth's own buffer: unchanged until Persisted or Failed, which may come from no other thread.</summary>
public sealed class JournalGroup
{
    /// <summary>From 1, rising by one.</summary>
    public ulong Number { get; internal set; }

    /// <summary>What the store appends.</summary>
    public ReadOnlyMemory<byte> Bytes { get; internal set; }

    /// <summary>Transactions in it.</summary>
    public int Transactions { get; internal set; }
}
