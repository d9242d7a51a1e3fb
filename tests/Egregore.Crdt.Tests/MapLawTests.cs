using FsCheck;
using FsCheck.Fluent;

namespace Egregore.Crdt.Tests;

/// <summary>The laws of the map, over schedules of writes, deltas lost, doubled and reordered, pages of anti-entropy, and compaction.</summary>
public sealed class MapLawTests
{
    private const int Replicas = 4;

    /// <summary>A run that always tries the same schedules.</summary>
    internal static Config Fixed(ulong seed, int count) => Config.QuickThrowOnFailure.WithMaxTest(count).WithEndSize(250).WithReplay(seed, 1);

    /// <summary>Steps over their whole range: FsCheck's own integers are small ones, and would name few replicas, keys and deltas.</summary>
    internal static Arbitrary<int[]> Schedules() =>
        Arb.From(Gen.Choose(0, 0xFFFFFF).ArrayOf(), steps => ArbMap.Default.ArbFor<int[]>().Shrinker(steps).Where(s => s.All(step => step >= 0)));

    private static void Run(MapCluster cluster, int[] schedule, bool compacts)
    {
        foreach (int step in schedule)
        {
            int i = step / 16 % Replicas;
            int j = step / 64 % Replicas;
            int rest = step / 256;
            switch (step % 16)
            {
                case < 5: cluster.Set(i, rest % 6); break;
                case 5 or 6: cluster.Remove(i, rest % 6); break;
                case 7 or 8: cluster.Take(i); break;
                case < 12: cluster.Deliver(rest, i); break;
                case 12: cluster.Pull(i, j, 4096); break;
                case 13: cluster.Pull(i, j, 420 + rest % 100); break;
                case 14 when compacts: cluster.Report(i); break;
                case 15 when compacts: cluster.Compact(i); break;
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_schedule_converges_to_the_last_writes(ulong seed) =>
        Prop.ForAll(Schedules(), schedule =>
        {
            var cluster = new MapCluster(Replicas);
            Run(cluster, schedule, compacts: false);
            cluster.Heal();
            cluster.AssertConverged();
        }).Check(Fixed(seed, 300));

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Compaction_at_any_point_changes_nothing_seen(ulong seed) =>
        Prop.ForAll(Schedules(), schedule =>
        {
            var cluster = new MapCluster(Replicas);
            Run(cluster, schedule, compacts: true);
            cluster.Heal();
            cluster.AssertConverged();
            for (int round = 0; round < 3; round++)
            {
                for (int i = 0; i < Replicas; i++) cluster.Report(i);
            }
            for (int i = 0; i < Replicas; i++) cluster.Compact(i);
            cluster.AssertConverged();
            // What was sent before the compaction and comes late brings nothing back.
            for (int delta = 0; delta < cluster.Sent.Count; delta++)
            {
                for (int i = 0; i < Replicas; i++) cluster.Deliver(delta, i);
            }
            cluster.AssertConverged();
            Assert.All(cluster.Maps, map => Assert.Equal(0, map.RemovedCount));
        }).Check(Fixed(seed, 300));

    [Theory]
    [InlineData(7)]
    public void Merge_is_commutative_associative_and_idempotent(ulong seed) =>
        Prop.ForAll(Schedules(), schedule =>
        {
            var cluster = new MapCluster(Replicas);
            Run(cluster, schedule, compacts: false);
            byte[][] states = [.. cluster.Maps.Select(m => m.DeltaSince(new VersionVector()))];
            string abc = Merged(states[0], states[1], states[2]);
            Assert.Equal(abc, Merged(states[2], states[1], states[0]));
            Assert.Equal(abc, Merged(states[1], states[0], states[1], states[2], states[2], states[0]));
            byte[] bc = Observer(states[1], states[2]).DeltaSince(new VersionVector());
            Assert.Equal(abc, Merged(states[0], bc));
            Assert.Equal(abc, Merged(bc, states[0], bc));
        }).Check(Fixed(seed, 300));

    [Fact]
    public void Every_order_of_six_deltas_of_three_replicas_gives_the_same()
    {
        // Each replica writes, hears of another's first write, and writes again: concurrent and causal writes on two keys.
        for (int shape = 0; shape < 8; shape++)
        {
            var cluster = new MapCluster(3);
            for (int round = 0; round < 2; round++)
            {
                for (int i = 0; i < 3; i++)
                {
                    if (round == 1 && ((shape >> i) & 1) != 0) cluster.Deliver((i + 1) % 3, i);
                    if (round == 1 && shape % 3 == i) cluster.Remove(i, 0);
                    cluster.Set(i, (i + shape) % 2);
                    cluster.Take(i);
                }
            }
            Assert.Equal(6, cluster.Sent.Count);
            string? expected = null;
            foreach (int[] order in Permutations(6))
            {
                LwwMap observer = Observer([.. order.Select(o => cluster.Sent[o])]);
                expected ??= MapCluster.Show(observer);
                Assert.Equal(expected, MapCluster.Show(observer));
            }
            cluster.Heal();
            cluster.AssertConverged();
            Assert.Equal(expected, MapCluster.Show(cluster.Maps[0]));
        }
    }

    [Fact]
    public void Every_schedule_of_five_steps_of_three_replicas_converges()
    {
        // Twelve steps: a write and a removal at each, and each pull from one to another; one key.
        int schedules = 12 * 12 * 12 * 12 * 12;
        for (int schedule = 0; schedule < schedules; schedule++)
        {
            var cluster = new MapCluster(3);
            for (int rest = schedule, step = 0; step < 5; step++, rest /= 12)
            {
                int letter = rest % 12;
                if (letter < 3) cluster.Set(letter, 0);
                else if (letter < 6) cluster.Remove(letter - 3, 0);
                else cluster.Pull((letter - 6) / 2, ((letter - 6) / 2 + 1 + letter % 2) % 3, 4096);
            }
            cluster.Heal();
            cluster.AssertConverged();
        }
    }

    internal static IEnumerable<int[]> Permutations(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        return Permute(order, 0);

        static IEnumerable<int[]> Permute(int[] order, int at)
        {
            if (at == order.Length) yield return order;
            for (int i = at; i < order.Length; i++)
            {
                (order[at], order[i]) = (order[i], order[at]);
                foreach (int[] permutation in Permute(order, at + 1)) yield return permutation;
                (order[at], order[i]) = (order[i], order[at]);
            }
        }
    }

    private static LwwMap Observer(params byte[][] deltas)
    {
        var map = new LwwMap(new HybridLogicalClock(new ReplicaId(9, 9)));
        foreach (byte[] delta in deltas) Assert.True(map.Merge(delta, MapCluster.NowMs + 1000) <= MergeResult.MergedWithGap);
        return map;
    }

    private static string Merged(params byte[][] deltas)
    {
        LwwMap map = Observer(deltas);
        return MapCluster.Show(map) + " " + string.Join(',', map.Version.Counters.ToArray());
    }
}
