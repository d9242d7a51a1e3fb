using System.Buffers.Binary;

namespace Egregore.Peer.Tests;

public sealed class ReflexTrackTests
{
    private const double TickMs = 50;

    [Fact]
    public void States_are_played_back_evenly_although_they_arrive_unevenly()
    {
        var track = new ReflexTrack(4, TickMs);
        // Sent every 50 ms, arriving 20 to 60 ms later in a fixed uneven pattern.
        int[] delays = [20, 60, 35, 20, 55, 25, 20, 45, 30, 20];
        for (uint tick = 1; tick <= 10; tick++)
            Assert.True(track.Add(tick, State((int)tick * 100), (tick * 50) + delays[tick - 1]));

        var previous = double.NaN;
        for (var now = 300.0; now <= 500; now += 10)
        {
            Assert.True(track.TrySample(now, 100, out var older, out var newer, out var fraction));
            var value = Value(older) + ((Value(newer) - Value(older)) * fraction);
            if (!double.IsNaN(previous))
                Assert.InRange(value - previous, 19.9, 20.1);
            previous = value;
        }
    }

    [Fact]
    public void Late_and_repeated_states_are_ignored()
    {
        var track = new ReflexTrack(4, TickMs);
        Assert.True(track.Add(5, State(1), 100));
        Assert.False(track.Add(5, State(2), 101));
        Assert.False(track.Add(4, State(3), 102));
        Assert.Equal(1, Value(track.Newest));
    }

    [Fact]
    public void A_state_of_the_wrong_size_is_ignored()
    {
        var track = new ReflexTrack(4, TickMs);
        Assert.False(track.Add(1, new byte[5], 0));
        Assert.True(track.IsEmpty);
    }

    [Fact]
    public void Past_the_newest_state_the_fraction_counts_ticks_for_extrapolation()
    {
        var track = new ReflexTrack(4, TickMs);
        track.Add(1, State(10), 50);
        Assert.True(track.TrySample(150, 0, out var older, out var newer, out var fraction));
        Assert.Equal(Value(older), Value(newer));
        Assert.Equal(2, fraction, 3);
    }

    [Fact]
    public void More_states_than_the_capacity_keep_the_newest()
    {
        var track = new ReflexTrack(4, TickMs);
        for (uint tick = 1; tick <= ReflexTrack.Capacity * 2; tick++)
            track.Add(tick, State((int)tick), tick * 50);
        Assert.Equal((uint)ReflexTrack.Capacity * 2, track.NewestTick);
        Assert.True(track.TrySample(0, 0, out var older, out _, out _));
        Assert.Equal(ReflexTrack.Capacity + 1, Value(older));
    }

    [Fact]
    public void Adding_and_sampling_do_not_allocate()
    {
        var track = new ReflexTrack(4, TickMs);
        var state = State(1);
        track.Add(1, state, 50);
        track.TrySample(60, 0, out _, out _, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (uint tick = 2; tick < 1000; tick++)
        {
            track.Add(tick, state, tick * 50);
            track.TrySample(tick * 50, 100, out _, out _, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] State(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static int Value(ReadOnlySpan<byte> state) => BinaryPrimitives.ReadInt32LittleEndian(state);
}
