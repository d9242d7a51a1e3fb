using Egregore.Server.Sessions;
using Egregore.Wire;

namespace Egregore.Server.Telemetry;

/// <summary>Puts the reports of single peers together to one graph.</summary>
internal static class MeshGraph
{
    private const int LinksShownMax = 4000;

    public static MeshInfo Of(IEnumerable<Session> sessions, IReadOnlyList<SessionInfo> infos)
    {
        var nodes = infos.Select(info => new MeshNodeInfo(info.Peer, info.Name, info.X, info.Z)).ToList();
        var known = infos.Select(info => info.Peer).ToHashSet(StringComparer.Ordinal);
        var links = new Dictionary<(PeerId, PeerId), (LinkType Type, double Rtt, int RttReports, double Bytes, int Reports)>();
        foreach (var session in sessions)
        {
            foreach (var link in session.Links)
            {
                if (links.Count >= LinksShownMax || link.Peer == session.Peer || link.Peer.IsNone)
                    continue;
                var pair = session.Peer < link.Peer ? (session.Peer, link.Peer) : (link.Peer, session.Peer);
                var sum = links.GetValueOrDefault(pair);
                links[pair] = (link.Type, sum.Rtt + link.RttMs, sum.RttReports + (link.RttMs > 0 ? 1 : 0), sum.Bytes + link.BytesPerSecond, sum.Reports + 1);
                if (known.Add(link.Peer.ToString()))
                    nodes.Add(new MeshNodeInfo(link.Peer.ToString(), "", null, null));
            }
        }

        return new MeshInfo(nodes,
        [
            .. links.Select(link => new MeshLinkInfo(
                    link.Key.Item1.ToString(),
                    link.Key.Item2.ToString(),
                    link.Value.Type == LinkType.Direct ? "direct" : "relay",
                    link.Value.Rtt / Math.Max(1, link.Value.RttReports),
                    link.Value.Bytes / link.Value.Reports))
                .OrderBy(link => link.A, StringComparer.Ordinal).ThenBy(link => link.B, StringComparer.Ordinal),
        ]);
    }
}
