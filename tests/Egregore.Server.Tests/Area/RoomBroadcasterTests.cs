using Egregore.Wire;
using Egregore.World.Area;

namespace Egregore.Server.Tests.Area;

public sealed class RoomBroadcasterTests
{
    private const int Block = 256;

    [Theory]
    [InlineData(21, 4_096)]
    [InlineData(101, 10_240)]
    [InlineData(200, 10_240)]
    public void A_viewer_in_a_crowd_that_moves_gets_no_more_than_its_bytes_a_second(int bodies, int bytesPerSecondMax)
    {
        // The hardest crowd: all within sight of all, all moving at every tick.
        var crowd = new Crowd(new RoomOptions { SightBlocks = 64 }, bodies, radiusBlocks: 20);
        crowd.Run(ticks: 40);
        var bytes = crowd.Run(ticks: 20 * 20);
        foreach (var viewer in crowd.Handles)
        {
            Assert.Equal(Math.Min(bodies - 1, 128), crowd.Room.AttendedCount(viewer));
            Assert.InRange(bytes[viewer] / 20.0, 1, bytesPerSecondMax);
        }
    }

    [Fact]
    public void The_five_nearest_are_sent_at_every_tick_and_the_others_by_distance()
    {
        var options = new RoomOptions();
        var room = new RoomBroadcaster(options);
        Assert.True(room.TryJoin(out var viewer));
        room.Place(viewer, 0, 0, 0, new byte[6]);
        var others = new ushort[20];
        for (var i = 0; i < others.Length; i++)
            Assert.True(room.TryJoin(out others[i]));
        var counts = new int[64];
        var buffer = new byte[2048];
        var reader = new RoomReader(options.LookBytes);
        for (var tick = 0; tick < 400; tick++)
        {
            for (var i = 0; i < others.Length; i++)
                room.Place(others[i], (i + 1) * 3 * Block, tick, 0, new byte[6]);
            room.LookAround(viewer, tick);
            var written = room.Compose(viewer, RoomFrameCodec.WireOverheadBytes, buffer);
            reader.Begin(0, 0);
            while (reader.TryNext(buffer.AsSpan(0, written), out var record))
                counts[record.Handle]++;
            Assert.True(reader.IsWhole);
        }

        for (var i = 0; i < options.Focus; i++)
            Assert.InRange(counts[others[i]], 395, 400);
        // Nobody is forgotten: at the rim it is 1 Hz and a bit.
        for (var i = options.Focus; i < others.Length; i++)
            Assert.InRange(counts[others[i]], 20, 100);
        Assert.True(counts[others[5]] > 2 * counts[others[19]]);
    }

    [Fact]
    public void Who_stands_still_is_sent_once()
    {
        var crowd = new Crowd(new RoomOptions(), 10, radiusBlocks: 10) { Moving = false };
        crowd.Run(ticks: 40);
        Assert.All(crowd.Run(ticks: 100), bytes => Assert.Equal(0, bytes));
    }

    [Fact]
    public void What_else_is_sent_is_taken_from_the_frames()
    {
        var crowd = new Crowd(new RoomOptions(), 21, radiusBlocks: 20) { OtherBytesPerTick = 150 };
        crowd.Run(ticks: 40);
        var bytes = crowd.Run(ticks: 400);
        foreach (var viewer in crowd.Handles)
            Assert.InRange((bytes[viewer] + (400 * 150)) / 20.0, 3_000, 4_096);
    }

    [Fact]
    public void A_record_reads_back_where_it_was_from_any_cell_in_sight()
    {
        var options = new RoomOptions();
        foreach (var (x, y, z) in new[] { (0, 0, 0), (-1, -1, -1), (1_000_000, 100 * Block, -777_777), (-(96 * Block), 191 * Block, 96 * Block) })
        {
            var room = new RoomBroadcaster(options);
            room.TryJoin(out var viewer);
            room.TryJoin(out var other);
            room.Place(viewer, x + (60 * Block), 0, z - (20 * Block), new byte[6]);
            room.Place(other, x, y, z, [1, 2, 3, 4, 5, 6]);
            Assert.True(room.LookAround(viewer, 0));
            Assert.Equal([other], room.Entered.ToArray());
            var buffer = new byte[256];
            var written = room.Compose(viewer, 0, buffer);
            Assert.Equal(13, written);
            var reader = new RoomReader(options.LookBytes);
            reader.Begin(RoomRecord.CellOf(x + (60 * Block)), RoomRecord.CellOf(z - (20 * Block)));
            Assert.True(reader.TryNext(buffer.AsSpan(0, written), out var record));
            Assert.Equal((other, x, y, z), (record.Handle, record.X, record.Y, record.Z));
            Assert.Equal([1, 2, 3, 4, 5, 6], record.Look.ToArray());
            Assert.False(reader.TryNext(buffer.AsSpan(0, written), out _));
            Assert.True(reader.IsWhole);
        }
    }

    [Fact]
    public void A_viewer_knows_every_state_that_it_was_sent_whatever_the_way_and_the_jumps()
    {
        var random = new Random(11);
        var options = new RoomOptions { Capacity = 300, LookBytes = 11, SmallCrowdBytesPerSecond = 3000, LargeCrowdBytesPerSecond = 9000 };
        var room = new RoomBroadcaster(options);
        var bodies = new List<ushort>();
        for (var i = 0; i < 200; i++)
        {
            Assert.True(room.TryJoin(out var handle));
            bodies.Add(handle);
        }

        var places = bodies.ToDictionary(h => h, _ => (X: random.Next(-9_000, 9_000), Y: 0, Z: random.Next(-9_000, 9_000)));
        var looks = bodies.ToDictionary(h => h, _ => new byte[11]);
        var viewer = bodies[0];
        var reader = new RoomReader(options.LookBytes);
        var buffer = new byte[4096];
        int records = 0, whole = 0;
        for (var tick = 0; tick < 600; tick++)
        {
            foreach (var handle in bodies)
            {
                var (x, y, z) = places[handle];
                var step = random.Next(100) switch { 0 => 20_000, < 10 => 300, < 80 => 60, _ => 0 };
                places[handle] = (Math.Clamp(x + random.Next(-step, step + 1), -15_000, 15_000), Math.Clamp(y + random.Next(-step, step + 1), -10_000, 40_000), z + (step == 60 ? 1 : 0));
                if (random.Next(3) == 0)
                    looks[handle][random.Next(11)]++;
                room.Place(handle, places[handle].X, places[handle].Y, places[handle].Z, looks[handle]);
            }

            if (tick % 50 == 49)
            {
                // A body goes, and another comes with its handle.
                room.Leave(bodies[^1]);
                bodies.RemoveAt(bodies.Count - 1);
            }

            room.LookAround(viewer, tick);
            foreach (var left in room.Left)
                reader.Forget(left);
            var written = room.Compose(viewer, 0, buffer);
            var own = places[viewer];
            reader.Begin(RoomRecord.CellOf(own.X), RoomRecord.CellOf(own.Z));
            var before = 0;
            while (reader.TryNext(buffer.AsSpan(0, written), out var record))
            {
                Assert.True(record.Handle > before);
                before = record.Handle;
                Assert.True(places[record.Handle] == (record.X, record.Y, record.Z), $"tick {tick}, {record.Handle}: {places[record.Handle]} is read as {(record.X, record.Y, record.Z)}");
                Assert.Equal(looks[record.Handle], record.Look.ToArray());
                records++;
            }

            Assert.True(reader.IsWhole);
            whole += written;
        }

        Assert.Equal(0, reader.Skipped);
        Assert.InRange(records, 5_000, 100_000);
        Assert.InRange(whole / (double)records, 5, 15);
    }

    [Fact]
    public void Any_bytes_are_read_without_harm()
    {
        var random = new Random(12);
        var bytes = new byte[200];
        var reader = new RoomReader(lookBytes: 6, bodiesMax: 50);
        long records = 0;
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            var states = bytes.AsSpan(0, random.Next(bytes.Length));
            reader.Begin(random.Next(), random.Next());
            while (reader.TryNext(states, out _))
                records++;
        }

        Assert.NotEqual(0, records);
        Assert.NotEqual(0, reader.Skipped);
    }

    [Fact]
    public void Who_goes_out_of_sight_or_leaves_is_told_once()
    {
        var room = new RoomBroadcaster(new RoomOptions { LookAroundTicks = 1, SightBlocks = 64 });
        room.TryJoin(out var viewer);
        room.TryJoin(out var walker);
        room.TryJoin(out var leaver);
        room.Place(viewer, 0, 0, 0, new byte[6]);
        room.Place(walker, 60 * Block, 0, 0, new byte[6]);
        room.Place(leaver, 0, 0, Block, new byte[6]);
        Assert.True(room.LookAround(viewer, 0));
        Assert.Equal([leaver, walker], room.Entered.ToArray());

        // On the rim's far side it stays; beyond an eighth more it goes.
        room.Place(walker, 70 * Block, 0, 0, new byte[6]);
        Assert.False(room.LookAround(viewer, 1));
        room.Place(walker, 73 * Block, 0, 0, new byte[6]);
        room.Leave(leaver);
        Assert.True(room.LookAround(viewer, 2));
        Assert.Equal([walker, leaver], room.Left.ToArray().Order());
        Assert.Empty(room.Entered.ToArray());
        Assert.False(room.LookAround(viewer, 3));
    }

    [Fact]
    public void A_handle_used_again_is_another_body()
    {
        var room = new RoomBroadcaster(new RoomOptions { Capacity = 2, LookAroundTicks = 1 });
        room.TryJoin(out var viewer);
        room.TryJoin(out var first);
        Assert.False(room.TryJoin(out _));
        room.Place(viewer, 0, 0, 0, new byte[6]);
        room.Place(first, 0, 0, 0, new byte[6]);
        room.LookAround(viewer, 0);
        room.Leave(first);
        room.TryJoin(out var second);
        Assert.Equal(first, second);
        room.Place(second, 0, 0, 0, new byte[6]);
        Assert.Equal(0, room.Compose(viewer, 0, new byte[64]));
        Assert.True(room.LookAround(viewer, 1));
        Assert.Equal([second], room.Entered.ToArray());
        Assert.Equal([second], room.Left.ToArray());
        Assert.NotEqual(0, room.Compose(viewer, 0, new byte[64]));
    }

    [Fact]
    public void Whom_a_viewer_hears_directly_the_room_does_not_send()
    {
        var crowd = new Crowd(new RoomOptions(), 3, radiusBlocks: 5);
        crowd.Run(ticks: 2);
        crowd.Room.SetDirect(crowd.Handles[0], crowd.Handles.AsSpan(1));
        crowd.Room.SetDirect(crowd.Handles[1], []);
        var bytes = crowd.Run(ticks: 10);
        Assert.Equal(0, bytes[crowd.Handles[0]]);
        Assert.NotEqual(0, bytes[crowd.Handles[1]]);
    }

    [Fact]
    public void A_frame_is_the_flatbuffer_of_its_table_and_as_long_as_it_says()
    {
        var buffer = new byte[256];
        var states = Enumerable.Range(0, 28).Select(i => (byte)i).ToArray();
        var written = RoomFrameCodec.Write(buffer, 7, -3, 9, states);
        Assert.Equal(RoomFrameCodec.OverheadBytes + states.Length, written);
        Assert.Equal(VerifyError.None, RoomFrameView.TryRead(buffer.AsSpan(0, written), out var frame));
        Assert.Equal((7u, -3, 9), (frame.Tick, frame.CellX, frame.CellZ));
        Assert.Equal(states, frame.States.ToArray());
    }

    [Fact]
    public void The_steady_state_does_not_allocate()
    {
        var crowd = new Crowd(new RoomOptions(), 60, radiusBlocks: 30);
        crowd.Run(ticks: 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        crowd.Step(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void The_same_input_gives_the_same_bytes() =>
        Assert.Equal(new Crowd(new RoomOptions(), 50, 30).Run(200), new Crowd(new RoomOptions(), 50, 30).Run(200));

    /// <summary>Bodies that walk in circles; each is a viewer.</summary>
    private sealed class Crowd
    {
        private readonly byte[] _look = new byte[6];
        private readonly byte[] _buffer = new byte[4096];
        private readonly long[] _bytes = new long[70_000];
        private readonly int _radius;
        private int _tick;

        public Crowd(RoomOptions options, int bodies, int radiusBlocks)
        {
            Room = new RoomBroadcaster(options with { Capacity = 256 });
            _radius = radiusBlocks * Block;
            Handles = new ushort[bodies];
            for (var i = 0; i < bodies; i++)
                Assert.True(Room.TryJoin(out Handles[i]));
        }

        public RoomBroadcaster Room { get; }

        public ushort[] Handles { get; }

        public bool Moving { get; init; } = true;

        public int OtherBytesPerTick { get; init; }

        /// <summary>Bytes on the wire for each handle.</summary>
        public long[] Run(int ticks)
        {
            Array.Clear(_bytes);
            Step(ticks);
            return _bytes[..300];
        }

        public void Step(int ticks)
        {
            for (var end = _tick + ticks; _tick < end; _tick++)
            {
                for (var i = 0; i < Handles.Length; i++)
                {
                    var angle = ((i * 37) + (Moving ? _tick : 0)) * 0.01;
                    Room.Place(Handles[i], (int)(_radius * Math.Cos(angle)), 0, (int)(_radius * Math.Sin(angle) * (i % 7) / 7.0), _look);
                }

                foreach (var viewer in Handles)
                {
                    Room.LookAround(viewer, _tick);
                    Room.Charge(viewer, OtherBytesPerTick);
                    var written = Room.Compose(viewer, RoomFrameCodec.WireOverheadBytes, _buffer);
                    _bytes[viewer] += written == 0 ? 0 : written + RoomFrameCodec.WireOverheadBytes;
                }
            }
        }
    }
}
