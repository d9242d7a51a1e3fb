using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <summary>What became of a DATA or FORWARD-TSN chunk.</summary>
internal enum InboundResult
{
    Taken,
    Duplicate,
    /// <summary>A bound was reached: dropped and not acknowledged, the peer will send it again.</summary>
    DroppedFull,
    /// <summary>The stream is above the negotiated count: acknowledged, not delivered.</summary>
    InvalidStream,
    /// <summary>Fragments that do not fit together, or a message past its bound: the association is to be aborted.</summary>
    Violation,
}

/// <summary>
/// The receiving half: which TSNs have arrived, what waits for others, what can be delivered.
/// </summary>
/// <remarks>
/// The fragments of a message have consecutive TSNs (RFC 9260 section 6.9), and within a stream sequence numbers rise with TSNs. So at the cumulative TSN there
/// is at most one message in the making, which <see cref="Reassembler"/> holds; a chunk that arrives in order is delivered from the packet without a copy.
/// Chunks beyond a gap are kept in a ring by TSN. Each run of fragments knows its two ends, so completeness is seen without a walk. A complete message is
/// delivered at once if it is unordered or next in its stream (no waiting for other streams' losses), else it waits in its stream's list.
/// Memory is bounded by <see cref="SctpOptions.ReceiveBufferBytesMax"/> (twice, and a message, at the very worst) and the ring's bound.
/// </remarks>
internal sealed class Inbound(SctpOptions options, SctpStatistics statistics, ISctpSink sink)
{
    private struct Slot
    {
        public byte[]? Block;
        public int Length;
        public uint ProtocolId;
        /// <summary>Of the first and last fragment of a run: the TSN of the other end.</summary>
        public uint OtherEnd;
        public uint NextWaiting;
        public uint PreviousWaiting;
        public ushort Stream;
        public ushort Sequence;
        public byte Flags;
        public SlotState State;
    }

    private enum SlotState : byte
    {
        /// <summary>Received, and nothing is left of it: delivered or not wanted.</summary>
        Done,
        Held,
        /// <summary>First fragment of a whole message in its stream's waiting list.</summary>
        Waiting,
    }

    private struct InStream
    {
        public ushort NextSequence;
        public bool HasWaiting;
        public uint FirstWaiting;
        public uint LastWaiting;
    }

    private const int RingKept = 256;

    private readonly TsnRanges ranges = new();
    private readonly BlockPool pool = new();
    private readonly Reassembler current = new();
    private readonly Reassembler gathered = new();
    private Slot[] ring = [];
    private InStream[] streams = [];
    private bool isAssembling;
    private bool skipsToBegin;
    private byte currentFlags;
    private ushort currentStream;
    private ushort currentSequence;
    private uint currentProtocolId;
    private int blockBytes;

    /// <summary>All TSNs up to this one have arrived or were skipped.</summary>
    public uint CumulativeTsn { get; private set; }

    /// <summary>What arrived beyond <see cref="CumulativeTsn"/>.</summary>
    public TsnRanges Ranges => ranges;

    /// <summary>Bytes that the host holds on to.</summary>
    public long HeldByHost { get; set; }

    public int StreamCount { get; set; }

    /// <summary>Bytes free in the receive buffer.</summary>
    public int Window => (int)Math.Max(0, options.ReceiveBufferBytesMax - blockBytes - current.Length - HeldByHost);

    public void Start(uint initialTsn)
    {
        Clear();
        CumulativeTsn = initialTsn - 1;
    }

    public void Clear()
    {
        for (int i = 0; i < ranges.Count; i++)
        {
            for (uint tsn = ranges[i].First; Serial.LessOrEqual(tsn, ranges[i].Last); tsn++) Free(ref SlotOf(tsn));
        }
        ranges.Clear();
        ReleaseRing();
        streams = [];
        current.Reset();
        isAssembling = false;
        skipsToBegin = false;
        pool.Trim();
    }

    /// <summary>Lets go of what is kept for speed only.</summary>
    public void Trim()
    {
        if (ranges.Count > 0) return;
        pool.Trim();
        ReleaseRing();
    }

    public InboundResult Receive(uint tsn, byte flags, ushort stream, ushort sequence, uint protocolId, ReadOnlySpan<byte> payload)
    {
        uint ahead = tsn - CumulativeTsn;
        if (ahead == 1)
        {
            if (HeldByHost >= options.ReceiveBufferBytesMax) return InboundResult.DroppedFull;
            if (stream >= StreamCount)
            {
                CumulativeTsn = tsn;
                return Drain() ? InboundResult.InvalidStream : InboundResult.Violation;
            }
            CumulativeTsn = tsn;
            if (!TakeInOrder(flags, stream, sequence, protocolId, payload)) return InboundResult.Violation;
            return ranges.Count == 0 || Drain() ? InboundResult.Taken : InboundResult.Violation;
        }
        if (Serial.LessOrEqual(tsn, CumulativeTsn) || ranges.Contains(tsn)) return InboundResult.Duplicate;
        if (ahead > (uint)options.OutOfOrderChunksMax || payload.Length > Window) return InboundResult.DroppedFull;
        if (!ranges.TryAdd(tsn, options.GapsMax)) return InboundResult.DroppedFull;
        EnsureRing(ahead);
        ref Slot slot = ref SlotOf(tsn);
        if (stream >= StreamCount)
        {
            slot = new Slot { State = SlotState.Done };
            return InboundResult.InvalidStream;
        }
        byte[] block = pool.Rent(payload.Length);
        payload.CopyTo(block);
        blockBytes += block.Length;
        slot = new Slot
        {
            Block = block, Length = payload.Length, ProtocolId = protocolId, Stream = stream, Sequence = sequence, Flags = flags, State = SlotState.Held, OtherEnd = tsn,
        };
        return JoinRun(tsn) ? InboundResult.Taken : InboundResult.Violation;
    }

    /// <summary>Takes a FORWARD-TSN: what is missing up to the TSN will not come (RFC 3758 section 3.6).</summary>
    /// <param name="newCumulative">The TSN.</param>
    /// <param name="pairs">Stream 2, sequence 2, for each ordered stream that loses messages.</param>
    public InboundResult Forward(uint newCumulative, ReadOnlySpan<byte> pairs)
    {
        if (Serial.LessOrEqual(newCumulative, CumulativeTsn)) return InboundResult.Duplicate;
        if (isAssembling)
        {
            isAssembling = false;
            current.Reset();
            statistics.FragmentsDropped++;
        }
        for (; pairs.Length >= 4; pairs = pairs[4..])
        {
            ushort stream = BinaryPrimitives.ReadUInt16BigEndian(pairs);
            if (stream >= StreamCount) continue;
            SkipSequences(stream, BinaryPrimitives.ReadUInt16BigEndian(pairs[2..]));
        }
        for (int i = 0; i < ranges.Count && Serial.LessOrEqual(ranges[i].First, newCumulative); i++)
        {
            uint last = Serial.Min(ranges[i].Last, newCumulative);
            for (uint tsn = ranges[i].First; Serial.LessOrEqual(tsn, last); tsn++)
            {
                ref Slot slot = ref SlotOf(tsn);
                if (slot.State == SlotState.Waiting)
                {
                    ushort stream = slot.Stream;
                    DeliverWaiting(tsn);
                    DeliverNext(stream);
                }
                else if (slot.State == SlotState.Held)
                {
                    Free(ref slot);
                    statistics.FragmentsDropped++;
                }
            }
        }
        skipsToBegin = true;
        CumulativeTsn = newCumulative;
        ranges.RemoveThrough(newCumulative);
        return Drain() ? InboundResult.Taken : InboundResult.Violation;
    }

    /// <summary>The peer starts a stream's sequence anew.</summary>
    public void ResetStream(ushort stream)
    {
        if (stream < streams.Length) streams[stream].NextSequence = 0;
    }

    private ref Slot SlotOf(uint tsn) => ref ring[tsn & (uint)(ring.Length - 1)];

    private void EnsureRing(uint ahead)
    {
        if (ahead < (uint)ring.Length) return;
        // A rented array holds what others left in it, but no blocks; a slot is written whole before its TSN is in the ranges, and not read before.
        Slot[] larger = SharedArrays<Slot>.Rent(Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(ahead + 1)));
        if (ring.Length > 0)
        {
            for (uint tsn = CumulativeTsn + 1; tsn != CumulativeTsn + (uint)ring.Length; tsn++) larger[tsn & (uint)(larger.Length - 1)] = SlotOf(tsn);
        }
        // Its blocks have moved.
        Array.Clear(ring);
        ReleaseRing();
        ring = larger;
    }

    private void ReleaseRing()
    {
        if (ring.Length > 0) SharedArrays<Slot>.Return(ring);
        ring = [];
    }

    private ref InStream StreamOf(ushort stream)
    {
        if (stream >= streams.Length) Array.Resize(ref streams, Math.Min(StreamCount, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(stream + 1u)));
        return ref streams[stream];
    }

    private void Free(ref Slot slot)
    {
        if (slot.Block is { } block)
        {
            blockBytes -= block.Length;
            pool.Return(block);
            slot.Block = null;
        }
        slot.State = SlotState.Done;
    }

    /// <summary>Moves over what had arrived beyond a gap that has just closed.</summary>
    private bool Drain()
    {
        while (ranges.Count > 0 && ranges[0].First == CumulativeTsn + 1)
        {
            uint last = ranges[0].Last;
            while (CumulativeTsn != last)
            {
                uint tsn = ++CumulativeTsn;
                ref Slot slot = ref SlotOf(tsn);
                if (slot.State == SlotState.Done) continue;
                if (slot.State == SlotState.Waiting) Unlink(tsn);
                Slot taken = slot;
                slot.Block = null;
                slot.State = SlotState.Done;
                blockBytes -= taken.Block!.Length;
                bool fits = TakeInOrder(taken.Flags, taken.Stream, taken.Sequence, taken.ProtocolId, taken.Block.AsSpan(0, taken.Length));
                pool.Return(taken.Block);
                if (!fits)
                {
                    ranges.RemoveThrough(CumulativeTsn);
                    return false;
                }
            }
            ranges.RemoveThrough(CumulativeTsn);
        }
        if (ranges.Count == 0 && ring.Length > RingKept) ReleaseRing();
        return true;
    }

    private bool TakeInOrder(byte flags, ushort stream, ushort sequence, uint protocolId, ReadOnlySpan<byte> payload)
    {
        if ((flags & DataFlags.Begin) != 0)
        {
            if (isAssembling) return false;
            skipsToBegin = false;
            if ((flags & DataFlags.End) != 0)
            {
                if (payload.Length > options.MessageReceiveBytesMax) return false;
                Deliver(flags, stream, sequence, protocolId, payload);
                return true;
            }
            isAssembling = true;
            currentFlags = flags;
            currentStream = stream;
            currentSequence = sequence;
            currentProtocolId = protocolId;
        }
        else if (!isAssembling)
        {
            statistics.FragmentsDropped++;
            return skipsToBegin;
        }
        else if (stream != currentStream || sequence != currentSequence || ((flags ^ currentFlags) & DataFlags.Unordered) != 0)
        {
            return false;
        }
        if (current.Length + payload.Length > options.MessageReceiveBytesMax) return false;
        current.Append(payload);
        if ((flags & DataFlags.End) == 0) return true;
        isAssembling = false;
        Deliver(flags, stream, sequence, currentProtocolId, current.Message);
        current.Reset();
        return true;
    }

    private void Deliver(byte flags, ushort stream, ushort sequence, uint protocolId, ReadOnlySpan<byte> message)
    {
        if ((flags & DataFlags.Unordered) != 0)
        {
            Hand(stream, protocolId, message);
            return;
        }
        ref InStream state = ref StreamOf(stream);
        if (sequence != state.NextSequence) statistics.SequenceErrors++;
        state.NextSequence = (ushort)(sequence + 1);
        Hand(stream, protocolId, message);
        DeliverNext(stream);
    }

    private void Hand(ushort stream, uint protocolId, ReadOnlySpan<byte> message)
    {
        statistics.MessagesReceived++;
        statistics.BytesReceived += message.Length;
        sink.OnMessage(stream, protocolId, message);
    }

    /// <summary>Joins a new fragment with its neighbours, and delivers the message if it is whole now.</summary>
    private bool JoinRun(uint tsn)
    {
        ref Slot slot = ref SlotOf(tsn);
        uint first = tsn;
        uint last = tsn;
        if ((slot.Flags & DataFlags.Begin) == 0 && tsn - 1 != CumulativeTsn && IsHeld(tsn - 1))
        {
            ref Slot before = ref SlotOf(tsn - 1);
            if (!AreOfOneMessage(before, slot)) return false;
            first = before.OtherEnd;
        }
        if ((slot.Flags & DataFlags.End) == 0 && IsHeld(tsn + 1))
        {
            ref Slot after = ref SlotOf(tsn + 1);
            if (!AreOfOneMessage(slot, after)) return false;
            last = after.OtherEnd;
        }
        SlotOf(first).OtherEnd = last;
        SlotOf(last).OtherEnd = first;
        if (Serial.LessOrEqual(first, CumulativeTsn) || (SlotOf(first).Flags & DataFlags.Begin) == 0 || (SlotOf(last).Flags & DataFlags.End) == 0) return true;
        if ((slot.Flags & DataFlags.Unordered) != 0) return DeliverRun(first);
        if (slot.Sequence != StreamOf(slot.Stream).NextSequence)
        {
            Link(first);
            return true;
        }
        if (!DeliverRun(first)) return false;
        DeliverNext(slot.Stream);
        return true;
    }

    private bool IsHeld(uint tsn) => ranges.Contains(tsn) && SlotOf(tsn).State == SlotState.Held;

    /// <summary>Whether two chunks with consecutive TSNs can be fragments of one message; the first must not end one, the second not begin one.</summary>
    private static bool AreOfOneMessage(in Slot first, in Slot second) =>
        (first.Flags & DataFlags.End) == 0 && (second.Flags & DataFlags.Begin) == 0 && first.Stream == second.Stream && first.Sequence == second.Sequence
        && ((first.Flags ^ second.Flags) & DataFlags.Unordered) == 0;

    /// <summary>Delivers the whole message that begins at a TSN beyond the cumulative one.</summary>
    private bool DeliverRun(uint first)
    {
        ref Slot head = ref SlotOf(first);
        (ushort stream, uint protocolId, uint last) = (head.Stream, head.ProtocolId, head.OtherEnd);
        if ((head.Flags & DataFlags.Unordered) == 0) StreamOf(stream).NextSequence = (ushort)(head.Sequence + 1);
        if (first == last)
        {
            byte[] block = head.Block!;
            int length = head.Length;
            head.Block = null;
            head.State = SlotState.Done;
            blockBytes -= block.Length;
            bool fits = length <= options.MessageReceiveBytesMax;
            if (fits) Hand(stream, protocolId, block.AsSpan(0, length));
            pool.Return(block);
            return fits;
        }
        bool isWithinBound = true;
        for (uint tsn = first; tsn != last + 1; tsn++)
        {
            ref Slot slot = ref SlotOf(tsn);
            isWithinBound &= gathered.Length + slot.Length <= options.MessageReceiveBytesMax;
            if (isWithinBound) gathered.Append(slot.Block.AsSpan(0, slot.Length));
            Free(ref slot);
        }
        if (isWithinBound) Hand(stream, protocolId, gathered.Message);
        gathered.Reset();
        return isWithinBound;
    }

    private void DeliverNext(ushort stream)
    {
        while (StreamOf(stream) is { HasWaiting: true } state && SlotOf(state.FirstWaiting).Sequence == state.NextSequence) DeliverWaiting(state.FirstWaiting);
    }

    private void DeliverWaiting(uint first)
    {
        Unlink(first);
        DeliverRun(first);
    }

    private void SkipSequences(ushort stream, ushort sequence)
    {
        while (StreamOf(stream) is { HasWaiting: true } state && Serial.LessOrEqual(SlotOf(state.FirstWaiting).Sequence, sequence)) DeliverWaiting(state.FirstWaiting);
        ref InStream after = ref StreamOf(stream);
        if (!Serial.Less(sequence, after.NextSequence)) after.NextSequence = (ushort)(sequence + 1);
        DeliverNext(stream);
    }

    /// <summary>Puts a whole message into its stream's list, sorted by sequence number; nearly always at the end.</summary>
    private void Link(uint first)
    {
        ref Slot slot = ref SlotOf(first);
        ref InStream state = ref StreamOf(slot.Stream);
        slot.State = SlotState.Waiting;
        if (!state.HasWaiting)
        {
            state.HasWaiting = true;
            state.FirstWaiting = state.LastWaiting = first;
            slot.NextWaiting = slot.PreviousWaiting = first;
            return;
        }
        uint after = state.LastWaiting;
        while (Serial.Less(slot.Sequence, SlotOf(after).Sequence))
        {
            if (after == state.FirstWaiting)
            {
                slot.NextWaiting = after;
                slot.PreviousWaiting = first;
                SlotOf(after).PreviousWaiting = first;
                state.FirstWaiting = first;
                return;
            }
            after = SlotOf(after).PreviousWaiting;
        }
        ref Slot before = ref SlotOf(after);
        slot.PreviousWaiting = after;
        if (after == state.LastWaiting)
        {
            slot.NextWaiting = first;
            state.LastWaiting = first;
        }
        else
        {
            slot.NextWaiting = before.NextWaiting;
            SlotOf(before.NextWaiting).PreviousWaiting = first;
        }
        before.NextWaiting = first;
    }

    private void Unlink(uint first)
    {
        ref Slot slot = ref SlotOf(first);
        ref InStream state = ref StreamOf(slot.Stream);
        slot.State = SlotState.Held;
        bool isFirst = state.FirstWaiting == first;
        bool isLast = state.LastWaiting == first;
        if (isFirst && isLast) state.HasWaiting = false;
        else if (isFirst) state.FirstWaiting = slot.NextWaiting;
        else if (isLast) state.LastWaiting = slot.PreviousWaiting;
        else
        {
            SlotOf(slot.PreviousWaiting).NextWaiting = slot.NextWaiting;
            SlotOf(slot.NextWaiting).PreviousWaiting = slot.PreviousWaiting;
        }
    }
}
