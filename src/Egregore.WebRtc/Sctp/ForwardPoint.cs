using System.Buffers.Binary;

namespace Egregore.WebRtc.Sctp;

/// <summary>
/// How far the peer may forget what is missing (RFC 3758's Advanced.Peer.Ack.Point), as the FORWARD-TSN chunks that tell it.
/// </summary>
/// <remarks>
/// Several chunks, sent in one packet, where ordered messages that have arrived lie between those that are given up: a chunk that named the later sequence
/// number alone would make peers that take it literally throw the message between away. One chunk does for everything unordered. At most
/// <see cref="BytesMax"/> bytes of chunks; beyond that the point waits for the peer's answer.
/// </remarks>
internal sealed class ForwardPoint(RttEstimator rtt)
{
    public const int BytesMax = 480;
    private const int ChunkBytes = PacketWriter.ChunkHeaderBytes + 4;
    private const int PairBytes = 4;
    private const long RepeatMin = 10_000;

    private readonly (uint Tsn, int PairsFrom)[] chunks = new (uint, int)[BytesMax / ChunkBytes];
    private readonly (ushort Stream, ushort Sequence)[] pairs = new (ushort, ushort)[BytesMax / PairBytes];
    private int chunkCount;
    private int pairCount;
    private bool hasPassedOrdered;
    private uint sent;
    private long sentAt;
    private bool again;

    /// <summary>The point.</summary>
    public uint Tsn { get; private set; }

    /// <summary>Bytes of the chunks.</summary>
    public int Bytes => (chunkCount * ChunkBytes) + (pairCount * PairBytes);

    public void Start(uint tsn)
    {
        Restart(tsn);
        sent = tsn;
        again = false;
    }

    /// <summary>Begins again after what the peer has acknowledged.</summary>
    public void Restart(uint cumulative)
    {
        Tsn = cumulative;
        chunkCount = pairCount = 0;
        hasPassedOrdered = false;
    }

    /// <summary>A chunk of an ordered message that has arrived lies before the next that is added.</summary>
    public void PassOrdered() => hasPassedOrdered = true;

    /// <summary>Moves the point to a chunk that is given up. What lies between is acknowledged.</summary>
    /// <returns>False if there is no room.</returns>
    public bool TryAdd(uint tsn, ushort stream, ushort sequence, bool isOrdered)
    {
        bool isNew = chunkCount == 0 || (isOrdered && hasPassedOrdered);
        int pair = isNew ? pairCount : chunks[chunkCount - 1].PairsFrom;
        while (pair < pairCount && pairs[pair].Stream != stream) pair++;
        if (Bytes + (isNew ? ChunkBytes : 0) + (isOrdered && pair == pairCount ? PairBytes : 0) > BytesMax) return false;
        if (isNew)
        {
            chunks[chunkCount++] = (tsn, pairCount);
            hasPassedOrdered = false;
        }
        chunks[chunkCount - 1].Tsn = tsn;
        if (isOrdered)
        {
            pairs[pair] = (stream, sequence);
            if (pair == pairCount) pairCount++;
        }
        Tsn = tsn;
        return true;
    }

    /// <summary>Is to be sent again, since its answer has not come.</summary>
    public void Repeat() => again = true;

    /// <summary>
    /// The point has moved since it was sent, or a round trip has brought no answer. Not one for each SACK: every one is answered by a SACK at once, so that
    /// those in flight would multiply.
    /// </summary>
    public bool IsDue(long now) => again || Serial.Less(sent, Tsn) || now - sentAt >= Math.Max(RepeatMin, rtt.Smoothed + (rtt.Smoothed / 4));

    /// <summary>Writes the chunks: new cumulative TSN 4, then stream 2 and sequence 2 for each ordered stream that is skipped in.</summary>
    public void Write(ref PacketWriter writer, long now)
    {
        for (int i = 0; i < chunkCount; i++)
        {
            int end = i + 1 < chunkCount ? chunks[i + 1].PairsFrom : pairCount;
            Span<byte> value = writer.Chunk(ChunkType.ForwardTsn, 0, 4 + ((end - chunks[i].PairsFrom) * PairBytes));
            BinaryPrimitives.WriteUInt32BigEndian(value, chunks[i].Tsn);
            foreach ((ushort stream, ushort sequence) in pairs.AsSpan(chunks[i].PairsFrom..end))
            {
                value = value[PairBytes..];
                BinaryPrimitives.WriteUInt16BigEndian(value, stream);
                BinaryPrimitives.WriteUInt16BigEndian(value[2..], sequence);
            }
        }
        sent = Tsn;
        sentAt = now;
        again = false;
    }
}
