using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <content>Packets out: control chunks, SACKs, data within the windows and the pace.</content>
internal sealed partial class SctpAssociation
{
    /// <summary>Less room than this at the end of a packet does not take a first part of a message that needs several packets anyway.</summary>
    private const int FragmentBytesMin = 128;

    private const long GatherFlightBytes = 32 << 10;
    private const long GatherBytesMax = 32 << 10;
    private const long GatherTime = 500;

    /// <summary>Bytes that may leave at once when the pace's timer was late, and never more than 10 ms of the rate.</summary>
    private const long LateBytesMax = 1 << 20;

    private long paceCredit;
    private long paceCreditAt;
    private bool isPaceOpen = true;
    private bool isHeldByPace;
    private long paceDeadline = Never;
    private long lastDataAt;
    private bool asksForAck;

    /// <summary>Sends what may be sent: acknowledgements, control, data as far as the windows and the pace allow.</summary>
    /// <param name="now">The time, in microseconds.</param>
    public void Flush(long now)
    {
        EnterOnce();
        try
        {
            if (!IsOpen) return;
            Span<byte> buffer = stackalloc byte[packetBytesLargest];
            paceDeadline = Never;
            RequestResets(now);
            bool gathers = Gathers(now);
            while (true)
            {
                var writer = new PacketWriter(buffer[..PacketLimit(now)]);
                WriteReconfig(ref writer, now);
                bool sendsData = State != SctpState.ShutdownSent && !gathers && MayPace(now) && HasSendable(now);
                if (ackAtOnce || (packetsToAck > 0 && sendsData)) WriteSack(ref writer);
                WriteForward(ref writer, now);
                int before = writer.Length;
                if (sendsData) WriteData(ref writer, now);
                if (writer.IsEmpty) break;
                if (writer.Length > before)
                {
                    paceCredit -= writer.Length;
                    lastDataAt = now;
                    hasSentSinceTimeout = true;
                    if (retransmitDeadline == Never) retransmitDeadline = now + rtt.Rto;
                    ArmProbe(now);
                }
                if (!IsOpen) break;
                Emit(ref writer, peerTag, checksum: !sendsZeroChecksum);
            }
            RequestResets(now);
            AdvanceShutdown(now);
        }
        finally
        {
            Leave();
        }
    }

    private bool HasSendable(long now) => outbound.TryNextLost(now, out _) || outbound.NextStream(now) is not null;

    private void WriteSack(ref PacketWriter writer)
    {
        int room = (writer.Room - PacketWriter.ChunkHeaderBytes - SackFixedBytes) / 4;
        int gaps = Math.Min(inbound.Ranges.Count, room);
        int repeats = Math.Min(duplicateCount, room - gaps);
        Span<byte> value = writer.Chunk(ChunkType.Sack, 0, SackFixedBytes + (4 * (gaps + repeats)));
        advertisedWindow = inbound.Window;
        BinaryPrimitives.WriteUInt32BigEndian(value, inbound.CumulativeTsn);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], (uint)advertisedWindow);
        BinaryPrimitives.WriteUInt16BigEndian(value[8..], (ushort)gaps);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], (ushort)repeats);
        value = value[SackFixedBytes..];
        for (int i = 0; i < gaps; i++, value = value[4..])
        {
            (uint first, uint last) = inbound.Ranges[i];
            BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)(first - inbound.CumulativeTsn));
            BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(last - inbound.CumulativeTsn));
        }
        for (int i = 0; i < repeats; i++, value = value[4..]) BinaryPrimitives.WriteUInt32BigEndian(value, duplicates[i]);
        duplicateCount = 0;
        packetsToAck = 0;
        ackAtOnce = false;
        ackDeadline = Never;
    }

    private void WriteForward(ref PacketWriter writer, long now)
    {
        if (!outbound.HasForward || !outbound.Forward.IsDue(now) || writer.Room < outbound.Forward.Bytes) return;
        outbound.Forward.Write(ref writer, now);
        hasSentSinceTimeout = true;
        if (retransmitDeadline == Never) retransmitDeadline = now + rtt.Rto;
        ArmProbe(now);
    }

    private void WriteData(ref PacketWriter writer, long now)
    {
        while (outbound.TryNextLost(now, out uint tsn))
        {
            int length = outbound.ChunkOf(tsn).Length;
            if (DataHeaderBytes + length > writer.Room || !MaySend(length, tsn == outbound.CumulativeAck + 1)) return;
            WriteChunk(ref writer, ref outbound.Resend(tsn, now), tsn);
        }
        while (outbound.NextStream(now) is { } stream)
        {
            if (outbound.OutstandingChunks >= options.InFlightChunksMax) return;
            int rest = stream.First.Length - stream.FirstMessageSent;
            int room = writer.Room - DataHeaderBytes;
            int bytes = rest;
            if (rest > room)
            {
                // A message that fits into a packet of its own is not cut.
                if (!writer.IsEmpty && (rest <= PacketDataBytes || room < FragmentBytesMin)) return;
                bytes = room;
            }
            if (bytes <= 0 || !MaySend(bytes, isFirstMissing: false)) return;
            if (outbound.InFlightBytes == 0 && lastDataAt != 0 && now - lastDataAt > rtt.Rto) congestion.OnIdle(now);
            ref OutChunk chunk = ref outbound.Send(stream, bytes, now, out uint tsn);
            // The last of several packets asks for an answer at once (RFC 7053), so that the tail's loss is seen.
            asksForAck = !outbound.HasQueued && outbound.InFlightBytes > PacketDataBytes;
            if (asksForAck) chunk.Flags |= DataFlags.Immediate;
            WriteChunk(ref writer, ref chunk, tsn);
        }
        if (outbound.InFlightBytes < congestion.WindowBytes) outbound.AppLimited = true;
    }

    private void WriteChunk(ref PacketWriter writer, ref OutChunk chunk, uint tsn)
    {
        Span<byte> value = writer.Chunk(ChunkType.Data, chunk.Flags, DataFixedBytes + chunk.Length);
        BinaryPrimitives.WriteUInt32BigEndian(value, tsn);
        BinaryPrimitives.WriteUInt16BigEndian(value[4..], chunk.Stream);
        BinaryPrimitives.WriteUInt16BigEndian(value[6..], chunk.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(value[8..], chunk.ProtocolId);
        outbound.StreamOf(chunk.Stream).Read(chunk.Position, value[DataFixedBytes..]);
        outbound.PeerWindow = Math.Max(0, outbound.PeerWindow - chunk.Length);
    }

    /// <summary>Within both windows; one chunk may always be in flight (RFC 9260 section 6.1 rule A), which also probes a closed window.</summary>
    private bool MaySend(int bytes, bool isFirstMissing) =>
        outbound.InFlightBytes == 0 || (outbound.InFlightBytes < congestion.WindowBytes && (isFirstMissing || bytes <= outbound.PeerWindow));

    /// <summary>
    /// Credit grows with time, up to a burst, and packets use it up. Once it is used up, sending begins again when there is credit for half a millisecond: at a high rate
    /// packets leave in trains, not one by one with each call, which costs several times as much; at a low rate nothing waits for another.
    /// </summary>
    private bool MayPace(long now)
    {
        long rate = congestion.PacingBytesPerSecond;
        long burst = congestion.BurstBytes;
        if (rate <= 0)
        {
            // Not paced, and nothing is owed for it when a pace is known.
            paceCredit = burst;
            return true;
        }
        long elapsed = Math.Min(now - paceCreditAt, 1_000_000);
        long earned = (long)((double)rate * elapsed / 1e6);
        if (earned > 0 || paceCreditAt == 0)
        {
            // Whoever waited for the pace and is woken late keeps what was earned meanwhile: else the rate would fall to a burst for each time that the host wakes.
            long most = isHeldByPace ? Math.Max(burst, Math.Min(LateBytesMax, rate / 100)) : burst;
            paceCredit = Math.Min(most, paceCredit + earned);
            paceCreditAt = now;
        }
        long enough = isPaceOpen ? 1 : Math.Min(burst / 2, Math.Max(1, rate / 2_000));
        isPaceOpen = paceCredit >= enough;
        isHeldByPace = !isPaceOpen && (outbound.HasQueued || outbound.HasLost);
        if (isHeldByPace)
            paceDeadline = now + 1 + (long)((((double)burst / 2) - paceCredit) * 1e6 / rate);
        return isPaceOpen;
    }

    /// <summary>
    /// In a bulk flow a few small messages, or room for a few packets, wait until there is a quarter of a millisecond's worth, for half a millisecond at most: packets are
    /// full then and leave in trains. With less in flight than <see cref="GatherFlightBytes"/> nothing ever waits, nor do retransmissions.
    /// </summary>
    private bool Gathers(long now)
    {
        if (outbound.InFlightBytes < GatherFlightBytes || outbound.HasLost || !outbound.HasQueued) return false;
        long goal = Math.Min(GatherBytesMax, congestion.PacingBytesPerSecond / 4_000);
        long room = congestion.WindowBytes - outbound.InFlightBytes;
        if (Math.Min(outbound.QueuedBytes, room) >= Math.Min(goal, congestion.WindowBytes / 4)) return false;
        long until = lastDataAt + GatherTime;
        if (now >= until) return false;
        paceDeadline = until;
        return true;
    }

    private void SendControl(byte type, byte flags, ReadOnlySpan<byte> value)
    {
        Span<byte> buffer = stackalloc byte[packetBytes];
        var writer = new PacketWriter(buffer);
        value.CopyTo(writer.Chunk(type, flags, value.Length));
        Emit(ref writer, peerTag, checksum: !sendsZeroChecksum);
    }

    private void SendError(ushort cause, ReadOnlySpan<byte> information, uint tag) => SendCause(ChunkType.Error, cause, information, tag);

    private void SendAbort(ushort cause, ReadOnlySpan<byte> information) => SendCause(ChunkType.Abort, cause, information, peerTag);

    private void SendCause(byte type, ushort cause, ReadOnlySpan<byte> information, uint tag)
    {
        Span<byte> buffer = stackalloc byte[512];
        Span<byte> parameter = stackalloc byte[300];
        WriteParameter(parameter, cause, information);
        // The padding of a chunk's last parameter does not count in the chunk's length (RFC 9260 section 3.2).
        int length = 4 + information.Length;
        var writer = new PacketWriter(buffer);
        parameter[..length].CopyTo(writer.Chunk(type, 0, length));
        Emit(ref writer, tag, checksum: !sendsZeroChecksum);
    }

    private void Emit(ref PacketWriter writer, uint tag, bool checksum)
    {
        Statistics.PacketsSent++;
        sink.SendPacket(writer.Finish(options.LocalPort, options.RemotePort, tag, checksum));
    }
}
