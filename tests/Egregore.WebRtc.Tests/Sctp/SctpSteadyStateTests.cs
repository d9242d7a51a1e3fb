using System.Diagnostics;
using Egregore.WebRtc.Sctp;
using Xunit.Abstractions;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>Two associations joined without a network: what a message costs once buffers have grown.</summary>
[Collection(nameof(AloneCollection))]
public sealed class SctpSteadyStateTests(ITestOutputHelper output)
{
    /// <summary>Packets in a preallocated ring; a sink that counts.</summary>
    private sealed class Pipe : ISctpSink
    {
        private const int Slots = 4_096;
        private readonly byte[][] packets = [.. Enumerable.Range(0, Slots).Select(_ => new byte[1_200])];
        private readonly int[] lengths = new int[Slots];
        private int head;
        private int tail;

        public long Messages { get; private set; }

        public long Bytes { get; private set; }

        public long Packets { get; private set; }

        public void Drain(SctpAssociation to, long now, int batch)
        {
            int inBatch = 0;
            while (head != tail)
            {
                to.Receive(packets[head].AsSpan(0, lengths[head]), now);
                head = (head + 1) % Slots;
                if (++inBatch % batch == 0) to.Flush(now);
            }
            to.Flush(now);
        }

        public void SendPacket(ReadOnlySpan<byte> packet)
        {
            packet.CopyTo(packets[tail]);
            lengths[tail] = packet.Length;
            tail = (tail + 1) % Slots;
            Packets++;
        }

        public void OnMessage(ushort stream, uint protocolId, ReadOnlySpan<byte> message)
        {
            Messages++;
            Bytes += message.Length;
        }

        public void OnStateChanged(SctpState state)
        {
        }

        public void OnRestarted()
        {
        }

        public void OnOutgoingStreamReset(ushort stream, bool performed)
        {
        }

        public void OnIncomingStreamReset(ushort stream)
        {
        }

        public void OnBufferedAmountLow(ushort stream)
        {
        }
    }

    [Theory]
    [InlineData(64, 60_000, false)]
    [InlineData(64, 60_000, true)]
    [InlineData(1_024, 40_000, false)]
    [InlineData(65_536, 1_000, false)]
    [InlineData(262_144, 200, true)]
    public void A_message_allocates_nothing(int size, int count, bool unordered)
    {
        var random = new Random(1);
        var fromA = new Pipe();
        var fromB = new Pipe();
        var a = new SctpAssociation(fromA, SctpOptions.Default, random.NextBytes);
        var b = new SctpAssociation(fromB, SctpOptions.Default, random.NextBytes);
        long now = 1_000_000;
        a.Start(now);
        byte[] message = new byte[size];
        var options = new SctpMessageOptions { Unordered = unordered };
        void Step(int messages)
        {
            int batch = Math.Max(1, 65_536 / size);
            for (int sent = 0; sent < messages;)
            {
                now += 50;
                for (int i = 0; i < batch && sent < messages && a.BufferedBytes < 400_000 && a.Send((ushort)(sent & 3), 53, message, options, now) == SctpSendResult.Queued; i++) sent++;
                a.Flush(now);
                fromA.Drain(b, now, 2);
                fromB.Drain(a, now, 2);
                if (now >= a.NextDeadline) a.Tick(now);
                if (now >= b.NextDeadline) b.Tick(now);
            }
        }
        for (int i = 0; i < 4; i++)
        {
            fromA.Drain(b, now, 1);
            fromB.Drain(a, now, 1);
        }
        Assert.Equal(SctpState.Established, a.State);
        Step(count);
        long least = long.MaxValue;
        // The least of three: a garbage collection for other tests empties the shared pool, which then allocates once more.
        for (int round = 0; round < 3 && least > 0; round++)
        {
            long deliveredBefore = fromB.Messages;
            long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            Step(count);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            long allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
            long delivered = fromB.Messages - deliveredBefore;
            output.WriteLine($"{size} bytes: {delivered / seconds / 1e3:F0} k messages/s, {delivered * size / seconds / 1e6:F0} MB/s, {allocated} bytes allocated");
            Assert.True(delivered > count * 9 / 10, $"{delivered}");
            least = Math.Min(least, allocated);
        }
        Assert.Equal(0, least);
    }

    [Fact]
    public void An_idle_association_is_small_and_has_one_timer()
    {
        const int Count = 200;
        List<SctpEnd> kept = [];
        long before = HeldBytes();
        for (int i = 0; i < Count; i++)
        {
            (SctpNetwork network, SctpEnd a, SctpEnd b) = SctpHandshakeTests.Connect(i);
            a.Send(0, new byte[100_000]);
            a.Flush();
            Assert.True(network.Run(() => b.BytesReceived == 100_000));
            network.RunFor(65_000_000);
            b.Messages.Clear();
            b.Messages.TrimExcess();
            kept.Add(a);
            kept.Add(b);
        }
        long each = (HeldBytes() - before) / (2 * Count);
        GC.KeepAlive(kept);
        Assert.InRange(each, 0, 20_000);
    }

    /// <summary>Without what the shared arrays keep: collections let go of it, by finalizers.</summary>
    private static long HeldBytes()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
