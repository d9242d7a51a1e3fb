using System.Diagnostics;
using Egregore.WebRtc;

namespace Egregore.Bench.WebRtc;

/// <summary>What flows over the channels of one of our processes: it sends as fast as the buffer lets it, counts what arrives, and echoes pings. Nothing is allocated for a message.</summary>
internal sealed class RtcTraffic : IDisposable
{
    /// <summary>Ordered and reliable.</summary>
    public const string Reliable = "reliable";

    /// <summary>Unordered, never sent again.</summary>
    public const string Unreliable = "unreliable";

    /// <summary>Ordered and reliable; what comes goes back.</summary>
    public const string Echo = "echo";

    // The same in webrtc.mjs: filled up to a megabyte, and again from a quarter on.
    private const long BufferedHigh = 1 << 20;
    private const long BufferedLow = 1 << 18;

    /// <summary>The buffer is looked at after this many bytes.</summary>
    private const int BytesPerLook = 16_384;

    private readonly Dictionary<string, RtcDataChannel> channels = [];
    private readonly AutoResetEvent low = new(false);
    private readonly byte[] message = new byte[1 << 18];
    private long messages;
    private long bytes;
    private long sent;
    private Thread? sender;
    private volatile bool stopped;
    private Action? pong;

    /// <summary>Messages handed over since the last start.</summary>
    public long Sent => Volatile.Read(ref sent);

    /// <summary>Takes a channel of either side.</summary>
    public void Adopt(RtcDataChannel channel, Action opened)
    {
        lock (channels) channels.TryAdd(channel.Label, channel);
        channel.BufferedAmountLowThreshold = BufferedLow;
        if (channel.Label == Echo)
        {
            channel.Message += (from, received, _) =>
            {
                if (pong is { } mine) mine();
                else from.TrySend(received);
            };
        }
        else
        {
            channel.BufferedAmountLow += _ => low.Set();
            channel.Message += (_, received, _) =>
            {
                Volatile.Write(ref messages, messages + 1);
                Volatile.Write(ref bytes, bytes + received.Length);
            };
        }
        if (channel.ReadyState == RtcDataChannelState.Open) opened();
        else channel.Opened += _ => opened();
    }

    /// <summary>Pings that the other side's echo answers, one after another; the round trip in the middle, in microseconds.</summary>
    public void PingPong(int count, int size, Action<double> done)
    {
        long[] trips = new long[count];
        int at = 0;
        long leftAt = 0;
        RtcDataChannel channel = Find(Echo);
        pong = () =>
        {
            trips[at++] = Stopwatch.GetTimestamp() - leftAt;
            if (at == count)
            {
                pong = null;
                Array.Sort(trips);
                done(trips[count / 2] * 1e6 / Stopwatch.Frequency);
                return;
            }
            leftAt = Stopwatch.GetTimestamp();
            channel.TrySend(message.AsSpan(0, size));
        };
        leftAt = Stopwatch.GetTimestamp();
        channel.TrySend(message.AsSpan(0, size));
    }

    /// <summary>Sends messages of a size until <see cref="Stop"/>.</summary>
    public void Start(string label, int size)
    {
        RtcDataChannel channel = Find(label);
        stopped = false;
        sent = 0;
        low.Reset();
        sender = new Thread(() => Send(channel, size)) { IsBackground = true, Name = "sender" };
        sender.Start();
    }

    /// <summary>Ends the sending.</summary>
    public void Stop()
    {
        stopped = true;
        low.Set();
        sender?.Join();
        sender = null;
    }

    /// <summary>What has arrived, and when this was seen.</summary>
    public RtcAnswer Mark() => new()
    {
        Event = "mark", Messages = Volatile.Read(ref messages), Bytes = Volatile.Read(ref bytes), Sent = Sent, Seconds = Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency,
    };

    /// <summary>What the whole process allocates in some time, with the messages that it sends or receives in it.</summary>
    public RtcAnswer Allocations(TimeSpan time)
    {
        long sentBefore = Sent;
        long before = Volatile.Read(ref messages);
        long allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        Thread.Sleep(time);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
        return new RtcAnswer { Event = "mark", Messages = Volatile.Read(ref messages) - before, Sent = Sent - sentBefore, Allocated = allocated };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        low.Dispose();
    }

    private RtcDataChannel Find(string label)
    {
        lock (channels) return channels[label];
    }

    private void Send(RtcDataChannel channel, int size)
    {
        ReadOnlySpan<byte> one = message.AsSpan(0, size);
        int perLook = Math.Max(1, BytesPerLook / size);
        while (!stopped)
        {
            if (channel.BufferedAmount >= BufferedHigh)
            {
                low.WaitOne();
                continue;
            }
            for (int i = 0; i < perLook; i++)
            {
                if (channel.TrySend(one) != RtcSendResult.Queued) break;
                Volatile.Write(ref sent, sent + 1);
            }
        }
    }
}
