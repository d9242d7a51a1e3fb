using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Mesh.Tests;

/// <summary>One node and everything that it asked its host for.</summary>
public sealed class Wired : IMeshOutput
{
    public Wired(ulong id, MeshOptions? options = null, long nowMs = Mesh.StartMs)
    {
        Id = new PeerId(id, 1);
        Node = new MeshNode(Id, $"n{id}", options ?? new MeshOptions(), id, this, nowMs);
    }

    /// <summary>A node whose host has a key: its gossip is signed, and so must others' be. Signatures wait until the test settles them.</summary>
    public Wired(EcdsaP256 key, MeshOptions? options = null)
    {
        _key = key;
        Id = key.Peer;
        Node = new MeshNode(Id, "keyed", options ?? new MeshOptions(), key.Peer.Low, this, Mesh.StartMs);
    }

    private readonly EcdsaP256? _key;

    public ReadOnlySpan<byte> GossipKey => _key is null ? default : _key.PublicKey.Span;

    public List<(uint Request, byte[] Bytes)> ToSign { get; } = [];

    public List<(uint Request, bool Valid)> ToVerify { get; } = [];

    public void SignGossip(uint request, ReadOnlySpan<byte> bytes) => ToSign.Add((request, bytes.ToArray()));

    public void VerifyGossip(uint request, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> bytes) =>
        ToVerify.Add((request, EcdsaP256.Verify(publicKey, bytes, signature)));

    /// <summary>Gives the answers that signing and verifying wait for.</summary>
    public void Settle(long nowMs)
    {
        foreach (var (request, bytes) in ToSign.ToArray())
            Node.GossipSigned(request, _key!.Sign(bytes), nowMs);
        foreach (var (request, valid) in ToVerify.ToArray())
            Node.GossipVerified(request, valid, nowMs);
        ToSign.Clear();
        ToVerify.Clear();
    }

    public PeerId Id { get; }

    public MeshNode Node { get; }

    public List<(PeerId To, byte[] Envelope, Reliability Reliability)> Sent { get; } = [];

    public List<PeerId> Connects { get; } = [];

    public List<(PeerId Peer, DisconnectReason Reason)> Disconnects { get; } = [];

    public List<(PeerId Origin, byte Topic, byte[] Body)> Gossip { get; } = [];

    public List<(uint Sequence, byte[] State)> Reflexes { get; } = [];

    public List<(PeerId Sender, PeerId Via, byte[] Payload)> Routed { get; } = [];

    public List<Kind> Direct { get; } = [];

    public List<PeerId> Joined { get; } = [];

    public List<PeerId> Left { get; } = [];

    public Verdict Verdict { get; set; }

    public bool Record { get; set; } = true;

    public void Send(PeerId peer, ReadOnlySpan<byte> envelope, Reliability reliability)
    {
        if (Record)
            Sent.Add((peer, envelope.ToArray(), reliability));
    }

    public void Connect(PeerId peer) => Connects.Add(peer);

    public void Disconnect(PeerId peer, DisconnectReason reason) => Disconnects.Add((peer, reason));

    public Verdict Judge(in GossipMessage message) => Verdict;

    public void DeliverGossip(in GossipMessage message) => Gossip.Add((message.Origin, message.Topic, message.Body.ToArray()));

    public void DeliverReflex(PeerId from, uint sequence, ReadOnlySpan<byte> state) => Reflexes.Add((sequence, state.ToArray()));

    public void DeliverDirect(PeerId from, Kind kind, uint sequence, ReadOnlySpan<byte> payload) => Direct.Add(kind);

    public void DeliverRouted(PeerId sender, PeerId via, Kind kind, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> envelope) => Routed.Add((sender, via, payload.ToArray()));

    public void MemberJoined(PeerId peer, string name) => Joined.Add(peer);

    public void MemberLeft(PeerId peer) => Left.Add(peer);

    public void LinkChanged(PeerId peer, LinkKind? kind)
    {
    }

    public void StateChanged(string key)
    {
    }

    public List<byte[]> Of(Kind kind, PeerId? to = null) =>
        [.. Sent.Where(s => (to is null || s.To == to) && KindOf(s.Envelope) == kind).Select(s => s.Envelope)];

    public static Kind KindOf(byte[] envelope)
    {
        Assert.Equal(VerifyError.None, EnvelopeCodec.TryRead(envelope, out var view));
        return view.Header.Kind;
    }

    public LinkStats[] Links()
    {
        var links = new LinkStats[32];
        return links[..Node.CopyLinks(links)];
    }

    public static byte[] Envelope<T>(Kind kind, T table, byte ttl = 0, ulong time = 0, PeerId sender = default, PeerId target = default)
        where T : class, IFlatTable<T> =>
        Envelope(kind, table.ToArray(), 1, ttl, time, sender, target);

    public static byte[] Envelope(Kind kind, byte[] payload, uint sequence = 1, byte ttl = 0, ulong time = 0, PeerId sender = default, PeerId target = default)
    {
        var buffer = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        return buffer[..EnvelopeCodec.Write(buffer, kind, sequence, payload, ttl, sender, target, time)];
    }
}

/// <summary>Nodes joined by lossless links without delay; messages move when <see cref="Run"/> is called, in order.</summary>
public sealed class Mesh
{
    public const long StartMs = 1_700_000_000_000;

    private readonly Dictionary<PeerId, Wired> _nodes = [];
    private readonly HashSet<(PeerId, PeerId)> _links = [];

    public long NowMs { get; private set; } = StartMs;

    public Wired Add(ulong id, MeshOptions? options = null, long clockOffsetMs = 0)
    {
        var wired = new Wired(id, options, StartMs + clockOffsetMs);
        _offsets[wired.Id] = clockOffsetMs;
        _nodes.Add(wired.Id, wired);
        return wired;
    }

    private readonly Dictionary<PeerId, long> _offsets = [];

    public void Link(Wired a, Wired b, LinkKind kind = LinkKind.Direct)
    {
        _links.Add((a.Id, b.Id));
        _links.Add((b.Id, a.Id));
        Assert.True(a.Node.LinkOpened(b.Id, kind, Clock(a)));
        Assert.True(b.Node.LinkOpened(a.Id, kind, Clock(b)));
    }

    public void Cut(Wired a, Wired b)
    {
        _links.Remove((a.Id, b.Id));
        _links.Remove((b.Id, a.Id));
    }

    public long Clock(Wired wired) => NowMs + _offsets[wired.Id];

    /// <summary>Delivers all that was sent, and what that causes.</summary>
    public void Deliver()
    {
        for (var moved = true; moved;)
        {
            moved = false;
            foreach (var wired in _nodes.Values)
            {
                var sent = wired.Sent.ToArray();
                wired.Sent.Clear();
                foreach (var (to, envelope, _) in sent)
                {
                    moved = true;
                    if (_links.Contains((wired.Id, to)) && _nodes.TryGetValue(to, out var receiver))
                        receiver.Node.Receive(wired.Id, envelope, Clock(receiver));
                }
            }
        }
    }

    public void Run(long ms, int stepMs = 5)
    {
        for (var endMs = NowMs + ms; NowMs < endMs;)
        {
            NowMs += stepMs;
            foreach (var wired in _nodes.Values)
                wired.Node.Tick(Clock(wired));
            Deliver();
        }
    }
}
