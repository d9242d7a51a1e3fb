using System.Globalization;
using System.Text;

namespace Egregore.Crdt.Tests;

/// <summary>A handful of replicas of one map, with a model beside them that knows every write.</summary>
internal sealed class MapCluster
{
    public const long NowMs = 1_000_000;

    public readonly List<LwwMap> Maps = [];
    public readonly List<HybridLogicalClock> Clocks = [];
    public readonly List<byte[]> Sent = [];
    public readonly StabilityTracker Tracker = new();
    private readonly Dictionary<string, (HlcTimestamp Time, ReplicaId Writer, string? Value)> model = [];
    private int writes;

    public MapCluster(int replicas)
    {
        for (int i = 0; i < replicas; i++) Add();
    }

    public static ReplicaId IdOf(int index) => new(7, (ulong)(100 - index));

    public void Add()
    {
        Clocks.Add(new HybridLogicalClock(IdOf(Maps.Count)));
        Maps.Add(new LwwMap(Clocks[^1]));
        Tracker.Join(Maps[^1].Replica);
    }

    /// <summary>Host clocks differ by a few milliseconds and hardly move, so that ties and counters are common.</summary>
    public long NowOf(int replica) => NowMs + replica % 3 + writes / 8;

    public void Set(int replica, int key)
    {
        string value = (++writes).ToString(CultureInfo.InvariantCulture);
        Assert.Equal(WriteResult.Written, Maps[replica].Set(Key(key), Encoding.UTF8.GetBytes(value), NowOf(replica)));
        Note(replica, Key(key), value);
    }

    public void Remove(int replica, int key)
    {
        writes++;
        if (Maps[replica].Remove(Key(key), NowOf(replica)) == WriteResult.Written) Note(replica, Key(key), null);
    }

    public void Take(int replica)
    {
        byte[] delta = Maps[replica].TakeDelta();
        if (delta.Length > 0) Sent.Add(delta);
    }

    public void Deliver(int delta, int replica)
    {
        if (Sent.Count == 0) return;
        MergeResult result = Maps[replica].Merge(Sent[delta % Sent.Count], NowOf(replica));
        Assert.True(result <= MergeResult.MergedWithGap, result.ToString());
    }

    /// <summary>One round of anti-entropy, of one page.</summary>
    public bool Pull(int from, int to, int bytesMax)
    {
        byte[] delta = Maps[from].DeltaSince(Maps[to].Version, bytesMax, out bool more);
        Assert.True(delta.Length <= bytesMax);
        MergeResult result = Maps[to].Merge(delta, NowOf(to));
        Assert.Equal(MergeResult.Merged, result);
        return more;
    }

    public void Report(int replica) => Assert.True(Tracker.Report(Maps[replica].Replica, Maps[replica].Version, Clocks[replica].Observe(NowOf(replica))));

    public void Compact(int replica)
    {
        if (Tracker.Stable is { } cut) Assert.True(Maps[replica].Compact(cut));
    }

    public void Heal()
    {
        for (int round = 0; round < Maps.Count; round++)
        {
            for (int i = 0; i < Maps.Count; i++)
            {
                int to = (i + 1) % Maps.Count;
                while (Pull(i, to, 4096))
                {
                }
            }
        }
    }

    /// <summary>All replicas hold what the model says, and cover the same.</summary>
    public void AssertConverged()
    {
        string expected = string.Join(';', model.Where(p => p.Value.Value is not null).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value.Value}"));
        foreach (LwwMap map in Maps)
        {
            Assert.Equal(expected, Show(map));
            Assert.Equal(Maps[0].Version, map.Version);
        }
    }

    public static string Show(LwwMap map)
    {
        var parts = new List<string>();
        foreach (string key in map.Keys())
        {
            Assert.True(map.TryGet(key, out ReadOnlySpan<byte> value));
            parts.Add($"{key}={Encoding.UTF8.GetString(value)}");
        }
        Assert.Equal(map.Count, parts.Count);
        return string.Join(';', parts);
    }

    private static string Key(int key) => $"k{key}";

    private void Note(int replica, string key, string? value)
    {
        var write = (Maps[replica].WriteOf(key)!.Value.Time, Maps[replica].Replica, value);
        if (!model.TryGetValue(key, out var old) || write.Time > old.Time || (write.Time == old.Time && write.Replica > old.Writer)) model[key] = write;
    }
}
