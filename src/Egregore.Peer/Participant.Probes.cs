using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Peer;

// Measuring: the way through truth to a neighbour that is linked directly, for comparison, and the report of links to truth's dashboard.
public sealed partial class Participant
{
    private readonly LinkStats[] _linkStats = new LinkStats[32];
    private uint _probe;
    private int _probeTurn;
    private long _probeAtMs;
    private long _reportAtMs;

    /// <summary>The open links' figures; returns how many. At most 32.</summary>
    public int CopyLinks(Span<LinkStats> destination) => _mesh.CopyLinks(destination);

    /// <summary>One direct neighbour in turn is asked over its link and by way of truth at the same moment, so that the two ways can be compared.</summary>
    private void Probe(long nowMs)
    {
        var count = _mesh.CopyLinks(_linkStats);
        for (var i = 0; i < count; i++)
        {
            var link = _linkStats[++_probeTurn % count];
            if (link.Kind != LinkKind.Direct || !_neighbours.TryGetValue(link.Peer, out var neighbour))
                continue;
            neighbour.ProbeId = ++_probe;
            neighbour.ProbeSentMs = nowMs;
            SendToPeer(link.Peer, Kind.Ping, _probe, Encode(new Ping { Id = _probe, Sent = (ulong)nowMs }));
            if (TruthLive)
                SendToTruth(Kind.Heartbeat, _probe, Encode(new Heartbeat { Id = _probe, Sent = (ulong)nowMs }), link.Peer);
            return;
        }
    }

    /// <summary>A ping over a direct link is answered there; the answer to ours is a sample. Not the mesh's business, so it is taken out before.</summary>
    /// <returns>False: it is something else.</returns>
    private bool TryReceivePing(PeerId from, ReadOnlySpan<byte> message, long nowMs)
    {
        if (EnvelopeCodec.TryRead(message, out var view) != VerifyError.None || view.Header.Kind is not (Kind.Ping or Kind.Pong))
            return false;
        if (view.Header.Kind == Kind.Ping && PingView.TryRead(view.Payload, out var ping) == VerifyError.None)
            SendToPeer(from, Kind.Pong, ping.Id, Encode(new Pong { Id = ping.Id, Sent = ping.Sent, Received = (ulong)nowMs }));
        else if (view.Header.Kind == Kind.Pong && PongView.TryRead(view.Payload, out var pong) == VerifyError.None
            && _neighbours.TryGetValue(from, out var neighbour) && pong.Id == neighbour.ProbeId)
            neighbour.Direct.Add(nowMs - neighbour.ProbeSentMs);
        return true;
    }

    /// <summary>A heartbeat through truth from a peer that is linked directly: a probe, or the answer to ours.</summary>
    private void ReceiveProbe(PeerId from, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (!_neighbours.TryGetValue(from, out var neighbour) || HeartbeatView.TryRead(payload, out var heartbeat) != VerifyError.None)
        {
            Stats.TruthRefused++;
            return;
        }

        if (heartbeat.ReplyTo == 0)
            SendToTruth(Kind.Heartbeat, ++_probe, Encode(new Heartbeat { Id = _probe, Sent = (ulong)nowMs, ReplyTo = heartbeat.Id }), from);
        else if (heartbeat.ReplyTo == neighbour.ProbeId)
            neighbour.ViaTruth.Add(nowMs - neighbour.ProbeSentMs);
    }

    private void SendToPeer(PeerId peer, Kind kind, uint sequence, ReadOnlySpan<byte> payload)
    {
        var length = EnvelopeCodec.Write(_scratch, kind, sequence, payload);
        _host.SendLink(peer, LinkChannel.Reflex, _scratch.AsSpan(0, length));
    }

    /// <summary>Tells truth, for its dashboard, which links are open and how they do.</summary>
    private void ReportLinks(long nowMs)
    {
        var seconds = Math.Max(1, (nowMs - _reportAtMs) / 1000.0);
        _reportAtMs = nowMs;
        var count = _mesh.CopyLinks(_linkStats);
        var links = new MeshLink[count];
        for (var i = 0; i < count; i++)
        {
            var link = _linkStats[i];
            _neighbours.TryGetValue(link.Peer, out var neighbour);
            var bytes = link.BytesIn + link.BytesOut;
            links[i] = new MeshLink(
                link.Peer,
                (uint)Math.Clamp((bytes - (neighbour?.ReportedBytes ?? 0)) / seconds, 0, uint.MaxValue),
                (ushort)Math.Clamp(link.RttMs, 0, ushort.MaxValue),
                link.Kind == LinkKind.Direct ? LinkType.Direct : LinkType.Relay);
            if (neighbour is not null)
                neighbour.ReportedBytes = bytes;
        }

        SendToTruth(Kind.MeshReport, Encode(new MeshReport { Links = [.. links] }));
    }
}
