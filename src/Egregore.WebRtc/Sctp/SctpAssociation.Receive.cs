using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <content>Packets in: checks of the common header, then chunk by chunk.</content>
internal sealed partial class SctpAssociation
{
    private const int DataHeaderBytes = 16;
    private const int DataFixedBytes = 12;
    private const int SackFixedBytes = 12;
    private const int DuplicatesMax = 32;

    private readonly uint[] duplicates = new uint[DuplicatesMax];
    private int duplicateCount;
    private int packetsToAck;
    private bool ackAtOnce;
    private long ackDeadline = Never;
    private int advertisedWindow;
    private bool hasAnsweredHeartbeat;
    private bool hasReportedError;

    /// <summary>
    /// Takes one packet, as DTLS delivered it. Malformed or forged ones are counted in <see cref="Statistics"/> and dropped; a peer that breaks the protocol
    /// in a way that cannot be ignored is sent ABORT. Never throws on account of the bytes.
    /// </summary>
    /// <param name="packet">The packet; read during the call only.</param>
    /// <param name="now">The time, in microseconds.</param>
    public void Receive(ReadOnlySpan<byte> packet, long now)
    {
        EnterOnce();
        try
        {
            if (!IsAcceptable(packet, out uint tag)) return;
            if (CloseReason == SctpCloseReason.None) ReadChunks(packet, tag, now);
            else AnswerWhenClosed(packet[PacketWriter.HeaderBytes], tag);
        }
        finally
        {
            Leave();
        }
    }

    private bool IsAcceptable(ReadOnlySpan<byte> packet, out uint tag)
    {
        tag = 0;
        if (packet.Length < PacketWriter.HeaderBytes + PacketWriter.ChunkHeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(packet) != options.RemotePort
            || BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) != options.LocalPort)
        {
            Statistics.PacketsMalformed++;
            return false;
        }
        tag = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(packet[8..]);
        if ((checksum != 0 || !options.ZeroChecksum) && checksum != Crc32c.ComputePacket(packet))
        {
            Statistics.PacketsBadChecksum++;
            return false;
        }
        byte type = packet[PacketWriter.HeaderBytes];
        bool reflectsTag = (packet[PacketWriter.HeaderBytes + 1] & 1) != 0;
        bool isTagGood = type switch
        {
            // INIT stands alone and has no tag; its cookie's tag is checked with the cookie (RFC 9260 section 8.5.1).
            ChunkType.Init => tag == 0,
            ChunkType.CookieEcho => true,
            ChunkType.Abort or ChunkType.ShutdownComplete when reflectsTag => tag == peerTag && peerTag != 0,
            _ => tag == localTag && localTag != 0,
        };
        if (!isTagGood) Statistics.PacketsBadTag++;
        return isTagGood;
    }

    /// <summary>
    /// A peer that has not heard that it is over is told so, with its own tag reflected (RFC 9260 section 8.4): it need not wait for timeouts.
    /// </summary>
    private void AnswerWhenClosed(byte firstType, uint tag)
    {
        if (tag != localTag || firstType is ChunkType.Abort or ChunkType.ShutdownComplete or ChunkType.Init or ChunkType.Error) return;
        Span<byte> buffer = stackalloc byte[PacketWriter.HeaderBytes + PacketWriter.ChunkHeaderBytes];
        var writer = new PacketWriter(buffer);
        writer.Chunk(firstType == ChunkType.ShutdownAck ? ChunkType.ShutdownComplete : ChunkType.Abort, flags: 1, 0);
        Emit(ref writer, tag, checksum: !sendsZeroChecksum);
    }

    private void ReadChunks(ReadOnlySpan<byte> packet, uint tag, long now)
    {
        var chunks = new ChunkReader(packet[PacketWriter.HeaderBytes..]);
        bool hasData = false;
        bool isFirst = true;
        hasAnsweredHeartbeat = false;
        hasReportedError = false;
        Statistics.PacketsReceived++;
        while (chunks.Next())
        {
            if (chunks.Type == ChunkType.Init)
            {
                if (isFirst && chunks.AtEnd && tag == 0) OnInit(chunks.Value, now);
                else Statistics.ChunksInvalid++;
                return;
            }
            if (chunks.Type == ChunkType.CookieEcho)
            {
                if (isFirst) OnCookieEcho(chunks.Value, tag, now);
                else Statistics.ChunksInvalid++;
                // What is bundled behind it belongs to the association only if the tag does.
                if (tag != localTag) return;
            }
            else if (!Dispatch(ref chunks, ref hasData, now))
            {
                return;
            }
            if (State == SctpState.Closed) return;
            isFirst = false;
        }
        if (chunks.IsMalformed) Statistics.PacketsMalformed++;
        if (State == SctpState.Closed) return;
        if (hasData) OnDataPacket(now);
        AdvanceShutdown(now);
    }

    /// <returns>False if the rest of the packet is not to be read.</returns>
    private bool Dispatch(ref ChunkReader chunk, ref bool hasData, long now)
    {
        switch (chunk.Type)
        {
            case ChunkType.Data:
                if (!TakesData)
                {
                    Statistics.ChunksInvalid++;
                    return true;
                }
                hasData = true;
                return OnData(chunk.Flags, chunk.Value);
            case ChunkType.InitAck:
                OnInitAck(chunk.Value, now);
                return false;
            case ChunkType.Sack:
                if (IsOpen) OnSack(chunk.Value, now);
                return true;
            case ChunkType.Heartbeat:
                OnHeartbeat(chunk.Value);
                return true;
            case ChunkType.HeartbeatAck:
                OnHeartbeatAck(chunk.Value, now);
                return true;
            case ChunkType.Abort:
                Close(SctpCloseReason.PeerAbort);
                return false;
            case ChunkType.Shutdown:
                OnShutdown(chunk.Value, now);
                return true;
            case ChunkType.ShutdownAck:
                OnShutdownAck();
                return false;
            case ChunkType.ShutdownComplete:
                if (State == SctpState.ShutdownAckSent) Close(SctpCloseReason.Shutdown);
                return false;
            case ChunkType.Error:
                OnError(chunk.Value, now);
                return true;
            case ChunkType.CookieAck:
                OnCookieAck(now);
                return true;
            case ChunkType.ReConfig:
                if (State is SctpState.Established or SctpState.ShutdownPending) OnReconfig(chunk.Value, now);
                return true;
            case ChunkType.ForwardTsn:
                if (!TakesData) return true;
                hasData = true;
                return OnForwardTsn(chunk.Value);
            case ChunkType.Pad:
                return true;
            default:
                Statistics.ChunksUnknown++;
                if ((chunk.Type & ChunkType.ReportBit) != 0 && !hasReportedError && IsOpen)
                {
                    hasReportedError = true;
                    SendError(ErrorCause.UnrecognizedChunk, chunk.Whole[..Math.Min(chunk.Whole.Length, 256)], peerTag);
                }
                return (chunk.Type & ChunkType.SkipBit) != 0;
        }
    }

    private bool TakesData => State is SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownSent;

    /// <summary>
    /// <code>
    /// TSN 4, stream 2, sequence 2, protocol identifier 4, user data
    /// </code>
    /// </summary>
    private bool OnData(byte flags, ReadOnlySpan<byte> value)
    {
        if (value.Length <= DataFixedBytes)
        {
            // Without user data (RFC 9260 section 6.2): the TSN goes back as the cause's value.
            Violate(ErrorCause.NoUserData, value[..Math.Min(4, value.Length)]);
            return false;
        }
        uint tsn = BinaryPrimitives.ReadUInt32BigEndian(value);
        ushort stream = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        bool hadGaps = inbound.Ranges.Count > 0;
        InboundResult result = inbound.Receive(
            tsn, flags, stream, BinaryPrimitives.ReadUInt16BigEndian(value[6..]), BinaryPrimitives.ReadUInt32BigEndian(value[8..]), value[DataFixedBytes..]);
        if (State == SctpState.Closed) return false;
        if (hadGaps || inbound.Ranges.Count > 0 || (flags & DataFlags.Immediate) != 0) ackAtOnce = true;
        switch (result)
        {
            case InboundResult.Duplicate:
                Statistics.DuplicateChunks++;
                if (duplicateCount < DuplicatesMax) duplicates[duplicateCount++] = tsn;
                ackAtOnce = true;
                break;
            case InboundResult.DroppedFull:
                Statistics.ChunksDroppedFull++;
                ackAtOnce = true;
                break;
            case InboundResult.InvalidStream:
                Statistics.ChunksInvalid++;
                if (!hasReportedError)
                {
                    hasReportedError = true;
                    SendError(ErrorCause.InvalidStream, [(byte)(stream >> 8), (byte)stream, 0, 0], peerTag);
                }
                break;
            case InboundResult.Violation:
                Violate(ErrorCause.ProtocolViolation, []);
                return false;
            default:
                break;
        }
        return true;
    }

    private bool OnForwardTsn(ReadOnlySpan<byte> value)
    {
        if (value.Length < 4)
        {
            Statistics.ChunksInvalid++;
            return true;
        }
        InboundResult result = inbound.Forward(BinaryPrimitives.ReadUInt32BigEndian(value), value[4..]);
        if (State == SctpState.Closed) return false;
        ackAtOnce = true;
        if (result != InboundResult.Violation) return true;
        Violate(ErrorCause.ProtocolViolation, []);
        return false;
    }

    /// <summary>Every second packet with data is acknowledged at once, another after a delay (RFC 9260 section 6.2).</summary>
    private void OnDataPacket(long now)
    {
        packetsToAck++;
        if (packetsToAck >= 2 || options.DelayedAckMs == 0 || State == SctpState.ShutdownSent) ackAtOnce = true;
        else if (ackDeadline == Never) ackDeadline = now + (options.DelayedAckMs * 1_000L);
        RestartHeartbeat(now);
    }

    /// <summary>
    /// <code>
    /// cumulative TSN 4, a_rwnd 4, gap blocks 2, duplicates 2, then start 2 and end 2 for each gap block, then 4 for each duplicate
    /// </code>
    /// </summary>
    private void OnSack(ReadOnlySpan<byte> value, long now)
    {
        if (value.Length < SackFixedBytes)
        {
            Statistics.ChunksInvalid++;
            return;
        }
        uint cumulative = BinaryPrimitives.ReadUInt32BigEndian(value);
        uint window = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        int gapBytes = BinaryPrimitives.ReadUInt16BigEndian(value[8..]) * 4;
        if (gapBytes > value.Length - SackFixedBytes)
        {
            Statistics.ChunksInvalid++;
            return;
        }
        if (BinaryPrimitives.ReadUInt16BigEndian(value[10..]) > 0) outbound.OnDuplicates();
        OnAcknowledgement(cumulative, window, value.Slice(SackFixedBytes, gapBytes), now);
    }

    private void OnAcknowledgement(uint cumulative, long? window, ReadOnlySpan<byte> gaps, long now)
    {
        bool isOld = Serial.Less(cumulative, outbound.CumulativeAck);
        if (!outbound.TrySack(cumulative, gaps, now, out SctpAckSample sample, out bool advanced))
        {
            Statistics.SacksBogus++;
            return;
        }
        if (isOld) return;
        if (window is { } bytes) outbound.PeerWindow = Math.Max(0, bytes - outbound.InFlightBytes);
        // A peer whose window is closed is alive, however long its application takes (RFC 9260 section 6.1 rule A).
        if (window < PacketDataBytes) errorCount = 0;
        if (sample.Rtt > 0) rtt.Sample(sample.Rtt);
        if (sample.AckedBytes > 0 || sample.LostBytes > 0) congestion.OnAck(sample);
        if (advanced || sample.AckedBytes > 0)
        {
            errorCount = 0;
            timeoutsInRow = 0;
            hasProbed = false;
            probeDeadline = Never;
            RestartHeartbeat(now);
        }
        if (outbound.OutstandingChunks == 0) retransmitDeadline = Never;
        else if (advanced) retransmitDeadline = now + rtt.Rto;
        ArmProbe(now);
    }

    private void OnHeartbeat(ReadOnlySpan<byte> value)
    {
        if (hasAnsweredHeartbeat || value.Length > packetBytes - PacketWriter.HeaderBytes - PacketWriter.ChunkHeaderBytes || !IsOpen) return;
        hasAnsweredHeartbeat = true;
        SendControl(ChunkType.HeartbeatAck, 0, value);
    }

    private void OnError(ReadOnlySpan<byte> value, long now)
    {
        var causes = new ParameterReader(value);
        while (causes.Next())
        {
            if (causes.Type == ErrorCause.StaleCookie) OnStaleCookie(now);
        }
    }

    private void Violate(ushort cause, ReadOnlySpan<byte> information)
    {
        Statistics.ChunksInvalid++;
        SendAbort(cause, information);
        Close(SctpCloseReason.ProtocolViolation);
    }
}
