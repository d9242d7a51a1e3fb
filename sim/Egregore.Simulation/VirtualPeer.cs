using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Simulation;

/// <summary>What a host keeps of one other peer: its channels and its dial.</summary>
internal sealed class HostLink
{
    public bool Direct;
    public bool Relay;
    public bool Dialing;
    public long DialUs;
    public long OpenedUs;
}

/// <summary>One peer: the production node and a host that lives in the virtual network.</summary>
internal sealed class VirtualPeer : IMeshOutput
{
    private readonly VirtualNetwork _network;

    public VirtualPeer(VirtualNetwork network, int index, int incarnation, PeerId id, MeshPosition position, long clockOffsetMs, ulong seed, bool liar)
    {
        _network = network;
        Index = index;
        Incarnation = incarnation;
        Id = id;
        ClockOffsetMs = clockOffsetMs;
        Liar = liar;
        Node = new MeshNode(id, $"peer {index}", network.Settings.Mesh, seed, this, NowMs) { Position = position };
    }

    public int Index { get; }

    public int Incarnation { get; }

    public PeerId Id { get; }

    public long ClockOffsetMs { get; }

    public bool Liar { get; }

    public bool Alive { get; set; } = true;

    public long JoinedUs { get; init; }

    public MeshNode Node { get; }

    /// <summary>When the earliest wake-up in the queue is due.</summary>
    public long WakeUs { get; set; } = long.MaxValue;

    public Dictionary<int, HostLink> Links { get; } = [];

    public long NowMs => (_network.NowUs / 1_000) + ClockOffsetMs;

    public HostLink LinkTo(int peer)
    {
        if (!Links.TryGetValue(peer, out var link))
            Links.Add(peer, link = new HostLink());
        return link;
    }

    public void Send(PeerId peer, ReadOnlySpan<byte> envelope, Reliability reliability)
    {
        var to = _network.IndexOf(peer);
        if (to < 0 || !Links.TryGetValue(to, out var link))
            return;
        if (link.Direct)
            _network.Transmit(this, to, envelope, relayed: false);
        else if (link.Relay)
            _network.TransmitRelayed(this, to, envelope);
    }

    public void Connect(PeerId peer)
    {
        var to = _network.IndexOf(peer);
        if (to < 0)
        {
            // A member that a liar invented: signaling answers with an unknown target.
            _network.FailLater(this, peer);
            return;
        }

        var link = LinkTo(to);
        link.Dialing = true;
        link.DialUs = _network.NowUs;
        _network.Dial(this, to);
    }

    public void Disconnect(PeerId peer, DisconnectReason reason)
    {
        var to = _network.IndexOf(peer);
        if (to < 0 || !Links.TryGetValue(to, out var link))
            return;
        if (reason == DisconnectReason.ConnectTimeout)
        {
            link.Dialing = false;
            return;
        }

        Links.Remove(to);
        if (link.Direct || link.Relay)
            _network.SendClosed(this, to);
    }

    public Verdict Judge(in GossipMessage message) => Verdict.Accept;

    public void DeliverGossip(in GossipMessage message) => _network.Measures.Delivered(this, message, _network.NowUs);

    public void DeliverReflex(PeerId from, uint sequence, ReadOnlySpan<byte> state) => _network.Measures.Reflex(state, _network.NowUs);

    public void DeliverDirect(PeerId from, Kind kind, uint sequence, ReadOnlySpan<byte> payload)
    {
    }

    public void DeliverRouted(PeerId sender, PeerId via, Kind kind, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> envelope)
    {
        var from = _network.IndexOf(sender);
        if (from < 0 || SignalView.TryRead(payload, out var signal) != VerifyError.None)
            return;
        _network.SignalArrived(this, from, signal.Type, signal.Connection);
    }

    public void MemberJoined(PeerId peer, string name)
    {
    }

    public void MemberLeft(PeerId peer)
    {
    }

    public void LinkChanged(PeerId peer, LinkKind? kind)
    {
    }

    public void StateChanged(string key)
    {
    }
}
