using System.Text;

namespace Egregore.Crdt.Tests;

public sealed class MapTests
{
    private const long Now = 1_700_000_000_000;
    private static readonly ReplicaId A = new(0x0102030405060708, 0x090A0B0C0D0E0F10);
    private static readonly ReplicaId B = new(0x1112131415161718, 0x191A1B1C1D1E1F20);
    private static readonly ReplicaId C = new(0x2122232425262728, 0x292A2B2C2D2E2F30);

    private static LwwMap Map(ReplicaId id, CrdtLimits? limits = null) => new(new HybridLogicalClock(id), limits);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static StableCut Cut(params LwwMap[] members)
    {
        var tracker = new StabilityTracker();
        foreach (LwwMap map in members) tracker.Join(map.Replica);
        for (int round = 0; round < 2; round++)
        {
            foreach (LwwMap map in members) Assert.True(tracker.Report(map.Replica, map.Version, HlcTimestamp.Of(Now + 100)));
        }
        return tracker.Stable!;
    }

    private static void Sync(LwwMap from, LwwMap to) => Assert.Equal(MergeResult.Merged, to.Merge(from.DeltaSince(to.Version), Now + 200));

    [Fact]
    public void The_bytes_of_a_delta_are_pinned()
    {
        LwwMap map = Map(A);
        map.Set("door", Bytes("open"), Now);
        map.Set("lamp", default, Now);
        map.Remove("door", Now);
        Assert.Equal(
            "4D010001" + "0102030405060708090A0B0C0D0E0F10" + "01000003" + "02" + "02000068E5CF8B01"
            + "000201" + "046C616D70" + "01" + "000300" + "04646F6F72" + "00",
            Convert.ToHexString(map.TakeDelta()));
        Assert.Empty(map.TakeDelta());
        Assert.False(map.HasDelta);
    }

    [Fact]
    public void What_is_read_and_written_again_is_the_same()
    {
        LwwMap a = Map(A);
        for (int i = 0; i < 300; i++) a.Set($"k{i % 40}", Bytes($"{i}"), Now + i / 7);
        a.Remove("k3", Now);
        LwwMap b = Map(B);
        byte[] delta = a.DeltaSince(new VersionVector());
        Assert.Equal(MergeResult.Merged, b.Merge(delta, Now + 100));
        Assert.Equal(delta, b.DeltaSince(new VersionVector()));
        Assert.Equal(a.Keys(), b.Keys());
        byte[] vector = new byte[a.Version.SizeMax];
        int written = a.Version.Write(vector);
        Assert.Equal(VectorError.None, VersionVector.TryRead(vector.AsSpan(0, written), out VersionVector read));
        Assert.Equal(a.Version, read);
        Assert.Equal(VectorError.Length, VersionVector.TryRead(vector.AsSpan(0, written - 1), out _));
        Assert.Equal(VectorError.TooManyReplicas, VersionVector.TryRead(vector.AsSpan(0, written), out _, replicasMax: 0));
    }

    [Fact]
    public void A_delta_with_a_gap_is_taken_and_says_so()
    {
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        a.Set("x", Bytes("1"), Now);
        a.TakeDelta();
        a.Set("y", Bytes("2"), Now);
        Assert.Equal(MergeResult.MergedWithGap, b.Merge(a.TakeDelta(), Now));
        Assert.Equal(["y"], b.Keys());
        Assert.Equal(0, b.Version.Count);
        Sync(a, b);
        Assert.Equal(["x", "y"], b.Keys());
        Assert.Equal(a.Version, b.Version);
        Assert.Equal(new MergeCounters(2, 1, 0, 2, 1), b.Counters);
    }

    [Fact]
    public void Skew_is_refused_at_the_bound_and_nothing_changes()
    {
        var a = new LwwMap(new HybridLogicalClock(A));
        var b = new LwwMap(new HybridLogicalClock(B, 1000));
        a.Set("x", Bytes("1"), Now + 1001);
        byte[] delta = a.TakeDelta();
        Assert.Equal(MergeResult.TimeTooFarAhead, b.Merge(delta, Now));
        Assert.Equal(0, b.Count);
        Assert.Equal(MergeResult.Merged, b.Merge(delta, Now + 1));
        // A write over what came from ahead still wins, though this host's clock is behind.
        b.Set("x", Bytes("2"), Now);
        Assert.Equal(MergeResult.Merged, a.Merge(b.TakeDelta(), Now));
        Assert.True(a.TryGet("x", out ReadOnlySpan<byte> value));
        Assert.Equal("2", Encoding.UTF8.GetString(value));
    }

    [Fact]
    public void The_higher_replica_wins_a_tie()
    {
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        a.Set("x", Bytes("a"), Now);
        b.Set("x", Bytes("b"), Now);
        Sync(a, b);
        Sync(b, a);
        Assert.Equal(B, a.WriteOf("x")!.Value.Writer);
        Assert.Equal(B, b.WriteOf("x")!.Value.Writer);
    }

    [Fact]
    public void A_replica_that_was_away_through_a_compaction_is_told_and_brings_nothing_back()
    {
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        LwwMap away = Map(C);
        a.Set("x", Bytes("1"), Now);
        a.Set("y", Bytes("1"), Now);
        Sync(a, b);
        Sync(a, away);
        a.Remove("x", Now);
        Sync(a, b);
        StableCut cut = Cut(a, b);
        Assert.True(a.Compact(cut));
        Assert.True(b.Compact(cut));
        Assert.Equal(0, a.RemovedCount);
        Assert.False(away.Compact(cut));
        Assert.Equal(MergeResult.BehindCompaction, away.Merge(a.DeltaSince(away.Version), Now + 200));
        // What the one that was away wrote before the cut is not taken either: it would stand against removals nobody remembers.
        away.Set("x", Bytes("old"), Now);
        Assert.Equal(MergeResult.SenderBehindCompaction, a.Merge(away.TakeDelta(), Now + 200));
        Assert.Equal(["y"], a.Keys());

        // It starts again, empty and with a new id, page by page.
        LwwMap anew = Map(new ReplicaId(0x31, 1));
        anew.Set("z", Bytes("mine"), Now + 300);
        bool more = true;
        for (int page = 0; more; page++)
        {
            Assert.True(page < 10);
            byte[] delta = a.DeltaSince(anew.Version, 300, out more);
            Assert.Equal(MergeResult.Merged, anew.Merge(delta, Now + 300));
        }
        Assert.Equal(["y", "z"], anew.Keys());
        Sync(anew, a);
        Assert.Equal(["y", "z"], a.Keys());
    }

    [Fact]
    public void A_replica_being_filled_takes_no_old_writes_from_one_that_was_away()
    {
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        LwwMap away = Map(C);
        b.Set("x", Bytes("1"), Now);
        Sync(b, a);
        Sync(b, away);
        a.Set("keep", Bytes("1"), Now);
        a.Remove("x", Now);
        Sync(a, b);
        StableCut cut = Cut(a, b);
        Assert.True(a.Compact(cut) && b.Compact(cut));
        LwwMap anew = Map(new ReplicaId(0x31, 1));
        byte[] first = a.DeltaSince(anew.Version, 295, out bool more);
        Assert.Equal(MergeResult.Merged, anew.Merge(first, Now + 200));
        if (!anew.Version.Covers(cut.Vector)) Assert.Equal(MergeResult.SenderBehindCompaction, anew.Merge(away.DeltaSince(anew.Version), Now + 200));
        Assert.False(more && anew.Version.Covers(cut.Vector));
        Sync(a, anew);
        Assert.Equal(["keep"], anew.Keys());
        Assert.Equal(MergeResult.Merged, anew.Merge(away.DeltaSince(anew.Version), Now + 200));
        Assert.Equal(["keep"], anew.Keys());
    }

    [Fact]
    public void A_cut_waits_for_every_member()
    {
        var tracker = new StabilityTracker(3);
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        Assert.True(tracker.Join(A) && tracker.Join(B));
        Assert.False(tracker.Join(A));
        a.Set("x", default, Now);
        Assert.True(tracker.Report(A, a.Version, HlcTimestamp.Of(Now + 1)));
        Assert.False(tracker.Report(C, a.Version, HlcTimestamp.Of(Now + 1)));
        Assert.True(tracker.Report(B, b.Version, HlcTimestamp.Of(Now + 1)));
        Assert.True(tracker.Report(A, a.Version, HlcTimestamp.Of(Now + 2)));
        Assert.Null(tracker.Stable);
        Sync(a, b);
        Assert.True(tracker.Report(B, b.Version, HlcTimestamp.Of(Now + 3)));
        Assert.Equal(HlcTimestamp.Of(Now + 1), tracker.Stable!.Time);
        Assert.Equal(1UL, tracker.Stable.Vector[A]);
        Assert.False(tracker.Report(B, b.Version, HlcTimestamp.Of(Now)));
        Assert.False(tracker.Report(B, new VersionVector(), HlcTimestamp.Of(Now + 9)));
        Assert.True(tracker.Leave(B));
        Assert.Equal(1, tracker.Count);
    }

    [Fact]
    public void Writes_in_this_replicas_name_that_it_never_made_are_refused()
    {
        LwwMap before = Map(A);
        before.Set("x", Bytes("1"), Now);
        byte[] delta = before.TakeDelta();
        LwwMap lost = Map(A);
        Assert.Equal(MergeResult.OwnWritesUnknown, lost.Merge(delta, Now));
        Assert.Equal(MergeResult.Merged, before.Merge(delta, Now));
        Assert.Equal(1, lost.Counters.Refused);
    }

    [Fact]
    public void Every_bound_is_kept()
    {
        var limits = new CrdtLimits { EntriesMax = 2, KeyBytesMax = 4, ValueBytesMax = 3, ReplicasMax = 2, DeltaBytesMax = 100 };
        LwwMap small = Map(A, limits);
        Assert.Equal(WriteResult.KeyInvalid, small.Set("", default, Now));
        Assert.Equal(WriteResult.KeyInvalid, small.Set("12345", default, Now));
        Assert.Equal(WriteResult.KeyInvalid, small.Set("\u00e9\u00e9x", default, Now));
        Assert.Equal(WriteResult.KeyInvalid, small.Set("\ud800", default, Now));
        Assert.Equal(WriteResult.ValueTooLarge, small.Set("a", new byte[4], Now));
        Assert.Equal(WriteResult.NothingThere, small.Remove("a", Now));
        Assert.Equal(WriteResult.Written, small.Set("\u00e9\u00e9", new byte[3], Now));
        Assert.Equal(WriteResult.Written, small.Set("b", default, Now));
        Assert.Equal(WriteResult.Full, small.Set("c", default, Now));
        Assert.Equal(2UL, small.Version[A]);

        LwwMap big = Map(B);
        MergeResult Try(string key, int valueBytes)
        {
            big.Set(key, new byte[valueBytes], Now);
            return small.Merge(big.TakeDelta(), Now);
        }
        Assert.Equal(MergeResult.Merged, Try("b", 3));
        Assert.Equal(MergeResult.EntriesFull, Try("c", 0));
        Assert.Equal(MergeResult.KeyInvalid, Try("12345", 0));
        Assert.Equal(MergeResult.ValueTooLarge, Try("b", 4));
        Assert.Equal(MergeResult.TooLarge, Try("b", 200));
        LwwMap third = Map(C);
        third.Set("b", default, Now + 1);
        Assert.Equal(MergeResult.ReplicasFull, small.Merge(third.TakeDelta(), Now));
        Assert.Equal(["b", "\u00e9\u00e9"], small.Keys());
        Assert.Equal(5, small.Counters.Refused);
    }

    [Fact]
    public void A_small_buffer_takes_the_writes_in_parts()
    {
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        for (int i = 0; i < 50; i++) a.Set($"key{i}", new byte[20], Now);
        byte[] buffer = new byte[400];
        int parts = 0;
        for (bool more = true; more; parts++)
        {
            int written = a.TakeDelta(buffer, out more);
            Assert.Equal(MergeResult.Merged, b.Merge(buffer.AsSpan(0, written), Now));
        }
        Assert.InRange(parts, 5, 25);
        Assert.Equal(a.Keys(), b.Keys());
        Assert.Equal(a.Version, b.Version);
        Assert.Throws<ArgumentException>(() =>
        {
            a.Set("x", default, Now);
            a.TakeDelta(new byte[10], out _);
        });
    }

    [Fact]
    public void Setting_one_key_for_ever_without_taking_deltas_keeps_nothing_but_the_last()
    {
        LwwMap a = Map(A);
        for (int i = 0; i < 1000; i++) a.Set("x", Bytes($"{i}"), Now);
        LwwMap b = Map(B);
        byte[] delta = a.TakeDelta();
        Assert.True(delta.Length < 60);
        Assert.Equal(MergeResult.Merged, b.Merge(delta, Now));
        Assert.True(b.TryGet("x", out ReadOnlySpan<byte> value));
        Assert.Equal("999", Encoding.UTF8.GetString(value));
        a.Set("y", default, Now);
        Assert.Equal(MergeResult.Merged, b.Merge(a.TakeDelta(), Now));
        Assert.Equal(a.Version, b.Version);
    }

    [Fact]
    public void Merging_a_known_key_allocates_nothing()
    {
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        byte[] buffer = new byte[256];
        byte[] value = new byte[16];
        long before = 0;
        for (int i = 0; i < 200; i++)
        {
            if (i == 100) before = GC.GetAllocatedBytesForCurrentThread();
            a.Set("key", value, Now + i);
            int written = a.TakeDelta(buffer, out _);
            if (b.Merge(buffer.AsSpan(0, written), Now + i) != MergeResult.Merged) Assert.Fail("not merged");
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Changes_are_told()
    {
        LwwMap a = Map(A);
        LwwMap b = Map(B);
        var told = new List<string>();
        b.Changed = told.Add;
        a.Set("x", default, Now);
        a.Set("y", default, Now);
        Sync(a, b);
        a.Remove("x", Now);
        Sync(a, b);
        Sync(a, b);
        Assert.Equal(["x", "y", "x"], told);
        Assert.Equal(3UL, b.Revision);
    }
}
