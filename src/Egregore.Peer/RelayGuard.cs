using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Peer;

/// <summary>
/// What peers may have truth relay to us: truth bounds each sender, not what several together send to one. Without this bound they could make a receiver slow enough for truth to cut it.
/// </summary>
internal sealed class RelayGuard(ParticipantOptions options)
{
    private readonly Dictionary<PeerId, Sender> _senders = [];
    private TokenBucket _messages;
    private TokenBucket _bytes;

    /// <summary>Whether a message is within its sender's rates, and all within theirs.</summary>
    public bool Admits(PeerId from, int bytes, long nowMs)
    {
        if (!_senders.TryGetValue(from, out var sender))
        {
            if (_senders.Count >= options.RelayedPeersMax)
                _senders.Remove(_senders.MinBy(known => known.Value.HeardAtMs).Key);
            _senders.Add(from, sender = new Sender());
        }

        sender.HeardAtMs = nowMs;
        return sender.Messages.TryTake(nowMs, options.RelayedMessagesPerSecond, 1) && sender.Bytes.TryTake(nowMs, options.RelayedBytesPerSecond, bytes)
            && _messages.TryTake(nowMs, options.RelayedMessagesPerSecondMax, 1) && _bytes.TryTake(nowMs, options.RelayedBytesPerSecondMax, bytes);
    }

    private sealed class Sender
    {
        public TokenBucket Messages;
        public TokenBucket Bytes;

        public long HeardAtMs { get; set; }
    }
}
