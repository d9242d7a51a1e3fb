using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Simulation;

/// <summary>
/// Peers, the paths between them, the server that signals and relays, and one queue of events. One thread, no clock: time is the queue's. Each path has its own latency, each message
/// its own jitter and fate.
/// </summary>
internal sealed partial class VirtualNetwork
{
    private readonly EventQueue _queue = new();
    private readonly BufferPool _buffers = new();
    private readonly byte[] _stamped = new byte[64 * 1024];
    private readonly List<string> _failures;
    private SimulationRandom _random;
    private ulong _hash = 14695981039346656037;

    public VirtualNetwork(SimulationSettings settings, List<string> failures)
    {
        Settings = settings;
        _failures = failures;
        _random = new SimulationRandom(settings.Seed);
        Peers = new VirtualPeer[settings.Peers];
        Measures = new Measures(settings.Peers, settings.Messages, failures) { Seed = settings.Seed };
    }

    public SimulationSettings Settings { get; }

    public Measures Measures { get; }

    public VirtualPeer[] Peers { get; }

    public long NowUs { get; private set; } = 1_700_000_000_000_000;

    public bool ServerUp { get; set; } = true;

    /// <summary>Peers of different halves do not reach each other; the server is with the first half.</summary>
    public bool Partitioned { get; set; }

    public long Events { get; private set; }

    public ulong Hash => _hash;

    public int IndexOf(PeerId id)
    {
        var index = (int)(id.Low & 0xFFFF);
        return index < Peers.Length && Peers[index] is { } peer && peer.Id == id ? index : -1;
    }

    public int Half(int peer) => (int)(SimulationRandom.Of(Settings.Seed, (ulong)peer, 11) & 1);

    public bool Blocked(int a, int b) =>
        Settings.Blocked > 0 && SimulationRandom.Of(Settings.Seed ^ 13, (ulong)Math.Min(a, b), (ulong)Math.Max(a, b)) % 10_000 < Settings.Blocked * 10_000;

    /// <summary>Runs what is due until that time.</summary>
    public void RunUntil(long untilUs)
    {
        while (_queue.TryTake(out var next))
        {
            if (next.AtUs > untilUs)
            {
                _queue.Return(next);
                break;
            }

            Run(next);
        }

        NowUs = untilUs;
    }

    private void Run(in SimulationEvent next)
    {
        NowUs = next.AtUs;
        Events++;
        var peer = Peers[next.Peer];
        switch (next.Kind)
        {
            case EventKind.Arrive:
                Arrive(peer, next);
                _buffers.Return(next.Buffer!);
                break;
            case EventKind.Wake:
                if (!peer.Alive || peer.WakeUs != next.AtUs || peer.Incarnation != next.From)
                    return;
                peer.WakeUs = long.MaxValue;
                peer.Node.Tick(peer.NowMs);
                break;
            default:
                RunSignal(peer, next);
                break;
        }

        Schedule(peer);
    }

    /// <summary>Puts the node's next timer into the queue when it is earlier than what is there.</summary>
    public void Schedule(VirtualPeer peer)
    {
        if (!peer.Alive)
            return;
        var dueUs = Math.Max((peer.Node.NextDueMs - peer.ClockOffsetMs) * 1_000, NowUs + 1_000);
        if (dueUs >= peer.WakeUs)
            return;
        peer.WakeUs = dueUs;
        _queue.Add(new SimulationEvent { AtUs = dueUs, Kind = EventKind.Wake, Peer = peer.Index, From = peer.Incarnation });
    }

    private bool Cut(int a, int b) => Partitioned && Half(a) != Half(b);

    private bool CutFromServer(int a) => !ServerUp || (Partitioned && Half(a) != 0);

    private long PathUs(int a, int b) => LinkModel.PathUs(Settings, a, b, ref _random);

    private long ServerPathUs() => (2L * Settings.ServerLatencyMs * 1_000) + _random.Next((Settings.JitterMs * 1_000) + 1);

    public void Transmit(VirtualPeer from, int to, ReadOnlySpan<byte> envelope, bool relayed)
    {
        if (from.Liar && !relayed && _random.Chance(0.1))
            Lie(from, to, envelope);
        Carry(from, to, envelope, relayed);
    }

    /// <summary>Truth stamps the sender that it authenticated, and forwards by target.</summary>
    public void TransmitRelayed(VirtualPeer from, int to, ReadOnlySpan<byte> envelope)
    {
        if (CutFromServer(from.Index) || CutFromServer(to) || EnvelopeCodec.TryRead(envelope, out var view) != VerifyError.None)
            return;

        // A routed message names its own sender and target, which are not truth's to change.
        if (view.HasTarget)
        {
            Carry(from, to, envelope, relayed: true);
            return;
        }

        var length = EnvelopeCodec.Write(
            _stamped, view.Header.Kind, view.Header.Sequence, view.Payload, view.Header.Ttl, from.Id, Peers[to].Id, view.Time, view.Signature);
        Carry(from, to, _stamped.AsSpan(0, length), relayed: true);
    }

    private void Carry(VirtualPeer from, int to, ReadOnlySpan<byte> envelope, bool relayed)
    {
        if (!relayed && Cut(from.Index, to))
            return;
        if (_random.Chance(Settings.Loss))
            return;
        var delayUs = relayed ? ServerPathUs() : PathUs(from.Index, to);
        if (_random.Chance(Settings.Reorder))
            delayUs += _random.Next(50_000);
        Enqueue(from, to, envelope, relayed, NowUs + delayUs);
        if (_random.Chance(Settings.Duplicate))
            Enqueue(from, to, envelope, relayed, NowUs + delayUs + _random.Next(30_000));
        if (_random.Chance(Settings.Replay))
            Enqueue(from, to, envelope, relayed, NowUs + delayUs + 1_000_000 + _random.Next(9_000_000));
    }

    private void Enqueue(VirtualPeer from, int to, ReadOnlySpan<byte> envelope, bool relayed, long atUs)
    {
        var buffer = _buffers.Rent(envelope.Length);
        envelope.CopyTo(buffer);
        _queue.Add(new SimulationEvent
        {
            AtUs = atUs, Kind = EventKind.Arrive, Relayed = relayed, Peer = to, From = from.Index, Buffer = buffer, Length = envelope.Length,
            Argument = ((long)from.Incarnation << 32) | (uint)Peers[to].Incarnation,
        });
    }

    private void Arrive(VirtualPeer to, in SimulationEvent arrival)
    {
        var from = Peers[arrival.From];
        if (!to.Alive || arrival.Argument != (((long)from.Incarnation << 32) | (uint)to.Incarnation))
            return;
        if (arrival.Relayed)
        {
            var link = to.LinkTo(from.Index);
            if (!link.Relay)
            {
                link.Relay = true;
                if (!to.Node.LinkOpened(from.Id, LinkKind.Relay, to.NowMs))
                {
                    to.Links.Remove(from.Index);
                    return;
                }
            }
        }
        else if (!to.Links.TryGetValue(from.Index, out var link) || !link.Direct)
        {
            return;
        }

        var bytes = arrival.Buffer.AsSpan(0, arrival.Length);
        _hash = (_hash ^ (ulong)arrival.AtUs) * 1099511628211;
        _hash = (_hash ^ (ulong)(((long)arrival.Peer << 40) | ((long)arrival.From << 20) | (uint)arrival.Length)) * 1099511628211;
        Measures.Arrived(to.Index, bytes);
        to.Node.Receive(from.Id, bytes, to.NowMs);
    }

    /// <summary>An altered copy, or something invented.</summary>
    private void Lie(VirtualPeer from, int to, ReadOnlySpan<byte> envelope)
    {
        Span<byte> lie = stackalloc byte[Math.Min(envelope.Length, 4096)];
        envelope[..lie.Length].CopyTo(lie);
        for (var i = 1 + _random.Next(4); i > 0; i--)
            lie[_random.Next(lie.Length)] = (byte)_random.Next();
        Carry(from, to, lie, relayed: false);
        if (!_random.Chance(0.2))
            return;
        var phantom = new PeerJoin { Peer = new PeerId(_random.Next(), _random.Next() | 0xFFFF), Name = "phantom", X = _random.Next(100_000), Z = _random.Next(100_000) };
        Span<byte> payload = stackalloc byte[256];
        var length = phantom.Write(payload);
        Span<byte> invented = stackalloc byte[512];
        length = EnvelopeCodec.Write(invented, Kind.PeerJoin, 1, payload[..length]);
        Carry(from, to, invented[..length], relayed: false);
    }

    /// <summary>Invariants of every node, whatever the network did.</summary>
    public void CheckInvariants()
    {
        foreach (var peer in Peers)
        {
            if (!peer.Alive)
                continue;
            var node = peer.Node;
            var options = Settings.Mesh;
            Check(node.LinkCount <= options.LinksMax, peer, $"has {node.LinkCount} links");
            Check(node.SeenCount <= options.SeenMax, peer, $"remembers {node.SeenCount} messages");
            Check(node.WantCount <= options.WantsMax, peer, $"waits for {node.WantCount} messages");
            Check(node.MemberCount <= options.MembersMax, peer, $"knows {node.MemberCount} members");
            Check(node.StoreBytes <= options.StoreBytesMax + options.EnvelopeBytesMax, peer, $"stores {node.StoreBytes} bytes");
            if (Settings.Liars == 0)
            {
                var count = node.CopyMembers(_members);
                for (var i = 0; i < Math.Min(count, _members.Length); i++)
                    Check(_known.Contains(_members[i].Peer), peer, $"knows a member that never was: {_members[i].Peer}");
            }
        }
    }

    private readonly MeshMember[] _members = new MeshMember[1_024];
    private readonly HashSet<PeerId> _known = [];

    private void Check(bool holds, VirtualPeer peer, string text)
    {
        if (!holds && _failures.Count < 20)
            _failures.Add($"peer {peer.Index} {text}");
    }
}
