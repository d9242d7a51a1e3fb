using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <content>Timers by deadline: T3, tail probe, delayed SACK, heartbeat, and the shutdown (RFC 9260 sections 6.3, 8.3 and 9.2).</content>
internal sealed partial class SctpAssociation
{
    private const long ProbeTimeoutMin = 10_000;
    private const long HeartbeatStroke = 100_000;

    private long retransmitDeadline = Never;
    private long probeDeadline = Never;
    private long heartbeatDeadline = Never;
    private long shutdownDeadline = Never;
    private bool hasProbed;
    private bool isHeartbeatOut;
    private int timeoutsInRow;
    private bool hasSentSinceTimeout;

    /// <summary>Does what is due. Call it at <see cref="NextDeadline"/> or later, then <see cref="Flush"/>.</summary>
    /// <param name="now">The time, in microseconds.</param>
    public void Tick(long now)
    {
        EnterOnce();
        try
        {
            if (now >= handshakeDeadline) OnHandshakeTimeout(now);
            if (now >= retransmitDeadline) OnRetransmitTimeout(now);
            if (now >= outbound.ReorderDeadline && outbound.LoseLate(now) is { LostBytes: > 0 } sample) congestion.OnAck(sample);
            if (now >= probeDeadline) OnProbeTimeout(now);
            if (now >= ackDeadline)
            {
                ackDeadline = Never;
                ackAtOnce = true;
            }
            if (now >= reconfigDeadline) OnReconfigTimeout(now);
            if (now >= shutdownDeadline) OnShutdownTimeout(now);
            if (now >= heartbeatDeadline) OnHeartbeatTimeout(now);
            if (now >= sizeDeadline) OnSizeTimeout(now);
            if (now >= paceDeadline) paceDeadline = Never;
        }
        finally
        {
            Leave();
        }
    }

    private void OnRetransmitTimeout(long now)
    {
        retransmitDeadline = Never;
        if (outbound.OutstandingChunks == 0) return;
        if (!hasSentSinceTimeout && outbound.InFlightBytes == 0)
        {
            // All is lost already and still waits for the pace: there is nothing that the peer could have answered.
            retransmitDeadline = now + rtt.Rto;
            return;
        }
        hasSentSinceTimeout = false;
        Statistics.Timeouts++;
        if (CountError()) return;
        rtt.Backoff();
        outbound.LoseAll(forgetGaps: ++timeoutsInRow >= 2, now);
        if (timeoutsInRow >= 2) FallBackToSafeSize(now);
        congestion.OnTimeout(now);
        probeDeadline = Never;
        // Runs again even if nothing can be sent, so that a FORWARD-TSN is repeated.
        retransmitDeadline = now + rtt.Rto;
    }

    /// <summary>After about two round trips without an answer the last chunk and a FORWARD-TSN are sent again (the tail loss probe of RFC 8985), once for each tail.</summary>
    private void OnProbeTimeout(long now)
    {
        probeDeadline = Never;
        if (hasProbed || outbound.HasLost || !(outbound.TryLoseLast(now) | outbound.RepeatForward())) return;
        hasProbed = true;
        Statistics.TailProbes++;
    }

    private void ArmProbe(long now)
    {
        if (hasProbed || rtt.Smoothed == 0 || (outbound.InFlightBytes == 0 && !outbound.HasForward)) return;
        // A single packet that did not ask for an answer may wait for the peer's delayed SACK.
        bool mayWait = !outbound.HasForward && outbound.InFlightBytes <= PacketDataBytes && !asksForAck;
        long delay = Math.Max(ProbeTimeoutMin, 2 * rtt.Smoothed) + (mayWait ? 200_000 : 0);
        if (now + delay < retransmitDeadline) probeDeadline = now + delay;
    }

    /// <returns>True if the association is closed since the peer is unreachable.</returns>
    private bool CountError()
    {
        if (++errorCount <= options.RetransmitsMax) return false;
        SendAbort(ErrorCause.UserInitiated, []);
        Close(SctpCloseReason.PeerUnreachable);
        return true;
    }

    private void RestartHeartbeat(long now)
    {
        isHeartbeatOut = false;
        if (options.HeartbeatMs == 0)
        {
            heartbeatDeadline = Never;
            return;
        }
        // On a stroke of the host's clock: many idle associations wake it together.
        long at = now + (options.HeartbeatMs * 1_000L) + HeartbeatStroke - 1;
        heartbeatDeadline = at - (at % HeartbeatStroke);
    }

    private void OnHeartbeatTimeout(long now)
    {
        heartbeatDeadline = Never;
        if (!IsOpen) return;
        if (isHeartbeatOut && CountError()) return;
        if (outbound.OutstandingChunks == 0) inbound.Trim();
        isHeartbeatOut = true;
        heartbeatDeadline = now + Math.Min(rtt.Rto << Math.Min(errorCount, 6), options.RtoMaxMs * 1_000L);
        Span<byte> value = stackalloc byte[16];
        int length = WriteParameter(value, ParameterType.HeartbeatInfo, stackalloc byte[8]);
        BinaryPrimitives.WriteInt64BigEndian(value[4..], now ^ HeartbeatMask);
        SendControl(ChunkType.Heartbeat, 0, value[..length]);
    }

    private long HeartbeatMask => ((long)localInitialTsn << 32) | localTag;

    private void OnHeartbeatAck(ReadOnlySpan<byte> value, long now)
    {
        if (!IsOpen) return;
        if (value.Length == 4 + SizeProbeInfoBytes) OnSizeAck(value[4..], now);
        if (!isHeartbeatOut || value.Length != 12) return;
        long rttSample = now - (BinaryPrimitives.ReadInt64BigEndian(value[4..]) ^ HeartbeatMask);
        if (rttSample < 0 || rttSample > 120_000_000)
        {
            Statistics.ChunksInvalid++;
            return;
        }
        rtt.Sample(rttSample);
        // A peer that answers heartbeats but never acknowledges data is not alive (stricter than RFC 9260 section 8.1, there being one path only).
        if (outbound.OutstandingChunks == 0) errorCount = 0;
        RestartHeartbeat(now);
    }

    private void AdvanceShutdown(long now)
    {
        if (outbound.OutstandingChunks > 0 || outbound.HasQueued) return;
        if (State == SctpState.ShutdownPending)
        {
            ChangeState(SctpState.ShutdownSent);
            SendShutdown(now);
        }
        else if (State == SctpState.ShutdownReceived)
        {
            ChangeState(SctpState.ShutdownAckSent);
            SendShutdownAck(now);
        }
    }

    private void SendShutdown(long now)
    {
        Span<byte> value = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(value, inbound.CumulativeTsn);
        SendControl(ChunkType.Shutdown, 0, value);
        shutdownDeadline = now + rtt.Rto;
    }

    private void SendShutdownAck(long now)
    {
        SendControl(ChunkType.ShutdownAck, 0, []);
        shutdownDeadline = now + rtt.Rto;
    }

    private void OnShutdownTimeout(long now)
    {
        shutdownDeadline = Never;
        if (CountError()) return;
        rtt.Backoff();
        if (State == SctpState.ShutdownSent) SendShutdown(now);
        else if (State == SctpState.ShutdownAckSent) SendShutdownAck(now);
    }

    private void OnShutdown(ReadOnlySpan<byte> value, long now)
    {
        if (value.Length != 4)
        {
            Statistics.ChunksInvalid++;
            return;
        }
        if (IsOpen) OnAcknowledgement(BinaryPrimitives.ReadUInt32BigEndian(value), null, [], now);
        if (State is SctpState.Established or SctpState.ShutdownPending) ChangeState(SctpState.ShutdownReceived);
        else if (State == SctpState.ShutdownSent)
        {
            ChangeState(SctpState.ShutdownAckSent);
            SendShutdownAck(now);
        }
    }

    private void OnShutdownAck()
    {
        if (State is not (SctpState.ShutdownSent or SctpState.ShutdownAckSent)) return;
        SendControl(ChunkType.ShutdownComplete, 0, []);
        Close(SctpCloseReason.Shutdown);
    }
}
