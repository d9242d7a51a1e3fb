using FsCheck;
using FsCheck.Fluent;

namespace Egregore.Crdt.Tests;

/// <summary>The laws of the set. The model keeps every addition under a tag of its own, and each replica's tags seen added and removed.</summary>
public sealed class SetLawTests
{
    private sealed class Cluster
    {
        public readonly List<ObservedRemoveSet<ulong>> Sets = [];
        public readonly List<byte[]> Sent = [];
        public readonly StabilityTracker Tracker = new();
        private readonly List<(HashSet<(ulong Element, int Tag)> Added, HashSet<int> Removed)> model = [];
        private readonly List<ulong> clocks = [];
        private int tags;

        public Cluster(int replicas)
        {
            for (int i = 0; i < replicas; i++)
            {
                Sets.Add(new ObservedRemoveSet<ulong>(MapCluster.IdOf(i), UInt64ElementCodec.Instance));
                model.Add(([], []));
                clocks.Add(1);
                Tracker.Join(Sets[i].Replica);
            }
        }

        public void Add(int replica, ulong element)
        {
            Assert.Equal(WriteResult.Written, Sets[replica].Add(element));
            model[replica].Added.Add((element, ++tags));
        }

        public void Remove(int replica, ulong element)
        {
            Sets[replica].Remove(element);
            foreach ((ulong at, int tag) in model[replica].Added)
            {
                if (at == element) model[replica].Removed.Add(tag);
            }
        }

        public void Take(int replica)
        {
            byte[] delta = Sets[replica].TakeDelta();
            if (delta.Length > 0) Sent.Add(delta);
        }

        public void Deliver(int delta, int replica)
        {
            if (Sent.Count == 0) return;
            MergeResult result = Sets[replica].Merge(Sent[delta % Sent.Count]);
            Assert.True(result <= MergeResult.MergedWithGap, result.ToString());
        }

        public bool Pull(int from, int to, int bytesMax)
        {
            byte[] delta = Sets[from].DeltaSince(Sets[to].Version, bytesMax, out bool more);
            Assert.True(delta.Length <= bytesMax);
            Assert.Equal(MergeResult.Merged, Sets[to].Merge(delta));
            if (!more)
            {
                model[to].Added.UnionWith(model[from].Added);
                model[to].Removed.UnionWith(model[from].Removed);
            }
            return more;
        }

        public void Report(int replica) => Assert.True(Tracker.Report(Sets[replica].Replica, Sets[replica].Version, new(++clocks[replica])));

        public void Compact(int replica)
        {
            if (Tracker.Stable is { } cut) Assert.True(Sets[replica].Compact(cut));
        }

        public void Heal()
        {
            for (int round = 0; round < Sets.Count; round++)
            {
                for (int i = 0; i < Sets.Count; i++)
                {
                    while (Pull(i, (i + 1) % Sets.Count, 4096))
                    {
                    }
                }
            }
        }

        public void AssertEqual()
        {
            foreach (ObservedRemoveSet<ulong> set in Sets)
            {
                Assert.Equal(Sets[0].Items(), set.Items());
                Assert.Equal(set.Count, set.Items().Length);
                Assert.Equal(Sets[0].Version, set.Version);
            }
        }

        /// <summary>Only where every exchange was a whole pull: the model does not follow single deltas.</summary>
        public void AssertModel(int replica)
        {
            var (added, removed) = model[replica];
            Assert.Equal(added.Where(a => !removed.Contains(a.Tag)).Select(a => a.Element).Distinct().Order(), Sets[replica].Items());
        }
    }

    [Theory]
    [InlineData(11, false)]
    [InlineData(12, false)]
    [InlineData(13, true)]
    [InlineData(14, true)]
    public void Any_schedule_converges(ulong seed, bool compacts) =>
        Prop.ForAll(MapLawTests.Schedules(), schedule =>
        {
            var cluster = new Cluster(4);
            foreach (int step in schedule)
            {
                int i = step / 16 % 4;
                int j = step / 64 % 4;
                int rest = step / 256;
                switch (step % 16)
                {
                    case < 4: cluster.Add(i, (ulong)(rest % 5)); break;
                    case < 7: cluster.Remove(i, (ulong)(rest % 5)); break;
                    case 7 or 8: cluster.Take(i); break;
                    case < 12: cluster.Deliver(rest, i); break;
                    case 12: cluster.Pull(i, j, 4096); break;
                    case 13: cluster.Pull(i, j, 520 + rest % 100); break;
                    case 14 when compacts: cluster.Report(i); break;
                    case 15 when compacts: cluster.Compact(i); break;
                }
            }
            cluster.Heal();
            cluster.AssertEqual();
            ulong[] items = cluster.Sets[0].Items();
            for (int round = 0; compacts && round < 3; round++)
            {
                for (int i = 0; i < 4; i++) cluster.Report(i);
            }
            for (int i = 0; compacts && i < 4; i++) cluster.Compact(i);
            for (int delta = 0; delta < cluster.Sent.Count; delta++)
            {
                for (int i = 0; i < 4; i++) cluster.Deliver(delta, i);
            }
            cluster.AssertEqual();
            Assert.Equal(items, cluster.Sets[0].Items());
            if (compacts) Assert.All(cluster.Sets, set => Assert.True(set.DotCount <= 4 * set.Count));
        }).Check(MapLawTests.Fixed(seed, 300));

    [Fact]
    public void Every_schedule_of_five_steps_of_three_replicas_is_as_the_model_says()
    {
        // Twelve steps: an addition and a removal at each, and each pull from one to another; one element.
        int schedules = 12 * 12 * 12 * 12 * 12;
        for (int schedule = 0; schedule < schedules; schedule++)
        {
            var cluster = new Cluster(3);
            for (int rest = schedule, step = 0; step < 5; step++, rest /= 12)
            {
                int letter = rest % 12;
                if (letter < 3) cluster.Add(letter, 0);
                else if (letter < 6) cluster.Remove(letter - 3, 0);
                else cluster.Pull((letter - 6) / 2, ((letter - 6) / 2 + 1 + letter % 2) % 3, 4096);
            }
            cluster.Heal();
            cluster.AssertEqual();
            cluster.AssertModel(0);
        }
    }

    [Fact]
    public void Every_order_of_six_deltas_gives_the_same()
    {
        for (int shape = 0; shape < 8; shape++)
        {
            var cluster = new Cluster(3);
            for (int i = 0; i < 3; i++)
            {
                cluster.Add(i, (ulong)(i % 2));
                cluster.Take(i);
            }
            for (int i = 0; i < 3; i++)
            {
                if (((shape >> i) & 1) != 0) cluster.Deliver((i + 1) % 3, i);
                if (shape % 3 == i) cluster.Add(i, 0);
                else cluster.Remove(i, (ulong)(i % 2));
                cluster.Take(i);
            }
            Assert.Equal(6, cluster.Sent.Count);
            ulong[]? expected = null;
            foreach (int[] order in MapLawTests.Permutations(6))
            {
                var observer = new ObservedRemoveSet<ulong>(new ReplicaId(9, 9), UInt64ElementCodec.Instance);
                foreach (int delta in order) Assert.True(observer.Merge(cluster.Sent[delta]) <= MergeResult.MergedWithGap);
                expected ??= observer.Items();
                Assert.Equal(expected, observer.Items());
            }
        }
    }

    [Fact]
    public void An_addition_made_while_another_removes_stays()
    {
        var cluster = new Cluster(2);
        cluster.Add(0, 7);
        cluster.Heal();
        cluster.Remove(0, 7);
        cluster.Add(1, 7);
        cluster.Heal();
        cluster.AssertEqual();
        Assert.Equal([7UL], cluster.Sets[0].Items());
        cluster.Remove(1, 7);
        cluster.Heal();
        Assert.Empty(cluster.Sets[0].Items());
    }

    [Fact]
    public void A_removal_is_kept_while_what_it_removes_may_still_come()
    {
        var cluster = new Cluster(3);
        cluster.Report(0); // before its addition, which is thus not in the cut
        cluster.Add(0, 7);
        cluster.Take(0);
        cluster.Deliver(0, 1);
        cluster.Remove(1, 7);
        cluster.Take(1);
        cluster.Report(1);
        cluster.Report(2);
        cluster.Deliver(1, 0);
        cluster.Deliver(1, 2);
        for (int i = 0; i < 3; i++) cluster.Report(i);
        Assert.Equal(1UL, cluster.Tracker.Stable!.Vector[cluster.Sets[1].Replica]);
        cluster.Compact(2);
        cluster.Deliver(0, 2);
        Assert.Empty(cluster.Sets[2].Items());
    }

    [Fact]
    public void Text_that_is_no_text_is_refused()
    {
        var set = new ObservedRemoveSet<string>(new ReplicaId(1, 1), Utf8ElementCodec.Instance, new CrdtLimits { EntriesMax = 2 });
        Assert.Equal(WriteResult.KeyInvalid, set.Add("\ud800"));
        Assert.Equal(WriteResult.KeyInvalid, set.Add(new string('x', 257)));
        Assert.Equal(WriteResult.NothingThere, set.Remove("a"));
        Assert.Equal(WriteResult.Written, set.Add("\U0001F600"));
        Assert.Equal(WriteResult.Written, set.Add(""));
        Assert.Equal(WriteResult.Full, set.Add("b"));
        Assert.Equal(["", "\U0001F600"], set.Items());
    }
}
