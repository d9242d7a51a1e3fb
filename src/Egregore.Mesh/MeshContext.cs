using Egregore.Crdt;
using Egregore.Wire;

namespace Egregore.Mesh;

/// <summary>What the parts of a node share.</summary>
internal sealed class MeshContext
{
    public MeshContext(PeerId self, MeshOptions options, ulong seed, IMeshOutput output)
    {
        Self = self;
        Options = options;
        Random = new MeshRandom(seed);
        Output = output;
        // Not from 1: relays remember the last routed sequences of a peer that may have come back.
        _sequence = (uint)Random.Next(1 << 30);
        Links = new LinkTable(options.LinksMax);
        Members = new MemberTable(this);
        // A replica that lost its state must not come back under the same id, so each life of a node takes a new one.
        Clock = new HybridLogicalClock(new ReplicaId(Random.Next() | 1, Random.Next()), options.ClockSkewMaxMs);
        Envelope = new byte[EnvelopeCodec.SizeMax(options.EnvelopeBytesMax)];
        Payload = new byte[options.EnvelopeBytesMax];
    }

    public PeerId Self { get; }

    public MeshOptions Options { get; }

    public IMeshOutput Output { get; }

    public MeshStats Stats { get; } = new();

    public LinkTable Links { get; }

    public MemberTable Members { get; }

    public HybridLogicalClock Clock { get; }

    public MeshPosition Position { get; set; }

    public MeshRandom Random;

    /// <summary>Scratch for one outgoing envelope.</summary>
    public byte[] Envelope { get; }

    /// <summary>Scratch for one outgoing payload.</summary>
    public byte[] Payload { get; }

    private uint _sequence;

    /// <summary>Encodes into <see cref="Envelope"/>; valid until the next encoding.</summary>
    public ReadOnlySpan<byte> Encode(Kind kind, ReadOnlySpan<byte> payload, byte ttl = 0, ulong time = 0, ReadOnlySpan<byte> signature = default)
    {
        var length = EnvelopeCodec.Write(Envelope, kind, ++_sequence, payload, ttl, time: time, signature: signature);
        return Envelope.AsSpan(0, length);
    }

    /// <summary>Encodes a table into <see cref="Payload"/> and an envelope around it.</summary>
    public ReadOnlySpan<byte> Encode<T>(Kind kind, T table)
        where T : class, IFlatTable<T>
    {
        var length = table.Write(Payload);
        return Encode(kind, Payload.AsSpan(0, length));
    }

    public uint NextSequence() => ++_sequence;

    private readonly Queue<long> _closedPushers = new();

    /// <summary>A link whose peer may have pushed to us closed: what it sent may still be on its way.</summary>
    public void PusherClosed(long nowMs)
    {
        if (_closedPushers.Count < Options.EagerLinks)
            _closedPushers.Enqueue(nowMs + Options.PushLostMs);
    }

    /// <summary>When the next of them counts no more.</summary>
    public long ClosedPushersDueMs => _closedPushers.TryPeek(out var untilMs) ? untilMs : long.MaxValue;

    /// <summary>Closed links of which a push may still arrive.</summary>
    public int ClosedPushers(long nowMs)
    {
        while (_closedPushers.TryPeek(out var untilMs) && untilMs <= nowMs)
            _closedPushers.Dequeue();
        return _closedPushers.Count;
    }

    public void Send(Link link, ReadOnlySpan<byte> envelope, Reliability reliability)
    {
        link.BytesOut += envelope.Length;
        link.MessagesOut++;
        Stats.BytesOut += envelope.Length;
        Stats.MessagesOut++;
        Output.Send(link.Peer, envelope, reliability);
    }
}
