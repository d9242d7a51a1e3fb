using System.Text.Json;
using System.Text.Json.Serialization;
using Egregore.Peer;
using Egregore.Wire;

namespace Egregore.Browser;

/// <summary>When own states left and when others' were read, by the page's clock: for measuring, off until it is asked for. Keeps the last 4,096 of each.</summary>
internal sealed partial class StateTrace
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
            Keep(_heard, new Heard(neighbour.Peer.ToString(), tick, atMs, neighbour.Path.ToString()));
        }
    }

    /// <summary>JSON of what was noted since the last call.</summary>
    public string Take()
    {
        var taken = JsonSerializer.Serialize(new Noted([.. _sent], [.. _heard]), TraceJson.Default.Noted);
        _sent.Clear();
        _heard.Clear();
        return taken;
    }

    private static void Keep<T>(Queue<T> queue, T entry)
    {
        if (queue.Count == EntriesMax)
            queue.Dequeue();
        queue.Enqueue(entry);
    }

    internal sealed record Sent(uint Tick, double AtMs);

    internal sealed record Heard(string Peer, uint Tick, double AtMs, string Path);

    internal sealed record Noted(Sent[] Sent, Heard[] Heard);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Noted))]
    internal sealed partial class TraceJson : JsonSerializerContext;
}
