using System.Globalization;
using Egregore.WebRtc.Sctp;
using Egregore.WebRtc.Tests.DataChannels;
using Egregore.WebRtc.DataChannels;
using Xunit.Abstractions;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>
/// Packets of real associations, changed, against an association in every state: no exception, no growth, and it still opens and closes. The count is a smoke
/// test's; EGREGORE_FUZZ_PACKETS raises it.
/// </summary>
public sealed class SctpFuzzTests(ITestOutputHelper output)
{
    private static int PacketCount =>
        int.TryParse(Environment.GetEnvironmentVariable("EGREGORE_FUZZ_PACKETS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 60_000;

    /// <summary>Changes a packet, mostly so that the checks of the common header still pass.</summary>
    private static byte[] Mutate(Random random, byte[] packet, byte[] other)
    {
        byte[] bytes = [.. packet];
        for (int i = random.Next(1, 5); i > 0 && bytes.Length > 16; i--)
        {
            int at = random.Next(12, bytes.Length);
            switch (random.Next(8))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = 0xFF; break;
                case 3: bytes[at] = 0; break;
                case 4: bytes = bytes[..at]; break;
                case 5: bytes = [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]]; break;
                case 6: bytes = [.. bytes[..(at & ~3)], .. other.AsSpan(Math.Min(12, other.Length))]; break;
                default: bytes[12] = (byte)(random.Next(2) == 0 ? random.Next(16) : new[] { 128, 130, 132, 192, 193, 64 }[random.Next(6)]); break;
            }
            if (bytes.Length > 2_000) bytes = bytes[..2_000];
        }
        if (bytes.Length >= 12 && random.Next(20) != 0)
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), random.Next(2) == 0 ? 0 : Crc32c.ComputePacket(bytes));
        return bytes;
    }

    [Fact]
    public void Changed_packets_never_throw_and_never_grow_what_is_held()
    {
        int count = PacketCount;
        var random = new Random(77);
        long packets = 0;
        int associations = 0;
        var reasons = new Dictionary<SctpCloseReason, int>();
        long memoryMax = 0;
        while (packets < count)
        {
            associations++;
            var options = new SctpOptions { ReceiveBufferBytesMax = 600_000, SendBufferBytesMax = 1 << 20, ZeroChecksum = true };
            var network = new SctpNetwork(random.Next(), new LinkConditions { Delay = 1_000, Loss = 0.02 });
            List<(int To, byte[] Packet)> seen = [];
            network.Filter = (from, packet) =>
            {
                if (seen.Count < 400) seen.Add((1 - from, packet));
                return true;
            };
            var client = new DataChannelEnd(network, 0, options);
            var server = new DataChannelEnd(network, 1, options);
            client.Transport.Start(true, network.Now);
            if (random.Next(2) == 0) server.Transport.Start(false, network.Now);
            for (int round = 0; round < 40 && packets < count; round++)
            {
                foreach (DataChannelEnd end in new[] { client, server })
                {
                    if (end.Transport.ChannelCount < 8 && end.Disconnected is null)
                        end.Transport.CreateChannel(new DataChannelInit { Ordered = random.Next(2) == 0, MaxRetransmits = random.Next(3) == 0 ? (ushort)1 : null });
                    foreach (DataChannel channel in end.Opened.Where(channel => channel.State == DataChannelState.Open))
                    {
                        if (random.Next(3) == 0) channel.Send(new byte[random.Next(4_000)], false, network.Now);
                        if (random.Next(12) == 0) channel.Close();
                    }
                    end.Flush();
                }
                network.RunFor(random.Next(20_000));
                if (seen.Count == 0) continue;
                if (client.Disconnected is not null || server.Disconnected is not null) break;
                for (int i = random.Next(30); i > 0; i--)
                {
                    (int to, byte[] packet) = seen[random.Next(seen.Count)];
                    network.Inject(to, Mutate(random, packet, seen[random.Next(seen.Count)].Packet));
                    packets++;
                }
                network.RunFor(2_000);
                if (random.Next(10) == 0) seen.RemoveRange(0, seen.Count / 2);
                foreach (DataChannelEnd end in new[] { client, server })
                {
                    SctpAssociation association = end.Transport.Association;
                    Assert.InRange(association.BufferedBytes, 0, 1 << 20);
                    Assert.InRange(association.InFlightBytes, 0, association.BufferedBytes);
                }
            }
            // Whatever was injected, the end comes: an abort, or an orderly close, or the peer counts as gone.
            client.Transport.Association.Shutdown(network.Now);
            client.Flush();
            network.Filter = null;
            network.RunFor(200_000_000);
            Assert.Equal(SctpState.Closed, client.Transport.Association.State);
            Assert.Equal(SctpAssociation.Never, client.NextDeadline);
            Assert.Equal(0, client.Transport.Association.BufferedBytes);
            SctpCloseReason reason = client.Transport.Association.CloseReason;
            reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            if (associations % 200 == 0) memoryMax = Math.Max(memoryMax, GC.GetTotalMemory(forceFullCollection: true));
        }
        output.WriteLine($"{packets} packets, {associations} associations, ends: {string.Join(", ", reasons)}, at most {memoryMax / 1_000_000} MB");
        Assert.True(memoryMax < 200_000_000);
    }
}
