using System.Buffers.Binary;
using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Simulation;

/// <summary>What is counted while a scenario runs. A test message's body starts with its number and a check of it.</summary>
internal sealed class Measures(int peers, int messages, List<string> failures)
{
    public const byte Topic = 1;

    private readonly ushort[] _copies = new ushort[(long)peers * messages];
    private readonly bool[] _delivered = new bool[(long)peers * messages];
    private readonly long[] _publishedUs = new long[messages];
    private readonly int[] _origin = new int[messages];
    private readonly List<float> _latenciesMs = [];

    public List<float> ReflexMs { get; } = [];

    public bool MeasureReflex { get; set; }

    public int Published { get; private set; }

    public static void WriteBody(Span<byte> body, int number, ulong seed)
    {
        BinaryPrimitives.WriteInt32LittleEndian(body, number);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], SimulationRandom.Of(seed, (ulong)number, 7));
    }

    public void Publish(int number, int origin, long nowUs)
    {
        _publishedUs[number] = nowUs;
        _origin[number] = origin;
        _delivered[Cell(number, origin)] = true;
        Published++;
    }

    /// <summary>An arrived envelope, before the node sees it: counts copies of test messages.</summary>
    public void Arrived(int peer, ReadOnlySpan<byte> raw)
    {
        if (Published == 0 || EnvelopeCodec.TryRead(raw, out var envelope) != VerifyError.None || envelope.Header.Kind != Kind.Gossip)
            return;
        if (GossipView.TryRead(envelope.Payload, out var gossip) != VerifyError.None || gossip.Topic != Topic || gossip.Body.Length < 16)
            return;
        var number = BinaryPrimitives.ReadInt32LittleEndian(gossip.Body);
        if ((uint)number < (uint)messages)
            _copies[Cell(number, peer)]++;
    }

    public void Delivered(VirtualPeer peer, in GossipMessage message, long nowUs)
    {
        if (message.Topic != Topic)
            return;
        var number = message.Body.Length < 16 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(message.Body);
        if ((uint)number >= (uint)messages || BinaryPrimitives.ReadUInt64LittleEndian(message.Body[8..]) != SimulationRandom.Of(Seed, (ulong)number, 7))
        {
            Fail($"peer {peer.Index} was delivered a message that nobody published");
            return;
        }

        // Its place was another peer's when the message was published: neither wanted nor timed.
        if (peer.JoinedUs > _publishedUs[number])
            return;
        if (_delivered[Cell(number, peer.Index)])
        {
            Fail($"peer {peer.Index} was delivered message {number} twice");
            return;
        }

        _delivered[Cell(number, peer.Index)] = true;
        _latenciesMs.Add((nowUs - _publishedUs[number]) / 1_000f);
    }

    public required ulong Seed { get; init; }

    public void Reflex(ReadOnlySpan<byte> state, long nowUs)
    {
        if (MeasureReflex && state.Length >= 8)
            ReflexMs.Add((nowUs - BinaryPrimitives.ReadInt64LittleEndian(state)) / 1_000f);
    }

    /// <summary>Fills in shares and percentiles over the peers that should have everything.</summary>
    public SimulationReport Fill(SimulationReport report, Func<VirtualPeer, int, bool> counts, VirtualPeer[] all)
    {
        long wanted = 0, got = 0, copies = 0;
        var everywhere = 0;
        var most = 0;
        for (var number = 0; number < Published; number++)
        {
            var missing = 0;
            foreach (var peer in all)
            {
                if (peer.Index == _origin[number] || !counts(peer, number))
                    continue;
                wanted++;
                if (_delivered[Cell(number, peer.Index)])
                    got++;
                else
                    missing++;
                copies += _copies[Cell(number, peer.Index)];
                most = Math.Max(most, _copies[Cell(number, peer.Index)]);
            }

            everywhere += missing == 0 ? 1 : 0;
        }

        _latenciesMs.Sort();
        return report with
        {
            Messages = Published,
            Delivered = wanted == 0 ? 1 : got / (double)wanted,
            Everywhere = Published == 0 ? 1 : everywhere / (double)Published,
            P50Ms = Percentile(_latenciesMs, 0.50), P99Ms = Percentile(_latenciesMs, 0.99), MaxMs = Percentile(_latenciesMs, 1),
            CopiesMean = wanted == 0 ? 0 : copies / (double)wanted, CopiesMax = most,
        };
    }

    public long PublishedUs(int number) => _publishedUs[number];

    public static double Percentile(List<float> sorted, double share) =>
        sorted.Count == 0 ? 0 : Math.Round(sorted[Math.Min(sorted.Count - 1, (int)Math.Ceiling(share * sorted.Count) - 1)], 1);

    private long Cell(int number, int peer) => ((long)number * peers) + peer;

    private void Fail(string text)
    {
        if (failures.Count < 20)
            failures.Add(text);
    }
}
