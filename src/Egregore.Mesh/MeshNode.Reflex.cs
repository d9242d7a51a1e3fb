using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>The hot path: movement states to those who attend, and messages of the host to linked peers.</summary>
public sealed partial class MeshNode
{
    private readonly byte[] _reflex;

    /// <summary>
    /// A movement state to those who attend: the nearest <see cref="MeshOptions.ReflexFocus"/> at every call, the rest at 5 to 1 Hz by rank. Encoded once; does not allocate.
    /// </summary>
    /// <param name="sequence">Rising; the movement tick.</param>
    /// <param name="state">The game's bytes, at most <see cref="MeshOptions.ReflexBytesMax"/>.</param>
    /// <param name="nowMs">The host's clock.</param>
    /// <returns>Links it went to.</returns>
    public int SendReflex(uint sequence, ReadOnlySpan<byte> state, long nowMs)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(state.Length, Options.ReflexBytesMax, nameof(state));
        var length = EnvelopeCodec.Write(_reflex, Kind.Reflex, sequence, state);
        var envelope = _reflex.AsSpan(0, length);
        var sent = 0;
        foreach (var link in _context.Links.All)
        {
            if (nowMs < link.NextReflexMs)
                continue;
            link.NextReflexMs = nowMs + link.ReflexIntervalMs;
            _context.Send(link, envelope, Reliability.Unreliable);
            sent++;
        }

        return sent;
    }

    /// <summary>A message for one linked peer's host: checkpoint, signal, action, action result, subscribe, delta, content share.</summary>
    public SendResult Send(PeerId peer, Kind kind, uint sequence, ReadOnlySpan<byte> payload, Reliability reliability)
    {
        if (!IsForHosts(kind))
            return SendResult.Reserved;
        if (payload.Length + 256 > Options.EnvelopeBytesMax)
            return SendResult.TooLarge;
        if (_context.Links.Find(peer) is not { } link)
            return SendResult.NoLink;
        var length = EnvelopeCodec.Write(_context.Envelope, kind, sequence, payload);
        _context.Send(link, _context.Envelope.AsSpan(0, length), reliability);
        return SendResult.Sent;
    }

    /// <summary>The same to every link, encoded once.</summary>
    public SendResult SendToAll(Kind kind, uint sequence, ReadOnlySpan<byte> payload, Reliability reliability)
    {
        if (!IsForHosts(kind))
            return SendResult.Reserved;
        if (payload.Length + 256 > Options.EnvelopeBytesMax)
            return SendResult.TooLarge;
        var length = EnvelopeCodec.Write(_context.Envelope, kind, sequence, payload);
        foreach (var link in _context.Links.All)
            _context.Send(link, _context.Envelope.AsSpan(0, length), reliability);
        return _context.Links.Count > 0 ? SendResult.Sent : SendResult.NoLink;
    }

    private static bool IsForHosts(Kind kind) =>
        kind is Kind.Checkpoint or Kind.Signal or Kind.Action or Kind.ActionResult or Kind.Subscribe or Kind.Delta or Kind.ContentShare;

    private ReceiveResult ReceiveReflex(Link link, in EnvelopeView envelope, long nowMs)
    {
        _ = nowMs;
        if (envelope.Payload.Length > Options.ReflexBytesMax)
            return ReceiveResult.TooLarge;
        var sequence = envelope.Header.Sequence;
        if (link.ReflexHeard && (int)(sequence - link.ReflexSequence) <= 0)
            return ReceiveResult.Ignored;
        link.ReflexHeard = true;
        link.ReflexSequence = sequence;
        _context.Output.DeliverReflex(link.Peer, sequence, envelope.Payload);
        return ReceiveResult.Accepted;
    }

    /// <summary>Gives each link its rate: by nearness, the focus first.</summary>
    private void RankLinks()
    {
        var links = _context.Links.All;
        foreach (var link in links)
        {
            var rank = 0;
            var distance = link.Member.DistanceTo(Position);
            foreach (var other in links)
            {
                var theirs = other.Member.DistanceTo(Position);
                if (theirs < distance || (theirs == distance && other.Slot < link.Slot))
                    rank++;
            }

            link.ReflexIntervalMs = IntervalOf(rank);
        }
    }

    private int IntervalOf(int rank)
    {
        if (rank < Options.ReflexFocus)
            return 0;
        var steps = Math.Max(1, Options.LinksMax - Options.ReflexFocus - 1);
        var step = Math.Min(rank - Options.ReflexFocus, steps);
        var milliHz = (Options.ReflexNearHz * 1_000) - ((Options.ReflexNearHz - Options.ReflexFarHz) * 1_000 * step / steps);
        return 1_000_000 / milliHz;
    }
}
