namespace Egregore.Crdt.Tests;

/// <summary>Bytes from anyone: no exception, no change where refused, and whatever was taken is written again as canonical bytes.</summary>
public sealed class FuzzTests
{
    private const long Now = 1_000_000;

    private static byte[] MapDelta(Random random, bool compacted)
    {
        var cluster = new MapCluster(3);
        for (int i = 0; i < 12; i++)
        {
            if (random.Next(4) == 0) cluster.Remove(random.Next(3), random.Next(4));
            else cluster.Set(random.Next(3), random.Next(4));
        }
        cluster.Heal();
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 3; i++) cluster.Report(i);
        }
        if (compacted) cluster.Compact(0);
        return random.Next(3) == 0 ? cluster.Maps[0].TakeDelta() : cluster.Maps[0].DeltaSince(new VersionVector());
    }

    private static byte[] SetDelta(Random random)
    {
        ObservedRemoveSet<string>[] sets = [.. Enumerable.Range(0, 3).Select(i => new ObservedRemoveSet<string>(MapCluster.IdOf(i), Utf8ElementCodec.Instance))];
        for (int i = 0; i < 14; i++)
        {
            ObservedRemoveSet<string> set = sets[random.Next(3)];
            if (random.Next(3) == 0) set.Remove($"e{random.Next(3)}");
            else set.Add($"e{random.Next(3)}");
            set.Merge(sets[random.Next(3)].DeltaSince(set.Version));
        }
        return sets[0].DeltaSince(new VersionVector());
    }

    private static byte[] Mutate(Random random, byte[] valid)
    {
        if (random.Next(20) == 0)
        {
            byte[] noise = new byte[random.Next(80)];
            random.NextBytes(noise);
            return noise;
        }
        byte[] bytes = [.. valid];
        for (int i = random.Next(1, 4); i > 0 && bytes.Length > 0; i--)
        {
            int at = random.Next(bytes.Length);
            switch (random.Next(5))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = 0xFF; break;
                case 3: bytes = bytes[..at]; break;
                case 4: bytes = [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]]; break;
            }
        }
        return bytes;
    }

    [Fact]
    public void Twenty_thousand_hostile_map_deltas_do_no_harm()
    {
        var random = new Random(20_001);
        var seen = new HashSet<MergeResult>();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = Mutate(random, MapDelta(random, compacted: i % 2 == 0));
            var map = new LwwMap(new HybridLogicalClock(new ReplicaId(9, 9)));
            map.Set("mine", new byte[3], Now);
            VersionVector before = map.Version;
            MergeResult result = map.Merge(bytes, Now);
            seen.Add(result);
            if (result <= MergeResult.MergedWithGap)
            {
                // A lie may be taken, if it is well formed: then it spreads like anything else, and reads as it was written.
                var other = new LwwMap(new HybridLogicalClock(new ReplicaId(9, 8)));
                Assert.True(other.Merge(map.DeltaSince(new VersionVector()), Now) <= MergeResult.MergedWithGap);
                Assert.Equal(MapCluster.Show(map), MapCluster.Show(other));
            }
            else
            {
                Assert.Equal(before, map.Version);
                Assert.Equal(["mine"], map.Keys());
            }
        }
        Assert.Superset(
            new HashSet<MergeResult>
            {
                MergeResult.Merged, MergeResult.MergedWithGap, MergeResult.Truncated, MergeResult.TrailingBytes, MergeResult.UnknownFormat, MergeResult.ReplicasInvalid,
                MergeResult.RangesInvalid, MergeResult.DotInvalid, MergeResult.TimeInvalid, MergeResult.KeyInvalid, MergeResult.TimeTooFarAhead
            },
            seen);
    }

    [Fact]
    public void Twenty_thousand_hostile_set_deltas_do_no_harm()
    {
        var random = new Random(20_002);
        var seen = new HashSet<MergeResult>();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = Mutate(random, SetDelta(random));
            var set = new ObservedRemoveSet<string>(new ReplicaId(9, 9), Utf8ElementCodec.Instance);
            set.Add("mine");
            MergeResult result = set.Merge(bytes);
            seen.Add(result);
            if (result <= MergeResult.MergedWithGap)
            {
                var other = new ObservedRemoveSet<string>(new ReplicaId(9, 8), Utf8ElementCodec.Instance);
                Assert.True(other.Merge(set.DeltaSince(new VersionVector())) <= MergeResult.MergedWithGap);
                Assert.Equal(set.Items(), other.Items());
                Assert.Equal(set.Count, set.Items().Length);
            }
            else Assert.Equal(["mine"], set.Items());
        }
        Assert.Superset(new HashSet<MergeResult> { MergeResult.Merged, MergeResult.MergedWithGap, MergeResult.Truncated, MergeResult.DotInvalid }, seen);
    }

    [Fact]
    public void Counts_that_promise_more_than_the_bytes_are_refused_before_anything_is_set_aside()
    {
        byte[] head = [(byte)'M', 1, 0, 0, 0];
        foreach (string count in new[] { "FFFFFFFFFFFFFFFFFF01", "ABAAAAAAAAAAAAAAAA01", "FFFFFFFF07", "80808080808080808002", "FFFFFFFFFFFFFFFFFFFF01", "8000" })
        {
            byte[] bytes = [.. head, .. Convert.FromHexString(count), 0, 0, 0, 0, 0, 0, 0, 0];
            var map = new LwwMap(new HybridLogicalClock(new ReplicaId(9, 9)));
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(MergeResult.Truncated, map.Merge(bytes, Now));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
        }
    }
}
