using Egregore.Mesh;
using Egregore.Wire;

namespace Egregore.Simulation;

/// <summary>Joining, dialling and closing: what a tab's host does with WebRTC and truth's signaling. ICE sends its checks again until it gives up, so does a dial here.</summary>
internal sealed partial class VirtualNetwork
{
    private const long RedialUs = 500_000;
    private const int NeighboursNear = 16;
    private const int NeighboursFar = 8;

    /// <summary>A new peer in that place; truth tells it of its neighbours and them of it.</summary>
    public VirtualPeer Join(int index)
    {
        var incarnation = Peers[index] is { } before ? before.Incarnation + 1 : 0;
        var id = new PeerId(_random.Next(), (_random.Next() & ~0xFFFFUL) | (uint)index);
        var side = Settings.AreaBlocks * 256;
        var position = new MeshPosition(_random.Next(side), 0, _random.Next(side));
        var skew = Settings.ClockSkewMs == 0 ? 0 : _random.Next((2 * Settings.ClockSkewMs) + 1) - Settings.ClockSkewMs;
        var liar = Settings.Liars > 0 && SimulationRandom.Of(Settings.Seed ^ 17, (ulong)index, 1) % 10_000 < Settings.Liars * 10_000;
        var peer = new VirtualPeer(this, index, incarnation, id, position, skew, _random.Next(), liar) { JoinedUs = NowUs };
        Peers[index] = peer;
        _known.Add(id);

        // Channels to whoever had this place before lead nowhere now.
        for (var i = 0; incarnation > 0 && i < Peers.Length; i++)
            Peers[i]?.Links.Remove(index);
        if (ServerUp)
            Introduce(peer);
        Schedule(peer);
        return peer;
    }

    /// <summary>Gone: with a goodbye, or without a word.</summary>
    public static void Remove(VirtualPeer peer, bool goodbye)
    {
        if (goodbye)
            peer.Node.Leave(peer.NowMs);
        peer.Alive = false;
        peer.Links.Clear();
    }

    private void Introduce(VirtualPeer peer)
    {
        Span<int> nearest = stackalloc int[NeighboursNear];
        var count = 0;
        foreach (var other in Peers)
        {
            if (other is null || other == peer || !other.Alive)
                continue;
            var at = count;
            var distance = other.Node.Position.DistanceSquared(peer.Node.Position);
            while (at > 0 && distance < Peers[nearest[at - 1]].Node.Position.DistanceSquared(peer.Node.Position))
                at--;
            if (at == nearest.Length)
                continue;
            var last = Math.Min(count, nearest.Length - 1);
            nearest[at..last].CopyTo(nearest[(at + 1)..]);
            nearest[at] = other.Index;
            count = Math.Min(count + 1, nearest.Length);
        }

        foreach (var other in nearest[..count])
            Tell(peer, Peers[other]);
        for (var i = 0; i < NeighboursFar; i++)
        {
            var other = Peers[_random.Next(Peers.Length)];
            if (other is not null && other != peer && other.Alive)
                Tell(peer, other);
        }
    }

    private static void Tell(VirtualPeer peer, VirtualPeer other)
    {
        peer.Node.AddKnownPeer(other.Id, other.Node.Name, other.Node.Position, peer.NowMs);
        other.Node.AddKnownPeer(peer.Id, peer.Node.Name, peer.Node.Position, other.NowMs);
    }

    /// <summary>First step of a dial: relay at once where truth is there, and the first offer.</summary>
    public void Dial(VirtualPeer from, int to)
    {
        if (!CutFromServer(from.Index))
            Signal(EventKind.OpenRelay, from.Index, to, 0, NowUs);
        SendOffer(from, to);
        Signal(EventKind.Redial, from.Index, to, from.LinkTo(to).DialUs, NowUs + RedialUs);
    }

    public void FailLater(VirtualPeer from, PeerId unknown)
    {
        _unknown.Enqueue(unknown);
        Signal(EventKind.Redial, from.Index, -1, 0, NowUs + ServerPathUs());
    }

    private readonly Queue<PeerId> _unknown = new();

    public void SendClosed(VirtualPeer from, int to)
    {
        if (!Cut(from.Index, to) && !_random.Chance(Settings.Loss))
            Signal(EventKind.Closed, to, from.Index, NowUs, NowUs + PathUs(from.Index, to));
    }

    public void SignalArrived(VirtualPeer to, int from, SignalType type, uint connection) =>
        Signal(type == SignalType.Offer ? EventKind.Offer : EventKind.Answer, to.Index, from, connection, NowUs);

    private void Signal(EventKind kind, int peer, int from, long argument, long atUs) =>
        _queue.Add(new SimulationEvent { AtUs = atUs, Kind = kind, Peer = peer, From = from, Argument = argument });

    private void SendOffer(VirtualPeer from, int to) => SendSignal(from, to, SignalType.Offer, accepted: 0);

    /// <summary>Over truth, which is reliable but may be cut off; else through neighbours.</summary>
    private void SendSignal(VirtualPeer from, int to, SignalType type, uint accepted)
    {
        if (ServerUp)
        {
            if (!CutFromServer(from.Index) && !CutFromServer(to))
                Signal(type == SignalType.Offer ? EventKind.Offer : EventKind.Answer, to, from.Index, accepted, NowUs + ServerPathUs());
            return;
        }

        var signal = new Signal { Type = type, Connection = accepted, Data = "" };
        Span<byte> payload = stackalloc byte[256];
        var length = signal.Write(payload);
        from.Node.SendRouted(Peers[to].Id, payload[..length]);
    }

    private void RunSignal(VirtualPeer peer, in SimulationEvent signal)
    {
        if (!peer.Alive)
            return;
        if (signal.From < 0)
        {
            peer.Node.ConnectFailed(_unknown.Dequeue(), peer.NowMs);
            return;
        }

        var other = Peers[signal.From];
        switch (signal.Kind)
        {
            case EventKind.OpenRelay:
                OpenRelay(peer, other);
                break;
            case EventKind.Offer:
                TakeOffer(peer, other);
                break;
            case EventKind.Answer:
                TakeAnswer(peer, other, signal.Argument == 1);
                break;
            case EventKind.Open:
                Open(peer, other);
                break;
            case EventKind.Redial:
                Redial(peer, other, signal.Argument);
                break;
            case EventKind.Closed:
                if (peer.Links.TryGetValue(other.Index, out var link) && link.OpenedUs < signal.Argument)
                {
                    peer.Links.Remove(other.Index);
                    peer.Node.LinkClosed(other.Id, LinkKind.Direct, peer.NowMs);
                    peer.Node.LinkClosed(other.Id, LinkKind.Relay, peer.NowMs);
                }

                break;
        }
    }

    private void OpenRelay(VirtualPeer peer, VirtualPeer other)
    {
        var link = peer.LinkTo(other.Index);
        if (link.Relay || link.Direct || !link.Dialing || CutFromServer(peer.Index))
            return;
        link.Relay = true;
        if (!peer.Node.LinkOpened(other.Id, LinkKind.Relay, peer.NowMs))
            link.Relay = false;
    }

    private void TakeOffer(VirtualPeer peer, VirtualPeer dialler)
    {
        if (!dialler.Alive)
            return;
        var link = peer.LinkTo(dialler.Index);
        if (link.Direct || (link.Dialing && MeshNode.OffersFirst(peer.Id, dialler.Id)))
            return;
        var accepts = peer.Node.AcceptsLink(dialler.Id, peer.NowMs);
        SendSignal(peer, dialler.Index, SignalType.Answer, accepts ? 1u : 0u);
    }

    private void TakeAnswer(VirtualPeer dialler, VirtualPeer peer, bool accepted)
    {
        if (!dialler.Links.TryGetValue(peer.Index, out var link) || !link.Dialing || link.Direct)
            return;
        if (!accepted)
        {
            link.Dialing = false;
            dialler.Node.ConnectFailed(peer.Id, dialler.NowMs, refused: true);
        }
        else if (!Blocked(dialler.Index, peer.Index))
        {
            // A check and its answer, then DTLS: two round trips.
            Signal(EventKind.Open, dialler.Index, peer.Index, 0, NowUs + (4 * PathUs(dialler.Index, peer.Index)));
        }
    }

    private void Open(VirtualPeer dialler, VirtualPeer peer)
    {
        if (!peer.Alive || Cut(dialler.Index, peer.Index) || !dialler.Links.TryGetValue(peer.Index, out var mine) || !mine.Dialing || mine.Direct)
            return;
        var theirs = peer.LinkTo(dialler.Index);
        mine.Dialing = theirs.Dialing = false;
        mine.Direct = theirs.Direct = true;
        mine.OpenedUs = theirs.OpenedUs = NowUs;
        if (!dialler.Node.LinkOpened(peer.Id, LinkKind.Direct, dialler.NowMs))
        {
            mine.Direct = theirs.Direct = false;
            dialler.Node.ConnectFailed(peer.Id, dialler.NowMs);
        }
        else if (!peer.Node.LinkOpened(dialler.Id, LinkKind.Direct, peer.NowMs))
        {
            mine.Direct = theirs.Direct = false;
            dialler.Node.LinkClosed(peer.Id, LinkKind.Direct, dialler.NowMs);
        }

        Schedule(peer);
    }

    private void Redial(VirtualPeer dialler, VirtualPeer peer, long dialUs)
    {
        if (!dialler.Links.TryGetValue(peer.Index, out var link) || !link.Dialing || link.DialUs != dialUs)
            return;
        if (NowUs - dialUs >= Settings.Mesh.ConnectTimeoutMs * 1_000L)
        {
            link.Dialing = false;
            dialler.Node.ConnectFailed(peer.Id, dialler.NowMs);
            return;
        }

        SendOffer(dialler, peer.Index);
        Signal(EventKind.Redial, dialler.Index, peer.Index, dialUs, NowUs + RedialUs);
    }
}
