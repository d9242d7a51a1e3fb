using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>
/// Messages to a peer without a link (signaling, when truth is gone), through neighbours: over the link to the target where there is one, else over the link whose peer introduced the
/// target, else over the links nearest to it. Relays lower the TTL in place and never look at the payload.
/// </summary>
internal sealed class Router(MeshContext context)
{
    private const int SeenMax = 256;

    private readonly (PeerId Sender, uint Sequence)[] _seen = new (PeerId, uint)[SeenMax];
    private int _next;

    /// <summary>A message of our own.</summary>
    public SendResult Send(PeerId target, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> signature)
    {
        if (payload.Length + 256 > context.Options.EnvelopeBytesMax)
            return SendResult.TooLarge;
        var sequence = context.NextSequence();
        Remember(context.Self, sequence);
        var length = EnvelopeCodec.Write(
            context.Envelope, Kind.Signal, sequence, payload, (byte)context.Options.RouteTtl, sender: context.Self, target: target, signature: signature);
        return Forward(target, context.Envelope.AsSpan(0, length), from: null) ? SendResult.Sent : SendResult.NoLink;
    }

    /// <summary>A message from a link with a sender and a target.</summary>
    public ReceiveResult Receive(Link from, in EnvelopeView envelope, ReadOnlySpan<byte> raw, long nowMs)
    {
        var sender = envelope.HasSender ? envelope.Sender : from.Peer;

        // The first hop vouches for its neighbour: with all hops left, the sender is the link's own peer.
        if (envelope.Header.Ttl > context.Options.RouteTtl)
            return ReceiveResult.Malformed;
        if (sender == context.Self || (envelope.Header.Ttl == context.Options.RouteTtl && sender != from.Peer))
            return sender == context.Self ? ReceiveResult.Ignored : ReceiveResult.Forged;
        if (!from.Routed.TryTake(nowMs, context.Options.RoutedPerSecond, 1))
            return ReceiveResult.RateLimited;
        if (Array.IndexOf(_seen, (sender, envelope.Header.Sequence)) >= 0)
            return ReceiveResult.Ignored;
        Remember(sender, envelope.Header.Sequence);
        if (envelope.Target == context.Self)
        {
            context.Output.DeliverRouted(sender, from.Peer, envelope.Header.Kind, envelope.Payload, raw);
            return ReceiveResult.Accepted;
        }

        raw.CopyTo(context.Envelope);
        var forward = context.Envelope.AsSpan(0, raw.Length);
        if (!EnvelopeCodec.TryDecrementTtl(forward) || envelope.Header.Ttl <= 1)
            return ReceiveResult.Ignored;
        if (Forward(envelope.Target, forward, from))
            context.Stats.Routed++;
        return ReceiveResult.Accepted;
    }

    private void Remember(PeerId sender, uint sequence)
    {
        _seen[_next] = (sender, sequence);
        _next = (_next + 1) % SeenMax;
    }

    private bool Forward(PeerId target, ReadOnlySpan<byte> envelope, Link? from)
    {
        if (context.Links.Find(target) is { } straight)
        {
            context.Send(straight, envelope, Reliability.Reliable);
            return true;
        }

        var sent = 0u;
        var member = context.Members.Find(target);
        if (member is not null && context.Links.Find(member.IntroducedBy) is { } introducer && introducer != from)
        {
            context.Send(introducer, envelope, Reliability.Reliable);
            sent |= introducer.Bit;
        }

        for (var copies = sent == 0 ? 0 : 1; copies < context.Options.RouteFanout; copies++)
        {
            Link? nearest = null;
            foreach (var link in context.Links.All)
            {
                if (link == from || (sent & link.Bit) != 0)
                    continue;
                if (nearest is null || (member is not null && Distance(link, member) < Distance(nearest, member)))
                    nearest = link;
            }

            if (nearest is null)
                break;
            context.Send(nearest, envelope, Reliability.Reliable);
            sent |= nearest.Bit;
        }

        return sent != 0;
    }

    private static long Distance(Link link, Member target) => link.Member.DistanceTo(target.Position);
}
