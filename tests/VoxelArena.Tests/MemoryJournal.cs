using Egregore.World.Journal;

namespace VoxelArena.Tests;

/// <summary>A journal in memory.</summary>
internal sealed class MemoryJournal : IJournalStore
{
    private readonly SortedDictionary<ulong, byte[]> _groups = [];
    private readonly SortedDictionary<ulong, List<byte[]>> _parts = [];
    private readonly SortedSet<ulong> _complete = [];

    public long SizeBytes => _groups.Values.Sum(group => (long)group.Length);

    public void Append(ulong group, ReadOnlySpan<byte> bytes) => _groups[group] = bytes.ToArray();

    public IEnumerable<StoredGroup> ReadGroups(ulong from) => _groups.Where(group => group.Key >= from).Select(group => new StoredGroup(group.Key, group.Value));

    public void WriteSnapshotPart(ulong snapshot, int part, ReadOnlySpan<byte> bytes)
    {
        if (part == 0)
            _parts[snapshot] = [];
        _parts[snapshot].Add(bytes.ToArray());
    }

    public void CompleteSnapshot(ulong snapshot, ulong keepGroupsFrom, ulong keepSnapshotsFrom) => _complete.Add(snapshot);

    public IReadOnlyList<ulong> Snapshots() => [.. _complete.Reverse()];

    public IEnumerable<ReadOnlyMemory<byte>> ReadSnapshot(ulong snapshot) => _parts[snapshot].Select(part => (ReadOnlyMemory<byte>)part);

    public string SetAside() => throw new NotSupportedException("nothing damages it");

    public void Dispose()
    {
    }
}
