using System.Buffers.Binary;
using Egregore.WebRtc.Sctp;

namespace Egregore.WebRtc.Tests.Sctp;

/// <summary>Bytes as the RFCs give or lay them out, checked by hand.</summary>
public sealed class SctpGoldenTests
{
    /// <summary>The examples of RFC 3720 appendix B.4.</summary>
    [Fact]
    public void Crc32c_gives_the_vectors_of_RFC_3720()
    {
        byte[] rising = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        byte[] falling = [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))];
        byte[] read10 = Convert.FromHexString("01C00000000000000000000000000000140000000000040000000014000000182800000000000000" + "0200000000000000");
        Assert.Equal(0x8A9136AAu, Crc32c.Compute(new byte[32]));
        byte[] ones = new byte[32];
        Array.Fill(ones, (byte)0xFF);
        Assert.Equal(0x62A8AB43u, Crc32c.Compute(ones));
        Assert.Equal(0x46DD794Eu, Crc32c.Compute(rising));
        Assert.Equal(0x113FDB5Cu, Crc32c.Compute(falling));
        Assert.Equal(0xD9963A56u, Crc32c.Compute(read10));
        Assert.Equal(0xE3069283u, Crc32c.Compute("123456789"u8));
    }

    [Fact]
    public void A_packets_checksum_counts_its_own_field_as_zero_and_stands_least_byte_first()
    {
        byte[] packet = Convert.FromHexString("138813880000000100000000" + "0E000004");
        uint expected = Crc32c.Compute(packet);
        packet.AsSpan(8, 4).Fill(0xAB);
        Assert.Equal(expected, Crc32c.ComputePacket(packet));
        Span<byte> buffer = stackalloc byte[64];
        var writer = new PacketWriter(buffer);
        writer.Chunk(ChunkType.ShutdownComplete, 0, 0);
        ReadOnlySpan<byte> written = writer.Finish(5000, 5000, 1, checksum: true);
        Assert.Equal(expected, BinaryPrimitives.ReadUInt32LittleEndian(written[8..]));
        Assert.Equal("0E000004", Convert.ToHexString(written[12..]));
    }

    private static (List<string> FromA, List<string> FromB, SctpNetwork Network, SctpEnd A, SctpEnd B) Record()
    {
        var network = new SctpNetwork(1);
        List<string>[] packets = [[], []];
        network.Filter = (from, packet) =>
        {
            packets[from].Add(Convert.ToHexString(packet));
            return true;
        };
        var a = new SctpEnd(network, 0);
        var b = new SctpEnd(network, 1);
        // Tags 0x01010101 and 0x02020202, initial TSNs 0x11111111 and 0x22222222.
        a.UseRandom(bytes => { bytes.Fill(0x01); if (bytes.Length == 8) bytes[4..].Fill(0x11); });
        b.UseRandom(bytes => { bytes.Fill(0x02); if (bytes.Length == 8) bytes[4..].Fill(0x22); });
        a.Association.Start(network.Now);
        Assert.True(network.Run(() => a.Association.State == SctpState.Established && b.Association.State == SctpState.Established));
        return (packets[0], packets[1], network, a, b);
    }

    [Fact]
    public void The_handshake_is_laid_out_as_RFC_9260_says()
    {
        (List<string> fromA, List<string> fromB, _, _, _) = Record();
        // Ports 5000, no tag; INIT, length 40; tag, a_rwnd 4 MiB, 1,024 streams each, TSN; FORWARD-TSN supported; extensions C0 82 84; zero checksum by DTLS.
        Assert.Equal("1388138800000000", fromA[0][..16]);
        Assert.Equal("01000028" + "01010101" + "00400000" + "0400" + "0400" + "11111111" + "C0000004" + "80080007C0828400" + "8001000800000001", fromA[0][24..]);
        Assert.Equal("1388138801010101", fromB[0][..16]);
        Assert.Equal("0200007C" + "02020202" + "00400000" + "0400" + "0400" + "22222222" + "C0000004" + "80080007C0828400" + "8001000800000001" + "00070054", fromB[0][24..(24 + 88)]);
        string cookie = fromB[0][(24 + 88)..(24 + 88 + 160)];
        Assert.Equal("1388138802020202", fromA[1][..16]);
        Assert.Equal("0A000054" + cookie, fromA[1][24..]);
        // Both offer zero checksums: from here on there is none. INIT and COOKIE ECHO always have one.
        Assert.Equal("1388138801010101" + "00000000" + "0B000004", fromB[1]);
        Assert.NotEqual("00000000", fromA[0][16..24]);
        Assert.NotEqual("00000000", fromA[1][16..24]);
    }

    [Fact]
    public void Data_and_sack_are_laid_out_as_RFC_9260_says()
    {
        (List<string> fromA, List<string> fromB, SctpNetwork network, SctpEnd a, SctpEnd b) = Record();
        int skip = 0;
        network.Filter = (from, packet) =>
        {
            (from == 0 ? fromA : fromB).Add(Convert.ToHexString(packet));
            return from == 1 || skip++ != 1;
        };
        fromA.Clear();
        fromB.Clear();
        for (byte i = 1; i <= 3; i++)
        {
            a.Send(5, [0xD0, i, 0xFF], new SctpMessageOptions { Unordered = i == 3 }, protocolId: 51);
            a.Flush();
        }
        Assert.True(network.Run(() => fromB.Count > 0));
        // Whole message, length 19 and one byte of padding: TSN, stream 5, sequence, protocol 51.
        Assert.Equal("00030013" + "11111111" + "0005" + "0000" + "00000033" + "D001FF" + "00", fromA[0][24..]);
        Assert.Equal("00030013" + "11111112" + "0005" + "0001" + "00000033" + "D002FF" + "00", fromA[1][24..]);
        Assert.Equal("00070013" + "11111113" + "0005" + "0000" + "00000033" + "D003FF" + "00", fromA[2][24..]);
        // Cumulative TSN, window, one gap block (+2 to +2), no duplicates. An unordered message was delivered, nothing is held.
        Assert.Equal("03000014" + "11111111" + "00400000" + "0001" + "0000" + "0002" + "0002", fromB[0][24..]);
        Assert.Equal(2, b.Messages.Count);
    }

    [Fact]
    public void Forward_tsn_names_stream_and_sequence_and_a_reset_its_last_tsn()
    {
        (List<string> fromA, List<string> fromB, SctpNetwork network, SctpEnd a, SctpEnd b) = Record();
        bool drops = true;
        network.Filter = (from, packet) =>
        {
            (from == 0 ? fromA : fromB).Add(Convert.ToHexString(packet[12..]));
            return from == 1 || !drops;
        };
        fromA.Clear();
        a.Send(7, [1], new SctpMessageOptions { RetransmitsMax = 0 });
        a.Flush();
        drops = false;
        Assert.True(network.Run(() => fromA.Count == 2));
        Assert.Equal("C000000C" + "11111111" + "0007" + "0000", fromA[1]);
        network.RunFor(1_000_000);
        fromA.Clear();
        fromB.Clear();
        a.Association.ResetStream(7);
        a.Flush();
        Assert.True(network.Run(() => a.OutgoingResets.Count == 1));
        // RE-CONFIG, outgoing reset: request number, response number, last TSN, stream. The answer: "performed".
        Assert.Equal("82000016" + "000D0012" + "11111111" + "22222221" + "11111111" + "0007" + "0000", fromA[0]);
        Assert.Equal("82000010" + "0010000C" + "11111111" + "00000001", fromB[0]);
    }
}
