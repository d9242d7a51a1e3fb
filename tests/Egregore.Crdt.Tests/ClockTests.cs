namespace Egregore.Crdt.Tests;

public sealed class ClockTests
{
    private static readonly ReplicaId A = new(0, 1);

    [Fact]
    public void Times_rise_though_the_host_clock_stands_still_or_jumps_back()
    {
        var clock = new HybridLogicalClock(A);
        HlcTimestamp last = default;
        foreach (long now in new long[] { 1000, 1000, 999, 5, 1001, 1001, 1000, 2000 })
        {
            HlcTimestamp next = clock.Now(now);
            Assert.True(next > last);
            last = next;
        }
        Assert.Equal(HlcTimestamp.Of(2000), last);
    }

    [Fact]
    public void An_accepted_time_is_followed()
    {
        var clock = new HybridLogicalClock(A, 500);
        Assert.Equal(ClockResult.Accepted, clock.TryReceive(HlcTimestamp.Of(1400, 7), 1000));
        Assert.Equal(HlcTimestamp.Of(1400, 8), clock.Now(1000));
        Assert.Equal(ClockResult.Accepted, clock.TryReceive(HlcTimestamp.Of(3), 1000));
        Assert.Equal(HlcTimestamp.Of(1400, 9), clock.Now(1000));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(30_000)]
    public void Skew_is_refused_one_millisecond_past_the_bound(long skewMaxMs)
    {
        var clock = new HybridLogicalClock(A, skewMaxMs);
        HlcTimestamp atBound = HlcTimestamp.Of(5_000 + skewMaxMs, ushort.MaxValue);
        Assert.Equal(ClockResult.TooFarAhead, clock.TryReceive(new(atBound.Value + 1), 5_000));
        Assert.Equal(default, clock.Last);
        Assert.Equal(1, clock.RefusedCount);
        Assert.Equal(ClockResult.Accepted, clock.TryReceive(atBound, 5_000));
        Assert.Equal(atBound, clock.Last);
    }

    [Fact]
    public void The_counter_carries_into_the_milliseconds()
    {
        var clock = new HybridLogicalClock(A);
        clock.TryReceive(HlcTimestamp.Of(1000, ushort.MaxValue), 1000);
        Assert.Equal(HlcTimestamp.Of(1001, 0), clock.Now(1000));
        Assert.Equal(HlcTimestamp.Of(1001, 1), clock.Now(1001));
    }

    [Fact]
    public void The_end_of_the_range_is_refused_and_never_wraps()
    {
        var clock = new HybridLogicalClock(A, HlcTimestamp.MillisecondsMax);
        Assert.Equal(ClockResult.Accepted, clock.TryReceive(new(ulong.MaxValue), HlcTimestamp.MillisecondsMax));
        Assert.Throws<InvalidOperationException>(() => clock.Now(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => clock.Now(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => clock.Now(HlcTimestamp.MillisecondsMax + 1));
    }

    [Fact]
    public void What_is_observed_is_below_every_later_event()
    {
        var clock = new HybridLogicalClock(A);
        HlcTimestamp observed = clock.Observe(1000);
        Assert.Equal(observed, clock.Observe(900));
        Assert.True(clock.Now(1000) > observed);
    }

    [Fact]
    public void Of_two_writes_the_later_wins_and_the_higher_writer_breaks_a_tie()
    {
        var low = new LwwRegister<string>("low", HlcTimestamp.Of(1), new(0, 1));
        var high = new LwwRegister<string>("high", HlcTimestamp.Of(1), new(1, 0));
        var late = new LwwRegister<string>("late", HlcTimestamp.Of(1, 1), new(0, 1));
        LwwRegister<string>[] all = [low, high, late];
        foreach (LwwRegister<string> a in all)
        {
            Assert.Equal(a, a.Merge(a));
            foreach (LwwRegister<string> b in all)
            {
                Assert.Equal(a.Merge(b), b.Merge(a));
                foreach (LwwRegister<string> c in all) Assert.Equal(a.Merge(b).Merge(c), a.Merge(b.Merge(c)));
            }
        }
        Assert.Equal("high", low.Merge(high).Value);
        Assert.Equal("late", high.Merge(late).Value);
    }
}
