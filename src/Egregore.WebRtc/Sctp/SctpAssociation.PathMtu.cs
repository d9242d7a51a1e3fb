using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <content>
/// Larger packets where the path takes them (RFC 8899 over SCTP): a HEARTBEAT padded to the size under test. What arrives is used; three losses end the
/// search for ten minutes; timeouts in a row bring the safe size back.
/// </content>
internal sealed partial class SctpAssociation
{
    private const int SizeTriesMax = 3;
    private const long SizeRaiseTime = 600_000_000;
    private const int SizeProbeInfoBytes = 12;

    /// <summary>
    /// Ethernet less IPv6 or IPv4, UDP and DTLS; a WireGuard tunnel; jumbo frames; the loopback interface.
    /// </summary>
    private static readonly int[] SizeSteps = [1_332, 1_412, 1_432, 4_000, 8_000, 16_000];

    private int sizeProbed;
    private int sizeTries;
    private int packetBytesLargest;
    private long sizeDeadline = Never;

    private void BeginSizeSearch(long now)
    {
        sizeTries = 0;
        sizeProbed = NextSize();
        sizeDeadline = sizeProbed == 0 ? Never : now;
    }

    /// <summary>The next size to test; 0 if there is none.</summary>
    private int NextSize()
    {
        foreach (int step in SizeSteps)
        {
            if (step > packetBytes && step <= options.PacketProbeBytesMax) return step;
        }
        return 0;
    }

    private void OnSizeTimeout(long now)
    {
        sizeDeadline = Never;
        if (!IsOpen) return;
        if (sizeProbed == 0 || sizeTries >= SizeTriesMax)
        {
            if (sizeProbed != 0)
            {
                sizeProbed = 0;
                sizeDeadline = now + SizeRaiseTime;
                return;
            }
            BeginSizeSearch(now);
            if (sizeProbed == 0) return;
        }
        sizeTries++;
        sizeDeadline = now + rtt.Rto;
        SendSizeProbe(now);
    }

    private void SendSizeProbe(long now)
    {
        Span<byte> buffer = stackalloc byte[sizeProbed];
        var writer = new PacketWriter(buffer);
        Span<byte> value = writer.Chunk(ChunkType.Heartbeat, 0, 4 + SizeProbeInfoBytes);
        WriteParameter(value, ParameterType.HeartbeatInfo, stackalloc byte[SizeProbeInfoBytes]);
        BinaryPrimitives.WriteInt64BigEndian(value[4..], now ^ HeartbeatMask);
        BinaryPrimitives.WriteInt32BigEndian(value[12..], sizeProbed);
        writer.Chunk(ChunkType.Pad, 0, writer.Room - PacketWriter.ChunkHeaderBytes).Clear();
        Emit(ref writer, peerTag, checksum: !sendsZeroChecksum);
    }

    private void OnSizeAck(ReadOnlySpan<byte> info, long now)
    {
        int size = BinaryPrimitives.ReadInt32BigEndian(info[8..]);
        long age = now - (BinaryPrimitives.ReadInt64BigEndian(info) ^ HeartbeatMask);
        if (sizeProbed == 0 || size != sizeProbed || age < 0 || age > 120_000_000) return;
        SetPacketBytes(size);
        BeginSizeSearch(now);
    }

    /// <summary>Several timeouts in a row: the path may have stopped taking large packets.</summary>
    private void FallBackToSafeSize(long now)
    {
        if (packetBytes == options.PacketBytes) return;
        SetPacketBytes(options.PacketBytes);
        sizeProbed = 0;
        sizeDeadline = now + SizeRaiseTime;
    }

    private void SetPacketBytes(int bytes)
    {
        packetBytes = bytes;
        packetBytesLargest = Math.Max(packetBytesLargest, bytes);
        congestion.OnPacketSize(PacketDataBytes);
    }

    /// <summary>Bytes of the next packet: more than usual only for a chunk that was sent in a larger one, as a chunk cannot be cut again.</summary>
    private int PacketLimit(long now) =>
        packetBytes < packetBytesLargest && outbound.TryNextLost(now, out uint tsn) && outbound.ChunkOf(tsn).Length > PacketDataBytes ? packetBytesLargest : packetBytes;
}
