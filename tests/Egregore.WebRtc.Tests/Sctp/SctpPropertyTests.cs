using System.Buffers.Binary;
using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>What a channel promises, over networks that lose, double, delay and reorder. Every failure names its seed.</summary>
public sealed class SctpPropertyTests
{
    private static readonly LinkConditions[] Networks =
    [
        new() { Delay = 10_000 },
        new() { Delay = 25_000, Loss = 0.01, Jitter = 3_000 },
        new() { Delay = 25_000, Loss = 0.03, Jitter = 20_000, Duplication = 0.02, Reorder = 0.05, ReorderDelay = 30_000 },
        new() { Delay = 1_000, Loss = 0.2 },
        new() { Delay = 5_000, Bandwidth = 500_000, QueueBytes = 20_000 },
    ];

    public static TheoryData<int, int> Cases
    {
        get
        {
            var cases = new TheoryData<int, int>();
            for (int network = 0; network < Networks.Length; network++)
            {
                for (int seed = 1; seed <= 6; seed++) cases.Add(network, (network * 100) + seed);
            }
            return cases;
        }
    }

    /// <summary>A message that says who it is: stream, number, and bytes that follow from both.</summary>
    private static byte[] MessageOf(int stream, int number, int size)
    {
        byte[] bytes = new byte[Math.Max(8, size)];
        new Random((stream * 1_000_003) + number).NextBytes(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, stream);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), number);
        return bytes;
    }

    private static int SizeOf(Random random) => random.Next(10) switch
    {
        < 5 => random.Next(8, 200),
        < 8 => random.Next(200, 3_000),
        8 => random.Next(3_000, 20_000),
        _ => random.Next(20_000, 100_000),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reliable_streams_lose_nothing_double_nothing_and_keep_order_where_promised(int networkIndex, int seed)
    {
        const int Streams = 6;
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(seed, Networks[networkIndex]);
        var random = new Random(seed);
        SctpEnd[] ends = [a, b];
        int[,] sent = new int[2, Streams];
        for (int burst = 0; burst < 40; burst++)
        {
            int from = random.Next(2);
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                int stream = random.Next(Streams);
                byte[] message = MessageOf(stream, sent[from, stream]++, SizeOf(random));
                Assert.Equal(SctpSendResult.Queued, ends[from].Send((ushort)stream, message, new SctpMessageOptions { Unordered = stream >= 4 }));
            }
            ends[from].Flush();
            network.RunFor(random.Next(30_000));
        }
        int Total(int from) => Enumerable.Range(0, Streams).Sum(stream => sent[from, stream]);
        Assert.True(network.Run(() => b.Messages.Count >= Total(0) && a.Messages.Count >= Total(1)), $"seed {seed}: {a.Messages.Count}/{Total(1)} {b.Messages.Count}/{Total(0)}");
        network.RunFor(3_000_000);
        for (int from = 0; from < 2; from++)
        {
            var messages = ends[1 - from].Messages;
            Assert.Equal(Total(from), messages.Count);
            for (int stream = 0; stream < Streams; stream++)
            {
                int[] numbers = [.. messages.Where(message => message.Stream == stream).Select(message => BinaryPrimitives.ReadInt32LittleEndian(message.Bytes.AsSpan(4)))];
                Assert.Equal(Enumerable.Range(0, sent[from, stream]), stream >= 4 ? numbers.Order() : numbers);
            }
            Assert.All(messages, message =>
                Assert.Equal(MessageOf(message.Stream, BinaryPrimitives.ReadInt32LittleEndian(message.Bytes.AsSpan(4)), message.Bytes.Length), message.Bytes));
        }
        Assert.Equal(0, a.Association.BufferedBytes + b.Association.BufferedBytes + a.Association.InFlightBytes + b.Association.InFlightBytes);
        Assert.Equal(0, a.Association.Statistics.Dropped + b.Association.Statistics.Dropped);
        Assert.Equal(0, a.Association.Statistics.SequenceErrors + b.Association.Statistics.SequenceErrors);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Partial_reliability_drops_only_what_it_may_and_never_blocks_a_reliable_stream(int networkIndex, int seed)
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(seed, Networks[networkIndex]);
        var random = new Random(seed);
        SctpMessageOptions[] kinds =
        [
            default,
            new() { RetransmitsMax = 0 },
            new() { RetransmitsMax = 0, Unordered = true },
            new() { RetransmitsMax = 2 },
            new() { LifetimeMs = 60 },
            new() { LifetimeMs = 60, Unordered = true },
        ];
        int[] sent = new int[kinds.Length];
        for (int burst = 0; burst < 80; burst++)
        {
            for (int i = random.Next(1, 10); i > 0; i--)
            {
                int stream = random.Next(kinds.Length);
                byte[] message = MessageOf(stream, sent[stream]++, random.Next(12) == 0 ? random.Next(2_000, 30_000) : random.Next(8, 1_500));
                Assert.Equal(SctpSendResult.Queued, a.Send((ushort)stream, message, kinds[stream]));
            }
            a.Flush();
            network.RunFor(random.Next(40_000));
        }
        Assert.True(network.Run(() => a.Association.BufferedBytes == 0), $"seed {seed}: {a.Association.BufferedBytes} bytes stay");
        network.RunFor(2_000_000);
        for (int stream = 0; stream < kinds.Length; stream++)
        {
            int[] numbers = [.. b.Messages.Where(message => message.Stream == stream).Select(message => BinaryPrimitives.ReadInt32LittleEndian(message.Bytes.AsSpan(4)))];
            Assert.Equal(numbers.Distinct().Count(), numbers.Length);
            if (!kinds[stream].Unordered) Assert.Equal(numbers.Order(), numbers);
            if (stream == 0 || Networks[networkIndex] is { Loss: 0, Bandwidth: 0 }) Assert.Equal(sent[stream], numbers.Length);
        }
        Assert.All(b.Messages, message =>
            Assert.Equal(MessageOf(message.Stream, BinaryPrimitives.ReadInt32LittleEndian(message.Bytes.AsSpan(4)), message.Bytes.Length), message.Bytes));
        // Whatever is missing was given up by the sender (a message may be given up though it has just arrived).
        Assert.True(sent.Sum() - b.Messages.Count <= a.Association.Statistics.MessagesAbandoned);
        // The stream goes on after what was skipped.
        network.Conditions = new LinkConditions();
        int before = b.Messages.Count;
        for (int stream = 0; stream < kinds.Length; stream++) a.Send((ushort)stream, MessageOf(stream, sent[stream], 100), kinds[stream]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == before + kinds.Length, 5_000_000), $"seed {seed}: {b.Messages.Count - before} of {kinds.Length}");
        Assert.Equal(0, a.Association.Statistics.Dropped + b.Association.Statistics.Dropped);
        Assert.Equal(0, b.Association.Statistics.SequenceErrors);
    }

    [Fact]
    public void Numbers_wrap_around()
    {
        var network = new SctpNetwork(9, new LinkConditions { Delay = 2_000, Loss = 0.01, Reorder = 0.02 });
        byte tag = 1;
        void NearTheEnd(Span<byte> bytes)
        {
            bytes.Fill(tag++);
            if (bytes.Length == 8) BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], uint.MaxValue - 1);
        }
        var a = new SctpEnd(network, 0);
        var b = new SctpEnd(network, 1);
        a.UseRandom(NearTheEnd);
        b.UseRandom(NearTheEnd);
        a.Association.Start(network.Now);
        b.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established));
        int next = 0;
        int count = 0;
        b.KeepsMessages = false;
        b.Received = (_, bytes) =>
        {
            Assert.Equal(next++, BinaryPrimitives.ReadInt32LittleEndian(bytes));
            count++;
        };
        const int Messages = 70_000;
        for (int i = 0; i < Messages; i++)
        {
            Assert.Equal(SctpSendResult.Queued, a.Send(0, BitConverter.GetBytes(i)));
            if (i % 500 == 0) a.Flush();
        }
        Assert.True(network.Run(() => count == Messages), $"{count}");
        for (int round = 1; round <= 5; round++)
        {
            Assert.True(a.Association.ResetStream(0));
            a.Flush();
            Assert.True(network.Run(() => a.OutgoingResets.Count == round && b.IncomingResets.Count == round));
            Assert.Equal(SctpSendResult.Queued, a.Send(0, BitConverter.GetBytes(next)));
            a.Flush();
            Assert.True(network.Run(() => count == Messages + round));
        }
        Assert.Equal(0, a.Association.Statistics.Dropped + b.Association.Statistics.Dropped + b.Association.Statistics.SequenceErrors);
    }

    [Fact]
    public void Largest_messages_pass_in_both_directions_under_loss()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(10, new LinkConditions { Delay = 10_000, Loss = 0.02 });
        for (int i = 0; i < 8; i++)
        {
            a.Send((ushort)i, MessageOf(i, 0, 262_144), new SctpMessageOptions { Unordered = i % 2 == 0 });
            b.Send((ushort)i, MessageOf(i, 0, 262_144), new SctpMessageOptions { Unordered = i % 2 == 0 });
        }
        Assert.Equal(SctpSendResult.MessageSize, a.Send(0, new byte[262_145]));
        a.Flush();
        b.Flush();
        Assert.True(network.Run(() => a.Messages.Count == 8 && b.Messages.Count == 8));
        Assert.All(b.Messages, message => Assert.Equal(MessageOf(message.Stream, 0, 262_144), message.Bytes));
    }

    [Fact]
    public void Bandwidth_is_shared_by_priority()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(11, new LinkConditions { Bandwidth = 1_000_000, Delay = 5_000, QueueBytes = 50_000 });
        ushort[] weights = [128, 256, 512, 1024];
        long[] bytes = new long[4];
        b.KeepsMessages = false;
        b.Received = (stream, message) => bytes[stream] += message.Length;
        for (ushort stream = 0; stream < 4; stream++)
        {
            a.Association.SetPriority(stream, weights[stream]);
            for (int i = 0; i < 1_500; i++) a.Send(stream, new byte[stream % 2 == 0 ? 1_000 : 500]);
            for (int i = 0; i < 1_500 && stream % 2 == 1; i++) a.Send(stream, new byte[500]);
        }
        a.Flush();
        network.RunFor(2_000_000);
        Assert.True(bytes.Sum() > 1_000_000, $"{bytes.Sum()}");
        for (int stream = 1; stream < 4; stream++) Assert.InRange((double)bytes[stream] / bytes[stream - 1], 1.7, 2.3);
    }

    [Fact]
    public void A_small_message_of_another_stream_does_not_wait_for_a_lost_one()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(12, new LinkConditions { Delay = 20_000 });
        bool isFirst = true;
        network.Filter = (from, packet) => from != 0 || packet[12] != 0 || !(isFirst && !(isFirst = false));
        a.Send(1, [1]);
        a.Flush();
        a.Send(2, [2]);
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 1, 25_000));
        Assert.Equal(2, b.Messages[0].Stream);
        Assert.True(network.Run(() => b.Messages.Count == 2));
    }

    [Fact]
    public void Reordering_is_learnt_and_costs_few_retransmissions()
    {
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(
            14, new LinkConditions { Delay = 25_000, Reorder = 0.1, ReorderDelay = 8_000, Bandwidth = 5_000_000 });
        for (int i = 0; i < 800; i++) Assert.Equal(SctpSendResult.Queued, a.Send(0, MessageOf(0, i, 10_000)));
        a.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 800));
        Assert.InRange(a.Association.Statistics.ChunksRetransmitted, 0, 50);
        Assert.InRange(network.Now, 0, 5_000_000);
    }

    [Fact]
    public void The_window_closes_when_the_host_holds_messages_and_opens_again()
    {
        var options = new SctpOptions { ReceiveBufferBytesMax = 600_000 };
        (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(13, options: options);
        b.Received = (_, bytes) => b.Association.HoldReceived(bytes.Length);
        for (int i = 0; i < 2_000; i++) a.Send(0, MessageOf(0, i, 1_000));
        a.Flush();
        network.RunFor(300_000_000);
        Assert.InRange(b.BytesReceived, 500_000, 610_000);
        Assert.Equal(SctpState.Established, a.Association.State);
        b.Received = null;
        b.Association.ReleaseReceived(int.MaxValue);
        b.Flush();
        Assert.True(network.Run(() => b.Messages.Count == 2_000, 20_000_000), $"{b.Messages.Count}");
        Assert.Equal(Enumerable.Range(0, 2_000), b.Messages.Select(message => BinaryPrimitives.ReadInt32LittleEndian(message.Bytes.AsSpan(4))));
    }
}
