namespace Egregore.WebRtc.Sctp;

/// <summary>
/// Chooses whose message is next among streams that have some: weighted fair queueing by message (RFC 8260 section 3.6 in the form that needs no interleaving),
/// so that over time each stream's bytes are as its weight, RFC 8831's priority, and none starves. A message is never interrupted: its fragments have
/// consecutive TSNs.
/// </summary>
internal sealed class StreamScheduler
{
    private const ulong WeightScale = 65_536;
    private const int MessageOverheadBytes = 16;

    private readonly PriorityQueue<OutboundStream, ulong> waiting = new();
    private OutboundStream? current;
    private ulong virtualTime;

    /// <summary>The stream whose message is to be sent; null if there is none.</summary>
    public OutboundStream? Current => current ?? Take();

    /// <summary>A stream has its first message.</summary>
    public void Activate(OutboundStream stream)
    {
        if (stream.IsScheduled) return;
        stream.IsScheduled = true;
        stream.VirtualTime = Math.Max(stream.VirtualTime, virtualTime) + Cost(stream);
        waiting.Enqueue(stream, stream.VirtualTime);
    }

    /// <summary>The current stream's first message is sent or dropped.</summary>
    public void MessageDone()
    {
        OutboundStream stream = current!;
        if (stream.MessageCount == 0)
        {
            stream.IsScheduled = false;
            current = null;
            return;
        }
        stream.VirtualTime += Cost(stream);
        if (waiting.TryPeek(out _, out ulong next) && next < stream.VirtualTime)
        {
            current = null;
            waiting.Enqueue(stream, stream.VirtualTime);
        }
        else
        {
            virtualTime = stream.VirtualTime;
        }
    }

    public void Clear()
    {
        waiting.Clear();
        current = null;
        virtualTime = 0;
    }

    private OutboundStream? Take()
    {
        if (!waiting.TryDequeue(out OutboundStream? stream, out ulong time)) return null;
        virtualTime = Math.Max(virtualTime, time);
        return current = stream;
    }

    private static ulong Cost(OutboundStream stream) => (ulong)(stream.First.Length + MessageOverheadBytes) * WeightScale / stream.Weight;
}
