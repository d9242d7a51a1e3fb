using System.Buffers.Binary;
using System.Numerics;

namespace Egregore.WebRtc.Sctp;

[Flags]
internal enum OutChunkState : byte
{
    None = 0,
    /// <summary>Counts as in flight.</summary>
    InFlight = 1,
    /// <summary>Acknowledged in a gap block.</summary>
    Acked = 2,
    /// <summary>Taken for lost; is sent again when the window allows.</summary>
    Lost = 4,
    /// <summary>Its message was given up.</summary>
    Abandoned = 8,
}

/// <summary>A chunk with a TSN that the peer has not acknowledged cumulatively.</summary>
internal struct OutChunk
{
    public long Position;
    public long SentAt;
    public long ExpiresAt;
    public uint ProtocolId;
    public ushort Stream;
    public ushort Sequence;
    public ushort Length;
    public ushort RetransmitsMax;
    public ushort Transmissions;
    public byte Flags;
    public byte Misses;
    public OutChunkState State;
}

/// <summary>
/// The sending half: queues of the streams, the chunks in flight in a ring by TSN, what SACKs say about them, loss, abandonment and FORWARD-TSN.
/// </summary>
/// <remarks>
/// Loss is seen in three ways: three SACKs that acknowledge later chunks (RFC 9260 section 7.2.4) for a chunk sent once, as long as no reordering was seen; a
/// chunk that was sent noticeably later and has arrived, or one sent just later and some time has passed (the rule and the timer of RACK, RFC 8985), which
/// also sees lost retransmissions; the timer. What "noticeably" is
/// grows when the peer reports duplicates, since those were retransmissions in vain. A TSN in a gap block is remembered in <c>acked</c>, so a
/// SACK costs as many steps as it has new TSNs and holes, not as many as are in flight.
/// </remarks>
internal sealed class Outbound(SctpStatistics statistics, RttEstimator rtt, ISctpSink sink)
{
    public const ushort Unlimited = ushort.MaxValue;
    private const int RingKept = 64;
    private const int MissesMax = 3;
    private const long ReorderWindowMin = 1_000;
    private const long ReorderWindowAnyRtt = 10_000;
    private const int ReorderScaleMax = 16;

    private readonly TsnRanges acked = new();
    private OutChunk[] ring = [];
    private OutboundStream?[] streams = [];
    private uint roundEnd;
    private uint lostFrom;
    private int lostCount;
    private long newestAckedSentAt;
    private uint highestAcked;
    private bool hasReordering;
    private int reorderScale = 1;
    private bool hasDuplicates;

    public StreamScheduler Scheduler { get; } = new();

    public uint NextTsn { get; private set; }

    public uint CumulativeAck { get; private set; }

    /// <summary>Up to where the peer may forget what is missing.</summary>
    public ForwardPoint Forward { get; } = new(rtt);

    public long InFlightBytes { get; private set; }

    /// <summary>The peer's window at its latest SACK.</summary>
    public long PeerWindow { get; set; }

    /// <summary>Bytes queued or unacknowledged.</summary>
    public long BufferedBytes { get; private set; }

    public int QueuedMessages { get; private set; }

    /// <summary>Bytes queued and not yet sent.</summary>
    public long QueuedBytes { get; private set; }

    public int StreamCount { get; set; }

    /// <summary>Streams that something is remembered of.</summary>
    public int StreamsHeld
    {
        get
        {
            int held = 0;
            foreach (OutboundStream? stream in streams) held += stream is null ? 0 : 1;
            return held;
        }
    }

    public bool ForwardsTsn { get; set; }

    public bool AppLimited { get; set; }

    /// <summary>When <see cref="LoseLate"/> is due: the time by which a missing chunk should have been acknowledged with those sent after it.</summary>
    public long ReorderDeadline { get; private set; } = SctpAssociation.Never;

    public int OutstandingChunks => (int)(NextTsn - CumulativeAck - 1);

    public bool HasLost => lostCount > 0;

    /// <summary>The peer has not acknowledged all that it may forget.</summary>
    public bool HasForward => Forward.Tsn != CumulativeAck;

    public bool HasQueued => QueuedMessages > 0;

    public void Start(uint initialTsn)
    {
        NextTsn = initialTsn;
        CumulativeAck = lostFrom = highestAcked = initialTsn - 1;
        Forward.Start(CumulativeAck);
        roundEnd = initialTsn;
    }

    public void Clear()
    {
        foreach (OutboundStream? stream in streams) stream?.Clear();
        streams = [];
        acked.Clear();
        Scheduler.Clear();
        ReleaseRing();
        lostCount = 0;
        InFlightBytes = 0;
        BufferedBytes = 0;
        QueuedMessages = 0;
        QueuedBytes = 0;
        newestAckedSentAt = 0;
        ReorderDeadline = SctpAssociation.Never;
        hasReordering = false;
        reorderScale = 1;
        CumulativeAck = lostFrom = NextTsn - 1;
        Forward.Start(CumulativeAck);
    }

    public OutboundStream StreamOf(ushort id)
    {
        if (id >= streams.Length) Array.Resize(ref streams, (int)BitOperations.RoundUpToPowerOf2(id + 1u));
        return streams[id] ??= new OutboundStream(id);
    }

    public OutboundStream? FindStream(ushort id) => id < streams.Length ? streams[id] : null;

    /// <summary>Forgets what a stream was, after its reset.</summary>
    public void RemoveIdle(ushort id)
    {
        if (FindStream(id) is { ChunksOutstanding: 0, MessageCount: 0 }) streams[id] = null;
    }

    public void Enqueue(OutboundStream stream, in QueuedMessage message, ReadOnlySpan<byte> payload)
    {
        stream.Enqueue(message, payload);
        BufferedBytes += payload.Length;
        QueuedMessages++;
        QueuedBytes += payload.Length;
        Scheduler.Activate(stream);
    }

    /// <summary>The stream whose message is next, after messages past their time are dropped; null if nothing is queued.</summary>
    public OutboundStream? NextStream(long now)
    {
        while (Scheduler.Current is { } stream)
        {
            if (stream.First.ExpiresAt > now || !ForwardsTsn) return stream;
            if (stream.FirstMessageSent > 0)
            {
                Abandon(EndUnsent(stream));
            }
            else
            {
                BufferedCrossing crossing = new(stream);
                QueuedBytes -= stream.DropFirst();
                statistics.MessagesAbandoned++;
                QueuedMessages--;
                if (stream.ChunksOutstanding == 0) BufferedBytes -= stream.Release(stream.SentPosition);
                Scheduler.MessageDone();
                crossing.Tell(sink);
            }
        }
        return null;
    }

    /// <summary>Takes the next bytes of a stream's first message into flight.</summary>
    public ref OutChunk Send(OutboundStream stream, int bytes, long now, out uint tsn)
    {
        tsn = NextTsn;
        ref OutChunk chunk = ref Append(stream);
        ref QueuedMessage message = ref stream.First;
        bool begins = stream.FirstMessageSent == 0;
        bool ends = stream.FirstMessageSent + bytes == message.Length;
        chunk.Position = stream.SentPosition;
        chunk.SentAt = now;
        chunk.ExpiresAt = message.ExpiresAt;
        chunk.ProtocolId = message.ProtocolId;
        chunk.Length = (ushort)bytes;
        chunk.RetransmitsMax = message.RetransmitsMax;
        chunk.Transmissions = 1;
        chunk.State = OutChunkState.InFlight;
        chunk.Sequence = message.Unordered ? (ushort)0 : stream.NextSequence;
        chunk.Flags = (byte)((begins ? DataFlags.Begin : 0) | (ends ? DataFlags.End : 0) | (message.Unordered ? DataFlags.Unordered : 0));
        InFlightBytes += bytes;
        if (ends && !message.Unordered) stream.NextSequence++;
        BufferedCrossing crossing = new(stream);
        QueuedBytes -= bytes;
        if (stream.MarkSent(bytes))
        {
            statistics.MessagesSent++;
            QueuedMessages--;
            Scheduler.MessageDone();
        }
        crossing.Tell(sink);
        return ref chunk;
    }

    /// <summary>The first chunk that waits for retransmission, after those that may not be sent again are given up.</summary>
    public bool TryNextLost(long now, out uint tsn)
    {
        while (lostCount > 0)
        {
            while ((ChunkOf(lostFrom).State & OutChunkState.Lost) == 0) lostFrom++;
            tsn = lostFrom;
            ref OutChunk chunk = ref ChunkOf(tsn);
            if (!MayGiveUp(chunk, now)) return true;
            Abandon(tsn);
        }
        tsn = 0;
        return false;
    }

    public ref OutChunk Resend(uint tsn, long now)
    {
        ref OutChunk chunk = ref ChunkOf(tsn);
        lostCount--;
        chunk.State = OutChunkState.InFlight;
        chunk.SentAt = now;
        chunk.Transmissions = (ushort)Math.Min(chunk.Transmissions + 1, ushort.MaxValue - 1);
        InFlightBytes += chunk.Length;
        statistics.ChunksRetransmitted++;
        return ref chunk;
    }

    public ref OutChunk ChunkOf(uint tsn) => ref ring[tsn & (uint)(ring.Length - 1)];

    /// <summary>Takes a SACK.</summary>
    /// <param name="cumulative">Its cumulative TSN.</param>
    /// <param name="gaps">Gap blocks: start 2, end 2, offsets from the cumulative TSN.</param>
    /// <param name="now">The host's time.</param>
    /// <param name="sample">What it told.</param>
    /// <param name="advanced">The cumulative acknowledgement moved.</param>
    /// <returns>False if it acknowledges what was never sent; nothing has changed then.</returns>
    public bool TrySack(uint cumulative, ReadOnlySpan<byte> gaps, long now, out SctpAckSample sample, out bool advanced)
    {
        sample = default;
        advanced = false;
        if (Serial.Less(NextTsn - 1, cumulative)) return false;
        for (ReadOnlySpan<byte> rest = gaps; rest.Length >= 4; rest = rest[4..])
        {
            ushort start = BinaryPrimitives.ReadUInt16BigEndian(rest);
            ushort end = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (start == 0 || end < start || Serial.Less(NextTsn - 1, cumulative + end)) return false;
        }
        if (Serial.Less(cumulative, CumulativeAck)) return true;

        long inFlightBefore = InFlightBytes;
        var progress = new AckProgress { NewestSentAt = -1, RttSentAt = -1, HighestNew = CumulativeAck };
        advanced = cumulative != CumulativeAck;
        while (CumulativeAck != cumulative)
        {
            uint tsn = CumulativeAck + 1;
            Acknowledge(tsn, now, ref progress);
            CumulativeAck = tsn;
            Remove(tsn);
        }
        if (Serial.LessOrEqual(lostFrom, CumulativeAck)) lostFrom = CumulativeAck + 1;
        acked.RemoveThrough(CumulativeAck);
        for (; gaps.Length >= 4; gaps = gaps[4..])
        {
            uint first = cumulative + BinaryPrimitives.ReadUInt16BigEndian(gaps);
            uint last = cumulative + BinaryPrimitives.ReadUInt16BigEndian(gaps[2..]);
            AcknowledgeRange(first, last, now, ref progress);
        }
        if (progress.NewestSentAt > newestAckedSentAt) newestAckedSentAt = progress.NewestSentAt;
        if (acked.Count == 0) ReorderDeadline = SctpAssociation.Never;
        long lost = acked.Count > 0 && progress.AckedBytes > 0 ? FindLost(progress.HighestNew, now) : 0;
        if (OutstandingChunks == 0) ReleaseRing();
        AdvanceForward(isNew: advanced);

        if (Serial.Less(highestAcked, progress.HighestNew)) highestAcked = progress.HighestNew;
        bool roundEnded = !Serial.Less(progress.HighestNew, roundEnd);
        sample = new SctpAckSample
        {
            Now = now, AckedBytes = progress.AckedBytes, LostBytes = lost, InFlightBefore = inFlightBefore, InFlight = InFlightBytes,
            Rtt = progress.RttSentAt >= 0 ? Math.Max(1, now - progress.RttSentAt) : 0, RoundEnded = roundEnded, AppLimited = AppLimited,
        };
        if (roundEnded)
        {
            roundEnd = NextTsn;
            AppLimited = false;
            if (!hasDuplicates && reorderScale > 1) reorderScale--;
            hasDuplicates = false;
        }
        return true;
    }

    /// <summary>The peer had received something twice: probably a retransmission in vain, so that more reordering is borne with (RFC 8985 section 7.1).</summary>
    public void OnDuplicates()
    {
        hasDuplicates = true;
        if (reorderScale < ReorderScaleMax) reorderScale++;
    }

    /// <summary>
    /// The timer expired: the first chunk in flight is lost, and all that were sent longer ago than an answer takes (RFC 8985 section 6.3). Younger ones may
    /// well be on their way; where they may not be sent again, they would be given up for nothing. After two timeouts in a row all are lost, and what gap
    /// blocks said is forgotten too, as a peer may take it back.
    /// </summary>
    public void LoseAll(bool forgetGaps, long now)
    {
        if (forgetGaps) acked.Clear();
        bool isFirst = true;
        long old = now - rtt.Latest - ReorderWindow;
        for (uint tsn = CumulativeAck + 1; tsn != NextTsn; tsn++)
        {
            ref OutChunk chunk = ref ChunkOf(tsn);
            if (forgetGaps && (chunk.State & OutChunkState.Acked) != 0 && (chunk.State & OutChunkState.Abandoned) == 0)
            {
                chunk.State = OutChunkState.InFlight;
                InFlightBytes += chunk.Length;
            }
            if ((chunk.State & OutChunkState.InFlight) == 0) continue;
            if (isFirst || forgetGaps || chunk.SentAt <= old) Lose(tsn, ref chunk);
            isFirst = false;
        }
        if (forgetGaps) AdvanceForward(isNew: true);
        RepeatForward();
    }

    /// <summary>Looks again at the holes, at <see cref="ReorderDeadline"/> (the reordering timer of RFC 8985 section 6.2): no SACK may follow that would show the loss.</summary>
    public SctpAckSample LoseLate(long now)
    {
        long before = InFlightBytes;
        long lost = FindLost(CumulativeAck, now);
        return new SctpAckSample { Now = now, LostBytes = lost, InFlightBefore = before, InFlight = InFlightBytes, AppLimited = AppLimited };
    }

    /// <summary>The last chunk in flight is lost for the sake of a probe.</summary>
    public bool TryLoseLast(long now)
    {
        for (uint tsn = NextTsn - 1; tsn != CumulativeAck; tsn--)
        {
            ref OutChunk chunk = ref ChunkOf(tsn);
            if ((chunk.State & OutChunkState.InFlight) == 0 || MayGiveUp(chunk, now)) continue;
            Lose(tsn, ref chunk);
            return true;
        }
        return false;
    }

    /// <summary>The FORWARD-TSN is due again, since its answer has not come.</summary>
    /// <returns>False if there is none.</returns>
    public bool RepeatForward()
    {
        if (HasForward) Forward.Repeat();
        return HasForward;
    }

    private bool MayGiveUp(in OutChunk chunk, long now) =>
        ForwardsTsn && ((chunk.RetransmitsMax != Unlimited && chunk.Transmissions > chunk.RetransmitsMax) || now >= chunk.ExpiresAt);

    private ref OutChunk Append(OutboundStream stream)
    {
        if (OutstandingChunks + 1 > ring.Length) GrowRing();
        ref OutChunk chunk = ref ChunkOf(NextTsn++);
        chunk = new OutChunk { Stream = stream.Id };
        stream.ChunksOutstanding++;
        return ref chunk;
    }

    private void GrowRing()
    {
        OutChunk[] larger = SharedArrays<OutChunk>.Rent(Math.Max(16, ring.Length * 2));
        for (uint tsn = CumulativeAck + 1; tsn != NextTsn; tsn++) larger[tsn & (uint)(larger.Length - 1)] = ChunkOf(tsn);
        if (ring.Length > 0) SharedArrays<OutChunk>.Return(ring);
        ring = larger;
    }

    private void ReleaseRing()
    {
        if (ring.Length <= RingKept) return;
        SharedArrays<OutChunk>.Return(ring);
        ring = [];
    }

    private struct AckProgress
    {
        public long AckedBytes;
        public long NewestSentAt;
        public long RttSentAt;
        public uint HighestNew;
    }

    private void Acknowledge(uint tsn, long now, ref AckProgress progress)
    {
        ref OutChunk chunk = ref ChunkOf(tsn);
        if ((chunk.State & OutChunkState.Acked) != 0) return;
        if ((chunk.State & OutChunkState.InFlight) != 0) InFlightBytes -= chunk.Length;
        if ((chunk.State & OutChunkState.Lost) != 0) lostCount--;
        bool isSkipped = (chunk.State & OutChunkState.Abandoned) != 0;
        chunk.State = (chunk.State & OutChunkState.Abandoned) | OutChunkState.Acked;
        // The peer acknowledges what it was told to forget: that is no delivery and no round trip.
        if (isSkipped) return;
        progress.AckedBytes += chunk.Length;
        if (Serial.Less(progress.HighestNew, tsn)) progress.HighestNew = tsn;
        // Nobody sent it again, and a later one was acknowledged before: the network (or the sender's threads) changed the order.
        if (chunk.Transmissions == 1 && Serial.Less(tsn, highestAcked)) hasReordering = true;
        // Karn's rule for the round trip. For the order of sending it is loosened as in RACK: a chunk sent again counts if this cannot be its first sending.
        if (chunk.Transmissions == 1) progress.RttSentAt = Math.Max(progress.RttSentAt, chunk.SentAt);
        bool isUnambiguous = chunk.Transmissions == 1 || now - chunk.SentAt >= rtt.Least;
        if (isUnambiguous && chunk.Transmissions > 0 && chunk.SentAt > progress.NewestSentAt) progress.NewestSentAt = chunk.SentAt;
    }

    private void AcknowledgeRange(uint first, uint last, long now, ref AckProgress progress)
    {
        uint tsn = Serial.Max(first, CumulativeAck + 1);
        if (Serial.Less(last, tsn)) return;
        first = tsn;
        int at = acked.FirstEndingAtOrAfter(tsn);
        bool isNew = false;
        while (Serial.LessOrEqual(tsn, last))
        {
            uint stop = last;
            if (at < acked.Count)
            {
                if (Serial.LessOrEqual(acked[at].First, tsn))
                {
                    tsn = acked[at++].Last + 1;
                    continue;
                }
                stop = Serial.Min(stop, acked[at].First - 1);
            }
            isNew = true;
            for (; Serial.LessOrEqual(tsn, stop); tsn++) Acknowledge(tsn, now, ref progress);
        }
        if (isNew) acked.Add(first, last);
    }

    private long ReorderWindow => Math.Min(Math.Max(ReorderWindowMin, rtt.Least / 4) * reorderScale, Math.Max(ReorderWindowAnyRtt, rtt.Smoothed));

    /// <summary>Walks the holes below the highest TSN that was newly acknowledged.</summary>
    private long FindLost(uint highestNew, long now)
    {
        long reorderWindow = ReorderWindow;
        long patience = Math.Max(rtt.Latest, rtt.Smoothed) + reorderWindow;
        ReorderDeadline = SctpAssociation.Never;
        long lost = 0;
        uint tsn = CumulativeAck + 1;
        for (int i = 0; i < acked.Count; i++)
        {
            (uint first, uint last) = acked[i];
            for (; Serial.Less(tsn, first); tsn++)
            {
                ref OutChunk chunk = ref ChunkOf(tsn);
                if ((chunk.State & OutChunkState.InFlight) == 0) continue;
                bool isMissed = !hasReordering && chunk.Transmissions == 1 && Serial.Less(tsn, highestNew) && ++chunk.Misses >= MissesMax;
                if (!isMissed && chunk.SentAt + reorderWindow >= newestAckedSentAt)
                {
                    if (chunk.SentAt > newestAckedSentAt) continue;
                    if (chunk.SentAt + patience > now)
                    {
                        ReorderDeadline = Math.Min(ReorderDeadline, chunk.SentAt + patience);
                        continue;
                    }
                }
                Lose(tsn, ref chunk);
                lost += chunk.Length;
            }
            tsn = last + 1;
        }
        return lost;
    }

    private void Lose(uint tsn, ref OutChunk chunk)
    {
        InFlightBytes -= chunk.Length;
        chunk.State = OutChunkState.Lost;
        if (lostCount++ == 0 || Serial.Less(tsn, lostFrom)) lostFrom = tsn;
    }

    /// <summary>A chunk has left the ring at its low end.</summary>
    private void Remove(uint tsn)
    {
        ref OutChunk chunk = ref ChunkOf(tsn);
        OutboundStream? stream = FindStream(chunk.Stream);
        if (stream is null) return;
        stream.ChunksOutstanding--;
        BufferedBytes -= stream.Release(stream.ChunksOutstanding == 0 ? stream.SentPosition : chunk.Position + chunk.Length);
    }

    /// <summary>Gives up the message that a chunk belongs to: all its fragments, sent, acknowledged or still queued.</summary>
    private void Abandon(uint tsn)
    {
        uint first = tsn;
        while ((ChunkOf(first).Flags & DataFlags.Begin) == 0 && first != CumulativeAck + 1) first--;
        uint last = tsn;
        while ((ChunkOf(last).Flags & DataFlags.End) == 0 && last != NextTsn - 1) last++;
        if ((ChunkOf(last).Flags & DataFlags.End) == 0) last = EndUnsent(StreamOf(ChunkOf(last).Stream));
        for (uint each = first; each != last + 1; each++)
        {
            ref OutChunk chunk = ref ChunkOf(each);
            if ((chunk.State & OutChunkState.InFlight) != 0) InFlightBytes -= chunk.Length;
            if ((chunk.State & OutChunkState.Lost) != 0) lostCount--;
            chunk.State = (chunk.State & OutChunkState.Acked) | OutChunkState.Abandoned;
        }
        statistics.MessagesAbandoned++;
        AdvanceForward(isNew: false);
    }

    /// <summary>
    /// Drops the unsent rest of a message whose other fragments are given up. A TSN that is never sent stands for its end, so that the FORWARD-TSN has
    /// something to skip even if all that was sent has arrived.
    /// </summary>
    private uint EndUnsent(OutboundStream stream)
    {
        bool unordered = stream.First.Unordered;
        uint tsn = NextTsn;
        ref OutChunk end = ref Append(stream);
        end.Flags = (byte)(DataFlags.End | (unordered ? DataFlags.Unordered : 0));
        end.Sequence = unordered ? (ushort)0 : stream.NextSequence++;
        BufferedCrossing crossing = new(stream);
        QueuedBytes -= stream.DropFirst();
        end.Position = stream.SentPosition;
        QueuedMessages--;
        Scheduler.MessageDone();
        crossing.Tell(sink);
        return tsn;
    }

    /// <summary>
    /// Moves the point up to which the peer may forget (RFC 3758 section 3.5, C2) over what is given up, and over what has arrived between that, so that
    /// several losses in a round trip do not take a round trip each. What is reliable is not passed: the peer may take back what it has not acknowledged
    /// cumulatively.
    /// </summary>
    private void AdvanceForward(bool isNew)
    {
        if (isNew) Forward.Restart(CumulativeAck);
        for (uint tsn = Forward.Tsn + 1; tsn != NextTsn; tsn++)
        {
            ref OutChunk chunk = ref ChunkOf(tsn);
            bool isOrdered = (chunk.Flags & DataFlags.Unordered) == 0;
            if ((chunk.State & OutChunkState.Abandoned) != 0)
            {
                if (!Forward.TryAdd(tsn, chunk.Stream, chunk.Sequence, isOrdered)) return;
            }
            else if ((chunk.State & OutChunkState.Acked) != 0 && (chunk.RetransmitsMax != Unlimited || chunk.ExpiresAt != SctpAssociation.Never))
            {
                if (isOrdered) Forward.PassOrdered();
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Tells when a stream's buffered amount falls to its threshold.</summary>
    private readonly struct BufferedCrossing(OutboundStream stream)
    {
        private readonly bool wasAbove = stream.BufferedBytes > stream.BufferedLowThreshold;

        public void Tell(ISctpSink sink)
        {
            if (wasAbove && stream.BufferedBytes <= stream.BufferedLowThreshold) sink.OnBufferedAmountLow(stream.Id);
        }
    }
}
