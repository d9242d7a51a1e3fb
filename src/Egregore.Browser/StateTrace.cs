using System.Globalization;
using System.Text;
using Egregore.Peer;
using Egregore.Wire;

namespace Egregore.Browser;

/// <summary>When own states left and when others' were read, by the page's clock: for measuring, off until it is asked for. Keeps the last 4,096 of each.</summary>
internal sealed class StateTrace
{
    private const int EntriesMax = 4_096;

    private readonly Dictionary<PeerId, uint> _newest = [];
    private readonly Queue<Sent> _sent = new();
    private readonly Queue<Heard> _heard = new();

    /// <summary>An own state went out in the step that began then.</summary>
    public void Left(uint tick, double atMs) => Keep(_sent, new Sent(tick, atMs));

    /// <summary>Notes whose newest state is another than before.</summary>
    public void Read(IReadOnlyList<Peer.Neighbour> neighbours, double atMs)
    {
        for (var i = 0; i < neighbours.Count; i++)
        {
            var neighbour = neighbours[i];
            var tick = neighbour.Track.NewestTick;
            if (neighbour.Track.IsEmpty || (_newest.TryGetValue(neighbour.Peer, out var known) && known == tick))
                continue;
            _newest[neighbour.Peer] = tick;
            Keep(_heard, new Heard(neighbour.Peer, tick, atMs, neighbour.Path));
        }
    }

    /// <summary>JSON of what was noted since the last call. Written by hand: a serializer for it would be 27 kB that every tab loads.</summary>
    public string Take()
    {
        var json = new StringBuilder("{\"sent\":[");
        foreach (var (tick, atMs) in _sent)
            Entry(json).Append("\"tick\":").Append(tick).Append(",\"atMs\":").Append(Milliseconds(atMs)).Append('}');
        json.Append("],\"heard\":[");
        foreach (var (peer, tick, atMs, path) in _heard)
        {
            Entry(json).Append("\"peer\":\"").Append(peer.ToString()).Append("\",\"tick\":").Append(tick).Append(",\"atMs\":").Append(Milliseconds(atMs))
                .Append(",\"path\":\"").Append(path.ToString()).Append("\"}");
        }

        _sent.Clear();
        _heard.Clear();
        return json.Append("]}").ToString();
    }

    private static StringBuilder Entry(StringBuilder json) => json.Append(json[^1] == '}' ? ",{" : "{");

    private static string Milliseconds(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static void Keep<T>(Queue<T> queue, T entry)
    {
        if (queue.Count == EntriesMax)
            queue.Dequeue();
        queue.Enqueue(entry);
    }

    private readonly record struct Sent(uint Tick, double AtMs);

    private readonly record struct Heard(PeerId Peer, uint Tick, double AtMs, NeighbourPath Path);
}
