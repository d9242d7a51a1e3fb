using Egregore.Wire;
using Egregore.World.Client;
using Egregore.World.Journal;
using Egregore.World.Tests.One;

namespace Egregore.World.Tests;

/// <summary>A store in memory that can be damaged and can refuse.</summary>
public sealed class MemoryStore : IJournalStore
{
    public SortedDictionary<ulong, byte[]> Groups { get; private set; } = [];

    public SortedDictionary<ulong, List<byte[]>> Parts { get; private set; } = [];

    public SortedSet<ulong> Complete { get; private set; } = [];

    public int Asides { get; private set; }

    public long SizeBytes => Groups.Values.Sum(group => (long)group.Length);

    public void Append(ulong group, ReadOnlySpan<byte> bytes) => Groups[group] = bytes.ToArray();

    public IEnumerable<StoredGroup> ReadGroups(ulong from) => Groups.Where(group => group.Key >= from).Select(group => new StoredGroup(group.Key, group.Value));

    public void WriteSnapshotPart(ulong snapshot, int part, ReadOnlySpan<byte> bytes)
    {
        if (part == 0)
        {
            Parts[snapshot] = [];
        }
        Parts[snapshot].Add(bytes.ToArray());
    }

    public void CompleteSnapshot(ulong snapshot, ulong keepGroupsFrom, ulong keepSnapshotsFrom)
    {
        Complete.Add(snapshot);
        Complete.RemoveWhere(number => number < keepSnapshotsFrom);
        foreach (ulong number in Groups.Keys.Where(number => number < keepGroupsFrom).ToArray())
        {
            Groups.Remove(number);
        }
    }

    public IReadOnlyList<ulong> Snapshots() => [.. Complete.Reverse()];

    public IEnumerable<ReadOnlyMemory<byte>> ReadSnapshot(ulong snapshot) => Parts[snapshot].Select(part => (ReadOnlyMemory<byte>)part);

    public string SetAside()
    {
        Asides++;
        Groups = [];
        Parts = [];
        Complete = [];
        return $"aside {Asides}";
    }

    public MemoryStore Copy()
    {
        var copy = new MemoryStore();
        foreach ((ulong number, byte[] bytes) in Groups)
        {
            copy.Groups[number] = [.. bytes];
        }
        foreach ((ulong number, List<byte[]> parts) in Parts)
        {
            copy.Parts[number] = [.. parts.Select(part => part.ToArray())];
        }
        copy.Complete.UnionWith(Complete);
        return copy;
    }

    public void Dispose()
    {
    }
}

/// <summary>What truth sent, and optional caches that it is handed to.</summary>
public sealed class Output : ITruthOutput
{
    public List<(ulong Session, Kind Kind, byte[] Payload)> Sent { get; } = [];

    public Dictionary<ulong, ClientCache> Caches { get; } = [];

    public List<Exception> Failures { get; } = [];

    public bool Keep { get; set; } = true;

    public IEnumerable<ActionResult> Results => Sent.Where(message => message.Kind == Kind.ActionResult).Select(message =>
    {
        Assert.Equal(VerifyError.None, ActionResult.TryRead(message.Payload, out ActionResult? result));
        return result!;
    });

    public void Send(ulong session, Kind kind, ReadOnlySpan<byte> payload)
    {
        if (Keep)
        {
            Sent.Add((session, kind, payload.ToArray()));
        }
        if (Caches.TryGetValue(session, out ClientCache? cache) && kind is Kind.Delta or Kind.ActionResult)
        {
            Assert.Equal(RefusalCode.None, cache!.Receive(kind, payload));
        }
    }

    public void ReducerFailed(string reducer, Exception exception) => Failures.Add(exception);
}

/// <summary>A truth with its journal in memory.</summary>
public sealed class World
{
    public World(TruthOptions? options = null, MemoryStore? store = null)
    {
        (Game, Definition) = TestGame.Create();
        Store = store ?? new MemoryStore();
        Options = options ?? new TruthOptions();
        Recovered = WorldRecovery.Open(Definition, Store, Output, Options);
        Truth = Recovered.Truth;
    }

    public TestGame Game { get; }

    public WorldDefinition Definition { get; }

    public MemoryStore Store { get; }

    public TruthOptions Options { get; }

    public Output Output { get; } = new();

    public RecoveredWorld Recovered { get; }

    public Truth Truth { get; }

    public long Now { get; set; } = 1_000_000;

    public ulong Open(ulong peer, ulong session = 0, ulong last = 0) => Truth.Open(new PeerId(1, peer), session, last, Now).Session;

    public void Act<TArgs>(ulong session, uint request, string reducer, TArgs arguments)
        where TArgs : class, IFlatTable<TArgs> =>
        Truth.Submit(session, new ActionRequest { Request = request, Reducer = reducer, Arguments = arguments.ToArray() }.ToArray(), Now);

    public RefusalCode Subscribe(ulong session, Subscribe subscribe) => Truth.Subscribe(session, subscribe.ToArray());

    /// <summary>Persists everything.</summary>
    public void Persist()
    {
        while (Truth.TakeGroup() is { } group)
        {
            Store.Append(group.Number, group.Bytes.Span);
            Truth.Persisted(group);
        }
    }

    public void Settle()
    {
        Persist();
        Truth.Flush();
    }

    public ActionResult Result(uint request) => Output.Results.Last(result => result.Request == request);

    public static PutItem Item(ulong id, int count, byte fail = 0) => new() { Id = id, Owner = id % 5, Count = count, Name = $"item {id}", Fail = fail };

    /// <summary>Opens the same journal again, as after a crash.</summary>
    public World Restart() => new(Options, Store) { Now = Now };
}
