using Egregore.Wire;
using Egregore.World;
using VoxelArena;

namespace Egregore.Peer.Tests;

/// <summary>Participants on a virtual network without loss: messages and answers wait in one queue, in order, until the test lets time pass. Real keys.</summary>
internal sealed class VirtualNetwork
{
    private readonly Dictionary<PeerId, VirtualHost> _hosts = [];
    private readonly Queue<Action> _queue = new();

    public long NowMs { get; private set; } = 1_700_000_000_000;

    /// <summary>Whether truth forwards signals.</summary>
    public bool TruthUp { get; private set; } = true;

    /// <summary>Truth welcomes everybody and introduces them to each other.</summary>
    public void Welcome(params VirtualHost[] hosts)
    {
        foreach (var host in hosts)
        {
            host.Participant.TruthOpened("ticket", NowMs);
            Tell(host, Kind.Welcome, new Welcome { Session = 1, Peer = host.Participant.Self, Authority = Authority.Hybrid, TickRateHz = 20, Time = (ulong)NowMs }.ToArray());
        }
    }

    /// <summary>Truth tells both of each other.</summary>
    public void Introduce(VirtualHost one, VirtualHost other)
    {
        Tell(one, Kind.Neighbours, new Neighbours { Peers = [new Wire.Neighbour { Peer = other.Participant.Self, Name = other.Participant.Name, Handle = 2 }] }.ToArray());
        Tell(other, Kind.Neighbours, new Neighbours { Peers = [new Wire.Neighbour { Peer = one.Participant.Self, Name = one.Participant.Name, Handle = 1 }] }.ToArray());
    }

    public void TruthGoes()
    {
        TruthUp = false;
        foreach (var host in _hosts.Values)
            host.Participant.TruthClosed(NowMs);
    }

    public void Tell(VirtualHost host, Kind kind, byte[] payload)
    {
        var envelope = new byte[EnvelopeCodec.SizeMax(payload.Length)];
        var length = EnvelopeCodec.Write(envelope, kind, 1, payload);
        host.Participant.ReceiveTruth(envelope.AsSpan(0, length), NowMs);
    }

    /// <summary>Changes what one peer sends to another on a direct link; for liars.</summary>
    public Func<PeerId, PeerId, byte[], byte[]>? Tamper { get; set; }

    public VirtualHost Add(string name)
    {
        var host = new VirtualHost(this, name);
        _hosts.Add(host.Participant.Self, host);
        return host;
    }

    public VirtualHost this[PeerId peer] => _hosts[peer];

    public bool Has(PeerId peer) => _hosts.ContainsKey(peer);

    public void Later(Action action) => _queue.Enqueue(action);

    /// <summary>Lets so many milliseconds pass, in ticks of 50.</summary>
    public void Run(int milliseconds, Action? eachTick = null)
    {
        for (var passed = 0; passed < milliseconds; passed += 50)
        {
            NowMs += 50;
            foreach (var host in _hosts.Values)
                host.Participant.Tick(NowMs);
            eachTick?.Invoke();
            Drain();
        }
    }

    private void Drain()
    {
        for (var count = 0; _queue.TryDequeue(out var action); count++)
        {
            Assert.True(count < 100_000, "messages without end");
            action();
        }
    }
}

/// <summary>The host of one participant: carries out what it decides on the virtual network.</summary>
internal sealed class VirtualHost : IParticipantHost
{
    private readonly VirtualNetwork _network;
    private readonly EcdsaP256 _key = EcdsaP256.Create();
    private readonly Dictionary<PeerId, uint> _attempts = [];

    public VirtualHost(VirtualNetwork network, string name)
    {
        _network = network;
        Game = new VoxelArenaGame(1);
        Participant = new Participant(_key.PublicKey, name, WorldDefinition.Of(Game), new ParticipantOptions { CheckpointStates = 10 }, _key.Peer.Low, this, network.NowMs);
    }

    public VoxelArenaGame Game { get; }

    public Participant Participant { get; }

    public List<(PeerId To, SignalType Type)> Signals { get; } = [];

    /// <summary>What was asked of truth.</summary>
    public List<Subscribe> Subscribes { get; } = [];

    /// <summary>As truth forwards: by target, the sender stamped, while truth is there.</summary>
    public void SendTruth(ReadOnlySpan<byte> message)
    {
        if (EnvelopeCodec.TryRead(message, out var asked) == VerifyError.None && asked.Header.Kind == Kind.Subscribe && Subscribe.TryRead(asked.Payload, out var subscribe) == VerifyError.None)
            Subscribes.Add(subscribe!);
        if (!_network.TruthUp || EnvelopeCodec.TryRead(message, out var view) != VerifyError.None || !view.HasTarget || !_network.Has(view.Target))
            return;
        var stamped = new byte[EnvelopeCodec.SizeMax(view.Payload.Length)];
        var length = EnvelopeCodec.Write(stamped, view.Header.Kind, view.Header.Sequence, view.Payload, view.Header.Ttl, Participant.Self, time: view.Time, signature: view.Signature);
        var target = view.Target;
        _network.Later(() => _network[target].Participant.ReceiveTruth(stamped.AsSpan(0, length), _network.NowMs));
    }

    public void SendLink(PeerId peer, LinkChannel channel, ReadOnlySpan<byte> message)
    {
        var bytes = message.ToArray();
        _network.Later(() => _network[peer].Participant.ReceiveLink(Participant.Self, _network.Tamper?.Invoke(Participant.Self, peer, bytes) ?? bytes, _network.NowMs));
    }

    public void Dial(PeerId peer, uint connection)
    {
        _attempts[peer] = connection;
        _network.Later(() => Participant.LocalSignal(peer, connection, SignalType.Offer, "offer", "", _network.NowMs));
    }

    /// <summary>Descriptions are words here: whoever has both an offer and an answer is connected.</summary>
    public void RemoteSignal(PeerId peer, uint connection, SignalType type, string data, string mid)
    {
        Signals.Add((peer, type));
        _attempts[peer] = connection;
        if (type == SignalType.Offer)
            _network.Later(() => Participant.LocalSignal(peer, connection, SignalType.Answer, "answer", "", _network.NowMs));
        if (type == SignalType.Answer)
        {
            _network.Later(() => Participant.LinkOpened(peer, connection, _network.NowMs));
            _network.Later(() => _network[peer].Participant.LinkOpened(Participant.Self, connection, _network.NowMs));
        }
    }

    public void HangUp(PeerId peer)
    {
        if (_attempts.Remove(peer, out var connection) && _network.Has(peer))
            _network.Later(() => _network[peer].Participant.LinkClosed(Participant.Self, connection, _network.NowMs));
    }

    public void Sign(uint request, ReadOnlySpan<byte> bytes)
    {
        var signature = _key.Sign(bytes);
        _network.Later(() => Participant.Signed(request, signature, _network.NowMs));
    }

    public void Verify(uint request, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> bytes)
    {
        var valid = EcdsaP256.Verify(publicKey, bytes, signature);
        _network.Later(() => Participant.Verified(request, valid, _network.NowMs));
    }
}
