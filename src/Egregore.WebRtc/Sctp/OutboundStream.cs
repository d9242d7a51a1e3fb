using System.Numerics;

namespace Egregore.WebRtc.Sctp;

/// <summary>A message that is queued and not yet wholly sent.</summary>
internal struct QueuedMessage
{
    public int Length;
    public uint ProtocolId;
    public long ExpiresAt;
    public ushort RetransmitsMax;
    public bool Unordered;
    public bool Uncounted;
}

internal enum StreamResetState : byte
{
    None,
    /// <summary>Wanted; waits until the queue is empty and no other request is under way.</summary>
    Wanted,
    /// <summary>Part of the request that is under way.</summary>
    Requested,
}

/// <summary>
/// The queue of one outgoing stream: bytes in a ring that grows by doubling and goes back to the pool when it is empty, and the messages they make.
/// </summary>
/// <remarks>
/// Positions are absolute and rise for ever; a chunk in flight names its bytes by position, so its payload is copied once when queued and once into each packet.
/// <c>released &lt;= sent &lt;= end</c>: bytes before <c>released</c> are acknowledged, before <c>sent</c> in flight.
/// </remarks>
internal sealed class OutboundStream(ushort id)
{
    private const int RingBytesMin = 1_024;
    private const int RingBytesKept = 4_096;
    private const int MessagesMin = 16;
    private const int MessagesKept = 64;

    private byte[] ring = [];
    private int capacity;
    private int latestCapacity;
    private long released;
    private long sent;
    private long end;
    private QueuedMessage[] messages = [];
    private int firstMessage;

    public ushort Id { get; } = id;

    public ushort NextSequence { get; set; }

    public StreamResetState ResetState { get; set; }

    /// <summary>Share among streams that have messages waiting, 1 to 65,535.</summary>
    public ushort Weight { get; set; } = 256;

    /// <summary>When the scheduler will have served this stream, in weighted bytes.</summary>
    public ulong VirtualTime { get; set; }

    public bool IsScheduled { get; set; }

    /// <summary>Bytes queued and not yet sent, control messages left out.</summary>
    public long BufferedBytes { get; private set; }

    public long BufferedLowThreshold { get; set; }

    public int MessageCount { get; private set; }

    /// <summary>Bytes of the first message that have been sent.</summary>
    public int FirstMessageSent { get; private set; }

    /// <summary>Chunks of this stream that are in flight or wait for retransmission.</summary>
    public int ChunksOutstanding { get; set; }

    public long SentPosition => sent;

    public long EndPosition => end;

    public ref QueuedMessage First => ref messages[firstMessage];

    public void Enqueue(in QueuedMessage message, ReadOnlySpan<byte> payload)
    {
        EnsureRing(payload.Length);
        Copy(payload, end);
        end += payload.Length;
        if (MessageCount == messages.Length) GrowMessages();
        messages[(firstMessage + MessageCount++) & (messages.Length - 1)] = message;
        if (!message.Uncounted) BufferedBytes += message.Length;
    }

    /// <summary>The first message's next bytes are in flight now.</summary>
    /// <returns>True if that was the rest of it.</returns>
    public bool MarkSent(int bytes)
    {
        ref QueuedMessage message = ref First;
        sent += bytes;
        FirstMessageSent += bytes;
        if (!message.Uncounted) BufferedBytes -= bytes;
        if (FirstMessageSent < message.Length) return false;
        RemoveFirst();
        return true;
    }

    /// <summary>Drops what is left of the first message. Its bytes are released with those after or before them.</summary>
    /// <returns>How many bytes of it had not been sent.</returns>
    public int DropFirst()
    {
        ref QueuedMessage message = ref First;
        int rest = message.Length - FirstMessageSent;
        sent += rest;
        if (!message.Uncounted) BufferedBytes -= rest;
        RemoveFirst();
        return rest;
    }

    /// <summary>Frees the bytes before a position.</summary>
    /// <returns>How many.</returns>
    public long Release(long position)
    {
        long freed = position - released;
        if (freed <= 0) return 0;
        released = position;
        if (released == end && capacity > RingBytesKept)
        {
            SharedArrays<byte>.Return(ring);
            ring = [];
            latestCapacity = capacity;
            capacity = 0;
        }
        return freed;
    }

    /// <summary>Drops everything.</summary>
    /// <returns>The bytes freed.</returns>
    public long Clear()
    {
        sent = end;
        BufferedBytes = 0;
        MessageCount = 0;
        FirstMessageSent = 0;
        if (messages.Length > 0) SharedArrays<QueuedMessage>.Return(messages);
        messages = [];
        firstMessage = 0;
        return Release(end);
    }

    /// <summary>Copies bytes that are queued or in flight.</summary>
    public void Read(long position, Span<byte> destination)
    {
        int at = (int)(position & (capacity - 1));
        int head = Math.Min(destination.Length, capacity - at);
        ring.AsSpan(at, head).CopyTo(destination);
        ring.AsSpan(0, destination.Length - head).CopyTo(destination[head..]);
    }

    private void Copy(ReadOnlySpan<byte> payload, long position)
    {
        int at = (int)(position & (capacity - 1));
        int head = Math.Min(payload.Length, capacity - at);
        payload[..head].CopyTo(ring.AsSpan(at));
        payload[head..].CopyTo(ring);
    }

    private void RemoveFirst()
    {
        FirstMessageSent = 0;
        firstMessage = (firstMessage + 1) & (messages.Length - 1);
        if (--MessageCount > 0) return;
        firstMessage = 0;
        if (messages.Length > MessagesKept)
        {
            SharedArrays<QueuedMessage>.Return(messages);
            messages = [];
        }
    }

    private void GrowMessages()
    {
        int length = Math.Max(MessagesMin, messages.Length * 2);
        // From the pool whatever its length: a queue that fills and empties again and again would else grow from new small arrays each time.
        QueuedMessage[] larger = SharedArrays<QueuedMessage>.Rent(length);
        for (int i = 0; i < MessageCount; i++) larger[i] = messages[(firstMessage + i) & (messages.Length - 1)];
        if (messages.Length > 0) SharedArrays<QueuedMessage>.Return(messages);
        messages = larger;
        firstMessage = 0;
    }

    private void EnsureRing(int more)
    {
        long needed = end - released + more;
        if (needed <= capacity) return;
        // What was needed lately will be again: half of it at once saves most of the copying while it grows.
        int least = capacity > 0 ? RingBytesMin : Math.Max(RingBytesMin, latestCapacity / 2);
        int length = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(needed, least));
        byte[] larger = SharedArrays<byte>.Rent(length);
        for (long position = released; position < end;)
        {
            int from = (int)(position & (capacity - 1));
            int to = (int)(position & (length - 1));
            int run = (int)Math.Min(end - position, Math.Min(capacity - from, length - to));
            ring.AsSpan(from, run).CopyTo(larger.AsSpan(to));
            position += run;
        }
        if (capacity > 0) SharedArrays<byte>.Return(ring);
        ring = larger;
        capacity = length;
    }
}
