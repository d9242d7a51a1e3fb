using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Peer;

// Measuring: the way through truth to a neighbour that is linked directly, for comparison, and the report of links to truth's dashboard.
public sealed partial class Participant
{
    private readonly LinkStats[] _linkStats = new LinkStats[32];
    private uint _probe;
    private int _probeTurn;
    private long _reportAtMs;

    /// <summary>The open links' figures; returns how many. At most 32.</summary>
    public int CopyLinks(Span<LinkStats> destination) => _mesh.CopyLinks(destination);

    /// <summary>One direct neighbour in turn is asked by way of truth, so that both ways to it are known.</summary>
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
            SendToTruth(Kind.Heartbeat, _probe, Encode(new Heartbeat { Id = _probe, Sent = (ulong)nowMs }), link.Peer);
            return;
        }
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
        {
            SendToTruth(Kind.Heartbeat, ++_probe, Encode(new Heartbeat { Id = _probe, Sent = (ulong)nowMs, ReplyTo = heartbeat.Id }), from);
            return;
        }

        if (heartbeat.ReplyTo != neighbour.ProbeId)
            return;
        neighbour.ProbeId = 0;
        var rtt = nowMs - neighbour.ProbeSentMs;
        neighbour.ViaTruthRttMs = neighbour.ViaTruthRttMs < 0 ? rtt : neighbour.ViaTruthRttMs + ((rtt - neighbour.ViaTruthRttMs) / 4);
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
