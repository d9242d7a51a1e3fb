using System.Buffers.Binary;
using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>Packets that no honest peer sends: counted and dropped, or the association aborts; never an exception, never growth past a bound.</summary>
public sealed class SctpHostileTests
{
    private readonly SctpNetwork network;
    private readonly SctpEnd a;
    private readonly SctpEnd b;
    private uint tagOfB;
    private uint nextTsnOfA;

    public SctpHostileTests()
    {
        network = new SctpNetwork(21);
        network.Filter = (from, packet) =>
        {
            if (from != 0) return true;
            uint tag = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4));
            if (tag != 0) tagOfB = tag;
            if (packet[12] == ChunkType.Init) nextTsnOfA = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(28));
            return true;
        };
        a = new SctpEnd(network, 0);
        b = new SctpEnd(network, 1, new SctpOptions { ReceiveBufferBytesMax = 600_000, HeartbeatMs = 0 });
        a.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established));
        network.RunFor(1_000_000);
    }

    private SctpStatistics Counters => b.Association.Statistics;

    internal static byte[] Packet(uint tag, params byte[][] chunks)
    {
        byte[] packet = new byte[12 + chunks.Sum(chunk => chunk.Length)];
        BinaryPrimitives.WriteUInt16BigEndian(packet, 5000);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), 5000);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), tag);
        int at = 12;
        foreach (byte[] chunk in chunks)
        {
            chunk.CopyTo(packet, at);
            at += chunk.Length;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), Crc32c.ComputePacket(packet));
        return packet;
    }

    internal static byte[] Chunk(byte type, byte flags, params byte[] value)
    {
        byte[] chunk = new byte[4 + ((value.Length + 3) & ~3)];
        chunk[0] = type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(2), (ushort)(4 + value.Length));
        value.CopyTo(chunk, 4);
        return chunk;
    }

    private static byte[] Words(params uint[] words)
    {
        byte[] bytes = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), words[i]);
        return bytes;
    }

    private static byte[] Data(uint tsn, byte flags, ushort stream, ushort sequence, params byte[] payload) =>
        Chunk(ChunkType.Data, flags, [.. Words(tsn, ((uint)stream << 16) | sequence, 53), .. payload]);

    private void ToB(params byte[][] chunks)
    {
        b.Receive(Packet(tagOfB, chunks));
        b.Flush();
    }

    private void AssertAlive()
    {
        Assert.Equal(SctpState.Established, b.Association.State);
        int before = b.Messages.Count;
        a.Send(9, [42]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count > before, 5_000_000));
    }

    [Fact]
    public void Broken_headers_are_counted_and_dropped()
    {
        byte[] good = Packet(tagOfB, Chunk(ChunkType.CookieAck, 0));
        for (int length = 0; length < good.Length; length++) b.Receive(good.AsSpan(0, length));
        Assert.Equal(good.Length, Counters.PacketsMalformed);
        byte[] ports = [.. good];
        ports[0] ^= 1;
        b.Receive(ports);
        Assert.Equal(good.Length + 1, Counters.PacketsMalformed);
        byte[] damaged = [.. good];
        damaged[9] ^= 1;
        b.Receive(damaged);
        Assert.Equal(1, Counters.PacketsBadChecksum);
        b.Receive(Packet(tagOfB + 1, Chunk(ChunkType.Abort, 0)));
        b.Receive(Packet(tagOfB, Chunk(ChunkType.Abort, 1)));
        b.Receive(Packet(0, Chunk(ChunkType.Data, 3, new byte[13])));
        Assert.Equal(3, Counters.PacketsBadTag);
        b.Receive(Packet(tagOfB, [0, 3, 0, 3]));
        b.Receive(Packet(tagOfB, [0, 3, 255, 255]));
        AssertAlive();
    }

    [Fact]
    public void Acknowledgements_of_what_was_never_sent_change_nothing()
    {
        uint next = 0;
        network.Filter = (from, packet) =>
        {
            if (from == 1 && packet[12] == ChunkType.Data) next = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16));
            return from == 0;
        };
        b.Send(1, new byte[100]);
        b.Flush();
        long inFlight = b.Association.InFlightBytes;
        Assert.Equal(100, inFlight);
        ToB(Chunk(ChunkType.Sack, 0, Words(next + 1, 100_000, 0)));
        ToB(Chunk(ChunkType.Sack, 0, Words(next + 1_000_000, 100_000, 0)));
        ToB(Chunk(ChunkType.Sack, 0, Words(next - 1, 100_000, 1 << 16, (2 << 16) | 2)));
        ToB(Chunk(ChunkType.Sack, 0, Words(next - 1, 100_000, 1 << 16, (1 << 16) | 65_535)));
        ToB(Chunk(ChunkType.Sack, 0, Words(next - 1, 100_000, 1 << 16, 2 << 16)));
        Assert.Equal(5, Counters.SacksBogus);
        ToB(Chunk(ChunkType.Sack, 0, Words(next - 1, 100_000, 9 << 16)));
        ToB(Chunk(ChunkType.Sack, 0, [1, 2, 3]));
        Assert.Equal(2, Counters.ChunksInvalid);
        Assert.Equal(inFlight, b.Association.InFlightBytes);
        network.Filter = null;
        Assert.True(network.Run(() => a.Messages.Count == 1));
        AssertAlive();
    }

    [Fact]
    public void Data_without_user_data_aborts_as_RFC_9260_says()
    {
        byte[] last = [];
        network.Filter = (from, packet) =>
        {
            if (from == 1) last = packet;
            return true;
        };
        ToB(Chunk(ChunkType.Data, 3, Words(nextTsnOfA, 0, 53)));
        Assert.Equal(SctpState.Closed, b.Association.State);
        Assert.Equal(SctpCloseReason.ProtocolViolation, b.Association.CloseReason);
        Assert.Equal(ChunkType.Abort, last[12]);
        Assert.Equal(ErrorCause.NoUserData, BinaryPrimitives.ReadUInt16BigEndian(last.AsSpan(16)));
        Assert.True(network.Run(() => a.Association.CloseReason == SctpCloseReason.PeerAbort));
    }

    [Fact]
    public void Fragments_that_do_not_belong_together_abort()
    {
        ToB(Data(nextTsnOfA, DataFlags.Begin, 1, 0, 1), Data(nextTsnOfA + 1, DataFlags.End, 2, 0, 2));
        Assert.Equal(SctpCloseReason.ProtocolViolation, b.Association.CloseReason);
    }

    [Fact]
    public void A_fragment_without_a_beginning_aborts()
    {
        ToB(Data(nextTsnOfA, DataFlags.End, 1, 0, 1));
        Assert.Equal(SctpCloseReason.ProtocolViolation, b.Association.CloseReason);
    }

    [Fact]
    public void An_endless_message_aborts_at_the_bound()
    {
        byte[] payload = new byte[1_100];
        uint tsn = nextTsnOfA;
        ToB(Data(tsn++, DataFlags.Begin, 1, 0, payload));
        int taken = 1;
        while (b.Association.State == SctpState.Established && taken < 1_000)
        {
            ToB(Data(tsn++, 0, 1, 0, payload));
            taken++;
        }
        Assert.Equal((262_144 / 1_100) + 1, taken);
        Assert.Empty(b.Messages);
    }

    [Fact]
    public void Floods_beyond_a_gap_stay_inside_the_receive_buffer()
    {
        byte[] payload = new byte[1_000];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (uint i = 1; i < 20_000; i++) b.Receive(Packet(tagOfB, Data(nextTsnOfA + i, DataFlags.Whole, 1, (ushort)(i + 5), payload)));
        for (uint i = 1; i < 60_000; i += 7) b.Receive(Packet(tagOfB, Data(nextTsnOfA + 30_000 + i, DataFlags.Begin, 2, 1, 1)));
        b.Flush();
        Assert.True(Counters.ChunksDroppedFull > 20_000, $"{Counters.ChunksDroppedFull}");
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 6_000_000);
        Assert.Empty(b.Messages);
        Assert.Equal(SctpState.Established, b.Association.State);
    }

    [Fact]
    public void Tiny_fragments_and_every_second_tsn_are_bounded_in_gaps_and_in_work()
    {
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        for (uint i = 2; i < 60_000; i += 2) b.Receive(Packet(tagOfB, Data(nextTsnOfA + i, 0, 1, 0, 1)));
        for (uint i = 60_000; i > 2; i--) b.Receive(Packet(tagOfB, Data(nextTsnOfA + i, 0, 1, 0, 1)));
        b.Flush();
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds < 20);
        Assert.True(Counters.ChunksDroppedFull > 0);
        Assert.Equal(SctpState.Established, b.Association.State);
    }

    [Fact]
    public void Duplicates_are_acknowledged_and_delivered_once()
    {
        byte[] packet = Packet(tagOfB, Data(nextTsnOfA, DataFlags.Whole, 1, 0, 1));
        for (int i = 0; i < 10_000; i++)
        {
            b.Receive(packet);
            b.Flush();
        }
        Assert.Single(b.Messages);
        Assert.Equal(9_999, Counters.DuplicateChunks);
    }

    [Fact]
    public void Forward_tsn_far_ahead_skips_without_work_or_memory()
    {
        ToB(Chunk(ChunkType.ForwardTsn, 0, Words(nextTsnOfA + 1_000_000_000, (1 << 16) | 5)));
        ToB(Chunk(ChunkType.ForwardTsn, 0, Words(nextTsnOfA)));
        ToB(Chunk(ChunkType.ForwardTsn, 0, [1, 2]));
        ToB(Data(nextTsnOfA + 1_000_000_001, DataFlags.Whole, 1, 6, 77));
        Assert.Equal(SctpState.Established, b.Association.State);
        Assert.Equal(77, Assert.Single(b.Messages).Bytes[0]);
        Assert.Equal(0, Counters.SequenceErrors);
    }

    [Fact]
    public void Init_and_cookie_floods_leave_nothing_behind()
    {
        var fresh = new SctpEnd(new SctpNetwork(22), 0);
        byte[] init = Packet(0, Chunk(ChunkType.Init, 0, Words(77, 100_000, (10 << 16) | 10, 5)));
        byte[] cookie = Packet(1, Chunk(ChunkType.CookieEcho, 0, new byte[StateCookie.Bytes]));
        fresh.Receive(init);
        fresh.Receive(cookie);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 5_000; i++)
        {
            fresh.Association.Receive(init, i);
            fresh.Association.Receive(cookie, i);
            b.Receive(init);
        }
        Assert.Equal(SctpState.Closed, fresh.Association.State);
        Assert.Equal(5_001, fresh.Association.Statistics.CookiesRefused);
        Assert.Equal(SctpAssociation.Never, fresh.NextDeadline);
        network.RunFor(10);
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 12_000_000);
        AssertAlive();
    }

    [Fact]
    public void Invalid_streams_are_acknowledged_and_reported_and_unknown_chunks_follow_their_bits()
    {
        List<byte> answers = [];
        network.Filter = (from, packet) =>
        {
            if (from == 1) answers.Add(packet[12]);
            return from == 0;
        };
        ToB(Data(nextTsnOfA, DataFlags.Whole, 5_000, 0, 1));
        Assert.Equal([ChunkType.Error], answers);
        ToB(Chunk(0x3F, 0, 1), Data(nextTsnOfA + 1, DataFlags.Whole, 1, 0, 1));
        Assert.Empty(b.Messages);
        ToB(Chunk(0x7F, 0, 1), Data(nextTsnOfA + 1, DataFlags.Whole, 1, 0, 1));
        Assert.Equal(ChunkType.Error, answers[^1]);
        Assert.Empty(b.Messages);
        ToB(Chunk(0xBF, 0, 1), Data(nextTsnOfA + 1, DataFlags.Whole, 1, 0, 1));
        Assert.Single(b.Messages);
        int count = answers.Count;
        ToB(Chunk(0xFF, 0, 1), Chunk(0xFE, 0, 1), Data(nextTsnOfA + 2, DataFlags.Whole, 1, 1, 1));
        Assert.Equal(2, b.Messages.Count);
        Assert.Equal(1, answers.Skip(count).Count(type => type == ChunkType.Error));
        // I-DATA (0x40) was not offered: it is reported and the packet ends there.
        ToB(Chunk(0x40, 3, new byte[20]));
        Assert.Equal(ChunkType.Error, answers[^1]);
    }

    [Fact]
    public void Broken_reset_requests_are_refused_and_repeated_ones_get_the_same_answer()
    {
        List<byte[]> answers = [];
        network.Filter = (from, packet) =>
        {
            if (from == 1 && packet[12] == ChunkType.ReConfig) answers.Add(packet[12..]);
            return from == 0;
        };
        byte[] Request(uint number, uint lastTsn, ushort stream) =>
            Chunk(ChunkType.ReConfig, 0, [.. Words((13u << 16) | 18, number, 0, lastTsn), (byte)(stream >> 8), (byte)stream]);
        uint Result() => BinaryPrimitives.ReadUInt32BigEndian(answers[^1].AsSpan(12));
        uint number = nextTsnOfA;
        ToB(Request(number + 5, nextTsnOfA - 1, 1));
        Assert.Equal(ReconfigResult.BadSequenceNumber, Result());
        ToB(Request(number, nextTsnOfA, 1));
        Assert.Equal(ReconfigResult.InProgress, Result());
        ToB(Request(number, nextTsnOfA - 1, 1));
        Assert.Equal(ReconfigResult.Performed, Result());
        ToB(Request(number, nextTsnOfA - 1, 1));
        Assert.Equal(ReconfigResult.Performed, Result());
        Assert.Single(b.IncomingResets);
        ToB(Request(number + 1, nextTsnOfA - 1, 60_000));
        Assert.Equal(ReconfigResult.WrongSsn, Result());
        ToB(Chunk(ChunkType.ReConfig, 0, Words((17u << 16) | 12, number + 2, 5 << 16)));
        Assert.Equal(ReconfigResult.Denied, Result());
        ToB(Chunk(ChunkType.ReConfig, 0, [0, 13, 0, 200]), Chunk(ChunkType.ReConfig, 0, [0, 13, 0, 4]), Chunk(ChunkType.ReConfig, 0, []));
        Assert.Single(b.IncomingResets);
        AssertStillTakesData();
    }

    private void AssertStillTakesData()
    {
        ToB(Data(nextTsnOfA, DataFlags.Whole, 1, 0, 5));
        Assert.Equal(5, b.Messages[^1].Bytes[0]);
    }
}
