using System.Numerics;
using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>What a node keeps of one link.</summary>
internal sealed class Link(PeerId peer, int slot, long nowMs)
{
    /// <summary>Heartbeat flag: the sender wants messages pushed to it on this link.</summary>
    public const byte FlagPush = 1;

    /// <summary>Heartbeat flag: the sender keeps this as a long link.</summary>
    public const byte FlagLong = 2;

    public PeerId Peer { get; } = peer;

    /// <summary>0 to LinksMax - 1, the bit of this link in the masks of gossip.</summary>
    public int Slot { get; } = slot;

    public uint Bit => 1u << Slot;

    public long OpenedMs { get; } = nowMs;

    public Member Member { get; set; } = null!;

    public bool Direct { get; set; }

    public bool Relay { get; set; }

    public LinkKind Kind => Direct ? LinkKind.Direct : LinkKind.Relay;

    public long HeardMs { get; set; } = nowMs;

    public bool LongMine { get; set; }

    public bool LongTheirs { get; set; }

    /// <summary>Counts as one of the two long links.</summary>
    public bool Long => LongMine || LongTheirs;

    /// <summary>We asked the peer to push to us.</summary>
    public bool PushedFrom { get; set; }

    /// <summary>The peer may push to us: we asked it to, or what it pushed before it knew that we no longer do may be on its way.</summary>
    public bool MayPush => PushedFrom || _stopping;

    private bool _stopping;
    private long _stopSentMs;
    private long _stopKnownMs;

    /// <summary>We no longer want pushes on this link; to be followed by a heartbeat.</summary>
    public void StopPush(long nowMs)
    {
        PushedFrom = false;
        _stopping = true;
        _stopSentMs = nowMs;
        _stopKnownMs = long.MaxValue;
    }

    /// <summary>A heartbeat sent at <paramref name="sentMs"/> was answered: the peer knows what we wanted then.</summary>
    public void Confirmed(long sentMs, long nowMs)
    {
        if (sentMs >= _stopSentMs)
            _stopKnownMs = Math.Min(_stopKnownMs, nowMs);
    }

    /// <summary>Whether nothing that the peer pushed before it knew can be on its way any more; else when to ask again.</summary>
    public bool HasStopped(long nowMs, int lostMs, out long dueMs)
    {
        dueMs = !_stopping || _stopKnownMs == long.MaxValue ? long.MaxValue : _stopKnownMs + lostMs;
        if (_stopping && nowMs >= dueMs)
            _stopping = false;
        return !_stopping;
    }

    /// <summary>The peer asked us to push to it.</summary>
    public bool PushTo { get; set; }

    public byte Flags => (byte)((PushedFrom ? FlagPush : 0) | (LongMine ? FlagLong : 0));

    // Heartbeat and clock.
    public long NextHeartbeatMs { get; set; } = nowMs;

    public uint HeartbeatId { get; set; }

    public long HeartbeatSentMs { get; set; }

    public bool HeartbeatOpen { get; set; }

    public ClockFilter Clock;

    private uint _lostBits;
    private int _lostCount;

    public void CountHeartbeat(bool lost)
    {
        _lostBits = (_lostBits << 1) | (lost ? 1u : 0u);
        _lostCount = Math.Min(32, _lostCount + 1);
    }

    public int LossPercent => _lostCount == 0 ? 0 : BitOperations.PopCount(_lostBits) * 100 / _lostCount;

    public int IntroductionCursor { get; set; }

    // Rates and counters.
    public TokenBucket Messages;
    public TokenBucket Bytes;
    public TokenBucket Served;
    public TokenBucket Routed;
    public TokenBucket Introduced;
    public TokenBucket Synced;

    public long BytesIn { get; set; }

    public long BytesOut { get; set; }

    public long MessagesIn { get; set; }

    public long MessagesOut { get; set; }

    public long Invalid { get; private set; }

    private int _penalty;
    private long _penaltyMs;

    /// <summary>Counts an invalid envelope; true when there were too many lately.</summary>
    public bool Penalize(long nowMs, int max)
    {
        Invalid++;
        _penalty = (int)Math.Max(0, _penalty - ((nowMs - _penaltyMs) / 1_000)) + 1;
        _penaltyMs = nowMs;
        return _penalty >= max;
    }

    // Reflex.
    public bool ReflexHeard { get; set; }

    public uint ReflexSequence { get; set; }

    public int ReflexIntervalMs { get; set; }

    public long NextReflexMs { get; set; }
}
