namespace Egregore.World.Journal;

/// <summary>
/// The one narrow interface between a truth's host and its storage: groups of transactions, appended and read in order, and snapshots.
/// Implementations know bytes only; the format is JournalFormat's.
/// </summary>
/// <remarks>Called by one thread at a time. After a failed call the store stays usable: the next call tries anew.</remarks>
public interface IJournalStore : IDisposable
{
    /// <summary>Bytes that the journal and its snapshots take.</summary>
    long SizeBytes { get; }

    /// <summary>Appends a group; on return it survives a power cut. Numbers rise by one; a group left over from a failed append of the same number is replaced.</summary>
    /// <exception cref="JournalStoreException">It is not kept (disk full, file gone); the store may be tried again.</exception>
    void Append(ulong group, ReadOnlySpan<byte> bytes);

    /// <summary>Reads groups with this number and above, in order, until the end or to what cannot be read.</summary>
    /// <exception cref="JournalStoreException">The store cannot be read from here on: <see cref="JournalStoreException.Damaged"/> says whether it is damage.</exception>
    IEnumerable<StoredGroup> ReadGroups(ulong from);

    /// <summary>Adds one part of a snapshot; parts rise from 0. Durable once <see cref="CompleteSnapshot"/> returns.</summary>
    void WriteSnapshotPart(ulong snapshot, int part, ReadOnlySpan<byte> bytes);

    /// <summary>Makes a snapshot's parts count, drops groups below <paramref name="keepGroupsFrom"/> and snapshots below <paramref name="keepSnapshotsFrom"/>.</summary>
    void CompleteSnapshot(ulong snapshot, ulong keepGroupsFrom, ulong keepSnapshotsFrom);

    /// <summary>Numbers of complete snapshots, newest first. A snapshot's number is the first group behind it.</summary>
    IReadOnlyList<ulong> Snapshots();

    /// <summary>Reads a snapshot's parts in order.</summary>
    IEnumerable<ReadOnlyMemory<byte>> ReadSnapshot(ulong snapshot);

    /// <summary>Keeps the present content aside under another name and goes on empty; gives where it is kept. For a damaged journal.</summary>
    string SetAside();
}

/// <summary>A group as stored.</summary>
public readonly record struct StoredGroup(ulong Group, ReadOnlyMemory<byte> Bytes);

/// <summary>Storage said no: its message is one clear line for a person.</summary>
public sealed class JournalStoreException : Exception
{
    public JournalStoreException()
    {
    }

    public JournalStoreException(string message)
        : base(message)
    {
    }

    public JournalStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public JournalStoreException(string message, bool damaged, bool full, Exception innerException)
        : base(message, innerException)
    {
        Damaged = damaged;
        Full = full;
    }

    /// <summary>The file is not what was written.</summary>
    public bool Damaged { get; }

    /// <summary>No space (disk or the journal's own bound).</summary>
    public bool Full { get; }
}
