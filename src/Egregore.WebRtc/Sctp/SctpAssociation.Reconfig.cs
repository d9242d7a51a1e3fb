using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <content>Stream reset (RFC 6525), by which data channels close.</content>
internal sealed partial class SctpAssociation
{
    private const int ResetStreamsMax = 128;
    private const int OutgoingResetFixedBytes = 12;

    private readonly List<ushort> resetsWanted = [];
    private readonly List<ushort> resetsRequested = [];
    private bool hasRequest;
    private bool isRequestUnsent;
    private bool isRetryOfInProgress;
    private bool wasRequestSent;
    private uint requestNumber;
    private uint earlierRequestNumber;
    private uint requestLastTsn;
    private uint nextRequest;
    private uint expectedRequest;
    private uint latestResult = ReconfigResult.Performed;
    private uint responseNumber;
    private bool isResponseUnsent;
    private long reconfigDeadline = Never;

    /// <summary>
    /// Resets an outgoing stream once everything queued on it was sent; nothing more can be queued until <see cref="ISctpSink.OnOutgoingStreamReset"/>.
    /// </summary>
    /// <returns>False if the association is not open, the peer cannot, or the stream is above the count; true also if it was asked before.</returns>
    public bool ResetStream(ushort stream)
    {
        if (State != SctpState.Established || !peerReconfigures || stream >= StreamCount) return false;
        OutboundStream state = outbound.StreamOf(stream);
        if (state.ResetState != StreamResetState.None) return true;
        state.ResetState = StreamResetState.Wanted;
        resetsWanted.Add(stream);
        return true;
    }

    private void ResetReconfiguration()
    {
        resetsWanted.Clear();
        resetsRequested.Clear();
        hasRequest = false;
        isRequestUnsent = false;
        isResponseUnsent = false;
        reconfigDeadline = Never;
    }

    private void RequestResets(long now)
    {
        if (hasRequest || resetsWanted.Count == 0 || State != SctpState.Established) return;
        for (int i = 0; i < resetsWanted.Count && resetsRequested.Count < ResetStreamsMax;)
        {
            OutboundStream stream = outbound.StreamOf(resetsWanted[i]);
            if (stream.MessageCount > 0)
            {
                i++;
                continue;
            }
            stream.ResetState = StreamResetState.Requested;
            resetsRequested.Add(resetsWanted[i]);
            resetsWanted.RemoveAt(i);
        }
        if (resetsRequested.Count == 0) return;
        hasRequest = true;
        isRequestUnsent = true;
        wasRequestSent = false;
        requestLastTsn = outbound.NextTsn - 1;
        requestNumber = earlierRequestNumber = nextRequest++;
        reconfigDeadline = now + rtt.Rto;
    }

    private void WriteReconfig(ref PacketWriter writer, long now)
    {
        if (isResponseUnsent)
        {
            isResponseUnsent = false;
            Span<byte> value = writer.Chunk(ChunkType.ReConfig, 0, 12);
            BinaryPrimitives.WriteUInt16BigEndian(value, ParameterType.ReconfigResponse);
            BinaryPrimitives.WriteUInt16BigEndian(value[2..], 12);
            BinaryPrimitives.WriteUInt32BigEndian(value[4..], responseNumber);
            BinaryPrimitives.WriteUInt32BigEndian(value[8..], latestResult);
        }
        if (!isRequestUnsent || writer.Room < PacketWriter.ChunkHeaderBytes + 4 + OutgoingResetFixedBytes + (2 * resetsRequested.Count)) return;
        isRequestUnsent = false;
        wasRequestSent = true;
        int length = 4 + OutgoingResetFixedBytes + (2 * resetsRequested.Count);
        Span<byte> request = writer.Chunk(ChunkType.ReConfig, 0, length);
        BinaryPrimitives.WriteUInt16BigEndian(request, ParameterType.OutgoingReset);
        BinaryPrimitives.WriteUInt16BigEndian(request[2..], (ushort)length);
        BinaryPrimitives.WriteUInt32BigEndian(request[4..], requestNumber);
        BinaryPrimitives.WriteUInt32BigEndian(request[8..], expectedRequest - 1);
        BinaryPrimitives.WriteUInt32BigEndian(request[12..], requestLastTsn);
        for (int i = 0; i < resetsRequested.Count; i++) BinaryPrimitives.WriteUInt16BigEndian(request[(16 + (2 * i))..], resetsRequested[i]);
        reconfigDeadline = now + rtt.Rto;
    }

    private void OnReconfigTimeout(long now)
    {
        reconfigDeadline = Never;
        if (!hasRequest) return;
        if (isRetryOfInProgress)
        {
            // A peer that was not ready answers only a new number (some implementations repeat their first answer to the old one).
            isRetryOfInProgress = false;
            earlierRequestNumber = requestNumber;
            requestNumber = nextRequest++;
        }
        else
        {
            if (CountError()) return;
            rtt.Backoff();
        }
        isRequestUnsent = true;
        reconfigDeadline = now + rtt.Rto;
    }

    private void OnReconfig(ReadOnlySpan<byte> value, long now)
    {
        var parameters = new ParameterReader(value);
        // At most two parameters stand in a RE-CONFIG (RFC 6525 section 3.1).
        for (int i = 0; i < 2 && parameters.Next() && State != SctpState.Closed; i++)
        {
            switch (parameters.Type)
            {
                case ParameterType.OutgoingReset when parameters.Value.Length >= OutgoingResetFixedBytes:
                    OnOutgoingReset(parameters.Value);
                    break;
                case ParameterType.IncomingReset when parameters.Value.Length >= 4:
                    OnIncomingReset(parameters.Value);
                    break;
                case ParameterType.SsnTsnReset or ParameterType.AddOutgoingStreams or ParameterType.AddIncomingStreams when parameters.Value.Length >= 4:
                    if (TryBeginRequest(parameters.Value, out _)) latestResult = ReconfigResult.Denied;
                    break;
                case ParameterType.ReconfigResponse when parameters.Value.Length >= 8:
                    OnReconfigResponse(
                        BinaryPrimitives.ReadUInt32BigEndian(parameters.Value), BinaryPrimitives.ReadUInt32BigEndian(parameters.Value[4..]), now);
                    break;
                default:
                    Statistics.ChunksInvalid++;
                    break;
            }
        }
        if (parameters.IsMalformed) Statistics.ChunksInvalid++;
    }

    /// <summary>Checks a request's number. A repeated request gets the earlier answer, unless that was "in progress".</summary>
    private bool TryBeginRequest(ReadOnlySpan<byte> value, out uint number)
    {
        number = BinaryPrimitives.ReadUInt32BigEndian(value);
        responseNumber = number;
        isResponseUnsent = true;
        if (number == expectedRequest)
        {
            expectedRequest++;
            return true;
        }
        if (number == expectedRequest - 1) return latestResult == ReconfigResult.InProgress;
        isResponseUnsent = false;
        Statistics.ChunksInvalid++;
        SendReconfigResult(number, ReconfigResult.BadSequenceNumber);
        return false;
    }

    private void SendReconfigResult(uint number, uint result)
    {
        Span<byte> value = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16BigEndian(value, ParameterType.ReconfigResponse);
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], 12);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], number);
        BinaryPrimitives.WriteUInt32BigEndian(value[8..], result);
        SendControl(ChunkType.ReConfig, 0, value);
    }

    /// <summary>
    /// <code>
    /// request number 4, response number 4, last assigned TSN 4, streams 2 each (none: all)
    /// </code>
    /// </summary>
    private void OnOutgoingReset(ReadOnlySpan<byte> value)
    {
        if (!TryBeginRequest(value, out _)) return;
        uint lastTsn = BinaryPrimitives.ReadUInt32BigEndian(value[8..]);
        if (Serial.Less(inbound.CumulativeTsn, lastTsn))
        {
            latestResult = ReconfigResult.InProgress;
            return;
        }
        ReadOnlySpan<byte> list = value[OutgoingResetFixedBytes..];
        latestResult = ReconfigResult.Performed;
        for (ReadOnlySpan<byte> rest = list; rest.Length >= 2; rest = rest[2..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(rest) < inbound.StreamCount) continue;
            latestResult = ReconfigResult.WrongSsn;
            return;
        }
        if (list.IsEmpty)
        {
            for (int stream = 0; stream < inbound.StreamCount; stream++) ResetIncoming((ushort)stream);
        }
        for (; list.Length >= 2; list = list[2..]) ResetIncoming(BinaryPrimitives.ReadUInt16BigEndian(list));
    }

    private void ResetIncoming(ushort stream)
    {
        inbound.ResetStream(stream);
        sink.OnIncomingStreamReset(stream);
    }

    /// <summary>The peer asks that we reset streams towards it: request number 4, streams 2 each.</summary>
    private void OnIncomingReset(ReadOnlySpan<byte> value)
    {
        if (!TryBeginRequest(value, out _)) return;
        latestResult = ReconfigResult.Performed;
        for (ReadOnlySpan<byte> rest = value[4..]; rest.Length >= 2; rest = rest[2..]) ResetStream(BinaryPrimitives.ReadUInt16BigEndian(rest));
    }

    private void OnReconfigResponse(uint number, uint result, long now)
    {
        if (!hasRequest || (number != requestNumber && number != earlierRequestNumber)) return;
        if (result is ReconfigResult.InProgress or ReconfigResult.RequestInProgress)
        {
            errorCount = 0;
            isRetryOfInProgress = result == ReconfigResult.InProgress && number == requestNumber;
            reconfigDeadline = now + Math.Max(ProbeTimeoutMin, 2 * rtt.Smoothed);
            return;
        }
        CompleteRequest(result is ReconfigResult.NothingToDo or ReconfigResult.Performed);
    }

    /// <summary>
    /// The peer uses a stream anew, so it has performed our reset of it, although its answer is still on the way or lost.
    /// </summary>
    internal void ConfirmReset(ushort stream)
    {
        if (hasRequest && wasRequestSent && resetsRequested.Contains(stream)) CompleteRequest(performed: true);
    }

    private void CompleteRequest(bool performed)
    {
        hasRequest = false;
        isRequestUnsent = false;
        isRetryOfInProgress = false;
        reconfigDeadline = Never;
        errorCount = 0;
        Span<ushort> done = stackalloc ushort[ResetStreamsMax];
        int count = resetsRequested.Count;
        for (int i = 0; i < count; i++) done[i] = resetsRequested[i];
        resetsRequested.Clear();
        foreach (ushort id in done[..count])
        {
            OutboundStream stream = outbound.StreamOf(id);
            stream.ResetState = StreamResetState.None;
            if (performed)
            {
                stream.NextSequence = 0;
                outbound.RemoveIdle(id);
            }
            sink.OnOutgoingStreamReset(id, performed);
        }
    }
}
