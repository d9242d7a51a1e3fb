using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Egregore.Crdt;

namespace Egregore.Bench;

/// <summary>
/// <c>crdt.map</c>: sets and merges of one map among 100 clients, against yjs, Automerge and Loro. In every round each client sets one of
/// 200 keys to 16 bytes and makes one message of it; then every message is merged by every other client: ours one by one, the peers' all
/// messages of a round at once, which is faster in each of them. bench/peers/crdt.mjs does the same with the same writes.
/// </summary>
public sealed class CrdtArea : IBenchArea
{
    private const int Clients = 100;
    private const int Keys = 200;
    private const int Rounds = 2;

    /// <summary>Our run alone is over in milliseconds: it is measured over that many of the peers' runs, each on new replicas.</summary>
    private const int RunsInOne = 20;

    private sealed record PeerLine(string Name, double OpsPerSecond, double MessageBytes, bool Equal);

    private readonly record struct Write(string Key, byte[] Value);

    /// <inheritdoc/>
    public string Name => "crdt";

    /// <inheritdoc/>
    public async IAsyncEnumerable<Measure> RunAsync(BenchContext context, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Write[] writes = Workload();
        double bytes = 0;
        double ours = Sampling.Median(context.Repeats, () => Run(writes, out bytes), warmUps: 3);
        var peers = new List<PeerLine>();
        string[] arguments = [$"{Clients}", $"{Keys}", $"{Rounds}", $"{context.Repeats}"];
        context.Log($"crdt.map: {ours:#,0} ops/s; now the same in yjs, Automerge and Loro ...");
        await foreach (string line in NodePeers.RunAsync(context, "crdt.mjs", arguments, cancellation).ConfigureAwait(false))
        {
            PeerLine peer = JsonSerializer.Deserialize<PeerLine>(line, JsonSerializerOptions.Web) ?? throw new BenchException($"crdt.mjs wrote: {line}");
            if (!peer.Equal) throw new BenchException($"The replicas of {peer.Name} are not equal at the end: the workload is not the same.");
            context.Log($"{peer.Name}: {peer.OpsPerSecond:#,0} ops/s, {peer.MessageBytes:#,0} bytes a message");
            peers.Add(peer);
        }
        PeerLine fastest = peers.MaxBy(p => p.OpsPerSecond) ?? throw new BenchException("crdt.mjs wrote nothing.");
        string all = string.Join(", ", peers.Select(p => $"{p.Name} {p.OpsPerSecond:0}"));
        yield return Measure.MoreIsBetter("crdt.map", "ops/s", ours, fastest.Name, fastest.OpsPerSecond, $"sets and merges, {Clients} clients, {Keys} keys; {all}");
        PeerLine smallest = peers.MinBy(p => p.MessageBytes)!;
        yield return Measure.LessIsBetter("crdt.message_bytes", "bytes", bytes, smallest.Name, smallest.MessageBytes, "one set of a 16-byte value, as sent to every peer");
    }

    private static double Run(Write[] writes, out double messageBytes)
    {
        long started = Stopwatch.GetTimestamp();
        long ticks = 0;
        long bytes = 0;
        for (int run = 0; run < RunsInOne; run++)
        {
            LwwMap[] maps = Play(writes, out long runBytes);
            ticks += Stopwatch.GetTimestamp() - started;
            bytes += runBytes;
            RequireEqual(maps);
            started = Stopwatch.GetTimestamp();
        }
        messageBytes = (double)bytes / RunsInOne / (Rounds * Clients);
        return (double)RunsInOne * Rounds * Clients * Clients * Stopwatch.Frequency / ticks;
    }

    private static LwwMap[] Play(Write[] writes, out long bytes)
    {
        const long nowMs = 1_700_000_000_000;
        var maps = new LwwMap[Clients];
        for (int i = 0; i < Clients; i++) maps[i] = new LwwMap(new HybridLogicalClock(new ReplicaId(0x9E3779B97F4A7C15, (ulong)i + 1)));
        byte[][] messages = new byte[Clients][];
        bytes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < Clients; i++)
            {
                ref readonly Write write = ref writes[round * Clients + i];
                maps[i].Set(write.Key, write.Value, nowMs + round);
                messages[i] = maps[i].TakeDelta();
                bytes += messages[i].Length;
            }
            for (int to = 0; to < Clients; to++)
            {
                for (int from = 0; from < Clients; from++)
                {
                    if (from != to) maps[to].Merge(messages[from], nowMs + round);
                }
            }
        }
        return maps;
    }

    private static void RequireEqual(LwwMap[] maps)
    {
        string[] keys = maps[0].Keys();
        foreach (LwwMap map in maps)
        {
            bool equal = map.Count == keys.Length && map.Version.Equals(maps[0].Version);
            foreach (string key in keys)
                equal = equal && map.TryGet(key, out ReadOnlySpan<byte> value) && maps[0].TryGet(key, out ReadOnlySpan<byte> expected) && value.SequenceEqual(expected);
            if (!equal) throw new BenchException("Our replicas are not equal at the end.");
        }
    }

    private static Write[] Workload()
    {
        uint state = 12345;
        uint Next() => state = unchecked(state * 1664525 + 1013904223);
        var writes = new Write[Rounds * Clients];
        for (int i = 0; i < writes.Length; i++)
        {
            string key = $"key-{(Next() >> 8) % Keys}";
            byte[] value = new byte[16];
            for (int b = 0; b < value.Length; b++) value[b] = (byte)(Next() >> 24);
            writes[i] = new Write(key, value);
        }
        return writes;
    }
}
